/* milestones_queue.c - the records of the milestones topic, from the commit that makes them to their delivery; milestones.h has the rows. */
#include "central/core/milestones.h"
#include "central/core/row.h"
#include "central/core/state.h"

#include <stdlib.h>

enum { RECORD_KEY_BYTES = 2 + 8 + 8, DROPS_PER_COMMIT = 64 };

static kd_bytes milestone_row_key(kd_central *c, uint64_t version, uint64_t first)
{
    kd_buf_clear(&c->key);
    kd_buf_put_u8(&c->key, KD_ROW_MILESTONE);
    kd_buf_put_u8(&c->key, 1);
    kd_buf_put_be64(&c->key, version);
    kd_buf_put_be64(&c->key, first);
    return kd_buf_view(&c->key);
}

static void milestone_row_add(kd_milestone_queue *q, const kd_milestone_row *row)
{
    if (q->gone > 0 && q->count == q->cap) { /* make room by what is gone */
        memmove(q->at, q->at + q->gone, (q->count - q->gone) * sizeof *q->at);
        q->count -= q->gone;
        q->delivered -= q->gone;
        q->taken -= q->gone;
        q->durable -= q->gone;
        q->gone = 0;
    }
    q->at = kd_grow(q->at, q->count, &q->cap, sizeof *q->at);
    q->at[q->count++] = *row;
    q->owed_bytes += row->bytes;
}

static void milestone_rows_delivered(kd_milestone_queue *q, uint32_t end)
{
    for (; q->delivered < end; q->delivered++) {
        const kd_milestone_row *row = &q->at[q->delivered];
        bool last = q->delivered + 1 == q->count || row[1].read > row->read; /* of the records behind it */
        q->owed_bytes -= row->bytes;
        if (last) q->told = row->read;
    }
    q->taken = KD_MAX(q->taken, q->delivered);
}

void kd_milestones_finish_queue(kd_milestone_queue *q)
{
    free(q->at);
    kd_buf_finish(&q->held);
}

/* ---- at the open ---- */

static int milestone_row_load(void *arg, kd_bytes key, kd_bytes value)
{
    kd_central *c = arg;
    kd_reader r = kd_reader_of(key);
    kd_read_u8(&r);
    kd_read_u8(&r);
    kd_milestone_row row = {.bytes = key.len + value.len, .read = c->history_committed.read};
    row.version = kd_read_be64(&r);
    row.first = kd_read_be64(&r);
    if (r.bad || kd_reader_left(&r) != 0 || row.version > c->version) return KD_EMALFORMED;
    milestone_row_add(&c->milestones, &row);
    return 0;
}

int kd_milestones_load(kd_central *c)
{
    const uint8_t from[] = {KD_ROW_MILESTONE, 1}, to[] = {KD_ROW_MILESTONE, 2};
    int err = c->store.scan(c->store.ctx, kd_bytes_of(from, 2), kd_bytes_of(to, 2), milestone_row_load, c);
    kd_milestone_queue *q = &c->milestones;
    q->durable = q->count;
    if (c->config.thresholds.count > 0) return err;
    /* nobody wants milestones any more: the rows go */
    milestone_rows_delivered(q, q->count);
    return err;
}

/* ---- commits ---- */

static void milestone_put_id(const kd_central *c, const kd_passed *p, kd_buf *ids)
{
    kd_milestone_id_put(ids, p->counter, p->item, p->threshold);
    if (kd_planted(c, KD_PLANT_MILESTONE_OF_EPOCH)) kd_buf_put_u8(ids, (uint8_t)('a' + c->epoch % 26));
}

/* The record of passed[first..first + count), as of the epoch of this commit. */
static void milestone_encode(const kd_central *c, const kd_commit *k, uint32_t first, uint32_t count,
                             kd_buf *record)
{
    kd_milestones m = {.partition = c->config.partition, .epoch = c->epoch, .version = k->version};
    kd_buf ids = {0};
    m.first = first;
    m.milestone_count = count;
    m.milestones = kd_alloc(count * sizeof *m.milestones);
    for (uint32_t i = 0; i < count; i++) {
        const kd_passed *p = &k->passed[first + i];
        size_t at = ids.len;
        milestone_put_id(c, p, &ids);
        m.milestones[i] = (kd_milestone){.item = p->item, .threshold = p->threshold, .count = p->count};
        m.milestones[i].id.len = ids.len - at;
        m.milestones[i].time_us = p->time_us;
        m.milestones[i].counter = p->counter;
    }
    const uint8_t *id = ids.data; /* which does not move any more */
    for (uint32_t i = 0; i < count; id += m.milestones[i++].id.len) m.milestones[i].id.data = id;
    kd_buf_clear(record);
    kd_milestones_encode(&m, record);
    free(m.milestones);
    kd_buf_finish(&ids);
}

static void milestone_put_record(kd_central *c, kd_commit *k, uint64_t first, kd_bytes record)
{
    kd_bytes key = milestone_row_key(c, k->version, first);
    kd_writes_put(&k->writes, key, record);
    milestone_row_add(&c->milestones, &(kd_milestone_row){.version = k->version,
                                                          .first = first,
                                                          .bytes = key.len + record.len,
                                                          .read = c->history_tentative.read});
}

/* Planted: the record of this commit waits for the next one, in memory. */
static void milestone_put_apart(kd_central *c, kd_commit *k)
{
    kd_buf *held = &c->milestones.held;
    if (held->len > 0) milestone_put_record(c, k, 0, kd_buf_view(held));
    kd_buf_clear(held);
    if (k->passed_count > 0)
        milestone_encode(c, k, 0, KD_MIN(k->passed_count, (uint32_t)KD_MILESTONES_RECORD_MAX), held);
}

static void milestone_rows_bound(kd_central *c)
{
    kd_milestone_queue *q = &c->milestones;
    for (; q->owed_bytes > c->config.untold_max; c->stats.milestones_dropped++)
        milestone_rows_delivered(q, q->delivered + 1);
}

void kd_milestones_put(kd_central *c, kd_commit *k)
{
    kd_milestone_queue *q = &c->milestones;
    uint32_t end = KD_MIN(q->delivered, q->gone + DROPS_PER_COMMIT), count;
    for (; q->gone < end; q->gone++) {
        const kd_milestone_row *row = &q->at[q->gone];
        kd_writes_delete(&k->writes, milestone_row_key(c, row->version, row->first));
    }
    q->durable = KD_MAX(q->durable, q->gone); /* a leader may have told what is not durable here yet */
    if (kd_follows_now(c) && kd_planted(c, KD_PLANT_MILESTONES_OF_LEADER)) return;
    if (kd_planted(c, KD_PLANT_MILESTONE_APART)) {
        milestone_put_apart(c, k);
        return;
    }
    for (uint32_t first = 0; first < k->passed_count; first += count) {
        count = KD_MIN(k->passed_count - first, (uint32_t)KD_MILESTONES_RECORD_MAX);
        milestone_encode(c, k, first, count, &c->value);
        milestone_put_record(c, k, first, kd_buf_view(&c->value));
    }
    if (kd_follows_now(c)) milestone_rows_bound(c);
}

void kd_milestones_committed(kd_central *c, const kd_commit *k)
{
    kd_milestone_queue *q = &c->milestones;
    while (q->durable < q->count && q->at[q->durable].version <= k->version) q->durable++;
    c->stats.milestones += k->passed_count;
}

/* ---- what is told ---- */

uint64_t kd_milestones_untold(const kd_central *c)
{
    const kd_milestone_queue *q = &c->milestones;
    uint64_t read = c->history_committed.read;
    bool all = q->delivered == q->count || q->at[q->delivered].read > read;
    return all || kd_planted(c, KD_PLANT_TOLD_UNDELIVERED) ? 0 : read - q->told;
}

void kd_milestones_vouched(kd_central *c, uint64_t told)
{
    kd_milestone_queue *q = &c->milestones;
    uint32_t end = q->delivered;
    while (end < q->count && q->at[end].read <= told) end++;
    if (end == q->delivered || told == 0) return;
    milestone_rows_delivered(q, end);
    kd_commit_open(c)->fed = true;
}

/* ---- records out ---- */

int kd_central_milestones_next(kd_central *c, kd_buf *record, uint64_t *version)
{
    kd_milestone_queue *q = &c->milestones;
    if (c->poisoned) return KD_EIO;
    if (!kd_central_durable(c) || q->taken >= q->durable) return KD_ENOTFOUND;
    const kd_milestone_row *row = &q->at[q->taken];
    kd_milestones m;
    int err = c->store.get(c->store.ctx, milestone_row_key(c, row->version, row->first), &c->value);
    if (err == KD_OK) err = kd_milestones_decode(kd_buf_view(&c->value), &m);
    if (err != KD_OK)
        return kd_central_poison(c); /* it is listed: a row that is not there is a failed read */
    m.epoch = c->epoch_committed;
    m.version = kd_link_label(c, m.version);
    kd_buf_clear(record);
    kd_milestones_encode(&m, record);
    kd_milestones_finish(&m);
    *version = row->version;
    q->taken++;
    return KD_OK;
}

void kd_central_milestones_delivered(kd_central *c)
{
    milestone_rows_delivered(&c->milestones, c->milestones.taken);
}
