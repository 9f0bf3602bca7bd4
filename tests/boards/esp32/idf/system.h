/* The part of ESP-IDF's system interface that boards/esp32 uses, written from its documentation, so
 * that types can be checked and the firmware run (tests/boards/esp32/world) without ESP-IDF. A real
 * build checks it against the real headers. */
#ifndef IDF_SYSTEM_H
#define IDF_SYSTEM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int esp_err_t;
#define ESP_OK 0
#define ESP_FAIL (-1)
#define ESP_ERR_NVS_NOT_FOUND 0x1102
#define ESP_ERR_NVS_NO_FREE_PAGES 0x110d
#define ESP_ERR_NVS_NEW_VERSION_FOUND 0x1110
void idf_abort_unless_ok(esp_err_t error);
#define ESP_ERROR_CHECK(call) idf_abort_unless_ok(call)

#define RTC_NOINIT_ATTR __attribute__((section("rtc_noinit")))

typedef enum {
    ESP_RST_UNKNOWN,
    ESP_RST_POWERON,
    ESP_RST_EXT,
    ESP_RST_SW,
    ESP_RST_PANIC,
    ESP_RST_INT_WDT,
    ESP_RST_TASK_WDT,
    ESP_RST_WDT,
    ESP_RST_DEEPSLEEP,
    ESP_RST_BROWNOUT,
    ESP_RST_SDIO,
} esp_reset_reason_t;
esp_reset_reason_t esp_reset_reason(void);
uint32_t esp_get_free_heap_size(void);
uint32_t esp_get_minimum_free_heap_size(void);
int64_t esp_timer_get_time(void);
uint32_t esp_random(void);
void esp_fill_random(void *bytes, size_t len);
void bootloader_random_enable(void);
void bootloader_random_disable(void);
void esp_rom_software_reset_system(void);
void esp_rom_delay_us(uint32_t us);
#define ESP_IDF_VERSION_VAL(major, minor, patch) (((major) << 16) | ((minor) << 8) | (patch))
#define ESP_IDF_VERSION ESP_IDF_VERSION_VAL(5, 3, 0)
void rtc_clk_cpu_set_to_default_config(void);
void rtc_clk_cpu_freq_set_xtal(void);
typedef int (*vprintf_like_t)(const char *, va_list);
vprintf_like_t esp_log_set_vprintf(vprintf_like_t writer);
typedef bool (*esp_freertos_idle_cb_t)(void);
esp_err_t esp_register_freertos_idle_hook(esp_freertos_idle_cb_t hook);

/* --- FreeRTOS --- */

typedef int BaseType_t;
typedef unsigned UBaseType_t;
typedef uint32_t TickType_t;
typedef uint8_t StackType_t;
typedef struct idf_task *TaskHandle_t;
typedef struct {
    int unused;
} StaticTask_t;
typedef struct {
    int unused;
} portMUX_TYPE;
typedef void (*TaskFunction_t)(void *);
typedef enum { eNoAction, eSetBits } eNotifyAction;
typedef struct idf_queue *QueueHandle_t;
#define portMUX_INITIALIZER_UNLOCKED                                                               \
    { 0 }
#define pdFALSE ((BaseType_t)0)
#define pdTRUE ((BaseType_t)1)
#define portMAX_DELAY UINT32_MAX
#define portTICK_PERIOD_MS ((TickType_t)10)
#define pdMS_TO_TICKS(ms) ((TickType_t)(ms) / portTICK_PERIOD_MS)
#define configMAX_PRIORITIES 25
void portENTER_CRITICAL(portMUX_TYPE *lock);
void portEXIT_CRITICAL(portMUX_TYPE *lock);
void portENTER_CRITICAL_SAFE(portMUX_TYPE *lock);
void portEXIT_CRITICAL_SAFE(portMUX_TYPE *lock);
void portYIELD_FROM_ISR(BaseType_t woken);
BaseType_t xTaskCreate(TaskFunction_t task, const char *name, uint32_t stack, void *argument,
                       UBaseType_t priority, TaskHandle_t *handle);
TaskHandle_t xTaskCreateStatic(TaskFunction_t task, const char *name, uint32_t stack,
                               void *argument, UBaseType_t priority, StackType_t *bytes,
                               StaticTask_t *state);
TaskHandle_t xTaskGetCurrentTaskHandle(void);
UBaseType_t uxTaskGetStackHighWaterMark(TaskHandle_t task);
TickType_t xTaskGetTickCount(void);
void vTaskDelay(TickType_t ticks);
void vTaskNotifyGiveFromISR(TaskHandle_t task, BaseType_t *woken);
BaseType_t xTaskNotifyGive(TaskHandle_t task);
uint32_t ulTaskNotifyTake(BaseType_t clear, TickType_t ticks);
BaseType_t xTaskNotify(TaskHandle_t task, uint32_t value, eNotifyAction action);
BaseType_t xTaskNotifyWait(uint32_t clear_before, uint32_t clear_after, uint32_t *value,
                           TickType_t ticks);

/* --- partitions and NVS --- */

typedef enum { ESP_PARTITION_TYPE_APP, ESP_PARTITION_TYPE_DATA } esp_partition_type_t;
typedef enum { ESP_PARTITION_SUBTYPE_ANY = 0xff } esp_partition_subtype_t;
typedef enum { ESP_PARTITION_MMAP_DATA } esp_partition_mmap_memory_t;
typedef uint32_t esp_partition_mmap_handle_t;
typedef struct {
    uint32_t size;
} esp_partition_t;
const esp_partition_t *esp_partition_find_first(esp_partition_type_t type,
                                                esp_partition_subtype_t subtype, const char *label);
esp_err_t esp_partition_mmap(const esp_partition_t *partition, size_t offset, size_t size,
                             esp_partition_mmap_memory_t memory, const void **out,
                             esp_partition_mmap_handle_t *handle);
esp_err_t esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t size);
typedef uint32_t nvs_handle_t;
typedef enum { NVS_READONLY, NVS_READWRITE } nvs_open_mode_t;
esp_err_t nvs_flash_init(void);
esp_err_t nvs_flash_erase(void);
esp_err_t nvs_flash_init_partition(const char *partition);
esp_err_t nvs_flash_erase_partition(const char *partition);
esp_err_t nvs_open(const char *name, nvs_open_mode_t mode, nvs_handle_t *handle);
esp_err_t nvs_open_from_partition(const char *partition, const char *name, nvs_open_mode_t mode,
                                  nvs_handle_t *handle);
void nvs_close(nvs_handle_t handle);
esp_err_t nvs_commit(nvs_handle_t handle);
esp_err_t nvs_get_blob(nvs_handle_t handle, const char *key, void *value, size_t *len);
esp_err_t nvs_set_blob(nvs_handle_t handle, const char *key, const void *value, size_t len);
esp_err_t nvs_get_str(nvs_handle_t handle, const char *key, char *value, size_t *len);
esp_err_t nvs_set_str(nvs_handle_t handle, const char *key, const char *value);

#endif
