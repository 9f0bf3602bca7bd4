/* libFuzzer: any stimuli in the page, over many doorbells, against the whole host with a small
 * guest that takes every event. The input is a sequence of requests: time passed, sense, length,
 * stimuli. */
#include "fuzz.h"
/* As one file with the host, so that a restart can do what it does on a board: forget all of it. */
#include "../../bench/bench.c"
#include "../../common/event_queue.c"
#include "../../common/host.c"

jmp_buf fuzz_over;
static struct page_in in;
static struct page_out out;
const struct page_in *page_in = &in;
struct page_out *page_out = &out;

static const uint8_t *left;
static size_t left_len;

/* --- a guest without an engine: asks for the radio, sends what it gets --- */

static uint8_t memory[4096];

const char *guest_load(const uint8_t *bytes, uint32_t len) {
    (void)bytes, (void)len;
    return NULL;
}
void guest_start(void) {}
uint32_t guest_arena_used(void) { return 0; }
uint32_t guest_abi_version(void) { return KS_ABI_VERSION; }
uint32_t guest_rx_buffer(void) { return 0; }
uint32_t guest_state_ptr(void) { return 0; }
uint32_t guest_state_len(void) { return 8; }
void guest_init(uint32_t reason) { (void)reason; }
void guest_on_event(uint32_t kind, uint32_t a, uint32_t b) {
    (void)a;
    host_request_radio(true);
    if (kind == KS_EVENT_RX && host_may_send()) (void)host_queue_send(0, memory, b);
}
uint8_t *guest_range(uint32_t ptr, uint32_t len) {
    if (ptr > sizeof memory || len > sizeof memory - ptr) return NULL;
    return memory + ptr;
}

/* --- a machine whose every wait is the next doorbell --- */

void machine_answer(uint8_t answer) {
    (void)answer;
    assert(out.records_len <= PAGE_RECORDS_BYTES);
}
bool machine_interrupts(bool on) { return on; }
uint32_t machine_count(void) { return 0; }
_Noreturn void machine_reset(void) { longjmp(fuzz_over, 2); }

static uint32_t take(uint32_t most) {
    uint32_t value = 0;
    for (uint32_t i = 0; i < 2; i++) {
        if (left_len == 0) longjmp(fuzz_over, 1);
        value = value << 8 | *left++;
        left_len--;
    }
    return value % (most + 1u);
}

/* What the harness may put there: whole stimuli, of any kind, with any bytes and lengths. */
static void put_stimuli(void) {
    in.stimuli_len = 0;
    for (uint32_t count = take(5); count > 0; count--) {
        const uint32_t head[2] = {take(3), take(KS_MESSAGE_MAX + 512u)};
        const uint32_t stored = head[1] <= KS_MESSAGE_MAX ? (head[1] + 3u) & ~3u : 0;
        if (in.stimuli_len + 8 + stored > PAGE_STIMULI_BYTES) return;
        memcpy(in.stimuli + in.stimuli_len, head, sizeof head);
        if (stored > 0) memset(in.stimuli + in.stimuli_len + 8, (int)take(255), stored);
        in.stimuli_len += 8 + stored;
    }
}

void machine_wait(void) {
    in.now += take(3000);
    in.sense = take(7);
    in.request = take(2);
    put_stimuli();
    bench_doorbell(0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) {
    left = bytes;
    left_len = len;
    memset(&out, 0, 256);
    in.now = 0;
    in.boot_ms = 10;
    in.write_budget = UINT32_MAX;
    /* A restart (2) comes back here and boots again; the end of the input (1) is the end. */
    if (setjmp(fuzz_over) != 1) {
        memset(&host, 0, sizeof host);
        first = count = rx_first = rx_count = 0;
        asked = booted = due = more = hung = interrupted = false;
        bench_main(memory, 0);
    }
    return 0;
}
