/* Checks one function body: types of operands, labels, indices, alignment. Source: WebAssembly Core
 * Specification 1.0, appendix "Validation Algorithm". Floating point is outside the profile. */
#include "validate_internal.h"

/* An operand of any type: below it the code cannot be reached. */
#define TYPE_ANY 0u

enum {
    OP_UNREACHABLE = 0x00,
    OP_NOP = 0x01,
    OP_BLOCK = 0x02,
    OP_LOOP = 0x03,
    OP_IF = 0x04,
    OP_ELSE = 0x05,
    OP_BR = 0x0c,
    OP_BR_IF = 0x0d,
    OP_BR_TABLE = 0x0e,
    OP_RETURN = 0x0f,
    OP_CALL = 0x10,
    OP_CALL_INDIRECT = 0x11,
    OP_DROP = 0x1a,
    OP_SELECT = 0x1b,
    OP_LOCAL_GET = 0x20,
    OP_LOCAL_SET = 0x21,
    OP_LOCAL_TEE = 0x22,
    OP_GLOBAL_SET = 0x24,
    OP_LOAD_FIRST = 0x28,
    OP_STORE_LAST = 0x3e,
    OP_MEMORY_SIZE = 0x3f,
    OP_MEMORY_GROW = 0x40,
};

struct frame {
    uint8_t opcode;
    uint8_t result;
    bool unreachable;
    uint16_t height;
};

struct body {
    const struct module *m;
    struct reader *r;
    uint32_t operands, frames, locals;
    uint8_t operand[OPERANDS_MAX];
    struct frame frame[NESTING_MAX];
    uint8_t local[LOCALS_MAX];
};

static void bad(struct body *b) { b->r->bad = true; }

static void push(struct body *b, uint32_t type) {
    if (type == TYPE_NONE) return;
    if (b->operands >= OPERANDS_MAX) {
        bad(b);
        return;
    }
    b->operand[b->operands++] = (uint8_t)type;
}

static uint32_t pop_any(struct body *b) {
    const struct frame *frame = &b->frame[b->frames - 1];
    if (b->operands > frame->height) return b->operand[--b->operands];
    if (!frame->unreachable) bad(b);
    return TYPE_ANY;
}

static void pop(struct body *b, uint32_t type) {
    if (type == TYPE_NONE) return;
    const uint32_t found = pop_any(b);
    if (found != type && found != TYPE_ANY) bad(b);
}

static void push_frame(struct body *b, uint32_t opcode, uint32_t result) {
    if (b->frames >= NESTING_MAX) {
        bad(b);
        return;
    }
    b->frame[b->frames++] =
        (struct frame){(uint8_t)opcode, (uint8_t)result, false, (uint16_t)b->operands};
}

/* Ends the innermost block: its result, and nothing else, is left. Returns the block. */
static struct frame pop_frame(struct body *b) {
    const struct frame frame = b->frame[b->frames - 1];
    pop(b, frame.result);
    if (b->operands != frame.height) bad(b);
    b->frames--;
    return frame;
}

static void set_unreachable(struct body *b) {
    struct frame *frame = &b->frame[b->frames - 1];
    b->operands = frame->height;
    frame->unreachable = true;
}

/* What a branch to the label carries. */
static uint32_t label_type(struct body *b, uint32_t depth) {
    if (depth >= b->frames) {
        bad(b);
        return TYPE_NONE;
    }
    const struct frame *frame = &b->frame[b->frames - 1 - depth];
    return frame->opcode == OP_LOOP ? TYPE_NONE : frame->result;
}

static uint32_t block_type(struct body *b) {
    const uint32_t type = read_byte(b->r);
    if (type != TYPE_NONE && type != TYPE_I32 && type != TYPE_I64) bad(b);
    return type;
}

static void branch_table(struct body *b) {
    pop(b, TYPE_I32);
    const uint32_t count = read_u32(b->r);
    const struct reader labels = *b->r;
    struct reader ahead = labels;
    for (uint32_t i = 0; i < count && !ahead.bad; i++) read_u32(&ahead);
    const uint32_t type = label_type(b, read_u32(&ahead));
    for (uint32_t i = 0; i < count && !b->r->bad && !ahead.bad; i++)
        if (label_type(b, read_u32(b->r)) != type) bad(b);
    if (ahead.bad) bad(b);
    b->r->at = ahead.at;
    pop(b, type);
    set_unreachable(b);
}

static void call(struct body *b, const struct signature *type) {
    for (uint32_t i = type->params; i > 0; i--) pop(b, type->param[i - 1]);
    push(b, type->result);
}

static void call_direct(struct body *b) {
    const uint32_t index = read_u32(b->r);
    if (index < b->m->functions) call(b, &b->m->type[b->m->function[index]]);
    else bad(b);
}

static void call_indirect(struct body *b) {
    const uint32_t type = read_u32(b->r);
    if (read_byte(b->r) != 0 || b->m->tables == 0) bad(b);
    pop(b, TYPE_I32);
    if (type < b->m->types) call(b, &b->m->type[type]);
    else bad(b);
}

static void select_operand(struct body *b) {
    pop(b, TYPE_I32);
    const uint32_t first = pop_any(b);
    const uint32_t second = pop_any(b);
    if (first != second && first != TYPE_ANY && second != TYPE_ANY) bad(b);
    push(b, first == TYPE_ANY ? second : first);
}

static void local_access(struct body *b, uint32_t opcode) {
    const uint32_t index = read_u32(b->r);
    if (index >= b->locals) {
        bad(b);
        return;
    }
    if (opcode != OP_LOCAL_GET) pop(b, b->local[index]);
    if (opcode != OP_LOCAL_SET) push(b, b->local[index]);
}

static void global_access(struct body *b, uint32_t opcode) {
    const uint32_t index = read_u32(b->r);
    if (index >= b->m->globals) {
        bad(b);
        return;
    }
    const struct global *global = &b->m->global[index];
    if (opcode == OP_GLOBAL_GET) push(b, global->type);
    else if (global->mutable) pop(b, global->type);
    else bad(b);
}

/* Loads and stores: value type, and the base-2 logarithm of the width. */
static void memory_access(struct body *b, uint32_t opcode) {
    static const struct {
        uint8_t type, width;
    } rows[OP_STORE_LAST - OP_LOAD_FIRST + 1] = {
        {TYPE_I32, 2}, {TYPE_I64, 3}, {0, 0},        {0, 0},        {TYPE_I32, 0}, {TYPE_I32, 0},
        {TYPE_I32, 1}, {TYPE_I32, 1}, {TYPE_I64, 0}, {TYPE_I64, 0}, {TYPE_I64, 1}, {TYPE_I64, 1},
        {TYPE_I64, 2}, {TYPE_I64, 2}, {TYPE_I32, 2}, {TYPE_I64, 3}, {0, 0},        {0, 0},
        {TYPE_I32, 0}, {TYPE_I32, 1}, {TYPE_I64, 0}, {TYPE_I64, 1}, {TYPE_I64, 2},
    };
    const uint32_t type = rows[opcode - OP_LOAD_FIRST].type;
    if (type == 0 || b->m->memories == 0) bad(b);
    if (read_u32(b->r) > rows[opcode - OP_LOAD_FIRST].width) bad(b);
    read_u32(b->r);
    if (opcode >= 0x36) pop(b, type);
    pop(b, TYPE_I32);
    if (opcode < 0x36) push(b, type);
}

static void memory_size(struct body *b, uint32_t opcode) {
    if (read_byte(b->r) != 0 || b->m->memories == 0) bad(b);
    if (opcode == OP_MEMORY_GROW) pop(b, TYPE_I32);
    push(b, TYPE_I32);
}

static void operate(struct body *b, uint32_t operands, uint32_t from, uint32_t to) {
    for (uint32_t i = 0; i < operands; i++) pop(b, from);
    push(b, to);
}

/* Tests, comparisons, arithmetic and conversions of integers. */
static void numeric(struct body *b, uint32_t opcode) {
    if (opcode == 0x45) operate(b, 1, TYPE_I32, TYPE_I32);
    else if (opcode >= 0x46 && opcode <= 0x4f) operate(b, 2, TYPE_I32, TYPE_I32);
    else if (opcode == 0x50) operate(b, 1, TYPE_I64, TYPE_I32);
    else if (opcode >= 0x51 && opcode <= 0x5a) operate(b, 2, TYPE_I64, TYPE_I32);
    else if (opcode >= 0x67 && opcode <= 0x69) operate(b, 1, TYPE_I32, TYPE_I32);
    else if (opcode >= 0x6a && opcode <= 0x78) operate(b, 2, TYPE_I32, TYPE_I32);
    else if (opcode >= 0x79 && opcode <= 0x7b) operate(b, 1, TYPE_I64, TYPE_I64);
    else if (opcode >= 0x7c && opcode <= 0x8a) operate(b, 2, TYPE_I64, TYPE_I64);
    else if (opcode == 0xa7) operate(b, 1, TYPE_I64, TYPE_I32);
    else if (opcode == 0xac || opcode == 0xad) operate(b, 1, TYPE_I32, TYPE_I64);
    else bad(b);
}

static void end_block(struct body *b, uint32_t opcode) {
    const struct frame frame = pop_frame(b);
    if (opcode == OP_ELSE) {
        if (frame.opcode != OP_IF) bad(b);
        push_frame(b, OP_ELSE, frame.result);
        return;
    }
    /* An if without an else leaves nothing. */
    if (frame.opcode == OP_IF && frame.result != TYPE_NONE) bad(b);
    push(b, frame.result);
}

static void branch(struct body *b, uint32_t opcode) {
    if (opcode == OP_BR_IF) pop(b, TYPE_I32);
    const uint32_t type = opcode == OP_RETURN ? b->frame[0].result : label_type(b, read_u32(b->r));
    pop(b, type);
    if (opcode == OP_BR_IF) push(b, type);
    else set_unreachable(b);
}

static void instruction(struct body *b) {
    const uint32_t opcode = read_byte(b->r);
    switch (opcode) {
    case OP_UNREACHABLE: set_unreachable(b); break;
    case OP_NOP: break;
    case OP_IF:
        pop(b, TYPE_I32);
        push_frame(b, opcode, block_type(b));
        break;
    case OP_BLOCK:
    case OP_LOOP: push_frame(b, opcode, block_type(b)); break;
    case OP_ELSE:
    case OP_END: end_block(b, opcode); break;
    case OP_BR:
    case OP_BR_IF:
    case OP_RETURN: branch(b, opcode); break;
    case OP_BR_TABLE: branch_table(b); break;
    case OP_CALL: call_direct(b); break;
    case OP_CALL_INDIRECT: call_indirect(b); break;
    case OP_DROP: (void)pop_any(b); break;
    case OP_SELECT: select_operand(b); break;
    case OP_LOCAL_GET:
    case OP_LOCAL_SET:
    case OP_LOCAL_TEE: local_access(b, opcode); break;
    case OP_GLOBAL_GET:
    case OP_GLOBAL_SET: global_access(b, opcode); break;
    case OP_MEMORY_SIZE:
    case OP_MEMORY_GROW: memory_size(b, opcode); break;
    case OP_I32_CONST:
        skip_signed(b->r, 32);
        push(b, TYPE_I32);
        break;
    case OP_I64_CONST:
        skip_signed(b->r, 64);
        push(b, TYPE_I64);
        break;
    default:
        if (opcode >= OP_LOAD_FIRST && opcode <= OP_STORE_LAST) memory_access(b, opcode);
        else numeric(b, opcode);
    }
}

static void read_locals(struct body *b, const struct signature *type) {
    for (; b->locals < type->params; b->locals++) b->local[b->locals] = type->param[b->locals];
    for (uint32_t groups = read_u32(b->r); groups > 0 && !b->r->bad; groups--) {
        const uint32_t count = read_u32(b->r);
        const uint32_t local = read_value_type(b->r);
        if (count > LOCALS_MAX - b->locals) {
            bad(b);
            return;
        }
        for (uint32_t i = 0; i < count; i++) b->local[b->locals++] = (uint8_t)local;
    }
}

void check_body(const struct module *m, uint32_t type, struct reader *r) {
    struct body b;
    b.m = m;
    b.r = r;
    b.operands = b.frames = b.locals = 0;
    read_locals(&b, &m->type[type]);
    push_frame(&b, OP_BLOCK, m->type[type].result);
    while (b.frames > 0 && !r->bad) instruction(&b);
}
