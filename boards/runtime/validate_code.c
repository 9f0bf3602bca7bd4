/* Checks one function body: types of operands, labels, indices, alignment. Source: WebAssembly Core
 * Specification 1.0, appendix "Validation Algorithm". Floating point is outside the profile.
 *
 * Counts as well the words of code that wasm3 makes of a body, from above: a word for each
 * operation, for each operand that is not in wasm3's one register, and for immediates.
 * docs/SANDBOX.md has the reasons. */
#include "validate_stack.h"

/* Constants that wasm3 keeps in a function's frame instead of its code, in 32-bit words. */
#define CONSTANTS_FREE 16u

enum {
    OP_UNREACHABLE = 0x00,
    OP_NOP = 0x01,
    OP_BLOCK = 0x02,
    OP_LOOP = 0x03,
    OP_IF = 0x04,
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
    OP_STORE_FIRST = 0x36,
    OP_STORE_LAST = 0x3e,
    OP_MEMORY_SIZE = 0x3f,
    OP_MEMORY_GROW = 0x40,
    OP_NUMERIC_FIRST = 0x45,
    OP_NUMERIC_LAST = 0xad,
};

static const struct frame *label(struct body *b, uint32_t depth) {
    if (depth == 0) return &b->top;
    if (depth < b->frames) return &b->outer[b->frames - depth];
    bad(b);
    return &b->top;
}

/* What a branch to the label carries. */
static uint32_t label_type(const struct frame *frame) {
    return frame->opcode == OP_LOOP ? TYPE_NONE : frame->result;
}

static uint32_t block_type(struct body *b) {
    const uint32_t type = read_byte(&b->r);
    if (type != TYPE_NONE && type != TYPE_I32 && type != TYPE_I64) bad(b);
    return type;
}

/* Operands that stand for locals are copied to slots of their own before a block. */
static void begin_block(struct body *b, uint32_t opcode) {
    if (opcode == OP_IF) pop(b, TYPE_I32);
    free_register(b);
    b->words += 2 + 3 * (b->operands + b->left);
    push_frame(b, opcode, block_type(b));
}

static void branch_table(struct body *b) {
    pop(b, TYPE_I32);
    const uint32_t count = read_u32(&b->r);
    const struct reader labels = b->r;
    struct reader ahead = labels;
    for (uint32_t i = 0; i < count && !ahead.bad; i++) read_u32(&ahead);
    const uint32_t type = label_type(label(b, read_u32(&ahead)));
    for (uint32_t i = 0; i < count && !b->r.bad && !ahead.bad; i++) {
        if (label_type(label(b, read_u32(&b->r))) != type) bad(b);
        b->words += 9;
    }
    if (ahead.bad) bad(b);
    b->r.at = ahead.at;
    b->words += 24;
    pop(b, type);
    set_unreachable(b);
}

static void call(struct body *b, const struct signature *type) {
    for (uint32_t i = type->params; i > 0; i--) pop(b, type->param[i - 1]);
    push(b, type->result);
    b->words += 2u * type->params;
}

static void call_direct(struct body *b) {
    const uint32_t index = read_u32(&b->r);
    b->words += 3;
    if (index < b->m->functions) call(b, &b->m->type[b->m->function[index]]);
    else bad(b);
}

static void call_indirect(struct body *b) {
    const uint32_t type = read_u32(&b->r);
    if (read_byte(&b->r) != 0 || b->m->tables == 0) bad(b);
    free_register(b);
    pop(b, TYPE_I32);
    b->words += 5;
    if (type < b->m->types) call(b, &b->m->type[type]);
    else bad(b);
}

static void select_operand(struct body *b) {
    pop(b, TYPE_I32);
    const uint32_t first = pop_any(b);
    const uint32_t second = pop_any(b);
    if (first != second && first != TYPE_ANY && second != TYPE_ANY) bad(b);
    push_register(b, first == TYPE_ANY ? second : first);
    b->words += 1;
}

static void local_access(struct body *b, uint32_t opcode) {
    const uint32_t index = read_u32(&b->r);
    if (index >= b->locals) {
        bad(b);
        return;
    }
    if (opcode == OP_LOCAL_GET) {
        push(b, b->local[index]);
        return;
    }
    if (opcode == OP_LOCAL_TEE) peek(b, b->local[index]);
    else pop(b, b->local[index]);
    /* Operands that stand for the local keep its old value. */
    b->words += (b->operands | b->left) == 0 ? 2 : 3;
}

static void global_access(struct body *b, uint32_t opcode) {
    const uint32_t index = read_u32(&b->r);
    if (index >= b->m->globals) {
        bad(b);
        return;
    }
    const struct global *global = &b->m->global[index];
    b->words += 3;
    if (opcode == OP_GLOBAL_GET) push(b, global->type);
    else if (global->mutable) pop(b, global->type);
    else bad(b);
}

/* A constant of so many words. An i64 may leave one word free before it. */
static void constant(struct body *b, uint32_t words, uint32_t type) {
    skip_signed(&b->r, 32 * words);
    b->constants += 2 * words - 1;
    b->words += words;
    if (b->constants > CONSTANTS_FREE) b->words += 2;
    push(b, type);
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
    if (read_u32(&b->r) > rows[opcode - OP_LOAD_FIRST].width) bad(b);
    read_u32(&b->r);
    if (opcode >= OP_STORE_FIRST) pop(b, type);
    pop(b, TYPE_I32);
    if (opcode < OP_STORE_FIRST) push_register(b, type);
    b->words += 2;
}

static void memory_size(struct body *b, uint32_t opcode) {
    if (read_byte(&b->r) != 0 || b->m->memories == 0) bad(b);
    if (opcode == OP_MEMORY_GROW) pop(b, TYPE_I32);
    push_register(b, TYPE_I32);
    b->words += 3;
}

/* Tests, comparisons, arithmetic and conversions of integers, from OP_NUMERIC_FIRST on: operands,
 * their type (_64) and the result's. 0: outside the profile. */
#define ONE 1u
#define TWO 2u
#define FROM_64 4u
#define TO_64 8u
#define TIMES_2(x) x, x
#define TIMES_3(x) x, x, x
#define TIMES_10(x) TIMES_3(x), TIMES_3(x), TIMES_2(x), TIMES_2(x)
#define TIMES_15(x) TIMES_10(x), TIMES_3(x), TIMES_2(x)
static const uint8_t numeric_shape[OP_NUMERIC_LAST - OP_NUMERIC_FIRST + 1] = {
    [0x45 - OP_NUMERIC_FIRST] = ONE,
    [0x46 - OP_NUMERIC_FIRST] = TIMES_10(TWO),
    [0x50 - OP_NUMERIC_FIRST] = ONE | FROM_64,
    [0x51 - OP_NUMERIC_FIRST] = TIMES_10(TWO | FROM_64),
    [0x67 - OP_NUMERIC_FIRST] = TIMES_3(ONE),
    [0x6a - OP_NUMERIC_FIRST] = TIMES_15(TWO),
    [0x79 - OP_NUMERIC_FIRST] = TIMES_3(ONE | FROM_64 | TO_64),
    [0x7c - OP_NUMERIC_FIRST] = TIMES_15(TWO | FROM_64 | TO_64),
    [0xa7 - OP_NUMERIC_FIRST] = ONE | FROM_64,
    [0xac - OP_NUMERIC_FIRST] = TIMES_2(ONE | TO_64),
};

static void numeric(struct body *b, uint32_t opcode) {
    const uint32_t index = opcode - OP_NUMERIC_FIRST;
    const uint32_t shape = index < sizeof numeric_shape ? numeric_shape[index] : 0;
    const uint32_t from = (shape & FROM_64) != 0 ? TYPE_I64 : TYPE_I32;
    if (shape == 0) {
        bad(b);
        return;
    }
    if ((shape & TWO) != 0) pop(b, from);
    pop(b, from);
    /* A conversion may name the slot of its result. */
    b->words += (shape & TWO) != 0 ? 1 : 2;
    push_register(b, (shape & TO_64) != 0 ? TYPE_I64 : TYPE_I32);
}

static void end_block(struct body *b, uint32_t opcode) {
    const struct frame frame = pop_frame(b);
    if (opcode == OP_ELSE) {
        if (frame.opcode != OP_IF) bad(b);
        b->words += 2;
        if (++b->elses > b->elses_max) b->elses_max = b->elses;
        push_frame(b, OP_ELSE, frame.result);
        return;
    }
    /* An if without an else leaves nothing. */
    if (frame.opcode == OP_IF && frame.result != TYPE_NONE) bad(b);
    push(b, frame.result);
}

static void branch(struct body *b, uint32_t opcode) {
    if (opcode == OP_BR_IF) pop(b, TYPE_I32);
    const struct frame *frame = label(b, opcode == OP_RETURN ? b->frames - 1 : read_u32(&b->r));
    const uint32_t type = label_type(frame);
    b->words += type == TYPE_NONE ? 4 : 6;
    if (opcode == OP_BR_IF) {
        if (b->in_register != REGISTER_FREE) b->words += 2;
        if (type != TYPE_NONE) peek(b, type);
        return;
    }
    pop(b, type);
    struct frame *own = &b->top;
    if (frame->opcode == OP_LOOP) {
        /* The engine does not drop the operands here. */
        const uint32_t left = b->operands - own->height;
        set_unreachable(b);
        reserve(b, left);
        own->left = (uint8_t)(own->left + left);
        b->left += left;
    } else set_unreachable(b);
}

static void instruction(struct body *b) {
    const uint32_t opcode = read_byte(&b->r);
    switch (opcode) {
    case OP_UNREACHABLE:
        b->words += 1;
        set_unreachable(b);
        break;
    case OP_NOP: break;
    case OP_IF:
    case OP_BLOCK:
    case OP_LOOP: begin_block(b, opcode); break;
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
    case OP_I32_CONST: constant(b, 1, TYPE_I32); break;
    case OP_I64_CONST: constant(b, 2, TYPE_I64); break;
    default:
        if (opcode >= OP_LOAD_FIRST && opcode <= OP_STORE_LAST) memory_access(b, opcode);
        else numeric(b, opcode);
    }
}

static void read_locals(struct body *b, const struct signature *type) {
    for (; b->locals < type->params; b->locals++) b->local[b->locals] = type->param[b->locals];
    for (uint32_t groups = read_u32(&b->r); groups > 0 && !b->r.bad; groups--) {
        const uint32_t count = read_u32(&b->r);
        const uint32_t local = read_value_type(&b->r);
        if (count > LOCALS_MAX - b->locals) {
            bad(b);
            return;
        }
        for (uint32_t i = 0; i < count; i++) b->local[b->locals++] = (uint8_t)local;
    }
}

void check_body(struct module *m, uint32_t type, struct reader *r) {
    struct body b;
    b.m = m;
    b.r = *r;
    b.operands = b.frames = b.locals = b.constants = b.left = b.dead = b.elses = 0;
    b.in_register = REGISTER_FREE;
    b.room = GUEST_VALUES_MAX;
    b.elses_max = 0;
    b.top = (struct frame){0, TYPE_NONE, false, 0, 0};
    /* Entry and return, and what aligns the block of the frame's constants. */
    b.words = 5;
    read_locals(&b, &m->type[type]);
    reserve(&b, b.locals);
    push_frame(&b, OP_BLOCK, m->type[type].result);
    while (b.frames > 0 && !b.r.bad) instruction(&b);
    *r = b.r;
    m->words += b.words;
    if (b.elses_max > m->elses) m->elses = b.elses_max;
}
