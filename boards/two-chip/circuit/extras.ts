/** What a breadboard build needs besides the parts of the circuit. Prices are indicative, EUR. */

export interface Extra {
  what: string;
  count: number;
  /** Of one piece. */
  price: number;
  use: string;
}

export const EXTRAS: readonly Extra[] = [
  {
    what: "breadboard, 63 columns, two rails on each side (830 holes)",
    count: 2,
    price: 4.5,
    use: "A: controller, B: radio",
  },
  {
    what: "adapter SOT-23-6 to 6 pins, rows 7.62 mm apart",
    count: 7,
    price: 0.4,
    use: "U3 to U9",
  },
  {
    what: "adapter ESP-WROOM-02 to 18 pins, rows 22.86 mm apart, with the centre pad on GND",
    count: 1,
    price: 2.5,
    use: "U2",
  },
  {
    what: "set of jumper wires and a pin header 1x20, 2 pieces",
    count: 1,
    price: 6,
    use: "wires; U1, if it has no headers",
  },
  {
    what: "set of through-hole resistors 0.25 W, 1 %, and ceramic capacitors",
    count: 1,
    price: 12,
    use: "R and C in place of the 0603 parts, same values; R1 22 ohm with at least 0.6 W",
  },
  { what: "red LED, 3 mm, 1.8 V at 2 mA", count: 1, price: 0.1, use: "D1; no other colour" },
  { what: "push button", count: 1, price: 0.2, use: "between 3V3 and the Pico's button pin" },
  { what: "relay module with a 3.3 V input", count: 1, price: 3, use: "the device's relay" },
  {
    what: "USB to serial adapter, 3.3 V",
    count: 1,
    price: 5,
    use: "the controller's console; before assembly, to program the radio",
  },
];

/** Price of all extras, EUR. */
export function extrasTotal(): number {
  return EXTRAS.reduce((sum, { count, price }) => sum + count * price, 0);
}
