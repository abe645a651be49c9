/*
 * wire_heartbeat.c - the record of the members topic.
 *
 *     [1, 7, str member, run, seq, started_us, at_us, str url, str zone, leaving, partitions,
 *      [[partition, state, epoch, read, str yields], ...], ...]
 */
#include "common/wire/wire_msgpack.h"
#include "kudos/wire.h"

#include <stdlib.h>
#include <string.h>

enum { FIELDS = 12, HELD_FIELDS = 5 };

static void heartbeat_put_held(const kd_held *h, kd_buf *out)
{
    kd_msgpack_put_array(out, HELD_FIELDS);
    kd_msgpack_put_uint(out, h->partition);
    kd_msgpack_put_uint(out, h->state);
    kd_msgpack_put_uint(out, h->epoch);
    kd_msgpack_put_uint(out, h->read);
    kd_msgpack_put_str(out, h->yields);
}

static bool heartbeat_held_valid(const kd_held *h, const kd_held *before, uint32_t partitions)
{
    return h->partition < partitions && (!before || before->partition < h->partition) &&
           h->state >= KD_HELD_AWAITS && h->state <= KD_HELD_LEADS &&
           (h->yields.len == 0 || kd_name_valid(h->yields));
}

bool kd_member_url_valid(kd_bytes url)
{
    static const char *const schemes[] = {"http://", "https://"};
    bool known = false;
    for (size_t i = 0; i < KD_COUNT(schemes); i++) {
        size_t len = strlen(schemes[i]);
        known |= url.len > len && memcmp(url.data, schemes[i], len) == 0;
    }
    for (size_t i = 0; i < url.len; i++)
        if (url.data[i] <= ' ' || url.data[i] > '~') return false;
    return known && url.len <= KD_MEMBER_URL_MAX;
}

static bool heartbeat_valid(const kd_heartbeat *h)
{
    return kd_name_valid(h->member) && h->seq >= 1 && h->partitions >= 1 &&
           (h->url.len == 0 || kd_member_url_valid(h->url)) && (h->zone.len == 0 || kd_name_valid(h->zone)) &&
           h->held_count <= h->partitions;
}

void kd_heartbeat_encode(const kd_heartbeat *h, kd_buf *out)
{
    KD_ASSERT(heartbeat_valid(h) && h->partitions <= KD_PARTITIONS_MAX);
    kd_msgpack_put_array(out, FIELDS);
    kd_msgpack_put_uint(out, KD_WIRE_SCHEMA);
    kd_msgpack_put_uint(out, KD_RECORD_HEARTBEAT);
    kd_msgpack_put_str(out, h->member);
    kd_msgpack_put_uint(out, h->run);
    kd_msgpack_put_uint(out, h->seq);
    kd_msgpack_put_uint(out, h->started_us);
    kd_msgpack_put_uint(out, h->at_us);
    kd_msgpack_put_str(out, h->url);
    kd_msgpack_put_str(out, h->zone);
    kd_msgpack_put_uint(out, h->leaving);
    kd_msgpack_put_uint(out, h->partitions);
    kd_msgpack_put_array(out, h->held_count);
    for (uint32_t i = 0; i < h->held_count; i++) {
        KD_ASSERT(heartbeat_held_valid(&h->held[i], i > 0 ? &h->held[i - 1] : NULL, h->partitions));
        heartbeat_put_held(&h->held[i], out);
    }
}

static void heartbeat_read_held(kd_reader *r, kd_held *h)
{
    if (kd_msgpack_array(r) != HELD_FIELDS) r->bad = true;
    h->partition = (uint32_t)kd_msgpack_uint(r, KD_PARTITIONS_MAX - 1);
    h->state = (kd_held_state)kd_msgpack_uint(r, KD_HELD_LEADS);
    h->epoch = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    h->read = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    h->yields = kd_msgpack_str(r, KD_NAME_MAX);
}

static int heartbeat_read_all_held(kd_reader *r, kd_heartbeat *h)
{
    uint32_t count = kd_msgpack_array(r);
    if (r->bad) return KD_EMALFORMED;
    if (count > h->partitions) return KD_ETOOBIG;
    h->held = kd_alloc(count * sizeof *h->held);
    for (; h->held_count < count && !r->bad; h->held_count++) {
        kd_held *held = &h->held[h->held_count];
        heartbeat_read_held(r, held);
        if (!heartbeat_held_valid(held, h->held_count > 0 ? held - 1 : NULL, h->partitions)) r->bad = true;
    }
    return r->bad ? KD_EMALFORMED : KD_OK;
}

int kd_heartbeat_decode(kd_bytes record, kd_heartbeat *h)
{
    kd_reader r;
    uint32_t extra;
    *h = (kd_heartbeat){0};
    int err = kd_record_open(&r, record, KD_RECORD_BYTES_MAX, KD_RECORD_HEARTBEAT, FIELDS, &extra);
    if (err != KD_OK) return err;
    h->member = kd_msgpack_str(&r, KD_NAME_MAX);
    h->run = kd_msgpack_uint(&r, UINT64_MAX);
    h->seq = kd_msgpack_uint(&r, KD_TIME_END_US - 1);
    h->started_us = kd_msgpack_uint(&r, KD_TIME_END_US - 1);
    h->at_us = kd_msgpack_uint(&r, KD_TIME_END_US - 1);
    h->url = kd_msgpack_str(&r, KD_MEMBER_URL_MAX);
    h->zone = kd_msgpack_str(&r, KD_NAME_MAX);
    h->leaving = kd_msgpack_uint(&r, 1) == 1;
    h->partitions = (uint32_t)kd_msgpack_uint(&r, KD_PARTITIONS_MAX);
    err = heartbeat_read_all_held(&r, h);
    if (err == KD_OK) err = kd_record_close(&r, extra);
    if (err == KD_OK && !heartbeat_valid(h)) err = KD_EMALFORMED;
    if (err != KD_OK) kd_heartbeat_finish(h);
    return err;
}

void kd_heartbeat_finish(kd_heartbeat *h)
{
    free(h->held);
    *h = (kd_heartbeat){0};
}
