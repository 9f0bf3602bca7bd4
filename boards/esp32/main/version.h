/* Name and version of the firmware, as Improv reports them. */
#ifndef VERSION_H
#define VERSION_H

#include "abi.gen.h"
#include "sdkconfig.h"

#define VERSION_STRING_OF(number) #number
#define VERSION_STRING(number) VERSION_STRING_OF(number)
/* The version of the guest ABI. */
#define VERSION_TEXT "abi-" VERSION_STRING(KS_ABI_VERSION)
#define VERSION_CHIP CONFIG_IDF_TARGET

#endif
