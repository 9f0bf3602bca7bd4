/* Runs the board's codecs on this machine. With the argument `improv`: reads the bytes of a serial
   line and prints what they contain, one item per line; frames are encoded again from their data.
   With a partition's magic as the argument: reads the partition and prints its decoded contents. */
#include <stdio.h>
#include <string.h>

#include "image_format.h"
#include "improv.h"

#define PARTITION_MAX 0x10000u

static void hex(const uint8_t *bytes, uint32_t len) {
  for (uint32_t i = 0; i < len; i++) printf("%02x", bytes[i]);
  printf("\n");
}

static void print_frame(const struct improv_reader *reader) {
  uint8_t frame[IMPROV_FRAME_MAX], command, body_len;
  const uint8_t *body;
  struct improv_wifi wifi;
  printf("frame ");
  hex(frame, improv_frame(frame, (enum improv_type)reader->type, reader->data, reader->len));
  if (!improv_rpc(reader->data, reader->len, &command, &body, &body_len)) return;
  if (command == IMPROV_WIFI_SETTINGS && improv_wifi(body, body_len, &wifi))
    printf("wifi %s %s\n", wifi.ssid, wifi.password);
}

static int partition(const char *magic) {
  static uint8_t image[PARTITION_MAX];
  struct owner owner;
  uint32_t len = 0;
  const uint32_t size = (uint32_t)fread(image, 1, sizeof image, stdin);
  const uint8_t *body = image + IMAGE_HEADER_BYTES;
  const char *refused = image_check(image, size, magic, &len);
  const int owned = refused == NULL && strcmp(magic, "KSOWNER3") == 0;
  if (owned) refused = owner_read(body, len, &owner);
  if (refused != NULL) {
    printf("refused %s\n", refused);
    return 0;
  }
  if (!owned) {
    hex(body, len);
    return 0;
  }
  hex((const uint8_t *)owner.secrets, sizeof owner.secrets);
  printf("%s\n%d %s %u\nuser=%s\npassword=%s\n", owner.device, owner.tls, owner.host, owner.port, owner.user, owner.password);
  hex((const uint8_t *)owner.ca, (uint32_t)strlen(owner.ca));
  hex((const uint8_t *)owner.certificate, (uint32_t)strlen(owner.certificate));
  hex((const uint8_t *)owner.key, (uint32_t)strlen(owner.key));
  return 0;
}

static int improv(void) {
  static struct improv_reader reader;
  const char *const texts[] = {"killswitch", "", "ESP32-C3"};
  uint8_t data[IMPROV_DATA_MAX], frame[IMPROV_FRAME_MAX];
  const uint8_t len = improv_result(data, IMPROV_DEVICE_INFO, texts, 3);
  printf("result ");
  hex(frame, improv_frame(frame, IMPROV_RESULT, data, len));
  for (int byte = getchar(); byte != EOF; byte = getchar()) {
    const enum improv_found found = improv_feed(&reader, (uint8_t)byte);
    if (found == IMPROV_FRAME) print_frame(&reader);
    else if (found == IMPROV_BROKEN) printf("broken\n");
    for (uint32_t i = 0; i < reader.released; i++) printf("text %02x\n", reader.text[i]);
  }
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  return strcmp(argv[1], "improv") == 0 ? improv() : partition(argv[1]);
}
