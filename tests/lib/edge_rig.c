/* edge_rig.c - see the header. */
#include "tests/lib/edge_rig.h"

#include <stdlib.h>

void er_init(edge_rig *r)
{
    *r = (edge_rig){.now_us = ER_START, .disk = sim_disk_create()};
    r->counters = (kd_counters){
        .count = 3,
        .at = {{"like", ER_LIKE_ID, KD_SET}, {"save", ER_SAVE_ID, KD_SET}, {"view", ER_VIEW_ID, KD_SUM}}};
    r->config = (kd_edge_config){.edge = kd_bytes_str("mumbai"),
                                 .region = kd_bytes_str("asia"),
                                 .shards = 1,
                                 .partitions = 1,
                                 .drift_us = ER_SECOND / 2,
                                 .flush_ops = 1000,
                                 .flush_interval_us = 5 * ER_SECOND,
                                 .idle_interval_max_us = 30 * ER_SECOND,
                                 .resend_min_us = ER_SECOND,
                                 .resend_max_us = 8 * ER_SECOND,
                                 .send_window = 4,
                                 .outbox_bytes_max = 1 << 30,
                                 .items_max = 1000,
                                 .key_window = &r->key_window,
                                 .idempotency_ttl_us = 3600 * ER_SECOND,
                                 .seed = 7};
    r->key_window.max = 100;
    KD_ASSERT(er_open(r) == KD_OK);
    er_commit(r);
}

int er_open(edge_rig *r)
{
    r->config.life++; /* a process of its own */
    r->key_window.next = 0;
    kd_edge_close(r->e);
    r->config.counters = &r->counters;
    kd_store store = sim_disk_view(r->disk);
    return kd_edge_open(&r->config, &store, r->now_us, &r->e);
}

void er_finish(edge_rig *r)
{
    kd_edge_close(r->e);
    sim_disk_destroy(r->disk);
    kd_body_finish(&r->body);
    kd_buf_finish(&r->record);
}

kd_request er_request(uint32_t item, uint32_t user)
{
    return (kd_request){.item = rig_item(item), .user = rig_user(user), .verb = KD_LIKE, .counter = ER_LIKE};
}

int er_take(edge_rig *r, const kd_request *rq)
{
    return kd_edge_take(r->e, rq, r->now_us, &r->out);
}

int er_like(edge_rig *r, uint32_t item, uint32_t user)
{
    kd_request rq = er_request(item, user);
    return er_take(r, &rq);
}

int er_unlike(edge_rig *r, uint32_t item, uint32_t user)
{
    kd_request rq = er_request(item, user);
    rq.verb = KD_UNLIKE;
    return er_take(r, &rq);
}

int er_view_add(edge_rig *r, uint32_t item, uint64_t amount)
{
    kd_request rq = er_request(item, 0);
    rq.verb = KD_ADD;
    rq.counter = ER_VIEW;
    rq.amount = amount;
    return er_take(r, &rq);
}

void er_commit(edge_rig *r)
{
    const kd_writes *writes;
    uint64_t group;
    while (kd_edge_commit_begin(r->e, r->now_us, &writes, &group) == KD_OK) {
        sim_disk_apply(r->disk, writes);
        KD_ASSERT(kd_edge_commit_end(r->e, group, KD_OK) == KD_OK);
    }
}

void er_seal(edge_rig *r)
{
    kd_edge_seal_all(r->e, r->now_us);
    er_commit(r);
}

int er_send(edge_rig *r)
{
    uint32_t partition;
    kd_position at;
    int err = kd_edge_send_next(r->e, r->now_us, &r->record, &partition, &at);
    if (err != KD_OK) return err;
    kd_body_finish(&r->body);
    KD_ASSERT(kd_batch_decode(kd_buf_view(&r->record), &r->batch) == KD_OK);
    KD_ASSERT(kd_body_decode(r->batch.body, &r->body) == KD_OK);
    KD_ASSERT(kd_position_cmp(at, r->batch.at) == 0);
    return KD_OK;
}

void er_ship(edge_rig *r)
{
    KD_ASSERT(er_send(r) == KD_OK);
    kd_edge_delivered(r->e, 0, r->batch.at, true, r->now_us);
}

void er_outstanding(edge_rig *r)
{
    er_init(r);
    for (uint32_t i = 0; i < 3; i++) {
        KD_ASSERT(er_like(r, 1, i) == KD_OK);
        KD_ASSERT(er_view_add(r, 1, 5) == KD_OK);
        er_seal(r);
    }
    er_ship(r);
}

void er_settle(edge_rig *r)
{
    for (int i = 0; i < 10; i++) {
        kd_edge_tick(r->e, r->now_us);
        er_commit(r);
    }
}

/* ---- central's words ------------------------------------------------------------------------------------------- */

static void encode(const edge_rig *r, const er_word *w, kd_snapshot_kind kind, kd_buf *record)
{
    kd_applied mine = {r->config.edge, w->applied, w->digest, w->watermark_us, w->retired};
    kd_item_counts *items = kd_alloc(w->items * sizeof *items);
    for (uint32_t i = 0; i < w->items; i++)
        items[i] = (kd_item_counts){
            .item = rig_item(w->item + i), .closed = w->closed, .count = 1, .at = {{ER_LIKE_ID, w->likes}}};
    kd_chain_link chain[2] = {w->chain[0], w->chain[1]};
    kd_snapshot s = {.kind = kind,
                     .epoch = w->epoch,
                     .version = w->version,
                     .previous = kind == KD_SNAPSHOT_READ ? w->version : w->previous,
                     .made_us = r->now_us,
                     .low_watermark_us = w->low_us,
                     .stable_us = w->stable_us,
                     .part = w->part,
                     .parts = w->parts ? w->parts : 1,
                     .chain = chain,
                     .chain_count = w->chain_count,
                     .edges = &mine,
                     .edge_count = w->applied.seq > 0 || w->retired,
                     .items = items,
                     .item_count = w->items};
    kd_snapshot_encode(&s, record);
    free(items);
}

int er_snapshot(edge_rig *r, const er_word *w)
{
    kd_buf record = {0};
    encode(r, w, KD_SNAPSHOT_DELTA, &record);
    int verdict = kd_edge_snapshot(r->e, kd_buf_view(&record), r->offset++, r->now_us);
    kd_buf_finish(&record);
    return verdict;
}

int er_answer(edge_rig *r, const er_word *w)
{
    kd_buf record = {0};
    er_word one = *w;
    one.items = 1;
    encode(r, &one, KD_SNAPSHOT_READ, &record);
    int err = kd_edge_answer(r->e, rig_item(w->item), kd_buf_view(&record), r->now_us);
    kd_buf_finish(&record);
    return err;
}

int er_read(edge_rig *r, const er_word *w)
{
    KD_ASSERT(kd_edge_ask(r->e, rig_item(w->item)) == KD_OK);
    return er_answer(r, w);
}

/* ---- shown counts and stored rows ------------------------------------------------------------------------------------ */

uint64_t er_shown(edge_rig *r, uint32_t item, kd_view *view)
{
    kd_view own;
    if (!view) view = &own;
    kd_edge_view(r->e, rig_item(item), view);
    return view->count[ER_LIKE];
}

kd_edge_stats er_stats(const edge_rig *r)
{
    kd_edge_stats stats;
    kd_edge_get_stats(r->e, &stats);
    return stats;
}

static int count_row(void *arg, kd_bytes key, kd_bytes value)
{
    (void)key, (void)value;
    ++*(uint32_t *)arg;
    return 0;
}

uint32_t er_rows(edge_rig *r, char kind)
{
    uint32_t rows = 0;
    kd_store store = sim_disk_view(r->disk);
    uint8_t from = (uint8_t)kind, to = (uint8_t)(kind + 1);
    KD_ASSERT(store.scan(store.ctx, kd_bytes_of(&from, 1), kd_bytes_of(&to, 1), count_row, &rows) == KD_OK);
    return rows;
}
