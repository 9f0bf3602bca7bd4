/* esp-mqtt's client and a broker. States and return values as in esp-mqtt's mqtt_client.c: a client
 * without automatic reconnection waits for esp_mqtt_client_reconnect(), which fails in any other
 * state. */
#include <stdio.h>
#include <string.h>

#include "world.h"

#define CLIENT_BYTES 3600u
#define CONNECT_US 200000u
#define SUBSCRIBE_US 60000u
#define GIVE_UP_US 10000000u
#define MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE (-0x7780)
#define MBEDTLS_ERR_X509_CERT_VERIFY_FAILED (-0x2700)
#define BADCERT_NOT_TRUSTED 0x08

struct idf_mqtt {
    enum { INIT, CONNECTING, CONNECTED, SUBSCRIBED, WAITING } state;
    char host[256], user[256], password[256];
    uint32_t port;
    bool tls, ipv6;
    esp_event_handler_t handler;
    void *memory;
    uint64_t due;
};
static struct idf_mqtt client;
static bool made;

static void event(int32_t id, esp_mqtt_event_t *what) {
    if (client.handler != NULL) client.handler(NULL, NULL, id, what);
}

static void end(esp_mqtt_error_codes_t *error) {
    esp_mqtt_event_t what = {.error_handle = error};
    client.state = WAITING;
    client.due = WORLD_NEVER;
    if (error != NULL) event(MQTT_EVENT_ERROR, &what);
    event(MQTT_EVENT_DISCONNECTED, &what);
}

static void copy(char *to, const char *from) {
    (void)snprintf(to, 256, "%s", from == NULL ? "" : from);
}

esp_mqtt_client_handle_t esp_mqtt_client_init(const esp_mqtt_client_config_t *config) {
    if (made) world_panic("a second MQTT client");
    if (world->mqtt_init_fails) return NULL;
    memset(&client, 0, sizeof client);
    client.memory = world_alloc(CLIENT_BYTES);
    if (client.memory == NULL) return NULL;
    made = true;
    client.due = WORLD_NEVER;
    copy(client.host, config->broker.address.hostname != NULL ? config->broker.address.hostname
                                                              : config->broker.address.uri);
    copy(client.user, config->credentials.username);
    copy(client.password, config->credentials.authentication.password);
    client.port = config->broker.address.port;
    client.tls = config->broker.address.transport == MQTT_TRANSPORT_OVER_SSL;
    client.ipv6 = strchr(client.host, ':') != NULL && config->broker.address.hostname != NULL;
    world_say("mqtt host=%s port=%u user=%s password=%s tls=%d ca=%u certificate=%u key=%u id=%s",
              client.host, client.port, client.user, client.password, client.tls,
              (unsigned)(config->broker.verification.certificate == NULL
                             ? 0
                             : strlen(config->broker.verification.certificate)),
              (unsigned)(config->credentials.authentication.certificate == NULL
                             ? 0
                             : strlen(config->credentials.authentication.certificate)),
              (unsigned)(config->credentials.authentication.key == NULL
                             ? 0
                             : strlen(config->credentials.authentication.key)),
              config->credentials.client_id);
    return &client;
}

esp_err_t esp_mqtt_client_destroy(esp_mqtt_client_handle_t given) {
    world_free(given->memory);
    made = false;
    return ESP_OK;
}

esp_err_t esp_mqtt_client_register_event(esp_mqtt_client_handle_t given, esp_mqtt_event_id_t id,
                                         esp_event_handler_t handler, void *argument) {
    (void)id, (void)argument;
    given->handler = handler;
    return ESP_OK;
}

static esp_err_t connect_now(void) {
    client.state = CONNECTING;
    const bool reached = world->broker != BROKER_DOWN && wifi_reaches(client.ipv6);
    client.due = world->now + (reached ? CONNECT_US : GIVE_UP_US);
    return ESP_OK;
}

esp_err_t esp_mqtt_client_start(esp_mqtt_client_handle_t given) {
    return given->state == INIT ? connect_now() : ESP_FAIL;
}

esp_err_t esp_mqtt_client_reconnect(esp_mqtt_client_handle_t given) {
    return given->state == WAITING ? connect_now() : ESP_FAIL;
}

esp_err_t esp_mqtt_client_disconnect(esp_mqtt_client_handle_t given) {
    if (given->state != CONNECTED && given->state != SUBSCRIBED) return ESP_FAIL;
    given->state = CONNECTED;
    given->due = world->now + 1000;
    return ESP_OK;
}

int esp_mqtt_client_subscribe(esp_mqtt_client_handle_t given, const char *topic, int qos) {
    (void)topic, (void)qos;
    given->due = world->now + SUBSCRIBE_US;
    return 1;
}

int esp_mqtt_client_publish(esp_mqtt_client_handle_t given, const char *topic, const char *data,
                            int len, int qos, int retain) {
    (void)given, (void)topic, (void)data, (void)len, (void)qos, (void)retain;
    return 0;
}

int esp_mqtt_client_enqueue(esp_mqtt_client_handle_t given, const char *topic, const char *data,
                            int len, int qos, int retain, bool store) {
    (void)store;
    return esp_mqtt_client_publish(given, topic, data, len, qos, retain);
}

esp_err_t esp_crt_bundle_attach(void *config) {
    (void)config;
    return ESP_OK;
}

/* How the broker answers a connection; null if it accepts. */
static esp_mqtt_error_codes_t *refusal(void) {
    static esp_mqtt_error_codes_t error;
    memset(&error, 0, sizeof error);
    error.error_type = MQTT_ERROR_TYPE_TCP_TRANSPORT;
    if (!wifi_reaches(client.ipv6) || world->broker == BROKER_DOWN) {
        error.esp_tls_last_esp_err = 0x8004;
        return &error;
    }
    switch (world->broker) {
    case BROKER_REFUSE:
        error.error_type = MQTT_ERROR_TYPE_CONNECTION_REFUSED;
        error.connect_return_code = (esp_mqtt_connect_return_code_t)world->broker_code;
        return &error;
    case BROKER_ALERT:
        error.esp_tls_stack_err = -MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE;
        return &error;
    case BROKER_UNKNOWN_CA:
        error.esp_tls_stack_err = -MBEDTLS_ERR_X509_CERT_VERIFY_FAILED;
        error.esp_tls_cert_verify_flags = BADCERT_NOT_TRUSTED;
        return &error;
    case BROKER_NO_NAME:
        error.esp_tls_last_esp_err = ESP_ERR_ESP_TLS_CANNOT_RESOLVE_HOSTNAME;
        return &error;
    default: return NULL;
    }
}

uint64_t mqtt_due(void) { return made ? client.due : WORLD_NEVER; }

void mqtt_fire(void) {
    client.due = WORLD_NEVER;
    if (client.state == CONNECTING) {
        esp_mqtt_error_codes_t *error = refusal();
        if (error != NULL) {
            end(error);
            return;
        }
        client.state = CONNECTED;
        esp_mqtt_event_t what = {0};
        event(MQTT_EVENT_CONNECTED, &what);
        client.state = SUBSCRIBED;
    } else if (client.state == SUBSCRIBED) {
        char granted[] = {1};
        esp_mqtt_event_t what = {.data = granted, .data_len = 1};
        world->sessions++;
        event(MQTT_EVENT_SUBSCRIBED, &what);
    } else end(NULL);
}

void mqtt_lost(void) {
    static esp_mqtt_error_codes_t error = {.error_type = MQTT_ERROR_TYPE_TCP_TRANSPORT};
    if (!made || (client.state != CONNECTED && client.state != SUBSCRIBED)) return;
    end(&error);
}

void mqtt_message(const uint8_t *bytes, uint32_t len) {
    esp_mqtt_event_t what = {
        .data = (char *)(uintptr_t)bytes, .data_len = (int)len, .total_data_len = (int)len};
    if (made && client.state == SUBSCRIBED) event(MQTT_EVENT_DATA, &what);
}
