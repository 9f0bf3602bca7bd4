/* The keys that the host derives from each principal's secret (docs/PROTOCOL.md): HKDF-SHA-256 (RFC
 * 5869) with an empty salt. A principal's keys are derived when they are first used, and kept
 * prepared. */
#ifndef KEYS_H
#define KEYS_H

#include "hal.h"

/* The tag (KS_TAG_BYTES) of a message under a principal's key for a use (KS_KEY). False if the
 * device has no secret of the principal. */
KS_MUST_USE bool keys_tag(uint32_t principal, uint32_t use, const uint8_t *bytes, uint32_t len,
                          uint8_t *tag);

#endif
