/* The access points that were heard, as a person wants them: a name once, with its strongest
 * signal, strongest first, and no more than fit. Pure: must not know who hears. */
#ifndef SCAN_LIST_H
#define SCAN_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "improv.h"

#define SCAN_LIST_MAX 16u

struct scan_network {
    char ssid[IMPROV_SSID_MAX + 1];
    int8_t rssi; /* dBm */
    bool locked; /* it wants a password */
};

struct scan_list {
    uint32_t count;
    struct scan_network networks[SCAN_LIST_MAX];
};

/* Puts one in its place. One without a name is left out, and beyond the list's length the weakest.
 */
void scan_add(struct scan_list *list, const char *ssid, int8_t rssi, bool locked);

#endif
