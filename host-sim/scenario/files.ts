/** Finds scenario files by path, by folder, or by a pattern with `*` and `?` in the file name. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { EXIT, UserError } from "../base/errors.ts";
import { packageRoot } from "../base/paths.ts";

/** The folder of the package's scenarios. */
export function scenarioFolder(): string {
  return join(packageRoot(), "tests", "scenarios");
}

function inFolder(folder: string, wanted: RegExp): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => wanted.test(name))
      .sort()
      .map((name) => join(folder, name));
  } catch {
    throw new UserError(`folder ${folder} does not exist`, EXIT.BAD_FILE);
  }
}

function patternOf(glob: string): RegExp {
  const escaped = glob.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`);
}

/** The path of the package's scenario with this name, with or without its extension. */
function similarPath(argument: string): string | null {
  const path = join(scenarioFolder(), `${basename(argument, ".yaml")}.yaml`);
  return existsSync(path) ? relative(process.cwd(), path) : null;
}

/**
 * The files that an argument stands for; a folder stands for its *.yaml files. Throws UserError.
 */
export function scenarioPaths(argument: string): string[] {
  const name = basename(argument);
  let paths: string[];
  if (/[*?]/.test(name)) paths = inFolder(dirname(argument), patternOf(name));
  else if (statSync(argument, { throwIfNoEntry: false })?.isDirectory())
    paths = inFolder(argument, /\.yaml$/);
  else {
    const suggestion = existsSync(argument) ? null : similarPath(argument);
    if (suggestion === null) return [argument];
    throw new UserError(`scenario ${argument} does not exist: use ${suggestion}`, EXIT.BAD_FILE);
  }
  if (paths.length === 0) throw new UserError(`${argument}: no scenario file found`, EXIT.BAD_FILE);
  return paths;
}
