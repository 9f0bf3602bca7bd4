/* Improv Serial (https://www.improv-wifi.com/serial/): finds frames in the bytes of a serial line,
 * and makes frames.
 *
 * A frame: "IMPROV", version 1, type, length, data, the sum of all bytes before it modulo 256, and
 * by convention a line end. */
#ifndef IMPROV_H
#define IMPROV_H

#include <stdbool.h>
#include <stdint.h>

#define IMPROV_HEAD_BYTES 9u /* letters, version, type, length */
#define IMPROV_DATA_MAX 255u
#define IMPROV_FRAME_MAX (IMPROV_HEAD_BYTES + IMPROV_DATA_MAX + 2u)
#define IMPROV_SSID_MAX 32u
#define IMPROV_PASSWORD_MAX 64u

enum improv_type { IMPROV_STATE = 1, IMPROV_ERROR = 2, IMPROV_RPC = 3, IMPROV_RESULT = 4 };
enum improv_state { IMPROV_READY = 2, IMPROV_PROVISIONING = 3, IMPROV_PROVISIONED = 4 };
enum improv_error {
    IMPROV_NO_ERROR = 0,
    IMPROV_INVALID_RPC = 1,
    IMPROV_UNKNOWN_RPC = 2,
    IMPROV_CANNOT_CONNECT = 3
};
enum improv_command {
    IMPROV_WIFI_SETTINGS = 1,
    IMPROV_GET_STATE = 2,
    IMPROV_DEVICE_INFO = 3,
    IMPROV_SCAN = 4
};

/* What one byte of the line completed. */
enum improv_found {
    IMPROV_TEXT,   /* not part of a frame: `released` bytes of `text` are for the command line */
    IMPROV_INSIDE, /* part of a frame, or perhaps of one */
    IMPROV_FRAME,  /* the last byte of a good frame: type, data and len are set */
    IMPROV_BROKEN  /* the last byte of a frame whose sum or version is wrong */
};

struct improv_reader {
    uint32_t have; /* bytes of the frame received */
    uint8_t sum;
    bool line_end; /* the frame's own line end may follow */
    uint8_t version, type, len;
    uint8_t data[IMPROV_DATA_MAX];
    uint8_t text[8];
    uint32_t released;
};

enum improv_found improv_feed(struct improv_reader *reader, uint8_t byte);
/* Abandons a frame that was begun; to be called after a silence on the line. */
void improv_reset(struct improv_reader *reader);

/* Makes a frame with its line end; returns its length, at most IMPROV_FRAME_MAX. */
uint32_t improv_frame(uint8_t *frame, enum improv_type type, const uint8_t *data, uint8_t len);
/* Makes the data of a result: command, length, then each text with its length. Returns its length;
 * 0 if it does not fit. */
uint8_t improv_result(uint8_t *data, uint8_t command, const char *const *texts, uint32_t count);

struct improv_wifi {
    char ssid[IMPROV_SSID_MAX + 1];
    char password[IMPROV_PASSWORD_MAX + 1];
};

/* Splits the data of an RPC frame into command and body; false if the lengths do not agree. */
bool improv_rpc(const uint8_t *data, uint8_t len, uint8_t *command, const uint8_t **body,
                uint8_t *body_len);
/* Reads IMPROV_WIFI_SETTINGS; false if it is malformed or too long for Wi-Fi. */
bool improv_wifi(const uint8_t *body, uint8_t len, struct improv_wifi *wifi);

#endif
