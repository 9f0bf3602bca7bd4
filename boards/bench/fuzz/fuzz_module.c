/* libFuzzer: any bytes as a guest. The engine instantiates what guest_check() accepts and compiles
 * every function. Nothing of it runs, since it might not end. */
#include "fuzz.h"
/* As one file with the engine, to reach its module. */
#include "../../common/engine_wasm3.c"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    fuzz_reset();
    if (len > 65536 || guest_load(bytes, (uint32_t)len) != NULL) return 0;
    if (setjmp(fuzz_over) != 0) return 0;
    guest_start();
    if (m3_CompileModule(runtime->modules) != m3Err_none) return 0;
    return 0;
}
