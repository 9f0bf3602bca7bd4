/**
 * Text for a terminal. Whatever comes from outside (brokers, boards, files, networks) passes through here:
 * a terminal obeys control characters (ECMA-48), and a reader is misled by characters that change the
 * direction of a text or are not seen (Unicode Standard Annex 9).
 */

/**
 * C0 except the line feed, DEL and C1; marks and overrides of direction; line and paragraph separators;
 * characters without a width; tags; halves of a surrogate pair.
 */
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\p{Cs}]/gu;

function escaped(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
  ).join("");
}

/** Lines of text with every unsafe character as \uNNNN; valid in JSON too. Keeps line feeds. */
export function shownLines(text: string): string {
  return text.replace(UNSAFE, escaped);
}

/** One line of text: like shownLines(), and line feeds are escaped as well. */
export function shownText(text: string): string {
  return shownLines(text).replaceAll("\n", "\\u000a");
}
