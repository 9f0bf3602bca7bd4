/**
 * The two-chip board as one table of parts and nets. Rules, SPICE netlist, bill of materials, KiCad
 * netlist, drawings and README are derived from it.
 *
 * Pole A of the switch interrupts the radio's supply and, on its other throw, shorts it to ground
 * through R1. Pole B reports the position to the controller. It also gates the enable of the
 * radio's own regulator: a second break, which a welded pole A cannot bridge.
 */
import { controllerPin, PICO_TITLES } from "./pico.ts";
import type { Circuit, Part, Radio, Ratings } from "./table.ts";

/** Limits of the claims. */
export const LIMITS = {
  /**
   * The ESP32-C3's lowest brown-out level (ESP-IDF, level 7), V. Firmware can disable the detector,
   * therefore the claims at KILL use deadV.
   */
  brownOutV: 2.51,
  /**
   * Below this, 3.3 V CMOS logic does not switch, V. Assumed: it is less than one transistor
   * threshold.
   */
  deadV: 0.5,
  /** The gate's DISCHARGE_MS: a rail that is up for longer at KILL is a fault, ms. */
  dischargeMs: 100,
  /**
   * Lowest supply at which everything on the Pico is within its data sheet, V: the RP2040's USB
   * transceiver. Its flash chip needs 2.7 V, the RP2040's pins 1.62 V.
   */
  controllerMinV: 3.135,
  /** Lowest supply that the radio's data sheet allows, V. */
  radioMinV: 3.0,
  /** Highest voltage on the regulator's EN at which its data sheet guarantees off, V. */
  enableOffV: 0.4,
  /** Input levels of the RP2040 at 3.3 V, V: surely low below the first, surely high above the second. */
  inputLowV: 0.8,
  inputHighV: 2.0,
  /** Highest leakage of an input of the RP2040, in either direction, A. */
  inputLeakA: 1e-6,
  /** Least current at which a red LED is visible in a lit room, A. Assumed. */
  lampVisibleA: 0.0005,
  /** Highest supply that either chip's data sheet allows, V. */
  supplyMaxV: 3.63,
} as const;

/**
 * The radio's currents, A. Source: ESP32-C3-WROOM-02 data sheet; the TX peak is rounded up. Deep
 * sleep is modelled as 330 kohm.
 */
export const RADIO_LOADS = { tx: 0.35, rx: 0.08, sleep: 0 } as const;

/** The radio's current in modem sleep at 80 MHz, A. Used to refute the naive circuit. */
export const RADIO_AWAKE_A = 0.015;

/** Switch times, ms. Assumed, because makers of slide switches rarely specify bounce. */
export const SWITCH_TIMES = { bounceMs: 5 } as const;

const NO_RADIO = (source: string): Radio => ({ transmits: "none", source });

const THICK_FILM = "Yageo RC series";
const CERAMIC = "Murata GRM series";

function resistor(ref: string, value: number, a: string, b: string, purpose: string): Part {
  const code = value >= 1e6 ? `${value / 1e6}ML` : value >= 1e3 ? `${value / 1e3}KL` : `${value}RL`;
  const mpn = `RC0603FR-07${code.replace(/(\d+)\.(\d+)([KM])L/, "$1$3$2L")}`;
  return {
    ref,
    kind: "resistor",
    value,
    maker: "Yageo",
    mpn,
    footprint: "Resistor_SMD:R_0603_1608Metric",
    price: [0.08, 0.004],
    pins: { a: ["1", a], b: ["2", b] },
    ratings: { powerW: 0.1, voltageV: 75 },
    source: `${THICK_FILM}, 0603, 1 %`,
    purpose,
  };
}

function capacitor(ref: string, value: number, net: string, purpose: string): Part {
  const table: Record<number, [string, string, readonly [number, number]]> = {
    1e-5: ["GRM21BR61A106KE19L", "Capacitor_SMD:C_0805_2012Metric", [0.22, 0.035]],
    1e-6: ["GRM188R61C105KA93D", "Capacitor_SMD:C_0603_1608Metric", [0.1, 0.009]],
    1e-7: ["GRM188R71C104KA01D", "Capacitor_SMD:C_0603_1608Metric", [0.08, 0.006]],
  };
  const [mpn, footprint, price] = table[value] ?? ["", "", [0, 0] as const];
  return {
    ref,
    kind: "capacitor",
    value,
    maker: "Murata",
    mpn,
    footprint,
    price,
    pins: { a: ["1", net], b: ["2", "GND"] },
    ratings: { voltageV: value === 1e-5 ? 10 : 16 },
    source: CERAMIC,
    purpose,
  };
}

const BUFFER: Ratings = { currentA: 0.024, voltageV: 5.5, ioffA: 10e-6 };

function buffer(ref: string, input: string, output: string, purpose: string): Part {
  return {
    ref,
    kind: "buffer",
    maker: "Texas Instruments",
    mpn: "SN74LVC1G125DBVR",
    footprint: "Package_TO_SOT_SMD:SOT-23-5",
    price: [0.35, 0.06],
    pins: {
      OE: ["1", "GND"],
      A: ["2", input],
      GND: ["3", "GND"],
      Y: ["4", output],
      VCC: ["5", "RAIL"],
    },
    ratings: BUFFER,
    radio: NO_RADIO("TI SCES223: a bus buffer"),
    source: "TI SCES223, Ioff row of the electrical characteristics",
    purpose,
  };
}

export const TWO_CHIP: Circuit = {
  name: "two-chip",
  nets: {
    GND: "the one net that both chips share",
    "+5V": "from the controller's USB",
    "3V3": "the controller's own supply",
    VRADIO: "the radio's regulator, before the switch",
    RAIL: "the radio's supply, behind the switch",
    CLAMP: "SW1 pole A, KILL throw",
    SW_FEED: "SW1 pole B, common",
    SW_ON: "SW1 pole B, ON throw: sense contact NO, and the regulator's enable",
    SW_KILL: "SW1 pole B, KILL throw: sense contact NC",
    SENSE_NO: "controller input",
    SENSE_NC: "controller input",
    RAIL_MID: "between the two resistors of the rail sense",
    RAIL_SENSE: "controller input",
    LAMP: "between R3 and D1",
    CTRL_TX: "controller output",
    CTRL_EN: "controller output",
    CTRL_BOOT: "controller output",
    CTRL_RX: "controller input",
    CTRL_RTS: "controller output, low = the radio may send",
    CTRL_CTS: "controller input, low = the controller may send",
    BUF_TX: "behind the series resistor",
    BUF_EN: "behind the series resistor",
    BUF_BOOT: "behind the series resistor",
    BUF_RX: "before the series resistor",
    BUF_RTS: "behind the series resistor",
    BUF_CTS: "before the series resistor",
    RADIO_RXD: "radio input",
    RADIO_EN: "radio reset, low = held in reset",
    RADIO_BOOT: "radio strap, low at reset = download",
    RADIO_TXD: "radio output",
    RADIO_CTS: "radio input",
    RADIO_RTS: "radio output",
    STRAP_IO8: "radio strap, high",
    STRAP_IO2: "radio strap, high",
  },
  parts: [
    {
      ref: "U1",
      kind: "controller",
      maker: "Raspberry Pi",
      mpn: "SC0915",
      label: "Raspberry Pi Pico",
      footprint: "killswitch:RaspberryPi_Pico_THT",
      price: [4.6, 3.7],
      pins: {
        V5: ["40", "+5V"],
        V33: ["36", "3V3"],
        GND: ["38", "GND"],
        TX: controllerPin("TX", "CTRL_TX"),
        RX: controllerPin("RX", "CTRL_RX"),
        CTS: controllerPin("CTS", "CTRL_CTS"),
        RTS: controllerPin("RTS", "CTRL_RTS"),
        EN: controllerPin("EN", "CTRL_EN"),
        BOOT: controllerPin("BOOT", "CTRL_BOOT"),
        NO: controllerPin("NO", "SENSE_NO"),
        NC: controllerPin("NC", "SENSE_NC"),
        RAIL: controllerPin("RAIL", "RAIL_SENSE"),
      },
      titles: PICO_TITLES,
      ratings: { voltageV: 3.63, currentA: 0.05 },
      radio: NO_RADIO("RP2040 data sheet 1.1 and Pico data sheet 1: no radio on die or board"),
      source: "RP2040 data sheet 5.2.3.4 (pins) and 5.3 (supplies); Pico data sheet 4.4 (power)",
      purpose: "controller: gate, guest, button, relay. Not a Pico W, which has a radio",
    },
    {
      ref: "U2",
      kind: "radio",
      maker: "Espressif",
      mpn: "ESP32-C3-WROOM-02-N4",
      footprint: "RF_Module:ESP-WROOM-02",
      price: [2.6, 1.9],
      pins: {
        VDD: ["1", "RAIL"],
        EN: ["2", "RADIO_EN"],
        IO4: ["3", "RADIO_RTS"],
        IO5: ["4", "RADIO_CTS"],
        IO6: ["5", "RADIO_RXD"],
        IO7: ["6", "RADIO_TXD"],
        IO8: ["7", "STRAP_IO8"],
        IO9: ["8", "RADIO_BOOT"],
        GND: ["9", "GND"],
        IO2: ["16", "STRAP_IO2"],
        EPAD: ["19", "GND"],
      },
      titles: {
        VDD: "3V3",
        IO4: "IO4 RTS",
        IO5: "IO5 CTS",
        IO6: "IO6 RXD",
        IO7: "IO7 TXD",
        IO9: "IO9 BOOT",
      },
      ratings: { voltageV: 3.6, currentA: 0.35 },
      radio: {
        transmits: "Wi-Fi and Bluetooth LE, 2.4 GHz",
        source: "Espressif ESP32-C3-WROOM-02 data sheet",
      },
      source: "Espressif ESP32-C3-WROOM-02 data sheet, current consumption",
      purpose:
        "modem: bare module with ESP-AT v4.1.1.0, AT on UART1 (IO4 to IO7); USB (IO18, IO19) and UART0 are open",
    },
    {
      ref: "U3",
      kind: "regulator",
      value: 3.3,
      maker: "Diodes",
      mpn: "AP2112K-3.3TRG1",
      footprint: "Package_TO_SOT_SMD:SOT-23-5",
      price: [0.45, 0.12],
      pins: {
        VIN: ["1", "+5V"],
        GND: ["2", "GND"],
        EN: ["3", "SW_ON"],
        VOUT: ["5", "VRADIO"],
      },
      ratings: { currentA: 0.6, voltageV: 6 },
      radio: NO_RADIO("Diodes AP2112 data sheet: a linear regulator"),
      source: "Diodes AP2112 data sheet: EN off below 0.4 V, on above 1.5 V",
      purpose: "the radio's own regulator: its inrush does not load the controller's supply",
    },
    {
      ref: "SW1",
      kind: "switch",
      maker: "C&K",
      mpn: "S202031MS02Q",
      footprint: "Connector_PinHeader_2.54mm:PinHeader_2x03_P2.54mm_Vertical",
      price: [5.2, 3.4],
      pins: {
        A_ON: ["1", "VRADIO"],
        B_ON: ["2", "SW_ON"],
        A_COM: ["3", "RAIL"],
        B_COM: ["4", "SW_FEED"],
        A_KILL: ["5", "CLAMP"],
        B_KILL: ["6", "SW_KILL"],
      },
      ratings: { currentA: 1, voltageV: 125 },
      source: "C&K S series: 1 A at 125 V DC, under 10 mohm, insulation 1 Gohm",
      purpose: "the kill switch: DPDT slide in the panel, change-over, break before make",
    },
    buffer("U4", "BUF_TX", "RADIO_RXD", "controller to radio: data"),
    buffer("U5", "BUF_EN", "RADIO_EN", "controller to radio: reset"),
    buffer("U6", "BUF_BOOT", "RADIO_BOOT", "controller to radio: download strap"),
    buffer("U7", "RADIO_TXD", "BUF_RX", "radio to controller: data"),
    buffer("U8", "BUF_RTS", "RADIO_CTS", "controller to radio: may send"),
    buffer("U9", "RADIO_RTS", "BUF_CTS", "radio to controller: may send"),
    {
      ...resistor("R1", 22, "CLAMP", "GND", "clamp: shorts RAIL at KILL"),
      maker: "Panasonic",
      mpn: "ERJ-P08F22R0V",
      footprint: "Resistor_SMD:R_1206_3216Metric",
      price: [0.18, 0.03],
      ratings: { powerW: 0.66, voltageV: 500 },
      source: "Panasonic ERJ-P08, anti-surge, 0.66 W at 70 C",
    },
    resistor("R2", 1000, "RAIL", "GND", "bleed: discharges RAIL while the switch travels"),
    resistor("R3", 680, "RAIL", "LAMP", "lamp current"),
    resistor("R4", 47e3, "RAIL", "RAIL_MID", "rail sense, first of two in series"),
    resistor("R5", 47e3, "RAIL_MID", "RAIL_SENSE", "rail sense, second of two in series"),
    resistor(
      "R6",
      1e6,
      "3V3",
      "RAIL_SENSE",
      "makes an open sense wire read as rail up, which is a fault",
    ),
    resistor("R7", 1000, "3V3", "SW_FEED", "limits what pole B can feed into pole A"),
    resistor("R8", 10e3, "SW_ON", "GND", "pull-down: an open contact or wire reads as KILL"),
    resistor("R9", 10e3, "SW_KILL", "GND", "pull-down of the open contact"),
    resistor(
      "R10",
      100e3,
      "SW_ON",
      "SENSE_NO",
      "with R8, keeps a driven sense pin from enabling the regulator",
    ),
    resistor("R11", 100e3, "SW_KILL", "SENSE_NC", "as R10"),
    resistor("R12", 3300, "CTRL_TX", "BUF_TX", "series"),
    resistor("R13", 3300, "CTRL_EN", "BUF_EN", "series"),
    resistor("R14", 3300, "CTRL_BOOT", "BUF_BOOT", "series"),
    resistor("R15", 3300, "BUF_RX", "CTRL_RX", "series"),
    resistor("R23", 3300, "CTRL_RTS", "BUF_RTS", "series"),
    resistor("R24", 3300, "BUF_CTS", "CTRL_CTS", "series"),
    resistor("R16", 100e3, "BUF_TX", "GND", "pull-down of the buffer's input"),
    resistor(
      "R17",
      100e3,
      "BUF_EN",
      "GND",
      "holds the radio in reset until the controller drives EN",
    ),
    resistor(
      "R18",
      100e3,
      "BUF_BOOT",
      "GND",
      "an open BOOT wire leaves the radio in its download mode, where it does not transmit",
    ),
    resistor("R19", 100e3, "RADIO_TXD", "GND", "pull-down of the buffer's input"),
    resistor("R25", 100e3, "BUF_RTS", "GND", "pull-down of the buffer's input"),
    resistor(
      "R26",
      100e3,
      "RADIO_RTS",
      "GND",
      "reads as ready until the radio's firmware drives its RTS",
    ),
    resistor("R20", 10e3, "RAIL", "STRAP_IO8", "strap"),
    resistor("R21", 10e3, "RAIL", "STRAP_IO2", "strap"),
    resistor(
      "R22",
      10e3,
      "VRADIO",
      "GND",
      "discharges the regulator's output at KILL, so that it can be measured",
    ),
    resistor(
      "R27",
      1e6,
      "SENSE_NO",
      "GND",
      "an open contact wire reads as open; weak, because the pads' own pull-downs would hide the contact",
    ),
    resistor("R28", 1e6, "SENSE_NC", "GND", "as R27"),
    {
      ref: "D1",
      kind: "led",
      value: 1.8,
      maker: "Kingbright",
      mpn: "APT1608SURCK",
      footprint: "LED_SMD:LED_0603_1608Metric",
      price: [0.25, 0.06],
      pins: { K: ["1", "GND"], A: ["2", "LAMP"] },
      ratings: { currentA: 0.03 },
      source: "Kingbright APT1608SURCK, forward voltage taken at 2 mA",
      purpose: "lamp: red, so that it is lit whenever the radio can run",
    },
    capacitor("C1", 1e-6, "+5V", "regulator input"),
    capacitor("C2", 1e-6, "VRADIO", "regulator output"),
    capacitor("C3", 1e-5, "RAIL", "the radio's bulk capacitor"),
    capacitor("C4", 1e-7, "RAIL", "radio"),
    capacitor("C5", 1e-7, "RAIL", "U4"),
    capacitor("C6", 1e-7, "RAIL", "U5"),
    capacitor("C7", 1e-7, "RAIL", "U6"),
    capacitor("C8", 1e-7, "RAIL", "U7"),
    capacitor("C9", 1e-7, "RAIL", "U8"),
    capacitor("C10", 1e-7, "RAIL", "U9"),
  ],
};
