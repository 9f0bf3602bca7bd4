// What page.ts calls in the recorder: the imports of module `handover`.

export declare function put32(to: usize, a: u64, b: u64, c: u64, d: u64): void;
export declare function put8(to: usize, value: u64): void;
export declare function put1(to: usize, value: u32): void;
