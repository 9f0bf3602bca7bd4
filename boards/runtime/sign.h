/* Ed25519 (RFC 8032) and SHA-512 by sign.wasm, translated to C. A signature is made in steps. */
#ifndef SIGN_H
#define SIGN_H

#include "hal.h"

#define SIGN_SEED_BYTES 32u
#define SIGN_PUBLIC_BYTES 32u
#define SIGN_SIGNATURE_BYTES 64u
#define SIGN_DIGEST_BYTES 64u
/* Longest message, in bytes: what sign.wasm takes. */
#define SIGN_MESSAGE_MAX 256u

/* Begins the public key of a seed and its signature of a message. The seed is wiped from the
 * module's memory when the last step is done. */
void sign_begin(const uint8_t *seed, const uint8_t *message, uint32_t len);
/* Works on; true while there is more to do. A step takes at most some 120,000 instructions on RV32.
 */
KS_MUST_USE bool sign_step(void);
/* What the last signature left: the public key and the signature. */
void sign_result(uint8_t *public_key, uint8_t *signature);

/* SHA-512 in parts of at most SIGN_MESSAGE_MAX bytes; not while a signature is being made. */
void sign_digest_begin(void);
void sign_digest_add(const uint8_t *bytes, uint32_t len);
void sign_digest_end(uint8_t *digest);

#endif
