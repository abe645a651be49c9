/*
 * Voids against a naive oracle: likes of two edges, voids whose preview is older than the row, undone again; commits that end anywhere, two of them under
 * way, crashes, and the log read again. The oracle takes one record after the other, and knows nothing of commits.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

#include "kudos/decide.h"
#include "kudos/void.h"
#include "tests/lib/central_rig.h"

enum {
    EDGES = 2,
    ITEMS = 3,
    USERS = 5,
    ROWS = ITEMS * USERS,
    RECORDS = 250,
    SLOTS = 400,
    VOIDS = 3,
    SEEDS = 60
};
static const uint64_t base_us = 20000 * RIG_DAY;

typedef struct {
    uint64_t time_us;
    uint32_t who, region; /* who: 0, the author of voids, whose name is the smallest; 1 + edge */
    bool known, liked;
} cell;

typedef struct {
    char name[16];
    uint64_t stamp_us, seq;
    bool begun;  /* a decision of it is merged */
    bool closed; /* it puts back */
} a_void;

typedef struct {
    rig r;
    uint64_t random;
    kd_buf log[RECORDS];
    int64_t records;
    rig_edge edges[EDGES];
    a_void voids[VOIDS];
    uint32_t names;
    bool used[SLOTS], stamped[EDGES][SLOTS];
    cell now[ROWS], seen[ROWS]; /* seen: at the last preview */
    const kd_writes *writes[2];
    uint64_t versions[2];
    uint32_t begun;
    bool held;
} world;

static uint32_t choose(world *w, uint32_t n)
{
    return (uint32_t)(kd_random_next(&w->random) % n);
}

/* ---- commits and crashes ---- */

static void begin_commit(world *w)
{
    uint32_t n = w->begun;
    if (n < 2 && kd_central_commit_begin(w->r.c, &w->writes[n], &w->versions[n]) == KD_OK) w->begun++;
}

static void end_commit(world *w)
{
    if (w->begun == 0) return;
    sim_disk_apply(w->r.disk, w->writes[0]);
    cr_assert_eq(kd_central_commit_end(w->r.c, w->versions[0], KD_OK), KD_OK);
    w->writes[0] = w->writes[1];
    w->versions[0] = w->versions[1];
    w->begun--;
}

static void settle(world *w)
{
    while (w->begun > 0) end_commit(w);
    rig_commit(&w->r);
}

/* What was under way is lost, and the log is read on from where the store says. */
static void crash(world *w)
{
    int64_t at = -1;
    w->begun = 0;
    cr_assert_eq(rig_reopen(&w->r), KD_OK);
    if (kd_central_log_position(w->r.c, &at)) at = kd_central_log_check(w->r.c, kd_buf_view(&w->log[at]));
    for (at = at < 0 ? 0 : at; at < w->records; at++)
        kd_central_feed(w->r.c, kd_buf_view(&w->log[at]), at, w->r.now_us);
    rig_commit(&w->r);
}

static kd_fed feed_last(world *w)
{
    kd_fed fed = kd_central_feed(w->r.c, kd_buf_view(&w->log[w->records]), w->records, w->r.now_us);
    w->records++;
    return fed;
}

/* ---- an edge's operation ---- */

/* An edge uses a time once. */
static uint32_t free_slot(world *w, bool *used)
{
    uint32_t slot = choose(w, SLOTS);
    while (used[slot]) slot = (slot + 1) % SLOTS;
    used[slot] = true;
    return slot;
}

static void like(world *w)
{
    uint32_t e = choose(w, EDGES), row = choose(w, ROWS);
    uint64_t time_us = base_us + 16 * free_slot(w, w->stamped[e]) + e;
    rig_op op = {row / USERS, row % USERS, time_us, RIG_LIKE, choose(w, 3) > 0};
    cell *c = &w->now[row];
    rig_seal(&w->edges[e], &op, 1, NULL, 0, base_us, &w->log[w->records]);
    w->held &= feed_last(w) == KD_FED_MERGED;
    if (!c->known || time_us > c->time_us) *c = (cell){time_us, 1 + e, e, true, op.liked};
}

/* ---- voids ---- */

static void name_void(world *w, a_void *v)
{
    *v = (a_void){.stamp_us = base_us + 16 * free_slot(w, w->used) + 8};
    snprintf(v->name, sizeof v->name, "v%u", w->names++);
}

static bool decided(world *w, a_void *v, kd_decided what, kd_op *ops, uint32_t count, bool last)
{
    kd_body body = {.ops = ops, .op_count = count};
    kd_buf bytes = {0};
    kd_body_encode(&body, &bytes);
    const kd_decision d = {.job = kd_bytes_str(v->name),
                           .seq = ++v->seq,
                           .last = last,
                           .what = what,
                           .author = kd_bytes_str(KD_VOID_AUTHOR),
                           .stamp_us = v->stamp_us + (what == KD_DECIDED_PUT_BACK),
                           .body = kd_buf_view(&bytes)};
    int err = kd_central_decide(w->r.c, &d, w->r.now_us, &w->log[w->records]);
    kd_buf_finish(&bytes);
    cr_assert_eq(err, KD_OK);
    return feed_last(w) == KD_FED_DECIDED;
}

static void withdraw(world *w)
{
    a_void *v = &w->voids[choose(w, VOIDS)];
    kd_op ops[ROWS];
    uint32_t count = 0;
    if (v->closed) return;
    for (uint32_t i = 0; i < ROWS; i++) {
        const cell *seen = &w->seen[i];
        if (!seen->liked || seen->time_us >= v->stamp_us || choose(w, 2)) continue;
        ops[count++] = (kd_op){rig_item(i / USERS), rig_user(i % USERS), seen->time_us, RIG_LIKE, false};
        cell *c = &w->now[i];
        if (c->liked && c->time_us == seen->time_us) *c = (cell){v->stamp_us, 0, c->region, true, false};
    }
    w->held &= decided(w, v, KD_DECIDED_WITHDRAW, ops, count, false);
    v->begun = true;
}

static void put_back(world *w)
{
    a_void *v = &w->voids[choose(w, VOIDS)];
    kd_op ops[ROWS];
    uint32_t count = 0;
    if (!v->begun) return;
    for (uint32_t i = 0; i < ROWS; i++) {
        cell *c = &w->now[i];
        if (choose(w, 3) == 0) continue;
        ops[count++] = (kd_op){rig_item(i / USERS), rig_user(i % USERS), v->stamp_us, RIG_LIKE, true};
        if (c->known && !c->liked && c->who == 0 && c->time_us == v->stamp_us)
            *c = (cell){v->stamp_us + 1, 0, c->region, true, true};
    }
    v->closed = true;
    bool last = choose(w, 2);
    w->held &= decided(w, v, KD_DECIDED_PUT_BACK, ops, count, last);
    if (last) name_void(w, v);
}

/* ---- a run ---- */

static bool row_agrees(world *w, uint32_t i)
{
    bool liked;
    uint64_t at_us;
    cr_assert_eq(kd_central_member_at(w->r.c, 0, rig_item(i / USERS), rig_user(i % USERS), &liked, &at_us),
                 KD_OK);
    return liked == w->now[i].liked && at_us == w->now[i].time_us;
}

static bool item_agrees(world *w, uint32_t item)
{
    uint64_t of[EDGES] = {0};
    for (uint32_t i = item * USERS; i < (item + 1) * USERS; i++) of[w->now[i].region] += w->now[i].liked;
    return rig_total(&w->r, item, 0) == of[0] + of[1] && rig_region(&w->r, item, 0, "eu") == of[0] &&
           rig_region(&w->r, item, 0, "us") == of[1] && rig_sums_agree(&w->r, item);
}

static void step(world *w)
{
    uint32_t what = choose(w, 100);
    if (what < 45)
        like(w);
    else if (what < 50)
        memcpy(w->seen, w->now, sizeof w->seen);
    else if (what < 60)
        withdraw(w);
    else if (what < 66)
        put_back(w);
    else if (what < 82)
        begin_commit(w);
    else if (what < 97)
        end_commit(w);
    else
        crash(w);
}

static bool run(uint64_t seed, uint64_t plant)
{
    world *w = kd_alloc(sizeof *w);
    w->random = seed;
    w->held = true;
    rig_init(&w->r);
    w->r.config.plant = plant;
    crash(w);
    w->edges[0] = (rig_edge){.name = "edge-a", .region = "eu"};
    w->edges[1] = (rig_edge){.name = "edge-b", .region = "us"};
    for (uint32_t i = 0; i < VOIDS; i++) name_void(w, &w->voids[i]);
    while (w->held && w->records < RECORDS) step(w);
    settle(w);
    for (int again = 0; again < 2; again++) {
        for (uint32_t i = 0; i < ROWS; i++) w->held &= row_agrees(w, i);
        for (uint32_t i = 0; i < ITEMS; i++) w->held &= item_agrees(w, i);
        crash(w);
    }
    bool held = w->held;
    for (int64_t i = 0; i < RECORDS; i++) kd_buf_finish(&w->log[i]);
    rig_finish(&w->r);
    free(w);
    return held;
}

Test(void_random, a_void_does_what_the_records_in_their_order_say_wherever_commits_end)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        cr_expect(run(seed, 0), "seed %llu", (unsigned long long)seed);
}

static bool found(uint64_t plant)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        if (!run(seed, plant)) return true;
    return false;
}

Test(void_random, each_rule_that_is_broken_is_noticed)
{
    cr_expect(found(KD_PLANT_VOID_ANY_STAMP));
    cr_expect(found(KD_PLANT_VOID_PUTS_BACK_ANY));
    cr_expect(found(KD_PLANT_VOID_APART));
}
