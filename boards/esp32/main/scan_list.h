/* The list of networks that a scan found: each name once, with its strongest signal, strongest
 * first, at most SCAN_LIST_MAX. */
#ifndef SCAN_LIST_H
#define SCAN_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "improv.h"

#define SCAN_LIST_MAX 16u

struct scan_network {
    char ssid[IMPROV_SSID_MAX + 1];
    int8_t rssi; /* dBm */
    bool locked; /* it requires a password */
};

struct scan_list {
    uint32_t count;
    struct scan_network networks[SCAN_LIST_MAX];
};

/* Adds a network. Networks without a name are left out; beyond SCAN_LIST_MAX the weakest is
 * dropped. */
void scan_add(struct scan_list *list, const char *ssid, int8_t rssi, bool locked);

#endif
