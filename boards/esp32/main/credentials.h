/* The Wi-Fi network's name and password, and the settings of Wi-Fi, stored in the partition `nvs`.
 */
#ifndef CREDENTIALS_H
#define CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "improv.h"

/* Opens the partition `nvs`; false if that fails. */
bool credentials_open(void);
/* False if there are none. */
bool credentials_load(struct improv_wifi *wifi);
/* False if the partition is full. */
bool credentials_save(const struct improv_wifi *wifi);

/* The transmit power that the owner set, in 0.25 dBm; 0: automatic. */
int8_t credentials_power(void);
bool credentials_set_power(int8_t power);
/* Two letters or digits and a zero; "01", the default, is ESP-IDF's world safe mode. */
#define CREDENTIALS_COUNTRY 3u
void credentials_country(char country[CREDENTIALS_COUNTRY]);
bool credentials_set_country(const char *country);

#endif
