/** Text that a terminal would obey, or that misleads a reader, is shown escaped. */
import { expect, test } from "vitest";
import { shownLines, shownText } from "../../host-sim/base/shown-text.ts";

test("leaves readable text as it is", () => {
  const text = 'relay.set OK relay=true "ü" 日本 \\u0041 🔌';
  expect(shownText(text)).toBe(text);
});

test.each([
  ["an escape sequence", "\u001b[2J", "\\u001b[2J"],
  ["a carriage return", "no\rOK", "no\\u000dOK"],
  ["a backspace and a tab", "a\b\t", "a\\u0008\\u0009"],
  ["DEL", "\u007f", "\\u007f"],
  ["a C1 control sequence", "\u009b31m\u0085", "\\u009b31m\\u0085"],
  ["an override of direction", "\u202eKO\u202c", "\\u202eKO\\u202c"],
  ["isolates and marks", "\u2066\u2069\u200e\u200f\u061c", "\\u2066\\u2069\\u200e\\u200f\\u061c"],
  ["separators", "\u2028\u2029", "\\u2028\\u2029"],
  ["characters without a width", "a\u200bb\ufeff\u00ad", "a\\u200bb\\ufeff\\u00ad"],
  ["tags", "\u{e0041}", "\\udb40\\udc41"],
  ["half a surrogate pair", "\ud83d", "\\ud83d"],
])("escapes %s", (_, text, shown) => {
  expect(shownText(text)).toBe(shown);
  expect(shownLines(text)).toBe(shown);
});

test("keeps line feeds in lines, and escapes them in one line", () => {
  expect(shownLines("a\nb")).toBe("a\nb");
  expect(shownText("a\nkillswitch: OK")).toBe("a\\u000akillswitch: OK");
});

test("leaves JSON valid, with the same value", () => {
  const value = { ssid: "\u009b31m\u202e\u{e0041}\u001b" };
  const shown = shownLines(JSON.stringify(value));
  expect(shown).toMatch(/^[\x20-\x7e]*$/);
  expect(JSON.parse(shown)).toEqual(value);
});

test("leaves no control character of any code point up to U+FFFF", () => {
  for (let code = 0; code <= 0xffff; code++) {
    const shown = shownText(String.fromCharCode(code));
    expect(/[\p{Cc}\p{Cs}]/u.test(shown), code.toString(16)).toBe(false);
  }
});
