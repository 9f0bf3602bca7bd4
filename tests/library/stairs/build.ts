/** Compiles the guest of the example. */
import asc from "assemblyscript/asc";

/** The bytes of the module. Throws Error with the compiler's messages. */
export async function buildGuest(): Promise<Uint8Array> {
  let bytes: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    [
      ...["guest.ts", "--baseDir", "tests/library/stairs", "--outFile", "guest.wasm", "-O"],
      ...["--runtime", "stub", "--initialMemory", "1", "--maximumMemory", "1", "--use", "abort="],
    ],
    {
      writeFile(name, contents) {
        if (name === "guest.wasm" && typeof contents !== "string") bytes = contents;
      },
    },
  );
  if (error !== null || bytes === undefined) throw new Error(stderr.toString());
  return bytes;
}
