/*
 * wire_columns.h - columns of strings that are mostly numbered, in few bytes and in one way only.
 *
 * A string is split into a prefix and a tail, which is one of
 *     a UUID     the last 36 bytes, 8-4-4-4-12 lower-case hexadecimal digits
 *     a number   else the decimal digits at its end: "conv:17" is ("conv:", 17); no leading zero and at most
 *                18 digits, the digits before stay in the prefix ("a007" is ("a00", 7))
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
 * be, so a sequence of strings has one encoding. After a string without a number, "the number before" is 0.
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

/* Splits a string as above. */
kd_split kd_split_of(kd_bytes s);
/* Total order in which a column is short: by prefix, then kind of tail, then number or UUID. Below 0, 0 or above 0. */
int kd_split_cmp(kd_bytes a, kd_split a_split, kd_bytes b, kd_split b_split);

/* The string before, against which the next one is coded; for either direction. Zero-initialise. */
typedef struct {
    uint64_t number;
    uint32_t prefix_len;
    kd_tail tail; /* of a column that is read */
    uint8_t prefix[KD_ITEM_KEY_MAX];
} kd_string_column;

/* Appends one string of 1 to KD_ITEM_KEY_MAX bytes; `split` is kd_split_of(s). */
void kd_string_column_put(kd_string_column *state, kd_buf *out, kd_bytes s, kd_split split);
/* Reads the next string, appends it to *arena and returns its length. r goes bad on anything that kd_string_column_put never writes; then the length
 * means nothing. */
uint32_t kd_string_column_get(kd_string_column *state, kd_reader *r, kd_buf *arena);
/* kd_split_of the string that kd_string_column_get read last. */
static inline kd_split kd_string_column_split(const kd_string_column *state)
{
    return (kd_split){state->number, state->prefix_len, state->tail};
}

uint32_t kd_bits_for(uint32_t values); /* width in bits that holds 0..values-1 */
/* Appends `count` numbers of `bits` bits each (at most 32), low bits first; the last byte is filled up with zeros. */
void kd_bits_put(kd_buf *out, const uint32_t *values, uint32_t count, uint32_t bits);
/* Reads all of r as kd_bits_put wrote it; r goes bad unless it holds exactly the bytes needed, with zeros at the end. */
void kd_bits_get(kd_reader *r, uint32_t *values, uint32_t count, uint32_t bits);

#endif
