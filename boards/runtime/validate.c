/* Reads a module's sections and checks its shape and every function body (validate_code.c). The
 * profile is WebAssembly 1.0 without floating point. Source: WebAssembly Core Specification 1.0,
 * chapters 3 (validation) and 5 (binary format). Twin: host-sim/sim/profile.ts. */
#include "validate.h"

#include <string.h>

#include "abi.gen.h"
#include "validate_code.h"

enum { KIND_FUNCTION, KIND_TABLE, KIND_MEMORY, KIND_GLOBAL };
enum {
    SECTION_CUSTOM,
    SECTION_TYPE,
    SECTION_IMPORT,
    SECTION_FUNCTION,
    SECTION_TABLE,
    SECTION_MEMORY,
    SECTION_GLOBAL,
    SECTION_EXPORT,
    SECTION_START,
    SECTION_ELEMENT,
    SECTION_CODE,
    SECTION_DATA,
    SECTION_COUNT
};
#define PAGES_MAX 1u
#define PAGE_BYTES 65536u
#define PAGES_VALID 65536u
#define TABLE_MAX 64u
#define EXPORTS_MAX 64u
#define SEGMENTS_MAX 64u

static void read_limits(struct reader *r, uint32_t most, uint32_t *min, uint32_t *max,
                        bool *bounded) {
    const uint32_t flags = read_byte(r);
    *min = read_u32(r);
    *bounded = flags == 1;
    *max = *bounded ? read_u32(r) : most;
    if (flags > 1 || *min > most || *max > most || *max < *min) r->bad = true;
}

/* --- sections --- */

static void type_section(struct module *m, struct reader *r) {
    m->types = read_u32(r);
    if (m->types > TYPES_MAX) r->bad = true;
    for (uint32_t i = 0; i < m->types && !r->bad; i++) {
        struct signature *type = &m->type[i];
        if (read_byte(r) != 0x60) r->bad = true;
        const uint32_t params = read_u32(r);
        if (params > GUEST_PARAMS_MAX) r->bad = true;
        type->params = (uint8_t)params;
        type->param = r->at;
        type->all_i32 = true;
        for (uint32_t p = 0; p < params && !r->bad; p++)
            if (read_value_type(r) != TYPE_I32) type->all_i32 = false;
        const uint32_t results = read_u32(r);
        if (results > 1) r->bad = true;
        type->result = results == 1 ? (uint8_t)read_value_type(r) : TYPE_NONE;
        if (type->result == TYPE_I64) type->all_i32 = false;
    }
}

static void add_function(struct module *m, struct reader *r) {
    const uint32_t type = read_u32(r);
    if (type >= m->types || m->functions >= FUNCTIONS_MAX) {
        r->bad = true;
        return;
    }
    m->function[m->functions++] = (uint8_t)type;
}

static void add_table(struct module *m, struct reader *r) {
    uint32_t max;
    bool bounded;
    if (read_byte(r) != 0x70 || m->tables > 0) r->bad = true;
    m->tables = 1;
    read_limits(r, UINT32_MAX, &m->table_min, &max, &bounded);
    if (m->table_min > TABLE_MAX) r->bad = true;
}

static void add_memory(struct module *m, struct reader *r) {
    if (m->memories > 0) r->bad = true;
    m->memories = 1;
    read_limits(r, PAGES_VALID, &m->memory_min, &m->memory_max, &m->memory_bounded);
}

static void add_global(struct module *m, struct reader *r, bool imported) {
    const uint32_t type = read_value_type(r);
    const uint32_t mutable = read_byte(r);
    if (mutable > 1 || m->globals >= GLOBALS_MAX) {
        r->bad = true;
        return;
    }
    m->global[m->globals] = (struct global){(uint8_t)type, mutable == 1, imported};
    m->globals++;
}

/* Whether an import is one that the board has. */
static bool known_import(const struct module *m, struct name from, struct name name) {
    static const struct {
        const char *name;
        const char *signature; /* as wasm3 writes it: v(ii) */
    } rows[] = {
#define ROW(import, signature) {#import, signature},
        KS_IMPORTS(ROW)
#undef ROW
    };
    const struct signature *type = &m->type[m->function[m->functions - 1]];
    if (!name_is(from, "board")) return false;
    for (uint32_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!name_is(name, rows[i].name)) continue;
        const char *signature = rows[i].signature;
        const uint32_t result = signature[0] == 'i' ? TYPE_I32 : TYPE_NONE;
        return type->all_i32 && type->result == result && type->params + 3u == strlen(signature);
    }
    return false;
}

static void import_section(struct module *m, struct reader *r) {
    const uint32_t count = read_u32(r);
    for (uint32_t i = 0; i < count && !r->bad; i++) {
        const struct name from = read_name(r);
        const struct name name = read_name(r);
        const uint32_t kind = read_byte(r);
        if (kind == KIND_FUNCTION) {
            add_function(m, r);
            if (!r->bad && !known_import(m, from, name)) m->bad_import = true;
            continue;
        }
        m->bad_import = true;
        if (kind == KIND_TABLE) add_table(m, r);
        else if (kind == KIND_MEMORY) add_memory(m, r);
        else if (kind == KIND_GLOBAL) add_global(m, r, true);
        else r->bad = true;
    }
    m->imported = m->functions;
}

static void function_section(struct module *m, struct reader *r) {
    const uint32_t count = read_u32(r);
    for (uint32_t i = 0; i < count && !r->bad; i++) add_function(m, r);
}

/* A constant expression of `type`; its value, if it is an i32.const. */
static uint32_t read_constant(struct module *m, struct reader *r, uint32_t type) {
    uint32_t value = 0;
    const uint32_t opcode = read_byte(r);
    if (opcode == OP_I32_CONST) {
        const uint8_t *at = r->at;
        skip_signed(r, 32);
        for (uint32_t shift = 0; at < r->at && !r->bad; shift += 7, at++) {
            value |= (uint32_t)(*at & 0x7f) << shift;
            if (*at < 0x80 && (*at & 0x40) != 0 && shift + 7 < 32)
                value |= UINT32_MAX << (shift + 7);
        }
        if (type != TYPE_I32) r->bad = true;
    } else if (opcode == OP_I64_CONST) {
        skip_signed(r, 64);
        if (type != TYPE_I64) r->bad = true;
    } else if (opcode == OP_GLOBAL_GET) {
        const uint32_t index = read_u32(r);
        const bool good = index < m->globals && m->global[index].imported &&
                          !m->global[index].mutable && m->global[index].type == type;
        if (!good) r->bad = true;
    } else r->bad = true;
    if (read_byte(r) != OP_END) r->bad = true;
    return value;
}

static void global_section(struct module *m, struct reader *r) {
    const uint32_t count = read_u32(r);
    for (uint32_t i = 0; i < count && !r->bad; i++) {
        add_global(m, r, false);
        if (!r->bad) (void)read_constant(m, r, m->global[m->globals - 1].type);
    }
}

static bool export_exists(const struct module *m, uint32_t kind, uint32_t index) {
    if (kind == KIND_FUNCTION) return index < m->functions;
    if (kind == KIND_TABLE) return index < m->tables;
    if (kind == KIND_MEMORY) return index < m->memories;
    return kind == KIND_GLOBAL && index < m->globals;
}

static void note_export(struct module *m, struct name name, uint32_t kind, uint32_t index) {
    static const struct {
        const char *name;
        uint8_t params, results;
    } rows[] = {
#define ROW(export, params, results) {#export, params, results},
        KS_EXPORTS(ROW)
#undef ROW
    };
    if (kind == KIND_MEMORY && name_is(name, "memory")) m->memory_exported = true;
    if (kind != KIND_FUNCTION) return;
    for (uint32_t i = 0; i < EXPORT_COUNT; i++) {
        const struct signature *type = &m->type[m->function[index]];
        const uint32_t result = rows[i].results == 1 ? TYPE_I32 : TYPE_NONE;
        const bool good = type->all_i32 && type->params == rows[i].params && type->result == result;
        if (good && name_is(name, rows[i].name)) m->export[i] = index;
    }
}

static void export_section(struct module *m, struct reader *r) {
    const uint32_t count = read_u32(r);
    if (count > EXPORTS_MAX) r->bad = true;
    const struct reader start = *r;
    for (uint32_t i = 0; i < count && !r->bad; i++) {
        const struct name name = read_name(r);
        struct reader before = start;
        for (uint32_t k = 0; k < i && !r->bad; k++) {
            const struct name other = read_name(&before);
            read_byte(&before);
            read_u32(&before);
            if (other.len == name.len && memcmp(other.at, name.at, name.len) == 0) r->bad = true;
        }
        const uint32_t kind = read_byte(r);
        const uint32_t index = read_u32(r);
        if (!export_exists(m, kind, index)) r->bad = true;
        m->words += 3 + name.len / 4u;
        if (!r->bad) note_export(m, name, kind, index);
    }
}

static void start_section(struct module *m, struct reader *r) {
    const uint32_t index = read_u32(r);
    if (index >= m->functions) {
        r->bad = true;
        return;
    }
    const struct signature *type = &m->type[m->function[index]];
    if (type->params != 0 || type->result != TYPE_NONE) r->bad = true;
}

static void element_section(struct module *m, struct reader *r) {
    const uint32_t count = read_u32(r);
    if (count > SEGMENTS_MAX) r->bad = true;
    for (uint32_t i = 0; i < count && !r->bad; i++) {
        if (read_u32(r) != 0 || m->tables == 0) r->bad = true;
        const uint32_t offset = read_constant(m, r, TYPE_I32);
        const uint32_t length = read_u32(r);
        for (uint32_t k = 0; k < length && !r->bad; k++)
            if (read_u32(r) >= m->functions) r->bad = true;
        if (offset > m->table_min || length > m->table_min - offset) m->segments_fit = false;
    }
}

static void code_section(struct module *m, struct reader *r) {
    m->bodies = read_u32(r);
    if (m->bodies != m->functions - m->imported) r->bad = true;
    for (uint32_t i = 0; i < m->bodies && !r->bad; i++) {
        const uint32_t size = read_u32(r);
        const uint8_t *at = read_bytes(r, size);
        if (r->bad) return;
        struct reader body = {at, at + size, false};
        check_body(m, m->function[m->imported + i], &body);
        if (body.bad || body.at != body.end) r->bad = true;
    }
}

static void data_section(struct module *m, struct reader *r) {
    const uint32_t count = read_u32(r);
    m->segments = count;
    const uint32_t pages = m->memory_min < PAGES_MAX ? m->memory_min : PAGES_MAX;
    const uint32_t size = pages * PAGE_BYTES < m->backed ? pages * PAGE_BYTES : m->backed;
    if (count > SEGMENTS_MAX) r->bad = true;
    for (uint32_t i = 0; i < count && !r->bad; i++) {
        if (read_u32(r) != 0 || m->memories == 0) r->bad = true;
        const uint32_t offset = read_constant(m, r, TYPE_I32);
        const uint32_t length = read_u32(r);
        (void)read_bytes(r, length);
        if (offset > size || length > size - offset) m->segments_fit = false;
    }
}

static void one_section(struct module *m, uint32_t id, struct reader *r) {
    uint32_t count = 0;
    switch (id) {
    case SECTION_CUSTOM:
        (void)read_name(r);
        r->at = r->end;
        break;
    case SECTION_TYPE: type_section(m, r); break;
    case SECTION_IMPORT: import_section(m, r); break;
    case SECTION_FUNCTION: function_section(m, r); break;
    case SECTION_TABLE:
        for (count = read_u32(r); count > 0 && !r->bad; count--) add_table(m, r);
        break;
    case SECTION_MEMORY:
        for (count = read_u32(r); count > 0 && !r->bad; count--) add_memory(m, r);
        break;
    case SECTION_GLOBAL: global_section(m, r); break;
    case SECTION_EXPORT: export_section(m, r); break;
    case SECTION_START: start_section(m, r); break;
    case SECTION_ELEMENT: element_section(m, r); break;
    case SECTION_CODE: code_section(m, r); break;
    case SECTION_DATA: data_section(m, r); break;
    default: r->bad = true;
    }
    if (r->at != r->end) r->bad = true;
}

static bool read_module(struct module *m, struct reader *r) {
    static const uint8_t header[8] = {0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00};
    const uint8_t *at = read_bytes(r, sizeof header);
    if (r->bad || memcmp(at, header, sizeof header) != 0) return false;
    uint32_t last = 0;
    while (r->at < r->end && !r->bad) {
        const uint32_t id = read_byte(r);
        const uint32_t size = read_u32(r);
        at = read_bytes(r, size);
        if (r->bad) return false;
        if (id != SECTION_CUSTOM && id <= last) return false;
        if (id != SECTION_CUSTOM) last = id;
        struct reader section = {at, at + size, false};
        one_section(m, id, &section);
        if (section.bad) return false;
    }
    /* Functions without a code section have no bodies. */
    return !r->bad && m->bodies == m->functions - m->imported;
}

/* Words of wasm3's heap, from above, on a core of 32 bits; on one of 64 bits the words are longer,
 * and a ninth more of them. A function takes 15, in a table that may be moved once; a global 10; a
 * segment 6; a type 4 and its values; an export at most 2 beside its name. A page of code is 128
 * words, of which 15 may be its head and a rest too short to use. */
static uint32_t words_of(const struct module *m) {
    uint32_t words = m->words + m->words / 8u + 128u * (m->elses + 2u);
    words += 15u * m->functions + 19u * m->imported;
    words += 10u * m->globals + 6u * m->segments + m->table_min;
    for (uint32_t i = 0; i < m->types; i++) words += 6u + m->type[i].params / 4u;
    return words;
}

const char *guest_check(const uint8_t *bytes, uint32_t len, const struct guest_room *room,
                        struct guest_shape *shape) {
    struct module module;
    struct reader reader = {bytes, bytes + len, false};
    memset(&module, 0, sizeof module);
    module.segments_fit = true;
    module.backed = room->memory;
    for (uint32_t i = 0; i < EXPORT_COUNT; i++) module.export[i] = UINT32_MAX;
    if (!read_module(&module, &reader)) return "format";
    if (module.bad_import) return "import";
    for (uint32_t i = 0; i < EXPORT_COUNT; i++)
        if (module.export[i] == UINT32_MAX) return "export";
    if (!module.memory_exported) return "export";
    if (!module.memory_bounded || module.memory_max > PAGES_MAX) return "memory";
    if (!module.segments_fit) return "segment";
    shape->words = words_of(&module);
    if (shape->words > room->words) return "size";
    memcpy(shape->exports, module.export, sizeof shape->exports);
    return NULL;
}
