/* Between the files of the network: its task, Wi-Fi, MQTT. */
#ifndef NETWORK_PARTS_H
#define NETWORK_PARTS_H

#include "image_format.h"
#include "network.h"

/* What happened, as bits of the task's notification. */
#define NETWORK_RADIO 1u
#define NETWORK_JOIN 2u
#define NETWORK_WIFI_UP 4u
#define NETWORK_WIFI_DOWN 8u
#define NETWORK_MQTT_DOWN 16u
#define NETWORK_OUTBOX 32u
#define NETWORK_SCAN 64u
#define NETWORK_SCANNED 128u

/* Tells the task. */
void network_tell(uint32_t bits);

/* Back-off between attempts: the ceiling doubles from 1 s to 30 s, a delay is its upper half,
 * drawn.
 * `*attempts` counts. In ms. */
uint32_t network_delay(uint32_t *attempts);

/* Starts Wi-Fi, once. Null, or why it cannot. */
const char *wifi_begin(void);
/* Begins to join. */
void wifi_join(const char *ssid, const char *password);
void wifi_state(struct network_status *status);
/* Begins to listen for access points; false if it cannot now, as while it joins. NETWORK_SCANNED
 * tells of its end. */
bool wifi_scan(void);
void wifi_scan_stop(void);
/* What was heard. */
void wifi_heard(struct scan_list *list);
/* The last join's outcome is stale: another begins. */
void wifi_again(void);

/* Opens a session, or opens it again after it went down. */
void mqtt_open(const struct owner *owner);
void mqtt_state(struct network_status *status);
/* Waits until the stack has taken the message; drops it if the session is down. */
void mqtt_publish(uint32_t channel, const uint8_t *bytes, uint32_t len);

#endif
