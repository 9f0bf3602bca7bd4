/* See radio_power.h. All of it is placed in RAM (linker.lf). The bits are those that ESP-IDF's
 * start-up and light sleep set and clear (esp_system/port/soc/<chip>/clk.c, rtc_sleep.c). The clock
 * of the random number generator stays on, and on the ESP32-C3 that of the analogue I2C master,
 * which the PLL needs. */
#include "radio_power.h"

#include <stdint.h>

#include "sdkconfig.h"
#include "soc/rtc_cntl_reg.h"
#include "soc/soc.h"

#if CONFIG_IDF_TARGET_ESP32
#include "soc/dport_reg.h"
#define CLOCKS_REG DPORT_WIFI_CLK_EN_REG
#define CLOCKS (DPORT_WIFI_CLK_WIFI_EN_M | DPORT_WIFI_CLK_BT_EN_M | DPORT_WIFI_CLK_WIFI_BT_COMMON_M)
#define RESET_REG DPORT_CORE_RST_EN_REG
#define RESETS (DPORT_WIFIBB_RST | DPORT_FE_RST | DPORT_WIFIMAC_RST)
#elif CONFIG_IDF_TARGET_ESP32C3
#include "soc/syscon_reg.h"
#define CLOCKS_REG SYSTEM_WIFI_CLK_EN_REG
#define CLOCKS (SYSTEM_WIFI_CLK_EN & ~SYSTEM_WIFI_CLK_RNG_EN)
#define RESET_REG SYSTEM_WIFI_RST_EN_REG
#define RESETS (SYSTEM_WIFIBB_RST | SYSTEM_FE_RST | SYSTEM_WIFIMAC_RST)
#else
#error "no registers of this chip's radio are known"
#endif
#define FRONT_END (RTC_CNTL_TXRF_I2C_PU | RTC_CNTL_RFRX_PBUS_PU)

/* A plain access. ESP-IDF's macros for the ESP32 work around an erratum that needs two running
 * cores. */
#define REG(at) (*(volatile uint32_t *)(uintptr_t)(at))

void radio_power_off(void) {
    REG(CLOCKS_REG) &= ~(uint32_t)CLOCKS;
    REG(RESET_REG) |= (uint32_t)RESETS;
    REG(RTC_CNTL_ANA_CONF_REG) &= ~(uint32_t)FRONT_END;
}

void radio_power_on(void) {
    REG(RESET_REG) &= ~(uint32_t)RESETS;
    REG(CLOCKS_REG) |= (uint32_t)CLOCKS;
}

bool radio_power_sense(void) { return (REG(CLOCKS_REG) & (uint32_t)CLOCKS) != 0; }
