/*
 * bench_members.c - what grows with members, partitions and edges, beyond the machines that there are: the core of members (kudos/members.h) of a whole group,
 * on a clock that is simulated, and snapshots without items.
 *
 *     bench-members
 *
 * A line for each group that is settled: bytes of heartbeats that each member reads in a second, and milliseconds of processor time that one of them takes for a
 * second: it reads them, tells of each partition once, and decides about each ten times. Partitions that one of them leads at most, and those that moved when one
 * more came.
 *
 *     capacity members= partitions= replicas= beats_kb_s= cpu_ms_s= leads_max= moved=
 *
 * A line for each number of edges: bytes of a snapshot of one partition that lists them, without MAC, and microseconds to write and to read it.
 *
 *     capacity edges= snapshot_bytes= encode_us= decode_us=
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "kudos/central.h"
#include "kudos/members.h"
#include "kudos/placement.h"

enum { SECOND_US = 1000000, TICKS = 10, SETTLE_S = 30, MEASURE_S = 5, REPLICAS = 2, ROUNDS = 2000 };

typedef struct {
    kd_members *core;
    kd_held_state *state;
    uint64_t *epoch;
    char name[KD_NAME_MAX + 1];
} bench_member;

typedef struct {
    uint32_t members, partitions;
    bench_member *at;
    uint64_t now_us, epoch;
    uint64_t bytes; /* of heartbeats */
    double cpu_us;  /* of the first member */
} bench_group;

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void *zeroed(size_t count, size_t size)
{
    void *p = calloc(count, size);
    KD_ASSERT(p);
    return p;
}

/* ---- a group ---- */

static void group_open(bench_group *g, uint32_t members, uint32_t partitions)
{
    *g = (bench_group){.members = members, .partitions = partitions, .now_us = 1700000000ull * SECOND_US};
    g->at = zeroed(members, sizeof *g->at);
    for (uint32_t i = 0; i < members; i++) {
        bench_member *m = &g->at[i];
        snprintf(m->name, sizeof m->name, "central-%02u", i + 1);
        m->state = zeroed(partitions, sizeof *m->state);
        m->epoch = zeroed(partitions, sizeof *m->epoch);
        for (uint32_t p = 0; p < partitions; p++) m->state[p] = KD_HELD_UNPROVEN;
        m->core =
            kd_members_create(&(kd_members_config){.name = kd_bytes_str(m->name),
                                                   .url = kd_bytes_str("http://central-00.example:8080"),
                                                   .run = i + 1,
                                                   .started_us = g->now_us,
                                                   .partitions = partitions,
                                                   .expected = members,
                                                   .replicas = REPLICAS,
                                                   .seed = i + 7});
    }
}

static void group_close(bench_group *g)
{
    for (uint32_t i = 0; i < g->members; i++) {
        kd_members_destroy(g->at[i].core);
        free(g->at[i].state);
        free(g->at[i].epoch);
    }
    free(g->at);
}

/* A claim always wins; who led follows, and a follower agrees at once. */
static void group_lead(bench_group *g, bench_member *leader, uint32_t partition)
{
    if (leader->state[partition] == KD_HELD_LEADS) return;
    for (uint32_t i = 0; i < g->members; i++)
        if (g->at[i].state[partition] == KD_HELD_LEADS) g->at[i].state[partition] = KD_HELD_AGREED;
    leader->state[partition] = KD_HELD_LEADS;
    leader->epoch[partition] = ++g->epoch;
}

static void group_obey(bench_group *g, bench_member *m, uint32_t partition)
{
    kd_wish wish = kd_members_decide(m->core, partition, g->now_us).wish;
    if (wish == KD_WISH_LEAD)
        group_lead(g, m, partition);
    else
        m->state[partition] = wish == KD_WISH_NONE ? KD_HELD_NONE : KD_HELD_AGREED;
}

static void group_tick(bench_group *g, bench_member *m)
{
    double begun = cpu_us();
    for (uint32_t p = 0; p < g->partitions; p++) group_obey(g, m, p);
    if (m == g->at) g->cpu_us += cpu_us() - begun;
}

static void group_hold(bench_group *g, bench_member *m)
{
    double begun = cpu_us();
    for (uint32_t p = 0; p < g->partitions; p++) {
        const kd_members_own own = {
            .state = m->state[p], .epoch = m->epoch[p], .read = g->now_us / SECOND_US};
        kd_members_hold(m->core, p, &own, g->now_us);
    }
    if (m == g->at) g->cpu_us += cpu_us() - begun;
}

static void group_hear(bench_group *g, bench_member *m, kd_bytes record)
{
    kd_heartbeat h;
    double begun = cpu_us();
    int err = kd_heartbeat_decode(record, &h);
    KD_ASSERT(err == KD_OK);
    kd_members_heard(m->core, &h, g->now_us);
    kd_heartbeat_finish(&h);
    if (m == g->at) g->cpu_us += cpu_us() - begun;
}

static void group_beat(bench_group *g, bench_member *from)
{
    kd_heartbeat h;
    kd_buf record = {0};
    kd_members_beat(from->core, g->now_us, &h);
    kd_heartbeat_encode(&h, &record);
    g->bytes += record.len;
    for (uint32_t i = 0; i < g->members; i++) group_hear(g, &g->at[i], kd_buf_view(&record));
    kd_buf_finish(&record);
}

static void group_second(bench_group *g)
{
    for (uint32_t i = 0; i < g->members; i++) group_hold(g, &g->at[i]);
    for (uint32_t i = 0; i < g->members; i++) group_beat(g, &g->at[i]);
    for (uint32_t tick = 0; tick < TICKS; tick++) {
        g->now_us += SECOND_US / TICKS;
        for (uint32_t i = 0; i < g->members; i++) group_tick(g, &g->at[i]);
    }
}

static uint32_t group_leads_max(const bench_group *g)
{
    uint32_t most = 0;
    for (uint32_t i = 0; i < g->members; i++) {
        uint32_t leads = 0;
        for (uint32_t p = 0; p < g->partitions; p++) leads += g->at[i].state[p] == KD_HELD_LEADS;
        most = KD_MAX(most, leads);
    }
    return most;
}

/* ---- who comes moves its share ---- */

static void place(uint32_t members, uint32_t partitions, uint8_t *out)
{
    static char names[KD_MEMBERS_MAX][KD_NAME_MAX + 1];
    kd_placed placed[KD_MEMBERS_MAX];
    for (uint32_t i = 0; i < members; i++) {
        snprintf(names[i], sizeof names[i], "central-%02u", i + 1);
        placed[i] = (kd_placed){.name = kd_bytes_str(names[i])};
    }
    kd_placement_make(placed, members, partitions, REPLICAS, out);
}

/* Partitions that another member leads once one more has come. */
static uint32_t moved(uint32_t members, uint32_t partitions)
{
    uint32_t copies = kd_placement_copies(members, REPLICAS), count = 0;
    uint8_t *before = zeroed((size_t)partitions * copies, 1), *after = zeroed((size_t)partitions * copies, 1);
    place(members, partitions, before);
    place(members + 1, partitions, after);
    for (uint32_t p = 0; p < partitions; p++) count += before[p * copies] != after[p * copies];
    free(before);
    free(after);
    return count;
}

static void tell_group(uint32_t members, uint32_t partitions)
{
    bench_group g;
    group_open(&g, members, partitions);
    for (uint32_t s = 0; s < SETTLE_S; s++) group_second(&g);
    g.bytes = 0;
    g.cpu_us = 0;
    for (uint32_t s = 0; s < MEASURE_S; s++) group_second(&g);
    printf(
        "capacity members=%u partitions=%u replicas=%d beats_kb_s=%.1f cpu_ms_s=%.2f leads_max=%u moved=%u\n",
        members, partitions, REPLICAS, (double)g.bytes / 1024 / MEASURE_S, g.cpu_us / 1e3 / MEASURE_S,
        group_leads_max(&g), moved(members, partitions));
    fflush(stdout);
    group_close(&g);
}

/* ---- snapshots ---- */

static kd_snapshot make_snapshot(uint32_t edges)
{
    static kd_applied applied[KD_EDGES_MAX];
    static char names[KD_EDGES_MAX][KD_NAME_MAX + 1];
    uint64_t random = 1;
    for (uint32_t i = 0; i < edges; i++) {
        snprintf(names[i], sizeof names[i], "edge-%03u", i + 1);
        applied[i] = (kd_applied){.edge = kd_bytes_str(names[i]),
                                  .applied = {1700000000ull * SECOND_US + i, 100000 + i},
                                  .digest = kd_random_next(&random),
                                  .watermark_us = 1700000000ull * SECOND_US + i};
    }
    return (kd_snapshot){.kind = KD_SNAPSHOT_DELTA,
                         .epoch = 1700000000000ull << KD_EPOCH_CHANCE_BITS,
                         .version = 1000000,
                         .previous = 999999,
                         .made_us = 1700000000ull * SECOND_US,
                         .parts = 1,
                         .edges = applied,
                         .edge_count = edges,
                         .history = {1000000, kd_random_next(&random)}};
}

static void tell_snapshot(uint32_t edges)
{
    const kd_snapshot s = make_snapshot(edges);
    kd_buf record = {0};
    double begun = cpu_us();
    for (int i = 0; i < ROUNDS; i++) {
        kd_buf_clear(&record);
        kd_snapshot_encode(&s, &record);
    }
    double encoded = cpu_us();
    for (int i = 0; i < ROUNDS; i++) {
        kd_snapshot read;
        int err = kd_snapshot_decode(kd_buf_view(&record), &read);
        KD_ASSERT(err == KD_OK);
        kd_snapshot_finish(&read);
    }
    printf("capacity edges=%u snapshot_bytes=%zu encode_us=%.1f decode_us=%.1f\n", edges, record.len,
           (encoded - begun) / ROUNDS, (cpu_us() - encoded) / ROUNDS);
    kd_buf_finish(&record);
}

int main(void)
{
    static const uint32_t groups[][2] = {{3, 64},  {3, 1024},  {8, 64},   {8, 1024},
                                         {32, 64}, {32, 1024}, {32, 4096}};
    static const uint32_t edges[] = {3, 30, 300};
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) tell_group(groups[i][0], groups[i][1]);
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) tell_snapshot(edges[i]);
    return 0;
}
