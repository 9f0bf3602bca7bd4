// What page.ts calls in the module with the guest's constants: the imports of module `constants`.

/** Writes the constants to the guest's memory. */
export declare function restore(): void;
