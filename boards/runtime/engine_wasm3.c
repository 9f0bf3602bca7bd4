/* The guest under wasm3 0.5. wasm3 trusts its module, so only a module that guest_check() accepted
 * comes here. Functions are compiled when they are first called. wasm3 allocates from a fixed heap
 * of its own (d_m3FixedHeap) and never gives memory back; when the heap is used up the guest traps.
 */
#include <assert.h>
#include <string.h>

#include "wasm3_engine.h"

#include "guest.h"
#include "host.h"
#include "imports.h"
#include "m3_compile.h"
#include "m3_env.h"

/* A call's result and arguments are written above the caller's frame before wasm3 checks that the
 * called function fits. This much behind the end of its stack is kept for them, in bytes: a slot of
 * 64 bits each, and one that the alignment of the frame may take. */
#ifndef STACK_RED_ZONE
#define STACK_RED_ZONE (8u * (GUEST_PARAMS_MAX + 2u))
#endif

static IM3Runtime runtime;
static IM3Function functions[EXPORT_COUNT];
static struct guest_shape shape;
static const uint8_t *image;
static uint32_t image_len;

M3Result ParseModuleSection(M3Module *module, u8 id, bytes_t bytes, u32 len);

uint32_t guest_arena_used(void) { return wasm3_arena_used(); }

/* --- bindings: wasm3 hands results, then parameters, in 64-bit slots --- */

#define BIND(name, call)                                                                           \
    static const void *bind_##name(IM3Runtime r, IM3ImportContext c, uint64_t *p, void *memory) {  \
        (void)r, (void)c, (void)memory;                                                            \
        call;                                                                                      \
        return m3Err_none;                                                                         \
    }
/* An i32 is the low half of its slot; a slot may lie on any multiple of 4. */
#define P(i) (((const uint32_t *)(const void *)p)[2 * (i)])
#define R(value) (*(uint32_t *)(void *)p = (value))

BIND(gpio_write, import_gpio_write(P(0), P(1)))
BIND(radio_request, import_radio_request(P(0)))
BIND(net_send, R(import_net_send(P(1), P(2), P(3), P(4))))
BIND(mac_verify, R(import_mac_verify(P(1), P(2), P(3), P(4))))
BIND(mac_sign, R(import_mac_sign(P(1), P(2), P(3), P(4))))
BIND(random, import_random(P(0), P(1)))
BIND(storage_read, R(import_storage_read(P(1), P(2), P(3), P(4))))
BIND(storage_write, R(import_storage_write(P(1), P(2), P(3), P(4))))
BIND(log, import_log(P(0), P(1)))
BIND(mark, import_mark(P(0)))

static const struct {
    const char *name;
    const char *signature;
    M3RawCall call;
} bindings[] = {
#define ROW(name, signature) {#name, signature, bind_##name},
    KS_IMPORTS(ROW)
#undef ROW
};

static void must(M3Result result) {
    if (result != m3Err_none) host_trap();
}

const char *guest_load(const uint8_t *bytes, uint32_t len) {
    image = bytes;
    image_len = len;
    return guest_check(bytes, len, GUEST_ROOM, &shape);
}

/* Reads the sections but the custom ones, whose content guest_check() does not vouch for. */
static void parse(IM3Environment environment, M3Module *module) {
    bytes_t at = image + 8;
    const cbytes_t end = image + image_len;
    memset(module, 0, sizeof *module);
    module->name = "guest";
    module->startFunction = -1;
    module->environment = environment;
    module->wasmStart = image;
    module->wasmEnd = end;
    while (at < end) {
        const u8 id = *at++;
        u32 len = 0;
        must(ReadLEB_u32(&len, &at, end));
        assert(len <= (size_t)(end - at));
        if (id != 0) must(ParseModuleSection(module, id, at, len));
        at += len;
    }
}

void guest_start(void) {
    static M3Module module;
    wasm3_stack_floor = host_stack_floor();
    IM3Environment environment = m3_NewEnvironment();
    if (environment == NULL) host_trap();
    runtime = m3_NewRuntime(environment, KS_GUEST_STACK + STACK_RED_ZONE, NULL);
    if (runtime == NULL) host_trap();
    runtime->numStackSlots = KS_GUEST_STACK / sizeof(m3slot_t);
    runtime->memoryLimit = KS_GUEST_MEMORY;
    parse(environment, &module);
    must(m3_LoadModule(runtime, &module));
    for (uint32_t i = 0; i < sizeof bindings / sizeof *bindings; i++) {
        const M3Result result = m3_LinkRawFunction(&module, "board", bindings[i].name,
                                                   bindings[i].signature, bindings[i].call);
        /* Not imported: nothing to bind. */
        if (result != m3Err_none && result != m3Err_functionLookupFailed) host_trap();
    }
    must(m3_RunStart(&module));
    for (uint32_t i = 0; i < EXPORT_COUNT; i++) {
        functions[i] = &module.functions[shape.exports[i]];
        if (functions[i]->compiled == NULL) must(CompileFunction(functions[i]));
    }
}

static uint64_t *stack(void) { return runtime->stack; }

static void call(uint32_t export) {
    const void *trap =
        wasm3_run(functions[export]->compiled, runtime->stack, runtime->memory.mallocated);
    if (trap != NULL) host_trap();
}

/* As in the bindings: the result's slot comes before the parameters'. */
static uint32_t value(uint32_t export) {
    call(export);
    return (uint32_t)stack()[0];
}

uint32_t guest_abi_version(void) { return value(EXPORT_ABI_VERSION); }
uint32_t guest_rx_buffer(void) { return value(EXPORT_RX_BUFFER); }
uint32_t guest_state_ptr(void) { return value(EXPORT_STATE_PTR); }
uint32_t guest_state_len(void) { return value(EXPORT_STATE_LEN); }

void guest_init(uint32_t boot_reason) {
    stack()[0] = boot_reason;
    call(EXPORT_INIT);
}

void guest_on_event(uint32_t kind, uint32_t a, uint32_t b) {
    stack()[0] = kind;
    stack()[1] = a;
    stack()[2] = b;
    call(EXPORT_ON_EVENT);
}

uint8_t *guest_range(uint32_t ptr, uint32_t len) {
    M3MemoryHeader *memory = runtime->memory.mallocated;
    if (ptr > memory->length || len > memory->length - ptr) return NULL;
    return m3MemData(memory) + ptr;
}
