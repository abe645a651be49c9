/* test_wire_body.c - the body of a batch: a body has one encoding, decodes to the same operations, and no other bytes are accepted. */
#include "common/wire/wire_msgpack.h"
#include "tests/unit/common/wire_samples.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static void shuffle(void *array, uint32_t count, size_t size, uint64_t *random)
{
    uint8_t *at = array, *swap = kd_alloc(size);
    for (uint32_t i = count; i > 1; i--) {
        uint64_t j = kd_random_next(random) % i;
        memcpy(swap, at + (i - 1) * size, size);
        memcpy(at + (i - 1) * size, at + j * size, size);
        memcpy(at + j * size, swap, size);
    }
    free(swap);
}

static void shuffle_body(kd_body *b, uint64_t *random)
{
    shuffle(b->ops, b->op_count, sizeof *b->ops, random);
    shuffle(b->sums, b->sum_count, sizeof *b->sums, random);
    shuffle(b->increments, b->increment_count, sizeof *b->increments, random);
}

static size_t bound_of(const kd_body *b)
{
    size_t bytes = KD_BODY_BYTES_FIXED;
    for (uint32_t i = 0; i < b->op_count; i++)
        bytes += kd_body_bytes_bound(b->ops[i].item.len, b->ops[i].user.len);
    for (uint32_t i = 0; i < b->sum_count; i++) bytes += kd_body_bytes_bound(b->sums[i].item.len, 0);
    for (uint32_t i = 0; i < b->increment_count; i++)
        bytes += kd_body_bytes_bound(b->increments[i].item.len, 0);
    return bytes;
}

Test(wire_body, any_order_is_the_same_bytes_and_comes_back)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        sample_arena a = {0};
        uint64_t random = seed;
        kd_body body = sample_body(&a, &random, (uint32_t)(seed % 100 ? seed % 90 : 1500));
        kd_buf first = {0}, again = {0};
        kd_body_encode(&body, &first);
        shuffle_body(&body, &random);
        kd_body_encode(&body, &again);
        cr_assert(kd_bytes_eq(kd_buf_view(&first), kd_buf_view(&again)), "seed %lu", (unsigned long)seed);
        cr_assert_leq(first.len, bound_of(&body), "seed %lu", (unsigned long)seed);
        kd_body decoded;
        cr_assert_eq(kd_body_decode(kd_buf_view(&first), &decoded), KD_OK, "seed %lu", (unsigned long)seed);
        assert_bodies_equal(&body, &decoded);
        kd_buf_clear(&again);
        kd_body_encode(&decoded, &again);
        cr_assert(kd_bytes_eq(kd_buf_view(&first), kd_buf_view(&again)));
        kd_body_finish(&decoded);
        kd_buf_finish(&first);
        kd_buf_finish(&again);
        sample_free(&a);
    }
}

/* Short ids, so that stamps, heads and amounts must fit into the fixed allowance of kd_body_bytes_bound. */
Test(wire_body, the_bound_holds_where_ids_are_short)
{
    sample_arena a = {0};
    uint64_t random = 1;
    enum { SIDE = 26 };
    kd_body b = {.ops = sample_alloc(&a, SIDE * SIDE * sizeof(kd_op)),
                 .sums = sample_alloc(&a, SIDE * sizeof(kd_sum))};
    for (int i = 0; i < SIDE * SIDE; i++) {
        char item[] = {'p', '/', (char)('a' + i % SIDE), 0};
        kd_op op = {.item = sample_item(&a, item), .user = sample_text(&a, "%c", 'a' + i / SIDE)};
        op.time_us = 1 + kd_random_next(&random) % (KD_TIME_END_US - 1);
        op.counter = (uint8_t)(1 + i % 63);
        b.ops[b.op_count++] = op;
        if (i < SIDE)
            b.sums[b.sum_count++] =
                (kd_sum){.item = op.item, .amount = 1ull << 48, .day = i % 2 ? 0 : UINT32_MAX, .counter = 63};
    }
    kd_buf out = {0};
    kd_body_encode(&b, &out);
    cr_assert_leq(out.len, bound_of(&b));
    cr_assert_gt(out.len, b.op_count * 8);
    kd_buf_finish(&out);
    sample_free(&a);
}

Test(wire_body, an_empty_body_is_valid)
{
    kd_body empty = {0}, decoded;
    kd_buf out = {0};
    kd_body_encode(&empty, &out);
    cr_assert_eq(kd_body_decode(kd_buf_view(&out), &decoded), KD_OK);
    cr_assert_eq(decoded.op_count + decoded.sum_count + decoded.increment_count, 0);
    kd_body_finish(&decoded);
    kd_buf_finish(&out);
}

/* Changes one byte. A body that is still accepted must be the one encoding of its operations. */
static void assert_canonical_or_refused(kd_bytes bytes)
{
    kd_body decoded;
    if (kd_body_decode(bytes, &decoded) != KD_OK) {
        cr_assert_null(decoded.ops);
        return;
    }
    kd_buf again = {0};
    kd_body_encode(&decoded, &again);
    cr_assert(kd_bytes_eq(bytes, kd_buf_view(&again)));
    kd_buf_finish(&again);
    kd_body_finish(&decoded);
}

Test(wire_body, changed_bytes_and_cut_ends_do_no_harm)
{
    for (uint64_t seed = 1; seed <= 6; seed++) {
        sample_arena a = {0};
        uint64_t random = seed;
        kd_body body = sample_body(&a, &random, 40), decoded;
        kd_buf out = {0};
        kd_body_encode(&body, &out);
        for (size_t cut = 0; cut < out.len; cut++) {
            uint8_t *exact = kd_dup(kd_bytes_of(
                out.data, cut)); /* exactly as long, so that a sanitizer sees a read past the end */
            cr_assert_eq(kd_body_decode(kd_bytes_of(exact, cut), &decoded), KD_EMALFORMED);
            free(exact);
        }
        for (size_t at = 0; at < out.len; at++) {
            uint8_t kept = out.data[at];
            for (unsigned bit = 0; bit < 8; bit++) {
                out.data[at] = (uint8_t)(kept ^ 1u << bit);
                assert_canonical_or_refused(kd_buf_view(&out));
            }
            out.data[at] = kept;
        }
        kd_buf_put_u8(&out, 0);
        cr_assert_eq(kd_body_decode(kd_buf_view(&out), &decoded), KD_EMALFORMED);
        kd_buf_finish(&out);
        sample_free(&a);
    }
}

/* ---- bodies made by hand: one operation, column by column ---- */

typedef struct {
    uint8_t at[32];
    uint8_t len;
} short_bytes;

typedef struct {
    short_bytes column[7];
    uint64_t ops, sums, increments, schema;
} handmade;

#define BYTES(...) ((short_bytes){.at = {__VA_ARGS__}, .len = sizeof((const uint8_t[]){__VA_ARGS__})})

static handmade one_op(void)
{
    handmade h = {.ops = 1, .schema = 1};
    h.column[0] = BYTES(1, 0, 0, 5, 1, 'p', 2, 'a', 'b', 2); /* one item, one operation of counter 1 */
    h.column[1] = BYTES(0, 0, 1, 'u');
    h.column[2] = BYTES(1);
    h.column[3] = BYTES(9);
    return h;
}

static int decode_handmade(const handmade *h)
{
    kd_buf out = {0};
    kd_msgpack_put_array(&out, 11);
    kd_msgpack_put_uint(&out, h->schema);
    kd_msgpack_put_uint(&out, h->ops);
    kd_msgpack_put_uint(&out, h->sums);
    kd_msgpack_put_uint(&out, h->increments);
    for (int i = 0; i < 7; i++) kd_msgpack_put_bin(&out, kd_bytes_of(h->column[i].at, h->column[i].len));
    kd_body decoded;
    int err = kd_body_decode(kd_buf_view(&out), &decoded);
    kd_body_finish(&decoded);
    kd_buf_finish(&out);
    return err;
}

static void assert_column(int column, short_bytes bytes, int expected)
{
    handmade h = one_op();
    h.column[column] = bytes;
    cr_assert_eq(decode_handmade(&h), expected, "column %d", column);
}

Test(wire_body, handmade_bodies_are_taken_when_right)
{
    handmade h = one_op();
    cr_assert_eq(decode_handmade(&h), KD_OK);
    assert_column(1, BYTES(1, 0, 1, 'u', 7), KD_OK);
    assert_column(1, BYTES(4 + 7), KD_OK); /* user "7": the prefix is empty at first */
}

Test(wire_body, other_encodings_of_the_same_body_are_refused)
{
    assert_column(1, BYTES(1, 0, 0, 7), KD_EMALFORMED);           /* the gap form was due */
    assert_column(1, BYTES(0, 0, 2, 'u', '7'), KD_EMALFORMED);    /* a number in the prefix */
    assert_column(1, BYTES(1, 0, 2, 'u', '7', 7), KD_EMALFORMED); /* half a number in the prefix */
    assert_column(1, BYTES(0x80, 0, 0, 1, 'u'), KD_EMALFORMED);   /* overlong varint */
    assert_column(1, BYTES(0, 1, 0), KD_EMALFORMED);              /* shares what is not there */
    assert_column(1, BYTES(0, 0, 0), KD_EMALFORMED);              /* empty user */
    assert_column(1, BYTES(0, 0, 1, '/'), KD_EMALFORMED);         /* no id */
    assert_column(1, BYTES(0, 0, 1, 'u', 0), KD_EMALFORMED);      /* a byte left over */
    assert_column(0, BYTES(1, 0, 0, 5, 1, 'p', 2, 'a', 'b', 3, 1, 1),
                  KD_EMALFORMED); /* the short head was due */
    assert_column(0, BYTES(1, 0, 0, 5, 1, 'p', 2, 'a', 'b', 3, 64, 1), KD_EMALFORMED); /* counter 64 */
    assert_column(0, BYTES(1, 0, 0, 5, 1, 'p', 3, 'a', 'b', 2), KD_EMALFORMED);        /* no item key */
    assert_column(0, BYTES(1, 0, 0, 5, 1, 'p', 2, 'a', 'b', 4), KD_EMALFORMED); /* two of one operation */
    assert_column(0, BYTES(2, 0, 0, 5, 1, 'p', 2, 'a', 'b', 0, 4, 1, 'c', 2, 0),
                  KD_EMALFORMED);              /* item without use */
    assert_column(2, BYTES(3), KD_EMALFORMED); /* padding that is not zero */
    assert_column(2, BYTES(1, 0), KD_EMALFORMED);
    assert_column(3, BYTES(0), KD_EMALFORMED); /* no time */
    assert_column(3, BYTES(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40), KD_EMALFORMED); /* 2^62 */
    assert_column(4, BYTES(0), KD_EMALFORMED); /* one operation needs no rank */
}

static handmade two_ops(void)
{
    handmade h = one_op();
    h.ops = 2;
    h.column[0] = BYTES(1, 0, 0, 5, 1, 'p', 2, 'a', 'b', 4);
    h.column[1] = BYTES(4 + 7, 4 + 1);
    h.column[3] = BYTES(9, 1);
    h.column[4] = BYTES(2); /* ranks 0, 1 */
    return h;
}

Test(wire_body, order_and_ranks_are_checked)
{
    handmade h = two_ops();
    cr_assert_eq(decode_handmade(&h), KD_OK);
    h.column[4] = BYTES(1); /* 1, 0 */
    cr_assert_eq(decode_handmade(&h), KD_OK);
    h.column[3] = BYTES(9, 0);
    cr_assert_eq(decode_handmade(&h), KD_EMALFORMED, "equal stamps in the other order");
    h.column[4] = BYTES(2);
    cr_assert_eq(decode_handmade(&h), KD_OK);
    h.column[4] = BYTES(3);
    cr_assert_eq(decode_handmade(&h), KD_EMALFORMED, "not a permutation");
    h = two_ops();
    h.column[1] = BYTES(4 + 7, 4 + 0);
    cr_assert_eq(decode_handmade(&h), KD_EMALFORMED, "one user twice");
    h.column[1] = BYTES(4 + 7, 0, 0, 1, 'u');
    cr_assert_eq(decode_handmade(&h), KD_OK);
    h.column[1] = BYTES(0, 0, 1, 'u', 0, 0, 1, 't');
    cr_assert_eq(decode_handmade(&h), KD_EMALFORMED, "users out of order");
    h = two_ops();
    h.column[0] = BYTES(1, 0, 0, 5, 1, 'p', 2, 'a', 'b', 2);
    h.column[1] = BYTES(0, 0, 1, 'u');
    cr_assert_eq(decode_handmade(&h), KD_EMALFORMED, "one user for two operations");
}

static handmade two_sums(short_bytes column)
{
    handmade h = {.schema = 1, .sums = 2};
    h.column[0] = BYTES(1, 0, 0, 5, 1, 'p', 2, 'a', 'b', 0);
    h.column[5] = column;
    return h;
}

Test(wire_body, sums_are_checked)
{
    handmade h = two_sums(BYTES(0, 3, 20, 1, 0, 3, 2, 1));
    cr_assert_eq(decode_handmade(&h), KD_OK);
    h = two_sums(BYTES(0, 3, 20, 1, 0, 3, 0, 1));
    cr_assert_eq(decode_handmade(&h), KD_EMALFORMED, "one day twice");
    h = two_sums(BYTES(0, 3, 20, 1, 0, 3, 2, 0));
    cr_assert_eq(decode_handmade(&h), KD_EMALFORMED, "amount 0");
    h = two_sums(BYTES(0, 3, 1, 1, 0, 3, 2, 1));
    cr_assert_eq(decode_handmade(&h), KD_EMALFORMED, "a day before 1970");
    h = two_sums(BYTES(0, 3, 20, 1, 1, 3, 2, 1));
    cr_assert_eq(decode_handmade(&h), KD_EMALFORMED, "an item that is not there");
    h = two_sums(BYTES(0, 3, 20, 1, 0, 3, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f));
    cr_assert_eq(decode_handmade(&h), KD_EMALFORMED, "a total of 2^53");
    h = two_sums(BYTES(0, 3, 20, 1, 0, 3, 2, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f));
    cr_assert_eq(decode_handmade(&h), KD_OK, "a total of 2^53 - 1");
}

Test(wire_body, versions_and_limits_are_told_apart)
{
    handmade h = one_op();
    h.schema = 2;
    cr_assert_eq(decode_handmade(&h), KD_EVERSION);
    h.schema = 0;
    cr_assert_eq(decode_handmade(&h), KD_EMALFORMED);
    h = one_op();
    h.ops = KD_BATCH_OPS_MAX + 1;
    cr_assert_eq(decode_handmade(&h), KD_ETOOBIG);
    h.ops = KD_BATCH_OPS_MAX;
    cr_assert_eq(decode_handmade(&h), KD_EMALFORMED);
    h.sums = 1;
    cr_assert_eq(decode_handmade(&h), KD_ETOOBIG, "operations and sums share one limit");
    kd_buf big = {0};
    kd_body decoded;
    kd_buf_reserve(&big, KD_BATCH_BYTES_MAX + 1);
    memset(big.data, 0, KD_BATCH_BYTES_MAX + 1);
    big.len = KD_BATCH_BYTES_MAX + 1;
    cr_assert_eq(kd_body_decode(kd_buf_view(&big), &decoded), KD_ETOOBIG);
    kd_buf_finish(&big);
}
