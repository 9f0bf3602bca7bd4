/* The state of a body under check: operands, open blocks, and the words of code that wasm3 makes of
 * it. Source: WebAssembly Core Specification 1.0, appendix "Validation Algorithm". */
#ifndef VALIDATE_STACK_H
#define VALIDATE_STACK_H

#include "validate_code.h"

/* An operand of any type: below it the code cannot be reached. */
#define TYPE_ANY 0u
/* Values of `in_register` beside the number of an operand: none, and, in code that cannot be
 * reached, not known. */
#define REGISTER_FREE 0xffffu
#define REGISTER_UNKNOWN 0xfffeu

struct frame {
    uint8_t opcode;
    uint8_t result;
    bool unreachable;
    uint8_t height;
    uint8_t left; /* operands that the engine keeps after a branch to a loop */
};

struct body {
    const struct module *m;
    struct reader r;
    struct frame top; /* the innermost open block */
    /* `room`: how many more values the function may have at once (GUEST_VALUES_MAX). */
    uint32_t operands, frames, locals, room;
    /* `in_register`: the operand in wasm3's register, counted from 1. `left`: operands that wasm3
     * keeps. `dead`: open blocks whose end cannot be reached from here. `elses`: open else blocks,
     * and the most of them. */
    uint32_t constants, words, in_register, left, dead, elses, elses_max;
    uint8_t operand[GUEST_VALUES_MAX];
    struct frame outer[NESTING_MAX];
    uint8_t local[LOCALS_MAX];
};

static inline void bad(struct body *b) { b->r.bad = true; }

static inline void push(struct body *b, uint32_t type) {
    if (type == TYPE_NONE) return;
    if (b->operands >= b->room) {
        bad(b);
        return;
    }
    b->operand[b->operands++] = (uint8_t)type;
}

/* What the register held is moved to a slot: 2 words. */
static inline void free_register(struct body *b) {
    if (b->in_register == REGISTER_FREE) return;
    b->words += 2;
    if (b->in_register != REGISTER_UNKNOWN) b->in_register = REGISTER_FREE;
}

static inline void push_register(struct body *b, uint32_t type) {
    free_register(b);
    push(b, type);
    if (b->in_register == REGISTER_FREE) b->in_register = b->operands;
}

/* Charges a word for the slot of an operand that is not in the register. */
static inline uint32_t pop_any(struct body *b) {
    const uint32_t operands = b->operands;
    if (b->in_register == operands) b->in_register = REGISTER_FREE;
    else b->words++;
    if (operands > b->top.height) {
        b->operands = operands - 1;
        return b->operand[operands - 1];
    }
    if (!b->top.unreachable) bad(b);
    return TYPE_ANY;
}

static inline void pop(struct body *b, uint32_t type) {
    if (type == TYPE_NONE) return;
    const uint32_t found = pop_any(b);
    if (found != type && found != TYPE_ANY) bad(b);
}

/* Takes the operand on top, and leaves it there. */
static inline void peek(struct body *b, uint32_t type) {
    const uint32_t in_register = b->in_register;
    pop(b, type);
    push(b, type);
    b->in_register = in_register;
}

/* Takes room for `count` values that are not operands. */
static inline void reserve(struct body *b, uint32_t count) {
    if (b->room - b->operands < count) bad(b);
    else b->room -= count;
}

static inline void push_frame(struct body *b, uint32_t opcode, uint32_t result) {
    if (b->frames >= NESTING_MAX) {
        bad(b);
        return;
    }
    b->outer[b->frames++] = b->top;
    b->top = (struct frame){(uint8_t)opcode, (uint8_t)result, false, (uint8_t)b->operands, 0};
    if (result == TYPE_NONE) return;
    reserve(b, 1);
    b->words += 2;
}

/* Ends the innermost block: its result, and nothing else, is left. Returns the block. */
static inline struct frame pop_frame(struct body *b) {
    const struct frame frame = b->top;
    pop(b, frame.result);
    if (b->operands != frame.height) bad(b);
    b->top = b->outer[--b->frames];
    b->room += frame.left + (frame.result == TYPE_NONE ? 0u : 1u);
    b->left -= frame.left;
    if (frame.opcode == OP_ELSE) b->elses--;
    if (frame.unreachable) b->dead--;
    b->in_register = b->dead == 0 ? REGISTER_FREE : REGISTER_UNKNOWN;
    return frame;
}

static inline void set_unreachable(struct body *b) {
    if (!b->top.unreachable) b->dead++;
    b->operands = b->top.height;
    b->in_register = REGISTER_UNKNOWN;
    b->top.unreachable = true;
}

#endif
