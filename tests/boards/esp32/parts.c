/* Runs the parts of boards/esp32 that use no chip: each line of input is a part's name and
 * bytes in hexadecimal; each line of output is the part's answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command_line.h"
#include "crc32.h"
#include "image_format.h"
#include "improv.h"
#include "packet_line.h"
#include "record_ring.h"
#include "retained_block.h"
#include "scan_list.h"

#define LINE 70000

static uint8_t bytes[LINE];
static uint32_t len;

static void print_hex(const uint8_t *at, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) printf("%02x", at[i]);
}

/* text:HEX frame:TYPE:HEX broken; then the frame's RPC. */
static void improv(void) {
    struct improv_reader reader;
    improv_reset(&reader);
    for (uint32_t i = 0; i < len; i++) {
        const enum improv_found found = improv_feed(&reader, bytes[i]);
        struct improv_wifi wifi;
        uint8_t command, body_len;
        const uint8_t *body;
        if (reader.released > 0) {
            printf(" text:");
            print_hex(reader.text, reader.released);
        }
        if (found == IMPROV_BROKEN) printf(" broken");
        if (found != IMPROV_FRAME) continue;
        printf(" frame:%d:", reader.type);
        print_hex(reader.data, reader.len);
        if (reader.type != IMPROV_RPC) continue;
        if (!improv_rpc(reader.data, reader.len, &command, &body, &body_len)) printf(" invalid");
        else if (command != IMPROV_WIFI_SETTINGS) printf(" command:%d", command);
        else if (improv_wifi(body, body_len, &wifi))
            printf(" wifi:%s:%s", wifi.ssid, wifi.password);
        else printf(" invalid");
    }
}

static void frame(void) {
    uint8_t made[IMPROV_FRAME_MAX];
    print_hex(made, improv_frame(made, (enum improv_type)bytes[0], bytes + 1, (uint8_t)(len - 1)));
}

/* The result of a command with the texts of one byte of length each that follow. */
static void result(void) {
    uint8_t made[IMPROV_DATA_MAX];
    const char *texts[8];
    uint32_t count = 0;
    static char store[8][260];
    for (uint32_t at = 1; at < len && count < 8; at += 1u + bytes[at]) {
        memcpy(store[count], bytes + at + 1, bytes[at]);
        store[count][bytes[at]] = '\0';
        texts[count] = store[count];
        count++;
    }
    print_hex(made, improv_result(made, bytes[0], texts, count));
}

static void command(void) {
    struct command_line line;
    memset(&line, 0, sizeof line);
    for (uint32_t i = 0; i < len; i++) {
        if (!command_feed(&line, bytes[i])) continue;
        const enum command found = command_of(&line);
        printf(" %d", found);
        if (found == COMMAND_UNKNOWN) printf(":%s", line.text);
    }
}

/* A copy of its exact size, so that the sanitizer finds a read beyond it. */
static uint8_t *tight(void) {
    uint8_t *copy = malloc(len > 0 ? len : 1);
    if (copy == NULL) abort();
    memcpy(copy, bytes, len);
    return copy;
}

static void image(const char *magic) {
    uint8_t *copy = tight();
    uint32_t body = 0;
    const char *refused = image_check(copy, len, magic, &body);
    struct owner owner;
    if (refused == NULL && strcmp(magic, OWNER_MAGIC) == 0) {
        refused = owner_read(copy + IMAGE_HEADER_BYTES, body, &owner);
        if (refused == NULL)
            printf("%s tls=%d %s %u user=%s password=%s ca=%s key=%02x%02x ", owner.device,
                   owner.tls, owner.host, owner.port, owner.user, owner.password, owner.ca,
                   owner.secrets[0][0], owner.secrets[KS_PRINCIPAL_COUNT - 1][KS_SECRET_BYTES - 1]);
    }
    printf("%s len=%u", refused == NULL ? "good" : refused, body);
    free(copy);
}

/* Flips the given bit of a good block, or none. */
static void retained(void) {
    struct retained_block block;
    retained_clear(&block);
    block.levels[0] = 1;
    block.now = 123456;
    block.not_now = ~block.now;
    retained_seal(&block);
    const uint32_t bit = bytes[0] | (uint32_t)bytes[1] << 8;
    if (bit < 8 * sizeof block) ((uint8_t *)&block)[bit / 8] ^= (uint8_t)(1u << bit % 8);
    printf("%s %u %u", retained_good(&block) ? "good" : "lost", retained_clock(&block),
           (unsigned)sizeof block);
}

/* Sends records of the given lengths through a ring of 64 bytes, then overwrites the ring's own
 * fields. */
static void ring(void) {
    uint8_t store[64], out[256];
    struct record_ring ring = {store, sizeof store, 60, 0};
    for (uint32_t i = 0; i < len; i++) {
        if (bytes[i] < 0x80) {
            memset(out, (int)i, sizeof out);
            printf(" %s", ring_push(&ring, out, bytes[i] / 2u, out, bytes[i] - bytes[i] / 2u)
                              ? "in"
                              : "full");
        } else {
            const int32_t got = ring_pop(&ring, out, sizeof out);
            printf(" %d:%d", got, got > 0 ? out[got - 1] : -1);
        }
        if (!ring_check(&ring)) printf(" BROKEN");
    }
    ring.used += 1;
    printf(" %s", ring_check(&ring) ? "taken" : "refused");
}

/* Records over a line of packets. Input 0 is a turn without room, 1 a turn with room, more begins a
 * record of that many bytes. A turn prints its packet or -, and ~ if another turn is waited for; at
 * the end the number of lost records. */
static void packets(void) {
    struct packet_line line;
    uint8_t record[256], packet[PACKET_BYTES + 1];
    uint32_t record_len = 0, records = 0;
    memset(&line, 0, sizeof line);
    for (uint32_t i = 0; i < len; i++) {
        if (bytes[i] > 1) {
            record_len = bytes[i];
            memset(record, 'a' + (int)(records++ % 26), sizeof record);
            record[record_len - 1] = '.';
            packet_next(&line);
            continue;
        }
        packet[PACKET_BYTES] = 0;
        const uint32_t got = packet_take(&line, record, record_len, bytes[i] == 1, packet);
        if (packet[PACKET_BYTES] != 0 || got > PACKET_BYTES) printf(" BROKEN");
        printf(got > 0 ? " " : " -");
        for (uint32_t at = 0; at < got; at++) printf("%c", packet[at] < ' ' ? '/' : packet[at]);
        if (packet_pass(&line, record_len)) printf("~");
    }
    printf(" lost=%u", line.lost);
}

/* Networks: signal, lock, length of the name, name. */
static void scan(void) {
    static struct scan_list list;
    char ssid[256];
    list.count = 0;
    for (uint32_t at = 0; at + 3 <= len && at + 3 + bytes[at + 2] <= len;
         at += 3u + bytes[at + 2]) {
        memcpy(ssid, bytes + at + 3, bytes[at + 2]);
        ssid[bytes[at + 2]] = '\0';
        scan_add(&list, ssid, (int8_t)bytes[at], bytes[at + 1] != 0);
    }
    for (uint32_t i = 0; i < list.count; i++) {
        const struct scan_network *network = &list.networks[i];
        printf(" ");
        for (const char *at = network->ssid; *at != '\0'; at++) printf("%c", *at < ' ' ? '.' : *at);
        printf("%s%d", network->locked ? "#" : ":", network->rssi);
        if (i > 0 && network->rssi > list.networks[i - 1].rssi) printf(" BROKEN");
    }
}

int main(void) {
    static char text[2 * LINE + 16];
    while (fgets(text, sizeof text, stdin) != NULL) {
        char name[16] = "";
        int at = 0;
        if (sscanf(text, "%15s %n", name, &at) != 1) return 2;
        unsigned byte;
        for (len = 0; len < LINE && sscanf(text + at, "%2x", &byte) == 1; at += 2)
            bytes[len++] = (uint8_t)byte;
        if (strcmp(name, "improv") == 0) improv();
        else if (strcmp(name, "frame") == 0) frame();
        else if (strcmp(name, "result") == 0) result();
        else if (strcmp(name, "command") == 0) command();
        else if (strcmp(name, "guest") == 0) image(GUEST_MAGIC);
        else if (strcmp(name, "owner") == 0) image(OWNER_MAGIC);
        else if (strcmp(name, "retained") == 0) retained();
        else if (strcmp(name, "ring") == 0) ring();
        else if (strcmp(name, "packets") == 0) packets();
        else if (strcmp(name, "scan") == 0) scan();
        else if (strcmp(name, "crc") == 0) printf("%08x", crc32_update(0, bytes, len));
        else return 3;
        printf("\n");
    }
    return 0;
}
