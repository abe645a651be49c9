/*
 * compare_query.h - the questions of `kudos-edge compare` to the admin ports of an edge and of central. A question about a range of rows is a query
 * string. For a comparison row by row the edge lists rows, a line each, and the command posts the same lines to central.
 */
#ifndef KUDOS_COMMON_IO_ADMIN_COMPARE_QUERY_H
#define KUDOS_COMMON_IO_ADMIN_COMPARE_QUERY_H

#include "kudos/compare.h"

enum {
    KD_COMPARE_LINES_MAX = 256,                        /* rows of one question */
    KD_COMPARE_LINE_MAX = 2 * KD_COMPARE_KEY_MAX + 24, /* bytes */
};

/* A question; fields that it does not use are empty or 0. */
typedef struct {
    char edge[KD_NAME_MAX + 1];
    uint32_t partition;
    kd_compare_window window;
    uint8_t from_data[KD_COMPARE_KEY_MAX], to_data[KD_COMPARE_KEY_MAX];
    kd_bytes from, to; /* keys of a range, `to` not in it; empty: from the first, to the last */
    uint32_t rows_max;
} kd_compare_query;

/* Appends the question as a query string, with a NUL behind it that is not counted in out->len. */
void kd_compare_query_put(const kd_compare_query *q, kd_buf *out);
/* Reads a query string; missing fields are 0. KD_OK or KD_EINVAL. The views point into *q, which must not be copied. */
int kd_compare_query_read(kd_compare_query *q, const char *query);

/* Appends bytes in lower-case hexadecimal. */
void kd_hex_put(kd_bytes bytes, kd_buf *out);
/* Reads what kd_hex_put wrote into `out`, room for `size` bytes; false when it is anything else, or longer. */
bool kd_hex_read(kd_bytes text, uint8_t *out, size_t size, size_t *len);

/* Appends the answer {"rows":…,"digest":…,"next":"…"}; `next` is a key, in hexadecimal. */
void kd_compare_answer(const kd_range_digest *digest, const kd_buf *next, kd_buf *out);

/* Takes counter, item and user of a row out of its key, as views into it; the rest of *row stays. KD_OK or KD_EMALFORMED. */
int kd_compare_row_of(kd_bytes key, kd_compare_row *row);

/* Appends the line of a row: key in hexadecimal, time in us, 1 (liked) or 0, and \n. */
void kd_compare_line_put(const kd_compare_row *row, kd_buf *lines);
/* Takes the first line off *lines; the row's views point into `key`. KD_OK, KD_ENOTFOUND (none is left) or KD_EMALFORMED. */
int kd_compare_line_read(kd_bytes *lines, uint8_t key[KD_COMPARE_KEY_MAX], kd_compare_row *row);

#endif
