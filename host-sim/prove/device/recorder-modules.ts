/**
 * Loads the recorder's two modules, which build.js compiles from recorder/, and links them with a guest.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import binaryen from "binaryen";
import { EXIT, UserError } from "../../base/errors.ts";
import { packageRoot } from "../../base/paths.ts";
import {
  END,
  ON_EVENT,
  PAGE,
  PREPARE,
  READ,
  TABLE_SIZE,
  WRITE_1,
  WRITE_4,
  WRITE_32,
} from "./recorder/memory-map.ts";

/** The exports of recorder/recorder.ts that TypeScript calls. */
export interface Recorder {
  init(): void;
  /** Forgets what the guest did. */
  clear(): void;
  /** Puts poison, the constants and the start state into the guest's memory. */
  begin(): void;
  /** The guest's state as an abstract state; -1 if a field is out of its range. */
  readState(): number;
  /** Notes an abstract state as new, unless it was visited before. */
  visit(code: number, label: number): void;
  /** Fires the events of a list, with their variants. Returns 0 if one breaks a rule. */
  run(list: number, count: number): number;
  fireOnly(list: number, count: number): void;
}

/** What the recorder calls in TypeScript. The checks return the bits of the state that they read, or -1. */
export interface RecorderHost {
  checkEvent(): number;
  checkMessage(to: number, ptr: number, length: number): number;
  /** Throws. `what`: index in MISUSES. */
  misuse(what: number): never;
}

/** Sets the end of the memory that is poisoned before each event. */
export type SetPoisonEnd = (end: number) => void;

/** Ways to misuse an import, by their number in recorder/memory-map.ts. */
export const MISUSES = [
  "a pointer beyond the page",
  "gpio_write",
  "net_send",
  "mac_verify",
  "mac_sign",
  "storage_write",
  "too many writes in one event",
  "mark",
] as const;

/** The functions of page.ts, by their place in the recorder's table. */
const PAGE_FUNCTIONS: readonly (readonly [number, string])[] = [
  [PREPARE, "prepare"],
  [READ, "read"],
  [WRITE_32, "write32"],
  [WRITE_4, "write4"],
  [WRITE_1, "write1"],
];

const modules = new Map<string, WebAssembly.Module>();

function moduleOf(name: "recorder" | "page"): WebAssembly.Module {
  const known = modules.get(name);
  if (known !== undefined) return known;
  const path = join(packageRoot(), "dist", "prove", `${name}.wasm`);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(readFileSync(path));
  } catch {
    throw new UserError(`${path} cannot be read: build it with \`npm run build\``, EXIT.BAD_FILE);
  }
  const module = new WebAssembly.Module(bytes);
  modules.set(name, module);
  return module;
}

/** A module with the function `restore`, which writes the bytes of `page` in `ranges` to the guest. */
function constantsModule(
  page: Uint8Array,
  ranges: readonly (readonly [number, number])[],
): WebAssembly.Module {
  const module = new binaryen.Module();
  module.setMemory(1, 1, null);
  module.addMemoryImport("0", "guest", "memory");
  const view = new DataView(page.buffer, page.byteOffset, page.length);
  const zero = () => module.i32.const(0);
  const stores = ranges.flatMap(([from, to]) => {
    const words = Math.floor((to - from) / 8);
    const rest = from + words * 8;
    return [
      ...Array.from({ length: words }, (_, word) => {
        const value = module.i64.const(view.getBigInt64(from + word * 8, true));
        return module.i64.store(from + word * 8, 1, zero(), value);
      }),
      ...Array.from({ length: to - rest }, (_, byte) =>
        module.i32.store8(rest + byte, 1, zero(), module.i32.const(view.getUint8(rest + byte))),
      ),
    ];
  });
  module.addFunction("restore", binaryen.none, binaryen.none, [], module.block(null, stores));
  module.addFunctionExport("restore", "restore");
  const bytes = new Uint8Array(module.emitBinary());
  module.dispose();
  return new WebAssembly.Module(bytes);
}

/** A recorder that no guest is linked with yet. */
export class RecorderModules {
  readonly recorder: Recorder;
  /** What the guest may import from it. */
  readonly exports: WebAssembly.Exports;
  readonly memory: WebAssembly.Memory;
  readonly #table = new WebAssembly.Table({
    element: "anyfunc",
    initial: TABLE_SIZE,
    maximum: TABLE_SIZE,
  });

  constructor(host: RecorderHost) {
    const pages = END / PAGE;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const env = { memory: this.memory, table: this.#table };
    const imports = { env, host: host as unknown as WebAssembly.ModuleImports };
    this.exports = new WebAssembly.Instance(moduleOf("recorder"), imports).exports;
    this.recorder = this.exports as unknown as Recorder;
    this.recorder.init();
  }

  /** Links a guest whose memory, `page`, has constants in `ranges`. */
  linkGuest(
    guest: WebAssembly.Exports,
    page: Uint8Array,
    ranges: readonly (readonly [number, number])[],
  ): SetPoisonEnd {
    const constants = new WebAssembly.Instance(constantsModule(page, ranges), { guest });
    const { exports } = new WebAssembly.Instance(moduleOf("page"), {
      env: { memory: guest.memory, table: this.#table } as WebAssembly.ModuleImports,
      handover: this.exports as WebAssembly.ModuleImports,
      constants: constants.exports as WebAssembly.ModuleImports,
    });
    for (const [place, name] of PAGE_FUNCTIONS) this.#table.set(place, exports[name]);
    this.#table.set(ON_EVENT, guest.on_event);
    return exports.setPoisonEnd as SetPoisonEnd;
  }
}
