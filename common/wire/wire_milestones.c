/*
 * wire_milestones.c - the record of the milestones topic.
 *
 *     [1, 5, partition, epoch, version, first, [[str id, counter, str item, threshold, count, time_us], ...], ...]
 *
 * `item` is collection/id, as people write it, and no key: who reads milestones needs no more than msgpack.
 */
#include "common/wire/wire_msgpack.h"
#include "kudos/wire.h"

#include <stdio.h>
#include <stdlib.h>

enum { FIELDS = 7, MILESTONE_FIELDS = 6 };

void kd_milestone_id_put(kd_buf *out, uint8_t counter, kd_bytes item, uint64_t threshold)
{
    char text[KD_ITEM_KEY_MAX], id[KD_MILESTONE_ID_MAX + 1];
    kd_key_text(item, text);
    int len = snprintf(id, sizeof id, "%u/%s/%llu", counter, text, (unsigned long long)threshold);
    KD_ASSERT(len > 0 && len <= KD_MILESTONE_ID_MAX);
    kd_buf_put(out, id, (size_t)len);
}

static void milestone_put(const kd_milestone *m, kd_buf *out)
{
    char text[KD_ITEM_KEY_MAX];
    KD_ASSERT(m->counter >= 1 && m->counter <= KD_COUNTER_ID_MAX && m->id.len <= KD_MILESTONE_ID_MAX);
    KD_ASSERT(m->threshold >= 1 && m->count >= m->threshold && m->count < KD_TIME_END_US);
    kd_msgpack_put_array(out, MILESTONE_FIELDS);
    kd_msgpack_put_str(out, m->id);
    kd_msgpack_put_uint(out, m->counter);
    kd_msgpack_put_str(out, kd_bytes_of(text, kd_key_text(m->item, text)));
    kd_msgpack_put_uint(out, m->threshold);
    kd_msgpack_put_uint(out, m->count);
    kd_msgpack_put_uint(out, m->time_us);
}

void kd_milestones_encode(const kd_milestones *m, kd_buf *out)
{
    KD_ASSERT(m->milestone_count <= KD_MILESTONES_RECORD_MAX && m->partition < KD_PARTITIONS_MAX &&
              m->epoch >= 1);
    const uint64_t head[FIELDS - 1] = {KD_WIRE_SCHEMA, KD_RECORD_MILESTONES, m->partition,
                                       m->epoch,       m->version,           m->first};
    kd_msgpack_put_array(out, FIELDS);
    for (size_t i = 0; i < KD_COUNT(head); i++) kd_msgpack_put_uint(out, head[i]);
    kd_msgpack_put_array(out, m->milestone_count);
    for (uint32_t i = 0; i < m->milestone_count; i++) milestone_put(&m->milestones[i], out);
}

static void milestone_read(kd_reader *r, kd_milestone *m, kd_buf *arena)
{
    kd_item item;
    if (kd_msgpack_array(r) != MILESTONE_FIELDS) r->bad = true;
    m->id = kd_msgpack_str(r, KD_MILESTONE_ID_MAX);
    m->counter = (uint8_t)kd_msgpack_uint(r, KD_COUNTER_ID_MAX);
    kd_bytes text = kd_msgpack_str(r, KD_ITEM_KEY_MAX);
    m->threshold = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    m->count = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    m->time_us = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    if (r->bad || m->counter == 0 || m->id.len == 0 || m->threshold == 0 || m->count < m->threshold ||
        kd_item_parse(&item, text) != KD_OK) {
        r->bad = true;
        return;
    }
    m->item.len = kd_item_key(&item).len;
    kd_buf_put(arena, kd_item_key(&item).data, m->item.len);
}

static int milestones_read(kd_reader *r, kd_milestones *m)
{
    uint32_t count = kd_msgpack_array(r);
    if (r->bad) return KD_EMALFORMED;
    if (count > KD_MILESTONES_RECORD_MAX) return KD_ETOOBIG;
    m->milestones = kd_alloc(count * sizeof *m->milestones);
    for (; m->milestone_count < count && !r->bad; m->milestone_count++)
        milestone_read(r, &m->milestones[m->milestone_count], &m->arena);
    if (r->bad) return KD_EMALFORMED;
    const uint8_t *p = m->arena.data; /* which does not move any more */
    for (uint32_t i = 0; i < count; p += m->milestones[i++].item.len) m->milestones[i].item.data = p;
    return KD_OK;
}

int kd_milestones_decode(kd_bytes record, kd_milestones *m)
{
    kd_reader r;
    uint32_t extra;
    *m = (kd_milestones){0};
    int err = kd_record_open(&r, record, KD_RECORD_BYTES_MAX, KD_RECORD_MILESTONES, FIELDS, &extra);
    if (err != KD_OK) return err;
    m->partition = (uint32_t)kd_msgpack_uint(&r, KD_PARTITIONS_MAX - 1);
    m->epoch = kd_msgpack_uint(&r, KD_TIME_END_US - 1);
    m->version = kd_msgpack_uint(&r, KD_TIME_END_US - 1);
    m->first = (uint32_t)kd_msgpack_uint(&r, UINT32_MAX);
    err = milestones_read(&r, m);
    if (err == KD_OK) err = kd_record_close(&r, extra);
    if (err == KD_OK && m->epoch == 0) err = KD_EMALFORMED;
    if (err != KD_OK) kd_milestones_finish(m);
    return err;
}

void kd_milestones_finish(kd_milestones *m)
{
    free(m->milestones);
    kd_buf_finish(&m->arena);
    *m = (kd_milestones){0};
}
