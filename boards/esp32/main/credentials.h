/* The Wi-Fi network's name and password, stored in the partition `nvs`. */
#ifndef CREDENTIALS_H
#define CREDENTIALS_H

#include <stdbool.h>

#include "improv.h"

/* Opens the partition `nvs`; false if that fails. */
bool credentials_open(void);
/* False if there are none. */
bool credentials_load(struct improv_wifi *wifi);
/* False if the partition is full. */
bool credentials_save(const struct improv_wifi *wifi);

#endif
