/* What the reason codes of ESP-IDF (wifi_err_reason_t) mean for a person. */
#ifndef WIFI_REASON_H
#define WIFI_REASON_H

#include <stdint.h>

struct wifi_cause {
    /* One word for `status`. */
    const char *word;
    /* What to do, in one line. */
    const char *fix;
};

/* Codes of our own, next to those of ESP-IDF, which end at 255. */
#define CAUSE_NO_ADDRESS 256u
#define CAUSE_NO_RESULT 257u

const struct wifi_cause *join_cause(uint32_t reason);

#endif
