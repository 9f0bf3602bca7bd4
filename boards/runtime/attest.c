/* See attest.h. The work is done in short parts between events, and interrupts enter at any time,
 * so neither the gate nor an event waits for a signature. A restart forgets it. */
#include "attest.h"

#include <assert.h>
#include <string.h>

#include "crc32.h"
#include "sign.h"
#include "wipe.h"

/* The first thing in a payload: which statement this is. */
#define STATEMENT 1u
#define PAYLOAD_MAX 216u
/* Of a record of the journal: the hash follows the body. */
#define BODY_BYTES 20u
#define HASH_BYTES 32u
/* A slot that was never written reads as this. */
#define ERASED UINT32_MAX

enum stage { IDLE, ASKED, DIGESTING, SIGNING };

static struct {
    volatile enum stage stage;
    uint8_t nonce[ATTEST_NONCE_BYTES];
    uint32_t digested; /* bytes of the guest */
    uint32_t payload_len;
    uint8_t payload[PAYLOAD_MAX];
} work;

/* --- deterministic CBOR (RFC 8949, 4.2.1) --- */

struct writer {
    uint8_t *bytes;
    uint32_t len, max;
};

static void emit(struct writer *to, const void *bytes, uint32_t len) {
    assert(len <= to->max - to->len);
    memcpy(to->bytes + to->len, bytes, len);
    to->len += len;
}

/* The head of an item: its major type and its number. */
static void emit_head(struct writer *to, uint32_t major, uint32_t value) {
    uint8_t head[5] = {(uint8_t)(major << 5)};
    uint32_t size = 0;
    if (value < 24) head[0] = (uint8_t)(head[0] | value);
    else {
        size = value < 0x100u ? 1 : value < 0x10000u ? 2 : 4;
        head[0] = (uint8_t)(head[0] | (size == 1 ? 24u : size == 2 ? 25u : 26u));
        for (uint32_t i = 0; i < size; i++) head[1 + i] = (uint8_t)(value >> 8 * (size - 1 - i));
    }
    emit(to, head, 1 + size);
}

static void emit_string(struct writer *to, const uint8_t *bytes, uint32_t len) {
    emit_head(to, 2, len);
    emit(to, bytes, len);
}

/* --- the journal's rings --- */

static uint32_t slot_offset(uint32_t ring, uint32_t slot) {
    return (ring * KS_RING_SLOTS + slot) * KS_JOURNAL_SLOT_BYTES;
}

static uint32_t read_seq(uint32_t ring, uint32_t slot) {
    uint8_t bytes[4];
    if (!hal_storage_read(KS_REGION_JOURNAL, slot_offset(ring, slot), bytes, sizeof bytes))
        return ERASED;
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* The number of a ring's next record and the hash of its last one, zero before record 0, as the
 * guest finds them at its boot: the highest number that is in its own slot and one above that in
 * the slot before. */
static uint32_t ring_head(uint32_t ring, uint8_t hash[HASH_BYTES]) {
    uint32_t next = 0, before = read_seq(ring, KS_RING_SLOTS - 1);
    for (uint32_t slot = 0; slot < KS_RING_SLOTS; slot++) {
        const uint32_t seq = read_seq(ring, slot);
        const bool follows = seq == 0 || seq - 1 == before;
        before = seq;
        if (seq != ERASED && seq % KS_RING_SLOTS == slot && follows && seq >= next) next = seq + 1;
    }
    memset(hash, 0, HASH_BYTES);
    if (next == 0) return 0;
    const uint32_t at = slot_offset(ring, (next - 1) % KS_RING_SLOTS) + BODY_BYTES;
    return hal_storage_read(KS_REGION_JOURNAL, at, hash, HASH_BYTES) ? next : 0;
}

/* --- the device's key --- */

static void crc_bytes(uint8_t identity[HAL_IDENTITY_BYTES], uint8_t crc[4]) {
    const uint32_t sum = crc32_update(0, identity, SIGN_SEED_BYTES);
    for (uint32_t i = 0; i < 4; i++) crc[i] = (uint8_t)(sum >> 8 * i);
}

/* The identity: the seed and its CRC-32, which detects a record that is erased or torn. Made when
 * it is first needed. */
static bool read_identity(uint8_t identity[HAL_IDENTITY_BYTES]) {
    uint8_t crc[4];
    if (!hal_storage_read(HAL_REGION_IDENTITY, 0, identity, HAL_IDENTITY_BYTES)) return false;
    crc_bytes(identity, crc);
    if (memcmp(crc, identity + SIGN_SEED_BYTES, sizeof crc) == 0) return true;
    hal_random(identity, SIGN_SEED_BYTES);
    crc_bytes(identity, identity + SIGN_SEED_BYTES);
    return hal_storage_write(HAL_REGION_IDENTITY, 0, identity, HAL_IDENTITY_BYTES);
}

/* --- the attestation --- */

/* Two fields of the payload: the number of the ring's next record, and its last hash. */
static void emit_ring(struct writer *to, uint32_t field, uint32_t ring) {
    uint8_t hash[HASH_BYTES];
    const uint32_t next = ring_head(ring, hash);
    emit_head(to, 0, field);
    emit_head(to, 0, next);
    emit_head(to, 0, field + 1);
    emit_string(to, hash, HASH_BYTES);
}

/* Writes the payload. All of it but the nonce is as of this moment. */
static void write_payload(const struct host_image *image, const uint8_t *epoch) {
    struct writer to = {work.payload, 0, sizeof work.payload};
    uint8_t name[HAL_DEVICE_MAX], digest[SIGN_DIGEST_BYTES];
    const uint32_t name_len = hal_device(name);
    assert(name_len <= HAL_DEVICE_MAX);
    emit_head(&to, 5, 9);
    emit_head(&to, 0, 0);
    emit_head(&to, 0, STATEMENT);
    emit_head(&to, 0, 1);
    emit_head(&to, 3, name_len);
    emit(&to, name, name_len);
    emit_head(&to, 0, 2);
    emit_string(&to, work.nonce, ATTEST_NONCE_BYTES);
    emit_ring(&to, 3, KS_RING_LOCAL);
    emit_ring(&to, 5, KS_RING_REMOTE);
    emit_head(&to, 0, 7);
    emit_string(&to, epoch, KS_EPOCH_BYTES);
    emit_head(&to, 0, 8);
    if (image == NULL) emit(&to, "\xf6", 1);
    else {
        sign_digest_end(digest);
        emit_string(&to, digest, SIGN_DIGEST_BYTES);
    }
    work.payload_len = to.len;
}

/* Begins the signature of the Sig_structure (RFC 9052, 4.4). False if the device has no key. */
static bool begin_signature(void) {
    static const uint8_t head[] = {0x84, 0x6a, 'S', 'i',  'g',  'n',  'a',  't', 'u',
                                   'r',  'e',  '1', 0x43, 0xa1, 0x01, 0x27, 0x40};
    uint8_t bytes[sizeof head + 2 + PAYLOAD_MAX];
    uint8_t identity[HAL_IDENTITY_BYTES];
    struct writer to = {bytes, 0, sizeof bytes};
    emit(&to, head, sizeof head);
    emit_string(&to, work.payload, work.payload_len);
    const bool has_key = read_identity(identity);
    if (has_key) sign_begin(identity, bytes, to.len);
    wipe(identity, sizeof identity);
    return has_key;
}

/* The COSE_Sign1 (RFC 9052, 4.2): tag 18, the protected header {1: -8}, and the public key as the
 * kid. */
static void finish(void) {
    static const uint8_t head[] = {0xd2, 0x84, 0x43, 0xa1, 0x01, 0x27, 0xa1, 0x04};
    uint8_t bytes[ATTEST_MAX], key[SIGN_PUBLIC_BYTES], signature[SIGN_SIGNATURE_BYTES];
    struct writer to = {bytes, 0, sizeof bytes};
    sign_result(key, signature);
    emit(&to, head, sizeof head);
    emit_string(&to, key, sizeof key);
    emit_string(&to, work.payload, work.payload_len);
    emit_string(&to, signature, sizeof signature);
    hal_attested(bytes, to.len);
}

bool attest_ask(const uint8_t *nonce) {
    if (work.stage != IDLE) return false;
    memcpy(work.nonce, nonce, ATTEST_NONCE_BYTES);
    work.stage = ASKED;
    return true;
}

/* Hashes a part of the guest; then begins the signature. Returns the next stage. */
static enum stage digest_step(const struct host_image *image, const uint8_t *epoch) {
    const uint32_t left = image == NULL ? 0 : image->guest_len - work.digested;
    const uint32_t len = left < SIGN_MESSAGE_MAX ? left : SIGN_MESSAGE_MAX;
    if (len > 0) {
        sign_digest_add(image->guest + work.digested, len);
        work.digested += len;
        return DIGESTING;
    }
    write_payload(image, epoch);
    if (begin_signature()) return SIGNING;
    hal_attested(NULL, 0);
    return IDLE;
}

static void advance(const struct host_image *image, const uint8_t *epoch) {
    if (work.stage == ASKED) {
        sign_digest_begin();
        work.digested = 0;
        work.stage = DIGESTING;
    } else if (work.stage == DIGESTING) work.stage = digest_step(image, epoch);
    else if (!sign_step()) {
        finish();
        work.stage = IDLE;
    }
}

bool attest_work(const struct host_image *image, const uint8_t *epoch) {
    if (work.stage == IDLE) return false;
    /* What an interrupt pushes meanwhile is looked for before the host sleeps: the caller masks
     * again. */
    hal_interrupts(true);
    advance(image, epoch);
    return true;
}
