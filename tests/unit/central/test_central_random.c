/*
 * Central's core against a naive oracle: batches of four edges in random order, lost, doubled and late; one
 * or two commits outstanding; crashes before and after a write; snapshots to an edge and changes to a
 * consumer that must both arrive at the same state. The oracle is a function of what is applied alone: the
 * largest stamp of each row, and the sums.
 */
#include <criterion/criterion.h>

#include <stdlib.h>

#include "kudos/audit.h"
#include "kudos/index.h"
#include "tests/lib/central_rig.h"

enum {
    EDGES = 4,
    BATCHES = 40,
    ITEMS = 12,
    USERS = 8,
    OPS = 20,
    SUMS = 3,
    SLOTS = 1024,
    REGIONS = 3,
    DAYS = 8
};
static const uint64_t time_base = 20000 * RIG_DAY;

typedef struct {
    rig_op ops[OPS];
    kd_sum sums[SUMS];
    uint32_t op_count, sum_count;
    kd_position at;
    uint64_t complete_to_us;
    kd_buf record;
} sealed;

typedef struct {
    uint64_t time_us;
    uint32_t edge;
    bool known, liked;
} cell;

typedef struct {
    cell rows[2][ITEMS][USERS];
    uint64_t views[ITEMS][REGIONS][DAYS];
} state;

typedef struct {
    const kd_writes *writes;
    uint64_t version;
    uint32_t applied[EDGES];
} begun;

typedef struct {
    rig r;
    uint64_t random;
    sealed batches[EDGES][BATCHES];
    uint32_t fed[EDGES], applied[EDGES]; /* batches merged in memory, and durably */
    begun begun[2];
    uint32_t begun_count;
    bool ahead; /* the first of them is in the store already */
    /* an edge that installs snapshots */
    uint64_t view_version, view[3][ITEMS];
    /* a consumer of changes */
    state consumer;
    uint64_t seen_version, seen_index, told_version;
    uint64_t duplicates, gaps, crashes, snapshots, redelivered, indexed;
} world;

static const char *const edge_names[EDGES] = {"edge-a", "edge-b", "edge-c", "edge-d"};
static const char *const edge_regions[EDGES] = {"eu", "us", "ap", "eu"};
static const uint32_t region_of[EDGES] = {0, 1, 2, 0};
static const char *const region_names[REGIONS] = {"eu", "us", "ap"};

static uint32_t choose(world *w, uint32_t n)
{
    return (uint32_t)(kd_random_next(&w->random) % n);
}

/* ---- the edges' batches ---- */

static bool has_row(const sealed *s, const rig_op *op)
{
    for (uint32_t i = 0; i < s->op_count; i++)
        if (s->ops[i].item == op->item && s->ops[i].user == op->user && s->ops[i].counter == op->counter)
            return true;
    return false;
}

/* A stamp's time is used once by an edge; other edges may use the same. */
static uint64_t draw_time(world *w, bool used[SLOTS])
{
    uint32_t slot = choose(w, SLOTS);
    while (used[slot]) slot = (slot + 1) % SLOTS;
    used[slot] = true;
    return time_base + slot * (5 * RIG_DAY / SLOTS);
}

static void seal(world *w, uint32_t e, rig_edge *edge, uint32_t n, bool used[SLOTS])
{
    sealed *s = &w->batches[e][n];
    for (uint32_t i = choose(w, OPS + 1); i > 0; i--) {
        rig_op op = {choose(w, ITEMS), choose(w, USERS), 0, (uint8_t)(RIG_LIKE + choose(w, 2)),
                     choose(w, 3) > 0};
        if (has_row(s, &op)) continue;
        op.time_us = draw_time(w, used);
        s->ops[s->op_count++] = op;
    }
    uint32_t item = choose(w, ITEMS - SUMS);
    for (uint32_t i = choose(w, SUMS + 1); i > 0; i--) {
        kd_sum sum = {rig_item(item++), 1 + choose(w, 100), 20000 + choose(w, DAYS), RIG_VIEW};
        s->sums[s->sum_count++] = sum;
    }
    edge->restarted = choose(w, 10) == 0;
    s->complete_to_us = time_base + n;
    rig_seal(edge, s->ops, s->op_count, s->sums, s->sum_count, s->complete_to_us, &s->record);
    s->at = edge->last;
}

static void seal_all(world *w)
{
    for (uint32_t e = 0; e < EDGES; e++) {
        bool used[SLOTS] = {false};
        rig_edge edge = {.name = edge_names[e], .region = edge_regions[e], .incarnation = 1};
        for (uint32_t n = 0; n < BATCHES; n++) seal(w, e, &edge, n, used);
    }
}

/* ---- the oracle ---- */

static void put_op(state *s, const rig_op *op, uint32_t edge)
{
    cell *c = &s->rows[op->counter - 1][op->item][op->user];
    bool larger = !c->known || op->time_us > c->time_us || (op->time_us == c->time_us && edge > c->edge);
    if (larger) *c = (cell){op->time_us, edge, true, op->liked};
}

static uint32_t item_number(kd_bytes key)
{
    for (uint32_t i = 0; i < ITEMS; i++)
        if (kd_bytes_eq(rig_item(i), key)) return i;
    cr_assert_fail("an item that nobody named");
    return 0;
}

static void expect_state(const world *w, state *s)
{
    *s = (state){0};
    for (uint32_t e = 0; e < EDGES; e++)
        for (uint32_t n = 0; n < w->applied[e]; n++) {
            const sealed *b = &w->batches[e][n];
            for (uint32_t i = 0; i < b->op_count; i++) put_op(s, &b->ops[i], e);
            for (uint32_t i = 0; i < b->sum_count; i++)
                s->views[item_number(b->sums[i].item)][region_of[e]][b->sums[i].day - 20000] +=
                    b->sums[i].amount;
        }
}

static uint64_t likes(const state *s, uint32_t counter, uint32_t item, int region, int day)
{
    uint64_t count = 0;
    for (uint32_t u = 0; u < USERS; u++) {
        const cell *c = &s->rows[counter][item][u];
        if (!c->liked || (region >= 0 && region_of[c->edge] != (uint32_t)region)) continue;
        count += day < 0 || kd_day_of(c->time_us) - 20000 == (uint32_t)day;
    }
    return count;
}

static uint64_t views(const state *s, uint32_t item, int region, int day)
{
    uint64_t count = 0;
    for (int g = 0; g < REGIONS; g++)
        for (int d = 0; d < DAYS; d++)
            if ((region < 0 || region == g) && (day < 0 || day == d)) count += s->views[item][g][d];
    return count;
}

static uint64_t expected(const state *s, uint32_t counter, uint32_t item, int region, int day)
{
    return counter < 2 ? likes(s, counter, item, region, day) : views(s, item, region, day);
}

static void check_item(world *w, const state *s, uint32_t item)
{
    for (uint32_t k = 0; k < 3; k++) {
        cr_assert_eq(rig_total(&w->r, item, k), expected(s, k, item, -1, -1));
        for (int g = 0; g < REGIONS; g++)
            cr_assert_eq(rig_region(&w->r, item, k, region_names[g]), expected(s, k, item, g, -1));
        for (int d = 0; d < DAYS; d++)
            cr_assert_eq(rig_day(&w->r, item, k, 20000 + (uint32_t)d), expected(s, k, item, -1, d));
    }
    cr_assert(rig_sums_agree(&w->r, item));
}

static void check_edges(world *w)
{
    kd_central_edge edges[EDGES];
    uint32_t n = kd_central_edges(w->r.c, edges, EDGES);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t e = (uint32_t)(edges[i].name.data[5] - 'a');
        const sealed *last = w->applied[e] ? &w->batches[e][w->applied[e] - 1] : NULL;
        cr_assert_eq(kd_position_cmp(edges[i].applied, last ? last->at : (kd_position){0}), 0);
        cr_assert_eq(edges[i].watermark_us, last ? last->complete_to_us : 0);
    }
}

/* An audit sees nothing wrong, neither in the store as it is nor in one that holds commits which memory has not heard of yet. */
static void audit(world *w)
{
    sim_disk *ahead = sim_disk_clone(w->r.disk);
    uint32_t applied = w->ahead ? 1 : choose(w, w->begun_count + 1);
    for (uint32_t i = 0; i < applied; i++) sim_disk_apply(ahead, w->begun[i].writes);
    kd_store store = sim_disk_view(ahead);
    kd_counts_copy *copy = kd_central_counts_copy(w->r.c, choose(w, 2) ? UINT32_MAX : 5);
    kd_audit_config config = {.counters = &w->r.counters, .shown = copy};
    kd_audit_result result;
    cr_assert_eq(kd_audit_run(&store, &config, &result), KD_OK, "%s", result.broken);
    cr_assert_eq(result.mismatches, 0u, "%llu of %llu items", (unsigned long long)result.mismatches,
                 (unsigned long long)result.items);
    cr_assert_eq(result.version, kd_central_version(w->r.c) + applied);
    kd_counts_copy_destroy(copy);
    sim_disk_destroy(ahead);
}

/* ---- the indices ---- */

/* A page is to be what the oracle says behind the page before. */
typedef struct {
    const state *s;
    kd_index index;
    uint32_t counter, of;  /* item, or user */
    uint64_t time_us;      /* of the last one told */
    uint32_t other, found; /* the last one told: user, or item */
} told;

static uint32_t user_number(kd_bytes name)
{
    uint32_t user = 0;
    while (!kd_bytes_eq(rig_user(user), name)) user++;
    return user;
}

static const cell *told_cell(const told *t, uint32_t other)
{
    bool newest = t->index == KD_INDEX_NEWEST;
    return &t->s->rows[t->counter][newest ? t->of : other][newest ? other : t->of];
}

static bool told_before(const told *t, uint64_t time_us, uint32_t other)
{
    if (t->index == KD_INDEX_NEWEST) return time_us != t->time_us ? time_us < t->time_us : other > t->other;
    return time_us != t->time_us ? time_us < t->time_us
                                 : kd_bytes_cmp(rig_item(other), rig_item(t->other)) > 0;
}

static int tell(void *arg, const kd_member *m)
{
    told *t = arg;
    uint32_t item = item_number(m->item), user = user_number(m->user);
    uint32_t other = t->index == KD_INDEX_NEWEST ? user : item;
    const cell *c = told_cell(t, other);
    cr_assert_eq(t->index == KD_INDEX_NEWEST ? item : user, t->of);
    cr_assert(c->liked && c->time_us == m->time_us, "a like that the counts do not show");
    cr_assert(t->found == 0 || told_before(t, m->time_us, other), "out of order");
    if (t->index == KD_INDEX_NEWEST) cr_assert(kd_bytes_eq(m->region, kd_bytes_str(edge_regions[c->edge])));
    t->time_us = m->time_us;
    t->other = other;
    t->found++;
    return KD_OK;
}

static void check_told(world *w, told *t)
{
    kd_buf cursor = {0}, next = {0};
    uint32_t want = 0, others = t->index == KD_INDEX_NEWEST ? USERS : ITEMS;
    int err;
    do {
        kd_buf_clear(&cursor);
        kd_buf_put(&cursor, next.data, next.len);
        uint32_t limit = 1 + choose(w, 4);
        kd_bytes from = kd_buf_view(&cursor);
        err = t->index == KD_INDEX_NEWEST
                  ? kd_central_newest(w->r.c, t->counter, rig_item(t->of), from, limit, tell, t, &next)
                  : kd_central_liked(w->r.c, t->counter, rig_user(t->of), from, limit, tell, t, &next);
    } while (err == KD_OK && next.len > 0);
    bool ready = kd_central_index(w->r.c, t->index).stage == KD_INDEX_COMPLETE;
    cr_assert_eq(err, ready ? KD_OK : KD_EUNBUILT);
    for (uint32_t i = 0; i < others; i++) want += told_cell(t, i)->liked;
    if (ready) cr_assert_eq(t->found, want);
    w->indexed += t->found;
    kd_buf_finish(&cursor);
    kd_buf_finish(&next);
}

static void check_indices(world *w, const state *s)
{
    for (uint32_t k = 0; k < 2; k++) {
        for (uint32_t i = 0; i < ITEMS; i++)
            check_told(w, &(told){.s = s, .index = KD_INDEX_NEWEST, .counter = k, .of = i});
        for (uint32_t u = 0; u < USERS; u++)
            check_told(w, &(told){.s = s, .index = KD_INDEX_LIKED, .counter = k, .of = u});
    }
}

/* The rows and entries of a commit are in the store, and its end has not moved the counts. */
static void check_ahead(world *w)
{
    state s;
    if (w->begun_count == 0) return;
    expect_state(w, &s);
    sim_disk_apply(w->r.disk, w->begun[0].writes);
    w->ahead = true;
    check_indices(w, &s);
}

/* Counts and applied are those of what is durable and reported, in every state in between too. Single members
 * are read from the store, so they are compared when nothing is under way. */
static void check(world *w)
{
    state s;
    expect_state(w, &s);
    for (uint32_t i = 0; i < ITEMS; i++) check_item(w, &s, i);
    check_edges(w);
    check_indices(w, &s);
    audit(w);
    if (w->begun_count > 0) return;
    for (uint32_t k = 0; k < 2; k++)
        for (uint32_t i = 0; i < ITEMS; i++)
            for (uint32_t u = 0; u < USERS; u++) {
                bool liked;
                cr_assert_eq(kd_central_member(w->r.c, k, rig_item(i), rig_user(u), &liked), KD_OK);
                cr_assert_eq(liked, s.rows[k][i][u].liked);
            }
}

/* ---- steps ---- */

static void feed(world *w)
{
    uint32_t e = choose(w, EDGES), low = w->fed[e] > 2 ? w->fed[e] - 2 : 0, n = low + choose(w, 5);
    if (choose(w, 2)) n = w->fed[e];
    if (n >= BATCHES) return;
    kd_fed fed = rig_feed(&w->r, kd_buf_view(&w->batches[e][n].record));
    kd_fed want = n < w->fed[e] ? KD_FED_DUPLICATE : n > w->fed[e] ? KD_FED_GAP : KD_FED_MERGED;
    cr_assert_eq(fed, want, "edge %u batch %u of %u: %d", e, n, w->fed[e], (int)fed);
    w->fed[e] += fed == KD_FED_MERGED;
    w->duplicates += fed == KD_FED_DUPLICATE;
    w->gaps += fed == KD_FED_GAP;
}

static void begin(world *w)
{
    begun b;
    int err = kd_central_commit_begin(w->r.c, &b.writes, &b.version);
    if (w->begun_count == 2) cr_assert_eq(err, KD_EAGAIN);
    if (err != KD_OK) return;
    memcpy(b.applied, w->fed, sizeof w->fed);
    w->begun[w->begun_count++] = b;
}

static void apply_oldest(world *w)
{
    sim_disk_apply(w->r.disk, w->begun[0].writes);
    memcpy(w->applied, w->begun[0].applied, sizeof w->applied);
    w->ahead = false;
}

static void end_oldest(world *w)
{
    if (w->begun_count == 0) return;
    apply_oldest(w);
    cr_assert_eq(kd_central_commit_end(w->r.c, w->begun[0].version, KD_OK), KD_OK);
    w->begun[0] = w->begun[1];
    w->begun_count--;
}

static void crash(world *w)
{
    if (w->begun_count > 0 && (w->ahead || choose(w, 2))) apply_oldest(w);
    if (w->begun_count > 1 && choose(w, 2) &&
        memcmp(w->applied, w->begun[0].applied, sizeof w->applied) == 0) {
        sim_disk_apply(w->r.disk,
                       w->begun[0].writes); /* the first may be applied twice in this play; it may */
        sim_disk_apply(w->r.disk, w->begun[1].writes);
        memcpy(w->applied, w->begun[1].applied, sizeof w->applied);
    }
    w->begun_count = 0;
    memcpy(w->fed, w->applied, sizeof w->fed);
    if (choose(w, 3) == 0) w->r.config.indices = choose(w, 4); /* switched on or off */
    cr_assert_eq(rig_reopen(&w->r), KD_OK);
    w->crashes++;
    check(w);
}

static void install(world *w, const rig_snapshot *s)
{
    const kd_snapshot *p = &s->parts[0];
    cr_assert_leq(p->previous, w->view_version, "a gap where nothing was missed");
    cr_assert_geq(p->version, w->view_version);
    cr_assert(p->version > w->view_version || p->item_count == 0);
    for (uint32_t i = 0; i < p->item_count; i++) {
        uint32_t item = item_number(p->items[i].item);
        for (uint32_t k = 0; k < 3; k++) w->view[k][item] = 0;
        for (uint32_t k = 0; k < p->items[i].count; k++) {
            uint8_t id = p->items[i].at[k].counter;
            w->view[id == RIG_VIEW ? 2 : id - 1][item] = p->items[i].at[k].value;
        }
    }
    w->view_version = p->version;
}

static void snapshot(world *w, bool delivered)
{
    rig_snapshot s;
    int err = rig_snapshot_take(&w->r, 1, &s);
    cr_assert(err == KD_OK || err == KD_EAGAIN);
    if (err != KD_OK) return;
    cr_assert_eq(s.count, 1u);
    if (delivered) {
        state want;
        install(w, &s);
        expect_state(w, &want);
        for (uint32_t i = 0; i < ITEMS; i++)
            for (uint32_t k = 0; k < 3; k++) cr_assert_eq(w->view[k][i], expected(&want, k, i, -1, -1));
        w->snapshots++;
    }
    rig_snapshot_finish(&s);
}

static void consume(world *w, const kd_changes *c)
{
    for (uint32_t i = 0; i < c->change_count; i++) {
        const kd_change *x = &c->changes[i];
        uint64_t index = c->first + i;
        bool copy = c->version < w->seen_version || (c->version == w->seen_version && index < w->seen_index);
        w->redelivered += copy;
        if (copy) continue;
        w->seen_version = c->version;
        w->seen_index = index + 1;
        uint32_t edge = (uint32_t)(x->edge.data[5] - 'a'), item = item_number(x->item), user = 0;
        cr_assert(kd_bytes_eq(x->region, kd_bytes_str(edge_regions[edge])));
        if (x->counter == RIG_VIEW) {
            w->consumer.views[item][region_of[edge]][x->day - 20000] += x->amount;
            continue;
        }
        while (!kd_bytes_eq(rig_user(user), x->user)) user++;
        put_op(&w->consumer, &(rig_op){item, user, x->time_us, x->counter, x->liked}, edge);
    }
}

static void take_changes(world *w, uint32_t most)
{
    kd_buf record = {0};
    uint64_t version;
    while (most-- > 0 && kd_central_changes_next(w->r.c, &record, &version) == KD_OK) {
        kd_changes c;
        cr_assert_eq(kd_changes_decode(kd_buf_view(&record), &c), KD_OK);
        cr_assert_eq(c.version, version);
        cr_assert_leq(version, kd_central_version(w->r.c));
        consume(w, &c);
        if (choose(w, 2)) kd_central_changes_delivered(w->r.c, version);
        kd_changes_finish(&c);
    }
    kd_buf_finish(&record);
}

static bool all_applied(const world *w)
{
    for (uint32_t e = 0; e < EDGES; e++)
        if (w->applied[e] < BATCHES) return false;
    return true;
}

static void step(world *w)
{
    uint32_t die = choose(w, 1000);
    if (die < 500)
        feed(w);
    else if (die < 700)
        begin(w);
    else if (die < 850)
        end_oldest(w);
    else if (die < 900)
        snapshot(w, true);
    else if (die < 950)
        take_changes(w, 1 + choose(w, 5));
    else if (die < 960)
        check(w);
    else if (die < 975)
        crash(w);
    else if (die < 990)
        check_ahead(w);
    else if (die < 995) {
        snapshot(w, false); /* made, but the process dies before it is delivered */
        for (uint32_t i = choose(w, 4); i > 0; i--) {
            feed(w);
            begin(w);
            end_oldest(w);
        }
        crash(w);
    }
}

static void check_end(world *w)
{
    state s;
    while (w->begun_count > 0) end_oldest(w);
    rig_commit(&w->r);
    check(w);
    snapshot(w, true);
    take_changes(w, UINT32_MAX);
    expect_state(w, &s);
    for (uint32_t i = 0; i < ITEMS; i++)
        for (uint32_t k = 0; k < 3; k++)
            cr_assert_eq(expected(&w->consumer, k, i, -1, -1), expected(&s, k, i, -1, -1));
}

static void run(world *w, uint64_t seed)
{
    static const uint64_t redo[] = {0, 300, 3000, 1 << 20};
    static const uint32_t cached[] = {0, 2, 1000};
    memset(w, 0, sizeof *w);
    w->random = seed;
    rig_init(&w->r);
    w->r.config.redo_bytes_max = redo[choose(w, 4)];
    w->r.config.counts_cached_max = cached[choose(w, 3)];
    w->r.config.indices = choose(w, 4);
    w->r.config.index_rows = 1 + choose(w, 60);
    cr_assert_eq(rig_reopen(&w->r), KD_OK);
    seal_all(w);
    for (uint32_t i = 0; i < 20000 && !all_applied(w); i++) step(w);
    cr_assert(all_applied(w));
    check_end(w);
    rig_finish(&w->r);
    for (uint32_t e = 0; e < EDGES; e++)
        for (uint32_t n = 0; n < BATCHES; n++) kd_buf_finish(&w->batches[e][n].record);
}

Test(central_random, equals_the_largest_stamps_whatever_happens)
{
    world *w = malloc(sizeof *w);
    uint64_t duplicates = 0, gaps = 0, crashes = 0, snapshots = 0, redelivered = 0, indexed = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        run(w, seed);
        duplicates += w->duplicates;
        gaps += w->gaps;
        crashes += w->crashes;
        snapshots += w->snapshots;
        redelivered += w->redelivered;
        indexed += w->indexed;
    }
    /* A quiet run proves nothing. */
    cr_assert(duplicates > 1000 && gaps > 1000 && crashes > 300 && snapshots > 1000 && redelivered > 100);
    cr_assert_gt(indexed, 100000u);
    free(w);
}
