/** Integer types of AssemblyScript, for the files of recorder/ that TypeScript compiles as well. */
declare type u32 = number;
declare type usize = number;
