/* central_rig.c - drives central's core for tests. */
#include "tests/lib/central_rig.h"

#include <stdio.h>
#include <stdlib.h>

void rig_init(rig *r)
{
    *r = (rig){.hint = 1000, .now_us = 40000 * RIG_DAY};
    r->counters = (kd_counters){
        .count = 3,
        .at = {{"like", RIG_LIKE, KD_SET}, {"save", RIG_SAVE, KD_SET}, {"view", RIG_VIEW, KD_SUM}}};
    r->config = (kd_central_config){.name = kd_bytes_str("central-1"),
                                    .partitions = 1,
                                    .counters = &r->counters,
                                    .drift_us = 500000,
                                    .redo_bytes_max = 1 << 20,
                                    .counts_cached_max = 1000,
                                    .publish_changes = true,
                                    .untold_max = 1 << 20,
                                    .seed = 7};
    r->disk = sim_disk_create();
    KD_ASSERT(rig_reopen(r) == KD_OK);
    rig_commit(r);
}

void rig_finish(rig *r)
{
    kd_central_close(r->c);
    sim_disk_destroy(r->disk);
}

void rig_open_as(rig *r, bool follows)
{
    r->config.follows = follows;
    KD_ASSERT(rig_reopen(r) == KD_OK);
    rig_commit(r);
}

int rig_reopen(rig *r)
{
    kd_central_close(r->c);
    r->c = NULL;
    r->store = sim_disk_view(r->disk);
    r->hint += 10;
    return kd_central_open(&r->config, &r->store, r->hint, r->now_us, &r->c);
}

kd_fed rig_feed(rig *r, kd_bytes record)
{
    return kd_central_feed(r->c, record, r->offset++, r->now_us);
}

static int rig_write(rig *r, const kd_decision *d, kd_fed *fed)
{
    kd_buf record = {0};
    int err = kd_central_decide(r->c, d, r->now_us, &record);
    kd_fed became = err == KD_OK ? rig_feed(r, kd_buf_view(&record)) : KD_FED_VOID;
    if (fed) *fed = became;
    kd_buf_finish(&record);
    return err;
}

int rig_decide(rig *r, kd_decided what, kd_bytes body, kd_fed *fed)
{
    char job[16];
    snprintf(job, sizeof job, "rig-%u", ++r->jobs);
    const kd_decision d = {.job = kd_bytes_str(job), .seq = 1, .last = true, .what = what, .body = body};
    return rig_write(r, &d, fed);
}

uint32_t rig_hand(rig *r)
{
    kd_decision d;
    uint32_t count = 0;
    for (; kd_central_propose(r->c, r->now_us, &d) == KD_OK; count++)
        KD_ASSERT(rig_write(r, &d, NULL) == KD_OK);
    return count;
}

void rig_commit(rig *r)
{
    const kd_writes *w;
    uint64_t version;
    while (kd_central_commit_begin(r->c, &w, &version) == KD_OK) {
        sim_disk_apply(r->disk, w);
        KD_ASSERT(kd_central_commit_end(r->c, version, KD_OK) == KD_OK);
    }
}

kd_bytes rig_item(uint32_t n)
{
    static kd_item **pool;
    static uint32_t count, cap;
    while (count <= n) {
        char text[32];
        pool = kd_grow(pool, count, &cap, sizeof *pool);
        pool[count] = kd_alloc(sizeof(kd_item));
        snprintf(text, sizeof text, "posts/%u", count);
        KD_ASSERT(kd_item_parse(pool[count++], kd_bytes_str(text)) == KD_OK);
    }
    return kd_item_key(pool[n]);
}

kd_bytes rig_user(uint32_t n)
{
    static char(*pool[1024])[16];
    KD_ASSERT(n < 1024 * 1024);
    if (!pool[n / 1024]) {
        pool[n / 1024] = kd_alloc(1024 * sizeof(*pool[0]));
        for (uint32_t i = 0; i < 1024; i++) snprintf(pool[n / 1024][i], 16, "u%u", n / 1024 * 1024 + i);
    }
    return kd_bytes_str(pool[n / 1024][n % 1024]);
}

void rig_seal_body(rig_edge *e, kd_body *body, uint64_t complete_to_us, kd_buf *record)
{
    kd_buf bytes = {0};
    kd_body_encode(body, &bytes);
    kd_batch b = {.edge = kd_bytes_str(e->name), .region = kd_bytes_str(e->region), .after = e->last};
    b.after_digest = e->last_digest;
    bool fresh = e->restarted || e->last.seq == 0;
    if (fresh) e->incarnation++;
    e->restarted = false;
    b.at = (kd_position){e->incarnation, fresh ? 1 : e->last.seq + 1};
    b.body = kd_buf_view(&bytes);
    b.digest = kd_body_digest(b.body);
    b.complete_to_us = complete_to_us;
    b.viral = e->viral;
    kd_buf_clear(record);
    kd_batch_encode(&b, record);
    e->last = b.at;
    e->last_digest = b.digest;
    kd_buf_finish(&bytes);
}

void rig_seal(rig_edge *e, const rig_op *ops, uint32_t op_count, const kd_sum *sums, uint32_t sum_count,
              uint64_t complete_to_us, kd_buf *record)
{
    kd_body body = {.op_count = op_count, .sum_count = sum_count};
    body.ops = kd_alloc(op_count * sizeof *body.ops);
    body.sums = kd_alloc(sum_count * sizeof *body.sums);
    if (sum_count) memcpy(body.sums, sums, sum_count * sizeof *sums);
    for (uint32_t i = 0; i < op_count; i++) {
        const rig_op *o = &ops[i];
        body.ops[i] = (kd_op){rig_item(o->item), rig_user(o->user), o->time_us, o->counter, o->liked};
    }
    rig_seal_body(e, &body, complete_to_us, record);
    free(body.ops);
    free(body.sums);
}

kd_fed rig_one(rig *r, rig_edge *e, rig_op op)
{
    kd_buf record = {0};
    rig_seal(e, &op, 1, NULL, 0, op.time_us, &record);
    kd_fed fed = rig_feed(r, kd_buf_view(&record));
    kd_buf_finish(&record);
    return fed;
}

uint64_t rig_total(rig *r, uint32_t item, uint32_t counter_index)
{
    uint64_t totals[KD_COUNTERS_MAX];
    KD_ASSERT(kd_central_totals(r->c, rig_item(item), totals) == KD_OK);
    return totals[counter_index];
}

typedef struct {
    kd_bytes region;
    uint32_t day;
    uint64_t found, sum;
} part_search;

static void search_region(void *arg, kd_bytes name, uint32_t day, uint64_t count)
{
    part_search *s = arg;
    (void)day;
    KD_ASSERT(count > 0);
    if (kd_bytes_eq(name, s->region)) s->found += count;
    s->sum += count;
}

static void search_day(void *arg, kd_bytes name, uint32_t day, uint64_t count)
{
    part_search *s = arg;
    KD_ASSERT(name.len == 0 && count > 0);
    if (day == s->day) s->found += count;
    s->sum += count;
}

uint64_t rig_region(rig *r, uint32_t item, uint32_t counter_index, const char *region)
{
    part_search s = {.region = kd_bytes_str(region)};
    KD_ASSERT(kd_central_by_region(r->c, rig_item(item), counter_index, search_region, &s) == KD_OK);
    return s.found;
}

uint64_t rig_day(rig *r, uint32_t item, uint32_t counter_index, uint32_t day)
{
    part_search s = {.day = day};
    KD_ASSERT(kd_central_by_day(r->c, rig_item(item), counter_index, search_day, &s) == KD_OK);
    return s.found;
}

bool rig_sums_agree(rig *r, uint32_t item)
{
    for (uint32_t i = 0; i < r->counters.count; i++) {
        part_search regions = {0}, days = {0};
        uint64_t total = rig_total(r, item, i);
        KD_ASSERT(kd_central_by_region(r->c, rig_item(item), i, search_region, &regions) == KD_OK);
        KD_ASSERT(kd_central_by_day(r->c, rig_item(item), i, search_day, &days) == KD_OK);
        if (regions.sum != total || days.sum != total) return false;
    }
    return true;
}

static void take_part(void *arg, kd_bytes record)
{
    rig_snapshot *s = arg;
    s->parts = kd_grow(s->parts, s->count, &s->cap, sizeof *s->parts);
    kd_bytes copy = kd_bytes_of(kd_dup(record), record.len);
    KD_ASSERT(kd_snapshot_decode(copy, &s->parts[s->count]) == KD_OK);
    /* Names of edges are views into the record: they stay with the arena. */
    kd_snapshot *p = &s->parts[s->count++];
    for (uint32_t i = 0; i < p->edge_count; i++) p->edges[i].edge.data = kd_dup(p->edges[i].edge);
    free((void *)(uintptr_t)copy.data);
}

int rig_snapshot_take(rig *r, uint64_t now_us, rig_snapshot *s)
{
    *s = (rig_snapshot){0};
    return kd_central_snapshot(r->c, now_us, take_part, s);
}

void rig_snapshot_finish(rig_snapshot *s)
{
    for (uint32_t i = 0; i < s->count; i++) {
        for (uint32_t j = 0; j < s->parts[i].edge_count; j++)
            free((void *)(uintptr_t)s->parts[i].edges[j].edge.data);
        kd_snapshot_finish(&s->parts[i]);
    }
    free(s->parts);
    *s = (rig_snapshot){0};
}
