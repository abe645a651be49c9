/*
 * wire_msgpack.h - msgpack for records: msgpack-c writes, a strict reader of our own reads.
 *
 * msgpack-c allocates by the lengths that a stranger claims. This reader allocates nothing, hands out views,
 * and takes only the shortest form of each value, so that a record has one encoding. Like kd_reader it goes
 * bad once and stays bad: check at the end. Values that are skipped may be nested 32 deep, and are not checked for the shortest form.
 */
#ifndef KUDOS_COMMON_WIRE_WIRE_MSGPACK_H
#define KUDOS_COMMON_WIRE_WIRE_MSGPACK_H

#include "kudos/base.h"

/* ---- writing: appends to *out, in the shortest form ---- */
void kd_msgpack_put_array(kd_buf *out, size_t elements); /* the head; `elements` values follow */
void kd_msgpack_put_uint(kd_buf *out, uint64_t v);       /* a number */
void kd_msgpack_put_str(kd_buf *out, kd_bytes s);        /* text; UTF-8 is the caller's matter */
void kd_msgpack_put_bin(kd_buf *out, kd_bytes b);        /* bytes */

/* ---- reading: the next value, which must be of that type; views point into the record ---- */
/* Reads the head of an array: how many elements follow. Bad when fewer bytes are left than that, since each takes at least one. */
uint32_t kd_msgpack_array(kd_reader *r);
/* An unsigned number; bad above `max`. */
uint64_t kd_msgpack_uint(kd_reader *r, uint64_t max);
/* A text; bad above max_len bytes. UTF-8 is not checked. */
kd_bytes kd_msgpack_str(kd_reader *r, size_t max_len);
/* Bytes, as many as the record holds. */
kd_bytes kd_msgpack_bin(kd_reader *r);
/* Passes over so many values of any type. */
void kd_msgpack_skip(kd_reader *r, uint32_t values);

/* Opens a record of at least `fields` elements, schema and kind included, and stands behind these two. *extra: how many elements follow that are
 * unknown here. KD_ETOOBIG: more than max_len bytes. KD_EVERSION: a newer schema, or a kind that is unknown here. KD_EMALFORMED: another kind, too
 * few elements, or no record. */
int kd_record_open(kd_reader *r, kd_bytes record, size_t max_len, int kind, uint32_t fields, uint32_t *extra);
/* Passes over the unknown elements. KD_OK, or KD_EMALFORMED when something read since kd_record_open was bad, or a byte is left over. */
int kd_record_close(kd_reader *r, uint32_t extra);

#endif
