/** A comparison of the fields of a message with the expected ones. */

/**
 * Describes the first field that differs; null if none does. An expected null matches any value, an
 * expected undefined a field that is missing.
 */
export function differs(
  found: Readonly<Record<string, unknown>>,
  expected: Readonly<Record<string, string | number | boolean | null | undefined>>,
): string | null {
  for (const [name, value] of Object.entries(expected)) {
    if (value !== null && found[name] !== value) return `${name} is ${value}, not ${found[name]}`;
  }
  return null;
}
