// What the recorder calls in TypeScript: the imports of module `host`.

/** Check an event, and a message. Return the bits of the abstract state that they read, or -1. */
export declare function checkEvent(): i32;
export declare function checkMessage(to: u32, ptr: usize, length: u32): i32;

/** Throws. `what`: MISUSE_*. */
export declare function misuse(what: u32): void;
