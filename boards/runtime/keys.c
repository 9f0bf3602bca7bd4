/* See keys.h. */
#include "keys.h"

#include <assert.h>
#include <string.h>

#include "abi.gen.h"
#include "mac.h"
#include "wipe.h"

static const char *const kids[] = {KS_PRINCIPAL_KIDS};
static const char *const uses[] = {"command", "reply"};
_Static_assert(KS_KEY_COUNT == 2, "a use without a name");

static struct {
    bool derived[KS_PRINCIPAL_COUNT];
    struct mac_key key[KS_PRINCIPAL_COUNT][KS_KEY_COUNT];
} keys;

/* RFC 5869, 2.3, for one block of output: HMAC(PRK, info || 0x01). */
static void expand(const struct mac_key *prk, uint32_t principal, uint32_t use) {
    uint8_t info[48];
    uint8_t out[KS_TAG_BYTES];
    uint32_t len = 0;
    const char *const words[] = {"killswitch 2 ", uses[use], " ", kids[principal]};
    for (uint32_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const uint32_t size = (uint32_t)strlen(words[i]);
        assert(size < sizeof info - len);
        memcpy(info + len, words[i], size);
        len += size;
    }
    info[len++] = 1;
    mac_tag(prk, info, len, out);
    mac_prepare(&keys.key[principal][use], out, sizeof out);
    wipe(out, sizeof out);
}

/* All zeroes stand for no secret: no key is derived from them. */
static bool is_none(const uint8_t secret[KS_SECRET_BYTES]) {
    uint32_t bits = 0;
    for (uint32_t i = 0; i < KS_SECRET_BYTES; i++) bits |= secret[i];
    return bits == 0;
}

static bool derive(uint32_t principal) {
    static const uint8_t no_salt[KS_TAG_BYTES];
    uint8_t secret[KS_SECRET_BYTES];
    uint8_t prk[KS_TAG_BYTES];
    struct mac_key key;
    if (!hal_secret(principal, secret) || is_none(secret)) return false;
    mac_prepare(&key, no_salt, sizeof no_salt);
    mac_tag(&key, secret, sizeof secret, prk);
    mac_prepare(&key, prk, sizeof prk);
    for (uint32_t use = 0; use < KS_KEY_COUNT; use++) expand(&key, principal, use);
    wipe(secret, sizeof secret);
    wipe(prk, sizeof prk);
    wipe(&key, sizeof key);
    keys.derived[principal] = true;
    return true;
}

bool keys_tag(uint32_t principal, uint32_t use, const uint8_t *bytes, uint32_t len, uint8_t *tag) {
    assert(principal < KS_PRINCIPAL_COUNT && use < KS_KEY_COUNT);
    if (!keys.derived[principal] && !derive(principal)) return false;
    mac_tag(&keys.key[principal][use], bytes, len, tag);
    return true;
}
