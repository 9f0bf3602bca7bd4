/** A value that a field may have to have: null for any, undefined for none. */
type Expected = string | number | boolean | null | undefined;

/** Describes the first field that differs; null if none does. */
export function differs(
  found: Readonly<Record<string, unknown>>,
  expected: Readonly<Record<string, Expected>>,
): string | null {
  for (const [name, value] of Object.entries(expected)) {
    if (value !== null && found[name] !== value) return `${name} is ${value}, not ${found[name]}`;
  }
  return null;
}
