/**
 * Gets the name and password of a Wi-Fi network from options or by asking on the terminal. The
 * password is not accepted on the command line, because other users can see it there and shells
 * record it.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { Option } from "commander";
import { codeOf, EXIT, UserError } from "../base/errors.ts";
import { shownText } from "../base/shown-text.ts";
import { checkWifi, shownName, type Wifi } from "../serial/improv-client.ts";

export const passwordOption = () =>
  new Option(
    "--password-file <file>",
    "file with the Wi-Fi password, - for standard input; the program asks if it is omitted",
  );

/**
 * Asks a question on the terminal. With `hidden`, the answer is not shown. `instead`: an option.
 */
export function ask(question: string, hidden: boolean, instead: string): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new UserError(`no terminal to ask on: give ${instead}`, EXIT.USAGE);
  }
  process.stderr.write(shownText(question));
  const nowhere = new Writable({ write: (_bytes, _encoding, done) => done() });
  const output = hidden ? nowhere : process.stderr;
  const reader = createInterface({ input: process.stdin, output, terminal: true });
  return new Promise((answered, stopped) => {
    reader.once("SIGINT", () => {
      reader.close();
      stopped(new UserError("cancelled; nothing was sent", EXIT.INTERRUPTED));
    });
    reader.once("line", (line) => {
      reader.close();
      if (hidden) process.stderr.write("\n");
      answered(line);
    });
  });
}

function passwordOf(path: string): string {
  try {
    // File descriptor 0 is standard input.
    return readFileSync(path === "-" ? 0 : path, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${codeOf(error)}`, EXIT.BAD_FILE);
  }
}

/**
 * Returns name and password. Asks for each that is not given. Throws a UserError if one is not
 * valid.
 */
export async function wifiOf(
  ssid?: string,
  passwordFile?: string,
  ssidHex?: string,
): Promise<Wifi> {
  if (ssidHex !== undefined && (ssid !== undefined || !/^([0-9a-f]{2})+$/i.test(ssidHex)))
    throw new UserError(
      "--ssid-hex takes pairs of hexadecimal digits, in place of --ssid",
      EXIT.USAGE,
    );
  const ssidBytes = ssidHex === undefined ? undefined : new Uint8Array(Buffer.from(ssidHex, "hex"));
  const name =
    ssidBytes === undefined
      ? (ssid ?? (await ask("Wi-Fi network: ", false, "--ssid")))
      : shownName(ssidBytes);
  const password =
    passwordFile === undefined
      ? await ask(`Password of ${name} (empty for an open network): `, true, "--password-file")
      : passwordOf(passwordFile);
  const wifi = { ssid: name, password, ...(ssidBytes === undefined ? {} : { ssidBytes }) };
  checkWifi(wifi);
  return wifi;
}
