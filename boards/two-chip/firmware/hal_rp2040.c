/* The functions of hal.h that have no file of their own, and the images in flash. */
#include <string.h>

#include "board.h"
#include "crc32.h"
#include "flash.h"
#include "flash_map.h"
#include "hal.h"
#include "host.h"
#include "image_format.h"
#include "modem.h"

#define NC_ALONE 2u
/* Randomness that is not there by now is not coming, in ms from the boot; the gate takes 50 to arm.
 */
#define RANDOM_MS 45u
/* Readings in one sum, for a resolution of 0.1 degrees. */
#define READINGS 8u
/* 27 degrees at 0.706 V, 1.721 mV less a degree, 3.3 V of reference (RP2040 data sheet 4.9.5), in
 * 65536ths of 0.1 degrees. */
#define TENTHS_AT_0 286541217
#define TENTHS_A_STEP 38350

static uint32_t booted_at;
static int32_t temperature;
static const uint8_t *guest;
static uint32_t guest_len;
static const char *guest_fault;
static struct owner owner;
static const char *owner_fault;

/* --- images --- */

void images_read(void) {
    const uint8_t *image = flash_at(FLASH_GUEST_AT);
    guest_fault = image_check(image, FLASH_GUEST_BYTES, GUEST_MAGIC, &guest_len);
    guest = guest_fault == NULL ? image + IMAGE_HEADER_BYTES : NULL;
    uint32_t len = 0;
    image = flash_at(FLASH_OWNER_AT);
    owner_fault = image_check(image, FLASH_OWNER_BYTES, OWNER_MAGIC, &len);
    if (owner_fault == NULL) owner_fault = owner_read(image + IMAGE_HEADER_BYTES, len, &owner);
}

const char *guest_missing(void) { return guest_fault; }
const char *owner_missing(void) { return owner_fault; }

const uint8_t *guest_bytes(uint32_t *len) {
    /* A module of one byte is refused. */
    static const uint8_t nothing[1];
    *len = guest == NULL ? sizeof nothing : guest_len;
    return guest == NULL ? nothing : guest;
}

uint32_t guest_digest(void) { return guest == NULL ? 0 : crc32_update(0, guest, guest_len); }

/* --- inputs --- */

void temperature_poll(void) {
    int32_t sum = 0;
    for (uint32_t i = 0; i < READINGS; i++) {
        REG(ADC_CS) = ADC_ENABLE | ADC_SENSOR_ENABLE | ADC_CHANNEL(4u) | ADC_START;
        while ((REG(ADC_CS) & ADC_READY) == 0) continue;
        sum += (int32_t)(REG(ADC_RESULT) & 0xfffu);
    }
    temperature = (TENTHS_AT_0 - sum * TENTHS_A_STEP) >> 16;
}

void hal_start(void) {
    booted_at = hal_now();
    unreset(RESET_ADC);
    REG(ADC_CS) = ADC_ENABLE | ADC_SENSOR_ENABLE;
    while ((REG(ADC_CS) & ADC_READY) == 0) continue;
    temperature_poll();
}

uint32_t hal_sense(void) {
    const char *fault = random_fault();
    const bool pending = fault != NULL && fault[0] == 'p' && hal_now() - booted_at < RANDOM_MS;
    const uint32_t contacts = contacts_level();
    /* Without randomness NO never reads closed: the gate does not arm, and at ON it finds a fault.
     */
    return (fault == NULL || pending ? contacts : contacts & NC_ALONE) | (contacts_rail() ? 4u : 0);
}

uint32_t hal_inputs(void) {
    return (contacts_button() ? KS_INPUT_BUTTON : 0) | (uint32_t)temperature
                                                           << KS_INPUT_TEMPERATURE_SHIFT;
}

/* --- outputs --- */

void hal_radio(bool on) {
    contacts_radio(on);
    modem_power(on);
}

bool hal_gpio(uint32_t pin, uint32_t level) { return outputs_set(pin, level); }

void hal_link_send(uint32_t principal, uint32_t channel, const uint8_t *bytes, uint32_t len) {
    modem_send(principal, channel, bytes, len);
}

bool hal_secret(uint32_t principal, uint8_t *secret) {
    if (owner_fault != NULL) return false;
    return owner_secret(&owner, principal, secret);
}

/* --- calls of the host --- */

void hal_interrupts(bool on) {
    static bool collected;
    if (!on) {
        (void)contacts_mask();
        return;
    }
    contacts_alarm(host_deadline());
    contacts_unmask();
    /* The first time the gate samples already, and the guest is not yet loaded. */
    if (collected) return;
    collected = true;
    random_collect();
    main_gate_runs();
}

void hal_idle(void) {
    temperature_poll();
    if (!console_poll()) {
        contacts_alarm(host_deadline());
        contacts_sleep();
    }
    contacts_unmask();
}
