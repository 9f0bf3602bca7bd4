/**
 * The documents as an HTML site with a search: `npm run docs`. The pages are the Markdown files where they
 * are; their titles and the list at the side come from the files. A link that leads nowhere fails the build.
 */
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** Where the sources can be read, which the site does not contain. GitHub's workflows set the variables. */
const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_SHA = "HEAD" } = process.env;
const SOURCES =
  GITHUB_REPOSITORY && `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/blob/${GITHUB_SHA}/`;

/** @param {string} page a path from the root, without `.md` */
function entry(page) {
  const text = readFileSync(`${ROOT}${page}.md`, "utf8");
  return { text: /^# (.+)$/m.exec(text)?.[1] ?? page, link: `/${page}` };
}

/** @param {string} folder a path from the root */
function entriesIn(folder) {
  const files = readdirSync(ROOT + folder).filter((file) => file.endsWith(".md"));
  return files.sort().map((file) => entry(`${folder}/${posix.basename(file, ".md")}`));
}

const BOARDS = [
  ...["esp32", "esp32/fixture", "two-chip", "two-chip/firmware"],
  ...["posix", "qemu-riscv32", "testbench"],
];

/**
 * Links to files that are not pages lead to the repository; without one they become plain text.
 * @param {import("markdown-it")} md
 */
function linkSources(md) {
  const draw = (tokens, index, options, _env, self) => self.renderToken(tokens, index, options);
  const before = md.renderer.rules.link_open ?? draw;
  md.renderer.rules.link_open = (tokens, index, options, env, self) => {
    const token = tokens[index];
    const href = String(token?.attrGet("href"));
    if (/^([a-z]+:|#)/.test(href) || /\.md(#|$)/.test(href))
      return before(tokens, index, options, env, self);
    const path = posix.join(posix.dirname(env.relativePath), href);
    token.attrs = SOURCES ? [["href", SOURCES + path]] : [];
    return draw(tokens, index, options, env, self);
  };
}

/**
 * Vite does not find Vue from the pages, which lie outside this folder. The program that renders them lies inside,
 * and imports Vue when it runs.
 */
const VUE_FROM_HERE = {
  name: "vue-from-here",
  enforce: "pre",
  resolveId: (id, _importer, { ssr }) =>
    ssr && /^vue(\/server-renderer)?$/.test(id) ? { id, external: true } : null,
};

export default defineConfig({
  title: "Killswitch",
  srcDir: ROOT,
  srcExclude: ["**/node_modules/**", "**/build/**", "dist/**", ".github/**"],
  rewrites: { "README.md": "index.md" },
  outDir: "dist",
  cacheDir: "node_modules/.cache",
  markdown: { config: linkSources },
  vite: { plugins: [VUE_FROM_HERE] },
  themeConfig: {
    search: { provider: "local" },
    sidebar: [
      { text: "Killswitch", link: "/" },
      { text: "Documents", items: entriesIn("docs") },
      { text: "Boards", items: BOARDS.map((page) => entry(`boards/${page}/README`)) },
      { text: "Decisions", items: entriesIn("docs/decisions") },
      { text: "Project", items: ["CONTRIBUTING", "SECURITY", "CHANGELOG"].map(entry) },
    ],
  },
});
