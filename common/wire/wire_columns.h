/*
 * wire_columns.h - columns of strings that are mostly numbered, in few bytes and in one way only.
 *
 * A string is split into a prefix and a tail, which is one of
 *     a UUID     the last 36 bytes, 8-4-4-4-12 lower-case hexadecimal digits
 *     a number   else the decimal digits at its end: "conv:17" is ("conv:", 17); no leading zero and at most
 *                18 digits, what does not fit that stays in the prefix ("a007" is ("a00", 7))
 *     nothing    else; the prefix is all of it.
 *
 * Each string is coded against the one before it:
 *
 *     0, shared, rest, rest bytes             no tail; the prefix is the first `shared` bytes of the prefix
 *                                             before it, then the rest
 *     1, shared, rest, rest bytes, number     a prefix coded likewise, and a number
 *     2, shared, rest, rest bytes, 16 bytes   a prefix coded likewise, and a UUID
 *     3, 16 bytes                             the prefix as before, and a UUID
 *     4 + gap                                 the prefix as before, the number before it plus gap
 *
 * Numbers are varints. `shared` is as long as it can be, and the last two forms are used wherever they can
 * be, so a sequence of strings has one encoding. A string without a number leaves the number 0 behind.
 */
#ifndef KUDOS_COMMON_WIRE_WIRE_COLUMNS_H
#define KUDOS_COMMON_WIRE_WIRE_COLUMNS_H

#include "kudos/base.h"
#include "kudos/limits.h"

typedef enum { KD_TAIL_NONE, KD_TAIL_NUMBER, KD_TAIL_UUID } kd_tail;

typedef struct {
    uint64_t number; /* 0 unless tail is KD_TAIL_NUMBER */
    uint32_t prefix_len;
    kd_tail tail;
} kd_split;

kd_split kd_split_of(kd_bytes s);
/* Total order on strings that keeps like with like: prefix, kind of tail, then number or UUID. */
int kd_split_cmp(kd_bytes a, kd_split a_split, kd_bytes b, kd_split b_split);

/* What the next string is coded against, for either direction; zero-initialise. */
typedef struct {
    uint64_t number;
    uint32_t prefix_len;
    uint8_t prefix[KD_ITEM_KEY_MAX];
} kd_string_column;

/* s is at most KD_ITEM_KEY_MAX bytes. */
void kd_string_column_put(kd_string_column *state, kd_buf *out, kd_bytes s, kd_split split);
/* Appends the next string to *arena and returns its length; r goes bad on anything that kd_string_column_put never
 * writes. */
uint32_t kd_string_column_get(kd_string_column *state, kd_reader *r, kd_buf *arena);

/* Fixed-width numbers, low bits first. `bits` <= 32. */
uint32_t kd_bits_for(uint32_t values); /* width that holds 0..values-1 */
void kd_bits_put(kd_buf *out, const uint32_t *values, uint32_t count, uint32_t bits);
/* Bad unless r holds exactly the bytes needed, with zero padding. */
void kd_bits_get(kd_reader *r, uint32_t *values, uint32_t count, uint32_t bits);

#endif
