/* See scan_list.h. */
#include "scan_list.h"

#include <string.h>

static void drop(struct scan_list *list, uint32_t at) {
    list->count--;
    memmove(&list->networks[at], &list->networks[at + 1],
            (list->count - at) * sizeof *list->networks);
}

void scan_add(struct scan_list *list, const char *ssid, int8_t rssi, bool locked) {
    const size_t len = strlen(ssid);
    if (len == 0 || len > IMPROV_SSID_MAX) return;
    for (uint32_t i = 0; i < list->count; i++) {
        if (strcmp(list->networks[i].ssid, ssid) != 0) continue;
        if (list->networks[i].rssi >= rssi) return;
        drop(list, i);
        break;
    }
    uint32_t at = 0;
    while (at < list->count && list->networks[at].rssi >= rssi) at++;
    if (at == SCAN_LIST_MAX) return;
    if (list->count == SCAN_LIST_MAX) list->count--;
    memmove(&list->networks[at + 1], &list->networks[at],
            (list->count - at) * sizeof *list->networks);
    list->count++;
    struct scan_network *network = &list->networks[at];
    memcpy(network->ssid, ssid, len + 1);
    network->rssi = rssi;
    network->locked = locked;
}
