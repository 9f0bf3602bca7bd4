/* The part of ESP-IDF's drivers and of the chips' registers that boards/esp32 uses; see system.h.
 * The addresses are those of the chips. */
#ifndef IDF_DRIVERS_H
#define IDF_DRIVERS_H

#include "system.h"

#define BIT(n) (1u << (n))
#define REG_READ(at) (*(volatile uint32_t *)(uintptr_t)(at))

#if CONFIG_IDF_TARGET_ESP32
#define CONFIG_IDF_TARGET "esp32"
#define GPIO_IN_REG 0x3ff4403cu
#define GPIO_IN1_REG 0x3ff44040u
#define DPORT_WIFI_CLK_EN_REG 0x3ff000ccu
#define DPORT_WIFI_CLK_WIFI_EN_M 0x406
#define DPORT_WIFI_CLK_BT_EN_M (0x61 << 11)
#define DPORT_WIFI_CLK_WIFI_BT_COMMON_M 0x3c9
#define DPORT_CORE_RST_EN_REG 0x3ff000d0u
#define DPORT_WIFIBB_RST BIT(0)
#define DPORT_FE_RST BIT(1)
#define DPORT_WIFIMAC_RST BIT(2)
#define RTC_CNTL_ANA_CONF_REG 0x3ff48030u
#else
#define CONFIG_IDF_TARGET "esp32c3"
#define SOC_TEMP_SENSOR_SUPPORTED 1
#define SOC_USB_SERIAL_JTAG_SUPPORTED 1
#define GPIO_IN_REG 0x6000403cu
#define SYSTEM_WIFI_CLK_EN_REG 0x60026014u
#define SYSTEM_WIFI_CLK_EN 0x00fb9fcf
#define SYSTEM_WIFI_CLK_RNG_EN BIT(15)
#define SYSTEM_WIFI_RST_EN_REG 0x60026018u
#define SYSTEM_WIFIBB_RST BIT(0)
#define SYSTEM_FE_RST BIT(1)
#define SYSTEM_WIFIMAC_RST BIT(2)
#define RTC_CNTL_ANA_CONF_REG 0x60008034u
#endif
#define RTC_CNTL_RFRX_PBUS_PU BIT(28)
#define RTC_CNTL_TXRF_I2C_PU BIT(27)

typedef int gpio_num_t;
typedef enum { GPIO_MODE_INPUT = 1, GPIO_MODE_OUTPUT = 2, GPIO_MODE_OUTPUT_OD = 6 } gpio_mode_t;
typedef enum { GPIO_PULLUP_DISABLE, GPIO_PULLUP_ENABLE } gpio_pullup_t;
typedef enum { GPIO_PULLDOWN_DISABLE, GPIO_PULLDOWN_ENABLE } gpio_pulldown_t;
typedef enum { GPIO_INTR_DISABLE, GPIO_INTR_ANYEDGE = 3 } gpio_int_type_t;
typedef struct {
    uint64_t pin_bit_mask;
    gpio_mode_t mode;
    gpio_pullup_t pull_up_en;
    gpio_pulldown_t pull_down_en;
    gpio_int_type_t intr_type;
} gpio_config_t;
typedef void (*gpio_isr_t)(void *);
#define ESP_INTR_FLAG_LEVEL2 (1 << 2)
#define ESP_INTR_FLAG_IRAM (1 << 10)
esp_err_t gpio_config(const gpio_config_t *config);
esp_err_t gpio_set_level(gpio_num_t pin, uint32_t level);
esp_err_t gpio_hold_en(gpio_num_t pin);
esp_err_t gpio_hold_dis(gpio_num_t pin);
esp_err_t gpio_install_isr_service(int flags);
esp_err_t gpio_isr_handler_add(gpio_num_t pin, gpio_isr_t handler, void *argument);

typedef struct idf_timer *gptimer_handle_t;
typedef enum { GPTIMER_CLK_SRC_DEFAULT = 4 } gptimer_clock_source_t;
typedef enum { GPTIMER_COUNT_DOWN, GPTIMER_COUNT_UP } gptimer_count_direction_t;
typedef struct {
    uint64_t count_value, alarm_value;
} gptimer_alarm_event_data_t;
typedef struct {
    gptimer_clock_source_t clk_src;
    gptimer_count_direction_t direction;
    uint32_t resolution_hz;
} gptimer_config_t;
typedef struct {
    uint64_t alarm_count, reload_count;
    struct {
        uint32_t auto_reload_on_alarm : 1;
    } flags;
} gptimer_alarm_config_t;
typedef struct {
    bool (*on_alarm)(gptimer_handle_t timer, const gptimer_alarm_event_data_t *event, void *user);
} gptimer_event_callbacks_t;
esp_err_t gptimer_new_timer(const gptimer_config_t *config, gptimer_handle_t *timer);
esp_err_t gptimer_register_event_callbacks(gptimer_handle_t timer,
                                           const gptimer_event_callbacks_t *callbacks, void *user);
esp_err_t gptimer_set_alarm_action(gptimer_handle_t timer, const gptimer_alarm_config_t *alarm);
esp_err_t gptimer_enable(gptimer_handle_t timer);
esp_err_t gptimer_start(gptimer_handle_t timer);

typedef struct idf_thermometer *temperature_sensor_handle_t;
typedef struct {
    int range_min, range_max;
} temperature_sensor_config_t;
#define TEMPERATURE_SENSOR_CONFIG_DEFAULT(min, max)                                                \
    { .range_min = (min), .range_max = (max) }
esp_err_t temperature_sensor_install(const temperature_sensor_config_t *config,
                                     temperature_sensor_handle_t *sensor);
esp_err_t temperature_sensor_enable(temperature_sensor_handle_t sensor);
esp_err_t temperature_sensor_get_celsius(temperature_sensor_handle_t sensor, float *degrees);

typedef int uart_port_t;
typedef struct idf_uart uart_dev_t;
#define UART_NUM_0 0
extern uart_dev_t UART0;
#define UART_LL_GET_HW(port) (&UART##port)
esp_err_t uart_driver_install(uart_port_t port, int rx, int tx, int queue_len, QueueHandle_t *queue,
                              int flags);
int uart_read_bytes(uart_port_t port, void *bytes, uint32_t len, TickType_t ticks);
uint32_t uart_ll_get_txfifo_len(uart_dev_t *uart);
void uart_ll_write_txfifo(uart_dev_t *uart, const uint8_t *bytes, uint32_t len);
bool uart_ll_is_tx_idle(uart_dev_t *uart);

int usb_serial_jtag_ll_txfifo_writable(void);
int usb_serial_jtag_ll_write_txfifo(const uint8_t *bytes, uint32_t len);
void usb_serial_jtag_ll_txfifo_flush(void);
int usb_serial_jtag_ll_read_rxfifo(uint8_t *bytes, uint32_t max);

#endif
