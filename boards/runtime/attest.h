/* Attestations (docs/PROTOCOL.md): what the device says of itself and its journal to somebody else
 * than the owner, signed with a key that was made on the device and stays there. Twin:
 * host-sim/sim/attestation.ts. */
#ifndef ATTEST_H
#define ATTEST_H

#include "host.h"

/* What the one who asks chooses, so that an attestation cannot be an old one. */
#define ATTEST_NONCE_BYTES 16u
/* Longest attestation, in bytes. */
#define ATTEST_MAX 336u

/* Asks for an attestation; hal_attested() gets it. False while one is being made. Called masked. */
KS_MUST_USE bool attest_ask(const uint8_t *nonce);
/* Does a part of the work, if there is any; then returns true, unmasked. Otherwise returns false,
 * masked. Called masked, from the host's loop when nothing else is to be done. `image`: NULL if no
 * guest runs; `epoch`: KS_EPOCH_BYTES, all zero unless LIVE. */
#if KS_ATTEST
KS_MUST_USE bool attest_work(const struct host_image *image, const uint8_t *epoch);
#else
static inline bool attest_work(const struct host_image *image, const uint8_t *epoch) {
    (void)image, (void)epoch;
    return false;
}
#endif

#endif
