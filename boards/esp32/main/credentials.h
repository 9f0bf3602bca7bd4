/* The access point's name and password, in the partition `nvs`. Must not know Wi-Fi. */
#ifndef CREDENTIALS_H
#define CREDENTIALS_H

#include <stdbool.h>

#include "improv.h"

/* The partition `nvs` is open. False if it cannot be. */
bool credentials_open(void);
/* False if there are none. */
bool credentials_load(struct improv_wifi *wifi);
/* False if the partition takes no more. */
bool credentials_save(const struct improv_wifi *wifi);

#endif
