/*
 * among.c - which of a list of users like an item, and its counts without them, in the state that the counts show (kudos/central.h).
 *
 * The rows of a commit may be in the store before its end moves the counts. So a user whom such a commit moves is told by its effect, from before it;
 * a row that is written without an effect tells the same as the one before.
 */
#include "central/core/lookup.h"
#include "central/core/registry.h"
#include "central/core/state.h"

#include <stdlib.h>

/* Effects of one counter of one item, in the order of their users. */
typedef struct {
    const kd_effect *at;
    size_t count;
} among_moved;

/* They stand together in a commit, since that is in the order of its rows; those of nobody, which only tell of a closed item, do not. */
static among_moved among_moved_by(const kd_commit *k, uint8_t counter, kd_bytes item)
{
    among_moved moved = {.count = 0};
    for (uint32_t i = 0; i < k->effect_count; i++) {
        const kd_effect *e = &k->effects[i];
        if (e->counter != counter || kd_effect_is_sum(e) || !kd_bytes_eq(e->item, item)) continue;
        if (!e->was && !e->is && !e->passed) continue;
        if (moved.count++ == 0) moved.at = e;
    }
    return moved;
}

/* The order of rows: the length of the id comes first. */
static int among_compare(const void *user, const void *effect)
{
    const kd_bytes *a = user, b = ((const kd_effect *)effect)->user;
    if (a->len != b.len) return a->len < b.len ? -1 : 1;
    return kd_bytes_cmp(*a, b);
}

static const kd_effect *among_find_in(const among_moved *moved, const kd_bytes *user)
{
    if (moved->count == 0) return NULL;
    return bsearch(user, moved->at, moved->count, sizeof(kd_effect), among_compare);
}

/* What is asked, and what the commits move that have not ended. */
typedef struct {
    kd_central *c;
    kd_member m;
    among_moved moved[KD_OUTSTANDING_MAX];
    bool by_rows; /* planted: whatever commits move */
} among_asked;

static void among_ask(among_asked *a, kd_central *c, uint32_t counter_index, kd_bytes item)
{
    *a = (among_asked){
        .c = c, .m = {.item = item, .counter = c->config.counters->at[counter_index].id, .liked = true}};
    for (uint32_t i = 0; i < c->outstanding; i++)
        a->moved[i] = among_moved_by(&c->commits[kd_commit_place(c, i)], a->m.counter, item);
}

/* The effect of the oldest commit that moves the user; NULL: none does. */
static const kd_effect *among_find(const among_asked *a)
{
    const kd_effect *e = NULL;
    bool newest = kd_planted(a->c, KD_PLANT_AMONG_NEWEST);
    for (uint32_t i = 0; !a->by_rows && i < a->c->outstanding && (!e || newest); i++) {
        const kd_effect *of = among_find_in(&a->moved[i], &a->m.user);
        e = of ? of : e;
    }
    return e;
}

/* The row as the counts have it. KD_OK, KD_ENOTFOUND, KD_EIO. */
static int among_row(const among_asked *a, kd_stored_row *row)
{
    const kd_effect *e = among_find(a);
    if (!e) return kd_lookup_member(a->c, a->m.counter, a->m.item, a->m.user, row);
    bool liked = kd_planted(a->c, KD_PLANT_AMONG_PREPARED) ? e->is : e->was;
    *row = (kd_stored_row){.time_us = e->old_time_us, .region = e->old_region, .liked = liked};
    return KD_OK;
}

static int among_visit(among_asked *a, const kd_bytes *users, uint32_t user_count, kd_member_fn fn, void *arg)
{
    for (uint32_t i = 0; i < user_count; i++) {
        kd_stored_row row;
        a->m.user = users[i];
        int err = among_row(a, &row);
        if (err == KD_ENOTFOUND || (err == KD_OK && !row.liked)) continue;
        if (err != KD_OK) return KD_EIO;
        a->m.time_us = row.time_us;
        a->m.region = kd_region_name(&a->c->regions[row.region]);
        err = fn(arg, &a->m);
        if (err != KD_OK) return err;
    }
    return KD_OK;
}

int kd_central_among(kd_central *c, uint32_t counter_index, kd_bytes item, const kd_bytes *users,
                     uint32_t user_count, kd_member_fn fn, void *arg)
{
    among_asked a;
    if (c->poisoned) return KD_EIO;
    if (counter_index >= c->config.counters->count) return KD_EINVAL;
    among_ask(&a, c, counter_index, item);
    a.by_rows = kd_planted(c, KD_PLANT_AMONG_AHEAD);
    return among_visit(&a, users, user_count, fn, arg);
}

/* ---- counts without them ---- */

static int among_count_one(void *arg, const kd_member *m)
{
    uint64_t *liking = arg;
    (void)m;
    ++*liking;
    return KD_OK;
}

int kd_central_without(kd_central *c, kd_bytes item, const kd_bytes *users, uint32_t user_count,
                       uint64_t totals[KD_COUNTERS_MAX])
{
    int err = kd_central_totals(c, item, totals);
    for (uint32_t i = 0; err == KD_OK && i < c->config.counters->count; i++) {
        among_asked a;
        uint64_t liking = 0;
        if (c->config.counters->at[i].kind != KD_SET) continue;
        among_ask(&a, c, i, item);
        a.by_rows = kd_planted(c, KD_PLANT_WITHOUT_AHEAD);
        err = among_visit(&a, users, user_count, among_count_one, &liking);
        totals[i] -= KD_MIN(liking, totals[i]); /* a count that an audit has yet to mend may be too low */
    }
    return err;
}
