/*
 * compare_query.h - the questions of `kudos-edge compare` to the admin ports of an edge and of central. Ranges are asked for by
 * queries. Rows are asked for many at a time: the edge lists them, a line each, and central is posted the same lines.
 */
#ifndef KUDOS_COMMON_IO_ADMIN_COMPARE_QUERY_H
#define KUDOS_COMMON_IO_ADMIN_COMPARE_QUERY_H

#include "kudos/compare.h"

enum {
    KD_COMPARE_LINES_MAX = 256,                        /* rows of one question */
    KD_COMPARE_LINE_MAX = 2 * KD_COMPARE_KEY_MAX + 24, /* bytes */
};

/* What is not asked for is empty or 0. */
typedef struct {
    char edge[KD_NAME_MAX + 1];
    uint32_t partition;
    kd_compare_window window;
    uint8_t from_data[KD_COMPARE_KEY_MAX], to_data[KD_COMPARE_KEY_MAX];
    kd_bytes from, to; /* of a range */
    uint32_t rows_max;
} kd_compare_query;

/* Appends it; ends with a NUL that is not counted. */
void kd_compare_query_put(const kd_compare_query *q, kd_buf *out);
/* KD_OK or KD_EINVAL; the views point into *q. */
int kd_compare_query_read(kd_compare_query *q, const char *query);

/* A key in hexadecimal and back; false when it is none. */
void kd_hex_put(kd_bytes bytes, kd_buf *out);
bool kd_hex_read(kd_bytes text, uint8_t *out, size_t size, size_t *len);

/* {"rows":…,"digest":…,"next":"…"} */
void kd_compare_answer(const kd_range_digest *digest, const kd_buf *next, kd_buf *out);

/* A row of a key: KD_OK or KD_EMALFORMED. */
int kd_compare_row_of(kd_bytes key, kd_compare_row *row);

/* A line of a row: key in hexadecimal, time, 1 or 0 (liked), with its end. Appended. */
void kd_compare_line_put(const kd_compare_row *row, kd_buf *lines);
/* Takes the first line off *lines; the row's views point into `key`. KD_OK, KD_ENOTFOUND (none is left) or KD_EMALFORMED. */
int kd_compare_line_read(kd_bytes *lines, uint8_t key[KD_COMPARE_KEY_MAX], kd_compare_row *row);

#endif
