/*
 * wire_msgpack.h - msgpack for records: msgpack-c writes, a strict reader of our own reads.
 *
 * msgpack-c allocates by the lengths that a stranger claims; this reader allocates nothing, hands out views,
 * and takes only the shortest form of each value, so that a record has one encoding. Like kd_reader it goes
 * bad once and stays bad: check at the end. Nested values that are skipped may be 32 deep.
 */
#ifndef KUDOS_COMMON_WIRE_WIRE_MSGPACK_H
#define KUDOS_COMMON_WIRE_WIRE_MSGPACK_H

#include "kudos/base.h"

/* ---- writing: appends to *out ---- */
void kd_msgpack_put_array(kd_buf *out, size_t elements);
void kd_msgpack_put_uint(kd_buf *out, uint64_t v);
void kd_msgpack_put_str(kd_buf *out, kd_bytes s);
void kd_msgpack_put_bin(kd_buf *out, kd_bytes b);

/* ---- reading ---- */
/* Elements of an array; bad if they cannot be there, since each takes at least one byte. */
uint32_t kd_msgpack_array(kd_reader *r);
/* Unsigned, at most `max`. */
uint64_t kd_msgpack_uint(kd_reader *r, uint64_t max);
kd_bytes kd_msgpack_str(kd_reader *r, size_t max_len);
kd_bytes kd_msgpack_bin(kd_reader *r);
void kd_msgpack_skip(kd_reader *r, uint32_t values);

/*
 * Opens a record: checks its size against max_len (KD_ETOOBIG), schema (KD_EVERSION when newer), kind, and
 * that at least `fields` elements are there, schema and kind included. *extra is how many unknown ones follow
 * those.
 */
int kd_record_open(kd_reader *r, kd_bytes record, size_t max_len, int kind, uint32_t fields, uint32_t *extra);
/* Skips the unknown elements; KD_OK if all was well formed and no byte is left. */
int kd_record_close(kd_reader *r, uint32_t extra);

#endif
