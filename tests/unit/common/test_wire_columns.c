/* test_wire_columns.c - a string that is put together of prefix and tail is accepted only where kd_split_of divides it in that place. */
#include "common/wire/wire_columns.h"

#include <criterion/criterion.h>

static const uint8_t uuid[16] = {0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x12, 0xd3, 0xa4, 0x56, 0x42};

/* The first string of a column, in the form of this tail. */
static void put_first(kd_buf *out, kd_tail tail, kd_bytes prefix, uint64_t number)
{
    kd_buf_clear(out);
    kd_buf_put_varint(out, tail);
    kd_buf_put_varint(out, 0);
    kd_buf_put_varint(out, prefix.len);
    kd_buf_put(out, prefix.data, prefix.len);
    if (tail == KD_TAIL_NUMBER) kd_buf_put_varint(out, number);
    if (tail == KD_TAIL_UUID) kd_buf_put(out, uuid, sizeof uuid);
}

/* Reads it, and asks kd_split_of what it should have been. Returns whether it was accepted. */
static bool accepted_as_split(kd_tail tail, kd_bytes prefix, uint64_t number)
{
    kd_buf bytes = {0}, arena = {0};
    kd_string_column state = {0};
    put_first(&bytes, tail, prefix, number);
    kd_reader r = kd_reader_of(kd_buf_view(&bytes));
    uint32_t len = kd_string_column_get(&state, &r, &arena);
    bool accepted = !r.bad;
    if (arena.len > 0) {
        kd_split split = kd_split_of(kd_buf_view(&arena)), read = kd_string_column_split(&state);
        bool same = split.tail == tail && split.prefix_len == prefix.len &&
                    split.number == (tail == KD_TAIL_NUMBER ? number : 0);
        cr_assert_eq(accepted, same, "%.*s, %d, %zu", (int)arena.len, (const char *)arena.data, (int)tail,
                     prefix.len);
        cr_assert(!accepted || (read.tail == tail && read.prefix_len == prefix.len &&
                                read.number == split.number && len == arena.len));
    }
    kd_buf_finish(&bytes);
    kd_buf_finish(&arena);
    return accepted;
}

Test(wire_columns, a_string_has_the_parts_that_kd_split_of_gives)
{
    static const char *const pieces[] = {"0", "00", "1",  "97", "a",    "ab",
                                         "-", "",   "u:", "f0", "0000", "123e4567-e89b-12d3-a456-"};
    uint64_t random = 7, accepted = 0;
    for (int round = 0; round < 200000; round++) {
        char prefix[200];
        size_t len = 0;
        for (uint64_t n = kd_random_next(&random) % 5; n > 0; n--) {
            const char *piece = pieces[kd_random_next(&random) % KD_COUNT(pieces)];
            memcpy(prefix + len, piece, strlen(piece));
            len += strlen(piece);
        }
        uint64_t number = kd_random_next(&random) >> kd_random_next(&random) % 64;
        if (round % 4 == 0) number = 100000000000 + number % 900000000000; /* the end of a UUID */
        accepted += accepted_as_split((kd_tail)(round % 3), kd_bytes_of(prefix, len), number);
    }
    cr_assert_gt(accepted, 20000);
    cr_assert_lt(accepted, 180000);
}

/* The last digits are read by words: each length counts, and each byte that may stand before them. */
Test(wire_columns, the_number_is_the_last_18_digits_at_most)
{
    for (uint32_t before = 0; before < 256; before++) {
        for (size_t digits = 0; digits <= 20; digits++) {
            uint8_t text[21] = {(uint8_t)before};
            uint64_t number = 0;
            size_t kept = KD_MIN(digits, (size_t)18);
            for (size_t i = 0; i < digits; i++) text[1 + i] = (uint8_t)('1' + (before + 7 * i) % 9);
            for (size_t i = 1 + digits - kept; i <= digits; i++) number = number * 10 + text[i] - '0';
            bool one_more = before >= '1' && before <= '9' && digits < 18;
            for (size_t i = 0; one_more && i <= digits; i++) number = (i ? number : 0) * 10 + text[i] - '0';
            size_t prefix = 1 + digits - kept - one_more;
            if (before == '0' && digits == 0) prefix = 0;
            kd_split split = kd_split_of(kd_bytes_of(text, 1 + digits));
            cr_assert_eq(split.tail == KD_TAIL_NUMBER, prefix < 1 + digits);
            cr_assert_eq(split.prefix_len, prefix, "%u before %zu digits", before, digits);
            cr_assert_eq(split.number, number, "%u before %zu digits", before, digits);
        }
    }
}
