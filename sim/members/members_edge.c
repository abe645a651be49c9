/* members_edge.c - an edge of the run, which goes on all the time: the cores of edges have simulations of their own. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/members/members.h"

kd_item members_item(uint32_t number)
{
    char text[32];
    kd_item item;
    snprintf(text, sizeof text, "posts/%u", number);
    KD_ASSERT(kd_item_parse(&item, kd_bytes_str(text)) == KD_OK);
    return item;
}

void members_edge_open(members *w, uint32_t number)
{
    members_edge *e = &w->edges[number];
    snprintf(e->name, sizeof e->name, "edge-%u", number);
    e->disk = sim_disk_create();
    e->keys.max = 16;
    kd_store store = sim_disk_view(e->disk);
    const kd_edge_config config = {.edge = kd_bytes_str(e->name),
                                   .region = kd_bytes_str("eu"),
                                   .shards = 1,
                                   .partitions = 1,
                                   .counters = &w->counters,
                                   .drift_us = 500000,
                                   .flush_ops = 10,
                                   .flush_interval_us = 60000,
                                   .idle_interval_max_us = 100000,
                                   .resend_min_us = 200000,
                                   .resend_max_us = 800000,
                                   .send_window = 4,
                                   .outbox_bytes_max = 1 << 24,
                                   .items_max = 100,
                                   .key_window = &e->keys,
                                   .idempotency_ttl_us = 1000000,
                                   .seed = 1 + number,
                                   .plant = w->options->edge_plant};
    KD_ASSERT(kd_edge_open(&config, &store, members_now_us(w), &e->core) == KD_OK);
}

void members_edge_finish(members_edge *e)
{
    kd_edge_close(e->core);
    sim_disk_destroy(e->disk);
}

static void edge_likes(members *w, members_edge *e)
{
    char user[24];
    kd_outcome out;
    uint32_t number = (uint32_t)members_below(w, MEMBERS_ITEMS);
    kd_item item = members_item(number);
    snprintf(user, sizeof user, "u%llu", (unsigned long long)++w->users);
    kd_request rq = {.item = kd_item_key(&item), .user = kd_bytes_str(user), .verb = KD_LIKE};
    if (kd_edge_take(e->core, &rq, members_now_us(w), &out) != KD_OK) return;
    w->liked[number]++;
    w->result->likes++;
}

static void edge_commits(members *w, members_edge *e)
{
    const kd_writes *writes;
    uint64_t group;
    if (kd_edge_commit_begin(e->core, members_now_us(w), &writes, &group) != KD_OK) return;
    sim_disk_apply(e->disk, writes);
    kd_edge_commit_end(e->core, group, KD_OK);
}

static void edge_sends(members *w, members_edge *e, uint32_t number)
{
    kd_buf record = {0};
    uint32_t partition;
    kd_position at;
    while (kd_edge_send_next(e->core, members_now_us(w), &record, &partition, &at) == KD_OK) {
        e->last_flight = KD_MAX(e->last_flight, w->step) + 1 + members_below(w, 5);
        members_flight *f = members_fly(w, &w->likes, kd_buf_view(&record), e->last_flight);
        f->from = -1 - (int)number;
        f->batch = at;
        f->acknowledged = members_below(w, 30) > 0;
    }
    kd_buf_finish(&record);
}

static void edge_tell_chain(const members_edge *e, const kd_snapshot *s)
{
    for (uint32_t i = 0; i < s->chain_count; i++)
        fprintf(stderr, "       link %llx %llu\n", (unsigned long long)s->chain[i].epoch,
                (unsigned long long)s->chain[i].last);
    fprintf(stderr, "       %s had version %llu of epoch %llx\n", e->name, (unsigned long long)e->had_version,
            (unsigned long long)e->had_epoch);
}

/* With the log intact a promotion shows at no edge. */
static void edge_judge(members *w, const members_edge *e, int verdict, kd_bytes record)
{
    kd_snapshot s;
    w->result->undone += verdict == KD_SNAPSHOT_UNDONE;
    if (verdict == KD_SNAPSHOT_GAP) {
        kd_edge_stats stats;
        kd_edge_get_stats(e->core, &stats);
        w->result->gaps += stats.snapshot_gaps > 1; /* the first one tells it all */
        if (stats.snapshot_gaps <= 1) return;
    }
    if (w->harms || (verdict != KD_SNAPSHOT_UNDONE && verdict != KD_SNAPSHOT_GAP)) return;
    if (kd_snapshot_decode(record, &s) != KD_OK) return;
    if (w->options->tells) edge_tell_chain(e, &s);
    members_fail(w, verdict == KD_SNAPSHOT_GAP ? "gap" : "undone",
                 "%s, though the log is intact: version %llu after %llu of epoch %llx", e->name,
                 (unsigned long long)s.version, (unsigned long long)s.previous, (unsigned long long)s.epoch);
    kd_snapshot_finish(&s);
}

static void edge_reads(members *w, members_edge *e)
{
    while (e->counts_next < w->counts.end) {
        kd_bytes record = sim_log_read(&w->counts, e->counts_next);
        kd_edge_partition had = {0};
        kd_edge_partition_get(e->core, 0, &had);
        e->had_epoch = had.epoch;
        e->had_version = had.version;
        int verdict = kd_edge_snapshot(e->core, record, e->counts_next, members_now_us(w));
        if (verdict < 0) members_fail(w, "snapshot", "%s: %s", e->name, kd_strerror(verdict));
        edge_judge(w, e, verdict, record);
        e->counts_next++;
        if (!w->healing && members_below(w, 8) == 0) return;
    }
}

void members_edge_step(members *w, uint32_t number)
{
    members_edge *e = &w->edges[number];
    bool cut = !w->healing && w->step < e->cut_until;
    if (!w->healing && members_below(w, 12) == 0) edge_likes(w, e);
    kd_edge_tick(e->core, members_now_us(w));
    edge_commits(w, e);
    if (cut) return;
    edge_sends(w, e, number);
    if (members_below(w, 3)) edge_reads(w, e);
}

/* ---- the end ---- */

static bool edge_agrees(members *w, const members_edge *e, uint32_t number, char *why, size_t size)
{
    kd_view view;
    kd_item item = members_item(number);
    int err = kd_edge_view(e->core, kd_item_key(&item), &view);
    if (err != KD_OK) return true; /* it is read from central: not here */
    if (view.count[0] == w->liked[number]) return true;
    snprintf(why, size, "%s shows %llu likes of item %u, there are %llu", e->name,
             (unsigned long long)view.count[0], number, (unsigned long long)w->liked[number]);
    return false;
}

static bool member_agrees(members *w, const member *m, uint32_t number, char *why, size_t size)
{
    uint64_t totals[KD_COUNTERS_MAX] = {0};
    kd_item item = members_item(number);
    if (!m->core || kd_central_totals(m->core, kd_item_key(&item), totals) != KD_OK) return false;
    if (totals[0] == w->liked[number]) return true;
    snprintf(why, size, "%s has %llu likes of item %u, there are %llu", m->name,
             (unsigned long long)totals[0], number, (unsigned long long)w->liked[number]);
    return false;
}

bool members_agree(members *w, char *why, size_t size)
{
    uint32_t leaders = 0;
    for (uint32_t i = 0; i < w->member_count; i++) leaders += member_leads(&w->at[i]);
    snprintf(why, size, "%u members lead", leaders);
    if (leaders != 1) return false;
    for (uint32_t n = 0; n < MEMBERS_ITEMS; n++) {
        for (uint32_t i = 0; i < w->member_count; i++)
            if (!member_agrees(w, &w->at[i], n, why, size)) return false;
        for (uint32_t i = 0; i < MEMBERS_EDGES; i++)
            if (!edge_agrees(w, &w->edges[i], n, why, size)) return false;
    }
    return true;
}
