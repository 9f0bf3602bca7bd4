/* See temperature.h. */
#include "temperature.h"

#include "soc/soc_caps.h"

#if SOC_TEMP_SENSOR_SUPPORTED
#include "driver/temperature_sensor.h"
#include "hal.h"
#include "hal_esp32.h"

#define PERIOD_MS 10000u
/* The measuring range with the smallest error, in degrees Celsius. */
#define RANGE_MIN (-10)
#define RANGE_MAX 80

static temperature_sensor_handle_t sensor;

static bool start(void) {
    temperature_sensor_config_t config = TEMPERATURE_SENSOR_CONFIG_DEFAULT(RANGE_MIN, RANGE_MAX);
    return temperature_sensor_install(&config, &sensor) == ESP_OK &&
           temperature_sensor_enable(sensor) == ESP_OK;
}

void temperature_poll(void) {
    static bool tried, works;
    static uint32_t read_at;
    float degrees;
    if (tried && hal_now() - read_at < PERIOD_MS) return;
    if (!tried) works = start();
    tried = true;
    read_at = hal_now();
    if (works && temperature_sensor_get_celsius(sensor, &degrees) == ESP_OK)
        hal_temperature((int16_t)(degrees * 10.0f));
}
#else
void temperature_poll(void) {}
#endif
