/* part.c - see the header. */
#include "edge/core/part.h"
#include "edge/core/keys.h"
#include "edge/core/state.h"

kd_part *kd_edge_part_by_id(const kd_edge *e, uint32_t partition)
{
    if (partition >= e->config.partitions || partition % e->config.shards != e->config.shard) return NULL;
    return &e->parts[partition / e->config.shards];
}

kd_part *kd_edge_part(kd_edge *e, kd_bytes item)
{
    kd_part *p = kd_edge_part_by_id(e, kd_partition(item, e->config.partitions));
    KD_ASSERT(p); /* the shell routes each request to the shard of its partition */
    return p;
}

void kd_part_init_all(kd_edge *e)
{
    for (uint32_t id = e->config.shard; id < e->config.partitions; id += e->config.shards) e->part_count++;
    e->parts = kd_alloc(e->part_count * sizeof(e->parts[0]));
    for (uint32_t i = 0; i < e->part_count; i++) {
        kd_part *p = &e->parts[i];
        p->id = e->config.shard + i * e->config.shards;
        p->next_seq = 1;
        p->counts_offset = -1;
        p->idle_interval_us = e->config.flush_interval_us;
        TAILQ_INIT(&p->outbox.batches);
        TAILQ_INIT(&p->spill.done);
    }
}

/* Value: varints as listed. Fields are only ever appended. The cursor of a resend is not stored: a start begins with the first row. */
void kd_part_put(kd_edge *e, const kd_part *p)
{
    kd_key_part(&e->key, 'p', p->id);
    kd_buf_clear(&e->value);
    /* clang-format off */
    const uint64_t fields[] = {
        p->epoch, p->version, p->floor_version, p->made_us, p->low_watermark_us, p->watermark_us,
        p->stale_made_us, p->stale_as_of_us, p->stale_floor, p->applied.incarnation, p->applied.seq,
        p->applied_digest, (uint64_t)(p->counts_offset + 1), p->hold.held, p->resend.active, p->hold.complete_to_us,
        p->hold.until.incarnation, p->hold.until.seq, p->rehome.active, p->sweep.expired_us, p->hold.doubted_us,
        p->retired, p->rehome.rival,
    };
    /* clang-format on */
    for (size_t i = 0; i < KD_COUNT(fields); i++) kd_buf_put_varint(&e->value, fields[i]);
    kd_writes_put(kd_edge_writes(e), kd_buf_view(&e->key), kd_buf_view(&e->value));
}

/* Whether all values are in their ranges; a damaged row must not become a position or a time. */
static bool part_sane(const kd_part *p)
{
    const uint64_t numbers[] = {p->epoch,
                                p->version,
                                p->floor_version,
                                p->made_us,
                                p->watermark_us,
                                p->low_watermark_us,
                                p->stale_made_us,
                                p->stale_as_of_us,
                                p->stale_floor,
                                p->applied.incarnation,
                                p->applied.seq,
                                p->hold.complete_to_us,
                                p->sweep.expired_us,
                                p->hold.until.incarnation,
                                p->hold.until.seq,
                                p->rehome.rival};
    for (size_t i = 0; i < KD_COUNT(numbers); i++)
        if (numbers[i] >= KD_TIME_END_US) return false;
    return p->counts_offset >= -1 && p->counts_offset < INT64_MAX;
}

static int part_load_row(void *arg, kd_bytes key, kd_bytes value)
{
    kd_edge *e = arg;
    kd_reader k = kd_reader_of(key), r = kd_reader_of(value);
    kd_read_u8(&k);
    kd_part *p = kd_edge_part_by_id(e, kd_read_be16(&k));
    if (k.bad || !p) return KD_EMALFORMED;
    uint64_t *fields[] = {&p->epoch,         &p->version,          &p->floor_version,
                          &p->made_us,       &p->low_watermark_us, &p->watermark_us,
                          &p->stale_made_us, &p->stale_as_of_us,   &p->stale_floor};
    for (size_t i = 0; i < KD_COUNT(fields); i++) *fields[i] = kd_read_varint(&r);
    p->applied.incarnation = kd_read_varint(&r);
    p->applied.seq = kd_read_varint(&r);
    p->applied_digest = kd_read_varint(&r);
    p->counts_offset = (int64_t)kd_read_varint(&r) - 1;
    p->hold.held = kd_read_varint(&r) != 0;
    p->resend.active = kd_read_varint(&r) != 0;
    p->hold.complete_to_us = kd_read_varint(&r);
    p->hold.until.incarnation = kd_read_varint(&r);
    p->hold.until.seq = kd_read_varint(&r);
    p->rehome.active = kd_read_varint(&r) != 0;
    if (kd_reader_left(&r) > 0)
        p->sweep.expired_us = kd_read_varint(&r); /* older stores lack the fields from here on */
    if (kd_reader_left(&r) > 0) p->hold.doubted_us = kd_read_varint(&r);
    if (kd_reader_left(&r) > 0) p->retired = kd_read_varint(&r) != 0;
    /* A program that did not store the rival moved all batches. */
    p->rehome.rival = kd_reader_left(&r) > 0 ? kd_read_varint(&r) : p->rehome.active ? KD_TIME_END_US - 1 : 0;
    p->epoch_base = p->epoch;
    return r.bad || !part_sane(p) ? KD_EMALFORMED : 0;
}

int kd_part_load(kd_edge *e)
{
    return kd_keys_scan(e, 'p', UINT32_MAX, part_load_row, e);
}

/* Central mints no epoch in the last numbers, unless it heard of one near there (rule 15). An edge that followed one at the very end could not be outbid,
 * so nothing that it takes would be merged. Counted from the epoch that it has, a thousand forged snapshots would lead it there step by step. */
bool kd_part_believes(const kd_part *p, uint64_t epoch)
{
    const uint64_t near = 1ull << 30;
    return epoch <= p->epoch || epoch < KD_EPOCH_LAST ||
           (epoch >= p->epoch_base && epoch - p->epoch_base <= near);
}

void kd_part_adopt(kd_part *p, const kd_snapshot *s)
{
    if (s->epoch < KD_EPOCH_LAST) p->epoch_base = s->epoch;
    p->epoch = s->epoch;
    p->version = s->version;
    p->made_us = s->made_us;
    p->low_watermark_us = s->low_watermark_us;
    p->stable_us = s->stable_us;
}
