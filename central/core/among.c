/*
 * among.c - which of a list of users like an item, in the state that the counts show (kudos/central.h).
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
        if (!e->was && !e->is) continue;
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

/* The effect of the oldest commit that moves the user; NULL: none does. */
static const kd_effect *among_find(const among_moved *moved, uint32_t commits, const kd_bytes *user)
{
    for (uint32_t i = 0; i < commits; i++) {
        if (moved[i].count == 0) continue;
        const kd_effect *e = bsearch(user, moved[i].at, moved[i].count, sizeof(kd_effect), among_compare);
        if (e) return e;
    }
    return NULL;
}

/* The row as the counts have it. KD_OK, KD_ENOTFOUND, KD_EIO. */
static int among_row(kd_central *c, const among_moved *moved, const kd_member *m, kd_stored_row *row)
{
    const kd_effect *e = among_find(moved, c->outstanding, &m->user);
    if (!e) return kd_lookup_member(c, m->counter, m->item, m->user, row);
    *row = (kd_stored_row){.time_us = e->old_time_us, .region = e->old_region, .liked = e->was};
    return KD_OK;
}

int kd_central_among(kd_central *c, uint32_t counter_index, kd_bytes item, const kd_bytes *users,
                     uint32_t user_count, kd_member_fn fn, void *arg)
{
    among_moved moved[KD_OUTSTANDING_MAX];
    if (c->poisoned) return KD_EIO;
    if (counter_index >= c->config.counters->count) return KD_EINVAL;
    kd_member m = {.item = item, .counter = c->config.counters->at[counter_index].id, .liked = true};
    for (uint32_t i = 0; i < c->outstanding; i++)
        moved[i] = among_moved_by(&c->commits[kd_commit_place(c, i)], m.counter, item);
    for (uint32_t i = 0; i < user_count; i++) {
        kd_stored_row row;
        m.user = users[i];
        int err = among_row(c, moved, &m, &row);
        if (err == KD_ENOTFOUND || (err == KD_OK && !row.liked)) continue;
        if (err != KD_OK) return KD_EIO;
        m.time_us = row.time_us;
        m.region = kd_region_name(&c->regions[row.region]);
        err = fn(arg, &m);
        if (err != KD_OK) return err;
    }
    return KD_OK;
}
