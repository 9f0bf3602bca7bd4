/* The guest translated to C by wasm2c and compiled in: one module, chosen when the image is built.
 * The translation traps where WebAssembly does. */
#include "device.h"
#include "guest.h"
#include "host.h"
#include "imports.h"

uint8_t guest_memory[KS_GUEST_MEMORY];
static w2c_device device;
uint32_t wasm_rt_call_stack_depth;

/* A refused module was not translated. Another is compiled in its place and is never called. */
const char *guest_load(const uint8_t *bytes, uint32_t len) {
    static struct guest_shape shape;
    return guest_check(bytes, len, GUEST_ROOM, &shape);
}

uint32_t guest_arena_used(void) { return 0; }

void guest_start(void) {
    wasm_rt_call_stack_depth = 0;
    wasm_rt_next_memory(guest_memory, sizeof guest_memory);
#ifdef KS_GUEST_IMPORTS
    wasm2c_device_instantiate(&device, NULL);
#else
    wasm2c_device_instantiate(&device);
#endif
}

uint32_t guest_abi_version(void) { return w2c_device_abi_version(&device); }
uint32_t guest_rx_buffer(void) { return w2c_device_rx_buffer(&device); }
uint32_t guest_state_ptr(void) { return w2c_device_state_ptr(&device); }
uint32_t guest_state_len(void) { return w2c_device_state_len(&device); }
void guest_init(uint32_t boot_reason) { w2c_device_init(&device, boot_reason); }

void guest_on_event(uint32_t kind, uint32_t a, uint32_t b) {
    w2c_device_on_event(&device, kind, a, b);
}

uint8_t *guest_range(uint32_t ptr, uint32_t len) {
    const uint64_t size = device.w2c_memory.size;
    if (ptr > size || len > size - ptr) return NULL;
    return device.w2c_memory.data + ptr;
}

/* --- imports, under the names that the translation gives them --- */

struct w2c_board;
#define BOARD struct w2c_board *board

void w2c_board_gpio_write(BOARD, uint32_t pin, uint32_t level) {
    (void)board;
    import_gpio_write(pin, level);
}

void w2c_board_radio_request(BOARD, uint32_t on) {
    (void)board;
    import_radio_request(on);
}

uint32_t w2c_board_net_send(BOARD, uint32_t principal, uint32_t channel, uint32_t ptr,
                            uint32_t len) {
    (void)board;
    return import_net_send(principal, channel, ptr, len);
}

uint32_t w2c_board_mac_verify(BOARD, uint32_t principal, uint32_t ptr, uint32_t len, uint32_t tag) {
    (void)board;
    return import_mac_verify(principal, ptr, len, tag);
}

uint32_t w2c_board_mac_sign(BOARD, uint32_t principal, uint32_t ptr, uint32_t len, uint32_t tag) {
    (void)board;
    return import_mac_sign(principal, ptr, len, tag);
}

void w2c_board_random(BOARD, uint32_t ptr, uint32_t len) {
    (void)board;
    import_random(ptr, len);
}

uint32_t w2c_board_storage_read(BOARD, uint32_t region, uint32_t offset, uint32_t ptr,
                                uint32_t len) {
    (void)board;
    return import_storage_read(region, offset, ptr, len);
}

uint32_t w2c_board_storage_write(BOARD, uint32_t region, uint32_t offset, uint32_t ptr,
                                 uint32_t len) {
    (void)board;
    return import_storage_write(region, offset, ptr, len);
}

void w2c_board_log(BOARD, uint32_t ptr, uint32_t len) {
    (void)board;
    import_log(ptr, len);
}

void w2c_board_mark(BOARD, uint32_t id) {
    (void)board;
    import_mark(id);
}
