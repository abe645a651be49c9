/* wire_marker.c - the marker in the counts topic: [1, 8, partition, epoch, str central, at_us, version, ...]. */
#include "common/wire/wire_msgpack.h"
#include "kudos/wire.h"

enum { FIELDS = 7 };

void kd_marker_encode(const kd_marker *marker, kd_buf *out)
{
    KD_ASSERT(marker->epoch >= 1 && marker->partition < KD_PARTITIONS_MAX);
    kd_msgpack_put_array(out, FIELDS);
    kd_msgpack_put_uint(out, KD_WIRE_SCHEMA);
    kd_msgpack_put_uint(out, KD_RECORD_MARKER);
    kd_msgpack_put_uint(out, marker->partition);
    kd_msgpack_put_uint(out, marker->epoch);
    kd_msgpack_put_str(out, marker->central);
    kd_msgpack_put_uint(out, marker->at_us);
    kd_msgpack_put_uint(out, marker->version);
}

int kd_marker_decode(kd_bytes record, kd_marker *marker)
{
    kd_reader r;
    uint32_t extra;
    *marker = (kd_marker){0};
    int err = kd_record_open(&r, record, KD_RECORD_BYTES_MAX, KD_RECORD_MARKER, FIELDS, &extra);
    if (err != KD_OK) return err;
    kd_marker m = {.partition = (uint32_t)kd_msgpack_uint(&r, KD_PARTITIONS_MAX - 1)};
    m.epoch = kd_msgpack_uint(&r, KD_TIME_END_US - 1);
    m.central = kd_msgpack_str(&r, KD_NAME_MAX);
    m.at_us = kd_msgpack_uint(&r, KD_TIME_END_US - 1);
    m.version = kd_msgpack_uint(&r, KD_TIME_END_US - 1);
    err = kd_record_close(&r, extra);
    if (err != KD_OK) return err;
    if (m.epoch == 0 || !kd_name_valid(m.central)) return KD_EMALFORMED;
    *marker = m;
    return KD_OK;
}
