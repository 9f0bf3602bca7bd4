/* One MQTT 3.1.1 session with the owner's broker: last will, clean session, topics as in
 * docs/PROTOCOL.md. The session counts as up when it has subscribed to the commands. */
#include <stdio.h>
#include <string.h>

#include "abi.gen.h"
#include "esp_crt_bundle.h"
#include "esp_tls_errors.h"
#include "inbox.h"
#include "mqtt_client.h"
#include "network_parts.h"

#define KEEPALIVE_S 10
#define CONNECT_MS 10000
#define BUFFER_BYTES 1280
#define TASK_STACK 6144
#define TOPIC_BYTES 72u

static const char *const levels[KS_CHANNEL_COUNT] = {
    [KS_CHANNEL_REPLY] = "reply",
    [KS_CHANNEL_STATUS] = "status",
    [KS_CHANNEL_TELEMETRY] = "telemetry",
};
static const char *const kids[] = {KS_PRINCIPAL_KIDS};
static const char online[] = "online";
static const char offline[] = "offline";

static esp_mqtt_client_handle_t client;
static const char *device;
static volatile enum network_state state;
static const char *volatile why = "";
/* A client certificate is sent. */
static bool certified;

static const char *topic(char *text, const char *level) {
    (void)snprintf(text, TOPIC_BYTES, "killswitch/%s/%s", device, level);
    return text;
}

/* The topic of a principal's level; "+" for every principal. */
static const char *principal_topic(char *text, const char *kid, const char *level) {
    (void)snprintf(text, TOPIC_BYTES, "killswitch/%s/%s/%s", device, kid, level);
    return text;
}

/* mbedtls/ssl.h and mbedtls/x509.h; esp-tls reports errors as positive numbers. */
#define TLS_FATAL_ALERT 0x7780
#define CERTIFICATE_WRONG_NAME 0x04
#define CERTIFICATE_NOT_TRUSTED 0x08

/* One word for the status line. */
static const char *tls_word(const esp_mqtt_error_codes_t *error) {
    if ((error->esp_tls_cert_verify_flags & CERTIFICATE_NOT_TRUSTED) != 0) return "tls-authority";
    if ((error->esp_tls_cert_verify_flags & CERTIFICATE_WRONG_NAME) != 0) return "tls-name";
    /* The broker ended the handshake. Without a client certificate that is almost always what it
     * lacks. */
    if (error->esp_tls_stack_err == TLS_FATAL_ALERT)
        return certified ? "tls-refused" : "client-certificate";
    return "tls";
}

static const char *word_of(const esp_mqtt_error_codes_t *error) {
    if (error == NULL) return "closed";
    if (error->error_type == MQTT_ERROR_TYPE_CONNECTION_REFUSED) {
        switch (error->connect_return_code) {
        case MQTT_CONNECTION_REFUSE_BAD_USERNAME:
        case MQTT_CONNECTION_REFUSE_NOT_AUTHORIZED: return "password";
        default: return "refused";
        }
    }
    if (error->esp_tls_cert_verify_flags != 0 || error->esp_tls_stack_err != 0)
        return tls_word(error);
    if (error->esp_tls_last_esp_err == ESP_ERR_ESP_TLS_CANNOT_RESOLVE_HOSTNAME) return "no-name";
    return "unreachable";
}

/* A message may arrive in parts, in order. */
static void on_data(const esp_mqtt_event_t *event) {
    static uint8_t message[KS_MESSAGE_MAX];
    const uint32_t total = (uint32_t)event->total_data_len;
    const uint32_t at = (uint32_t)event->current_data_offset;
    const uint32_t len = (uint32_t)event->data_len;
    if (total > KS_MESSAGE_MAX) {
        if (at == 0) inbox_message(NULL, total);
        return;
    }
    if (at > total || len > total - at) return;
    memcpy(message + at, event->data, len);
    if (at + len == total) inbox_message(message, total);
}

static void on_subscribed(const esp_mqtt_event_t *event) {
    char text[TOPIC_BYTES];
    if (event->data_len > 0 && ((uint8_t)event->data[0] & 0x80u) != 0) {
        why = "subscribe";
        (void)esp_mqtt_client_disconnect(client);
        return;
    }
    (void)esp_mqtt_client_enqueue(client, topic(text, "availability"), online, 0, 1, 1, true);
    state = NETWORK_UP;
    inbox_link(true);
}

static void on_mqtt(void *unused, esp_event_base_t base, int32_t id, void *data) {
    const esp_mqtt_event_t *event = data;
    char text[TOPIC_BYTES];
    (void)unused, (void)base;
    if (id == MQTT_EVENT_CONNECTED) {
        why = "closed";
        (void)esp_mqtt_client_subscribe(client, principal_topic(text, "+", "command"), 1);
    } else if (id == MQTT_EVENT_SUBSCRIBED) on_subscribed(event);
    else if (id == MQTT_EVENT_DATA) on_data(event);
    else if (id == MQTT_EVENT_ERROR) why = word_of(event->error_handle);
    else if (id == MQTT_EVENT_DISCONNECTED) {
        state = NETWORK_FAILED;
        inbox_link(false);
        network_tell(NETWORK_MQTT_DOWN);
    }
}

static const char *or_null(const char *text) { return text[0] == '\0' ? NULL : text; }

/* Everything that the client keeps a pointer to is in mapped flash or static: nothing is allocated
 * here. */
static void configure(const struct owner *owner, esp_mqtt_client_config_t *config) {
    static char will[TOPIC_BYTES], id[TOPIC_BYTES];
    (void)snprintf(id, sizeof id, "killswitch-%s", device);
    *config = (esp_mqtt_client_config_t){
        .broker.address.hostname = owner->host,
        .broker.address.port = owner->port,
        .broker.address.transport = owner->tls ? MQTT_TRANSPORT_OVER_SSL : MQTT_TRANSPORT_OVER_TCP,
        .credentials.client_id = id,
        .credentials.username = or_null(owner->user),
        .credentials.authentication.password = or_null(owner->password),
        .session.last_will.topic = topic(will, "availability"),
        .session.last_will.msg = offline,
        .session.last_will.qos = 1,
        .session.last_will.retain = 1,
        .session.keepalive = KEEPALIVE_S,
        .session.protocol_ver = MQTT_PROTOCOL_V_3_1_1,
        .network.disable_auto_reconnect = true,
        .network.timeout_ms = CONNECT_MS,
        .task.stack_size = TASK_STACK,
        .buffer.size = BUFFER_BYTES,
    };
    if (!owner->tls) return;
    config->broker.verification.certificate = or_null(owner->ca);
    if (owner->ca[0] == '\0') config->broker.verification.crt_bundle_attach = esp_crt_bundle_attach;
    config->credentials.authentication.certificate = or_null(owner->certificate);
    config->credentials.authentication.key = or_null(owner->key);
}

static bool make(const struct owner *owner) {
    esp_mqtt_client_config_t config;
    device = owner->device;
    certified = owner->certificate[0] != '\0';
    configure(owner, &config);
    client = esp_mqtt_client_init(&config);
    if (client == NULL) return false;
    if (esp_mqtt_client_register_event(client, MQTT_EVENT_ANY, on_mqtt, NULL) == ESP_OK &&
        esp_mqtt_client_start(client) == ESP_OK)
        return true;
    (void)esp_mqtt_client_destroy(client);
    client = NULL;
    return false;
}

void mqtt_open(const struct owner *owner) {
    /* A second address arrives while the session is up, or opens. */
    if (state == NETWORK_UP || state == NETWORK_TRYING) return;
    state = NETWORK_TRYING;
    const bool first = client == NULL;
    if (first ? make(owner) : esp_mqtt_client_reconnect(client) == ESP_OK) return;
    why = first ? "no-memory" : "busy";
    state = NETWORK_FAILED;
    network_tell(NETWORK_MQTT_DOWN);
}

void mqtt_state(struct network_status *status) {
    status->mqtt = state;
    status->mqtt_why = why;
}

void mqtt_publish(uint32_t principal, uint32_t channel, const uint8_t *bytes, uint32_t len) {
    char text[TOPIC_BYTES];
    if (state != NETWORK_UP || principal >= KS_PRINCIPAL_COUNT || channel >= KS_CHANNEL_COUNT)
        return;
    const char *name = principal_topic(text, kids[principal], levels[channel]);
    (void)esp_mqtt_client_publish(client, name, (const char *)bytes, (int)len, 0, 0);
}
