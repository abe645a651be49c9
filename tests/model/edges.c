/* edges.c - the shell of an edge in the model: group commits that take time, a producer, a consumer, questions. */
#include "tests/model/world.h"

#include <stdlib.h>

const char *const edge_names[EDGES] = {"mumbai", "singapore", "virginia"};

uint32_t edge_identity(const model_world *w, uint32_t i)
{
    return i == TWIN ? w->twin_of : i;
}

/* What the copy answers dies with its directory. */
bool edge_promises(uint32_t i)
{
    return i != TWIN;
}

uint64_t edge_now(const model_world *w, uint32_t i)
{
    return (uint64_t)((int64_t)w->now_us + w->edges[i].clock_us);
}

void edge_start(model_world *w, uint32_t i)
{
    model_edge *m = &w->edges[i];
    kd_edge_config config = {.edge = kd_bytes_str(edge_names[edge_identity(w, i)]),
                             .region = kd_bytes_str(edge_names[edge_identity(w, i)]),
                             .shards = 1,
                             .partitions = PARTS,
                             .counters = &model_counters,
                             .drift_us = MODEL_DRIFT_US,
                             .flush_ops = 4,
                             .flush_interval_us = 300000,
                             .idle_interval_max_us = 2000000,
                             .resend_min_us = 700000,
                             .resend_max_us = 3000000,
                             .send_window = 8,
                             .outbox_bytes_max = 1 << 20,
                             .items_max = 64,
                             .fresh_rows_max = w->seed % 4 == 0 ? 0 : 1u << 2 * (w->seed % 4),
                             .idempotency_max = 64,
                             .idempotency_ttl_us = 60000000,
                             .row_ttl_us = w->options.row_ttl_us,
                             .seed = kd_random_next(&w->random),
                             .plant = w->edge_plant};
    kd_store store = sim_disk_view(m->disk);
    int err = kd_edge_open(&config, &store, edge_now(w, i), &m->core);
    if (err != KD_OK) world_fail(w, "edge %u does not open: %s", i, kd_strerror(err));
    m->life++;
    world_trace(w, "edge %u starts", i);
    for (uint32_t p = 0; m->core && p < PARTS; p++) {
        int64_t offset = kd_edge_counts_offset(m->core, p);
        m->cursor[p] = offset >= 0 ? offset : w->counts[p].count;
    }
}

void edge_count(model_world *w, uint32_t i)
{
    kd_edge_stats stats;
    kd_edge_get_stats(w->edges[i].core, &stats);
    w->expired += stats.expired;
}

void edge_stop(model_world *w, uint32_t i)
{
    model_edge *m = &w->edges[i];
    edge_count(w, i);
    kd_edge_close(m->core);
    m->core = NULL;
    for (uint32_t n = 0; n < m->waiting_count; n++) client_unanswered(w, m->waiting[n].attempt);
    m->waiting_count = 0;
    m->group = 0;
}

void edge_commit_begin(model_world *w, uint32_t i)
{
    model_edge *m = &w->edges[i];
    if (m->group == 0) kd_edge_commit_begin(m->core, edge_now(w, i), &m->writes, &m->group);
}

static void release(model_world *w, model_edge *m, uint64_t group)
{
    uint32_t kept = 0;
    for (uint32_t n = 0; n < m->waiting_count; n++) {
        model_waiting *waiting = &m->waiting[n];
        if (waiting->group <= group)
            client_answered(w, waiting->attempt, waiting->stamp_us);
        else
            m->waiting[kept++] = *waiting;
    }
    m->waiting_count = kept;
}

void edge_commit_end(model_world *w, uint32_t i)
{
    model_edge *m = &w->edges[i];
    if (m->group == 0) return;
    uint64_t group = m->group;
    sim_disk_apply(m->disk, m->writes);
    m->group = 0;
    if (kd_edge_commit_end(m->core, group, KD_OK) != KD_OK) world_fail(w, "edge %u refuses a commit", i);
    release(w, m, group);
}

void edge_step(model_world *w, uint32_t i)
{
    model_edge *m = &w->edges[i];
    kd_edge_tick(m->core, edge_now(w, i));
    kd_buf record = {0};
    uint32_t partition;
    kd_position at;
    while (kd_edge_send_next(m->core, edge_now(w, i), &record, &partition, &at) == KD_OK) {
        w->sending = kd_grow(w->sending, w->sending_count, &w->sending_cap, sizeof(w->sending[0]));
        w->sending[w->sending_count++] =
            (model_sending){.record = record, .edge = i, .partition = partition, .life = m->life, .at = at};
        record = (kd_buf){0};
    }
    kd_buf_finish(&record);
}

/* The producer's record reaches the log: once, twice, or not although it was acknowledged. */
void edge_deliver_record(model_world *w, uint32_t index)
{
    model_sending s = w->sending[index];
    model_edge *m = &w->edges[s.edge];
    if (m->cut_up && !w->healing) return;
    w->sending[index] = w->sending[--w->sending_count];
    bool faulty = w->options.log_faults && !w->healing;
    bool lost = faulty && world_chance(w, 6);
    if (!lost) log_append(&w->likes[s.partition], kd_buf_view(&s.record));
    if (faulty && world_chance(w, 10)) log_append(&w->likes[s.partition], kd_buf_view(&s.record));
    if (m->core && m->life == s.life)
        kd_edge_delivered(m->core, s.partition, s.at, true, edge_now(w, s.edge));
    kd_buf_finish(&s.record);
}

static void consume_one(model_world *w, uint32_t i, uint32_t p)
{
    model_edge *m = &w->edges[i];
    if (m->cursor[p] > w->counts[p].count) m->cursor[p] = w->counts[p].count;
    kd_bytes record = log_read(&w->counts[p], m->cursor[p]);
    if (!record.data) return;
    int verdict = kd_edge_snapshot(m->core, record, m->cursor[p], edge_now(w, i));
    m->cursor[p]++;
    if (verdict < 0) world_fail(w, "edge %u: snapshot: %s", i, kd_strerror(verdict));
    world_trace(w, "edge %u partition %u: snapshot at %lld: %d", i, p, (long long)m->cursor[p] - 1, verdict);
    w->snapshots += verdict == KD_INSTALLED;
    w->gaps += verdict == KD_SNAPSHOT_GAP;
    w->undone += verdict == KD_SNAPSHOT_UNDONE;
}

void edge_consume(model_world *w, uint32_t i)
{
    model_edge *m = &w->edges[i];
    if (m->cut_down && !w->healing) return;
    for (uint32_t p = 0; p < PARTS; p++) {
        if (w->options.log_faults && !w->healing && world_chance(w, 4)) m->cursor[p]++;
        if (w->options.log_faults && !w->healing && world_chance(w, 4) && m->cursor[p] > 2) m->cursor[p] -= 2;
        for (uint32_t n = w->healing ? 50 : 1 + world_pick(w, 3); n > 0; n--) consume_one(w, i, p);
    }
}

void edge_ask(model_world *w, uint32_t i, uint32_t item)
{
    model_edge *m = &w->edges[i];
    kd_bytes key = kd_item_key(&w->items[item]);
    kd_view view;
    if (kd_edge_view(m->core, key, &view) == KD_OK) return;
    if (kd_edge_ask(m->core, key) != KD_OK) return;
    model_answer a = {.edge = i, .life = m->life, .item = item};
    model_central *c = &w->centrals[kd_partition(key, PARTS)];
    bool cut = m->cut_ask && !w->healing;
    if (c->core && !cut) {
        kd_central_read(c->core, &key, 1, kd_bytes_str(edge_names[edge_identity(w, i)]), w->now_us,
                        &a.record);
    }
    w->answers = kd_grow(w->answers, w->answers_count, &w->answers_cap, sizeof(w->answers[0]));
    w->answers[w->answers_count++] = a;
}

void edge_deliver_answer(model_world *w, uint32_t index)
{
    model_answer a = w->answers[index];
    w->answers[index] = w->answers[--w->answers_count];
    model_edge *m = &w->edges[a.edge];
    if (m->core && m->life == a.life) {
        int err = kd_edge_answer(m->core, kd_item_key(&w->items[a.item]), kd_buf_view(&a.record),
                                 edge_now(w, a.edge));
        if (err != KD_OK && err != KD_EAGAIN) world_fail(w, "edge %u: answer: %s", a.edge, kd_strerror(err));
    }
    kd_buf_finish(&a.record);
}
