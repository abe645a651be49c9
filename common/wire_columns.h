/*
 * wire_columns.h - columns of strings that are mostly numbered, in few bytes and in one way only.
 *
 * A string is split into a prefix and the decimal number at its end: "conv:17" is ("conv:", 17). The number has no
 * leading zero and at most 18 digits; what does not fit that stays in the prefix ("a007" is ("a00", 7)). Each string
 * is coded against the one before it:
 *
 *     0, shared, rest, rest bytes            no number: the string is the first `shared` bytes of the prefix before
 *                                            it, then the rest
 *     1, shared, rest, rest bytes, number    a prefix coded likewise, then its number
 *     2 + gap                                the prefix as before, the number before it plus gap
 *
 * all varints. `shared` is as long as it can be and the third form is used wherever it can be, so a sequence of strings
 * has one encoding. A string without a number leaves the number 0 behind.
 */
#ifndef KUDOS_COMMON_WIRE_COLUMNS_H
#define KUDOS_COMMON_WIRE_COLUMNS_H

#include "kudos/base.h"
#include "kudos/limits.h"

typedef struct {
    uint64_t number;
    uint32_t prefix_len;
    bool numbered;
} kd_split;

kd_split kd_split_of(kd_bytes s);
/* Total order on strings that keeps numbers together: prefix, then none before any number, then the number. */
int kd_split_cmp(kd_bytes a, kd_split a_split, kd_bytes b, kd_split b_split);

/* What the next string is coded against, for either direction; zero-initialise. */
typedef struct {
    uint64_t number;
    uint32_t prefix_len;
    uint8_t prefix[KD_ITEM_KEY_MAX];
} kd_strings;

/* s is at most KD_ITEM_KEY_MAX bytes. */
void kd_strings_put(kd_strings *state, kd_buf *out, kd_bytes s, kd_split split);
/* Appends the next string to *arena and returns its length; r goes bad on anything that kd_strings_put never writes. */
uint32_t kd_strings_get(kd_strings *state, kd_reader *r, kd_buf *arena);

/* Fixed-width numbers, low bits first. `bits` <= 32. */
uint32_t kd_bits_for(uint32_t values); /* width that holds 0..values-1 */
void kd_bits_put(kd_buf *out, const uint32_t *values, uint32_t count, uint32_t bits);
/* Bad unless r holds exactly the bytes needed, with zero padding. */
void kd_bits_get(kd_reader *r, uint32_t *values, uint32_t count, uint32_t bits);

#endif
