/*
 * check_trending.c - "trending": what central lists as trending, against its members one by one. Each velocity lies within the bounds that are told,
 * and no item that is not listed has more than is told to be missing; over all kills and restores, as a velocity is a function of the rows. A deleted item
 * is not judged: it is not listed, while its rows are still being deleted (rule 27).
 */
#include <stdlib.h>

#include "central/core/state.h"
#include "sim/check/checking.h"
#include "sim/check/words.h"

static const uint64_t trending_windows_us[] = {5000000, 60000000};

typedef struct {
    sim_checks *c;
    uint64_t since_us;
    uint32_t counter;     /* wire id */
    uint64_t *velocities; /* by item */
} trending_walk;

static int trending_member(void *arg, const kd_member *m)
{
    const trending_walk *w = arg;
    w->c->trending_walked++;
    uint32_t item = sim_check_item(w->c, m->item);
    if (item != CHECK_NOTHING && m->counter == w->counter && m->time_us >= w->since_us) w->velocities[item]++;
    return 0;
}

/* All members are walked over, as the page may end early. */
static bool trending_count(trending_walk *w, kd_central *core)
{
    kd_buf cursor = {0}, next = {0};
    int err;
    do {
        kd_buf_clear(&cursor);
        kd_buf_put(&cursor, next.data, next.len);
        err =
            kd_central_members(core, 0, (kd_bytes){0}, kd_buf_view(&cursor), 1000, trending_member, w, &next);
    } while (err == KD_OK && next.len > 0);
    kd_buf_finish(&cursor);
    kd_buf_finish(&next);
    return err == KD_OK;
}

static const kd_trending_item *trending_listed(const kd_trending *t, kd_bytes item)
{
    for (uint32_t i = 0; i < t->count; i++)
        if (kd_bytes_eq(kd_item_key(&t->at[i].item), item)) return &t->at[i];
    return NULL;
}

static void trending_compare(sim_checks *c, const kd_trending *t, const uint64_t *velocities, uint32_t item)
{
    const kd_trending_item *listed = trending_listed(t, kd_item_key(&c->view.items[item]));
    uint64_t least = listed ? listed->least : 0, most = listed ? listed->most : t->missing;
    c->made++;
    if (velocities[item] < least || velocities[item] > most)
        sim_check_fail(c, "trending", "%s has a velocity of %llu by its members, and %llu to %llu is told",
                       sim_check_item_name(c, item), (unsigned long long)velocities[item],
                       (unsigned long long)least, (unsigned long long)most);
}

static bool trending_of_collection(const sim_checks *c, uint32_t item, kd_bytes collection)
{
    return kd_bytes_eq(kd_key_collection(kd_item_key(&c->view.items[item])), collection);
}

/* The velocity of an item that is asked for by its name. */
static void trending_compare_named(sim_checks *c, kd_central *core, const kd_trending_query *q, uint64_t is,
                                   uint32_t item)
{
    kd_velocity found;
    kd_bytes id = kd_key_id(kd_item_key(&c->view.items[item]));
    if (kd_central_velocities(core, q, &id, 1, &found) != KD_OK) return;
    c->made++;
    if (!found.known || is < found.least || is > found.most)
        sim_check_fail(c, "trending",
                       "%s has a velocity of %llu by its members, and is told to have %llu to %llu",
                       sim_check_item_name(c, item), (unsigned long long)is, (unsigned long long)found.least,
                       (unsigned long long)found.most);
}

static void trending_judge(sim_checks *c, kd_central *core, uint32_t partition, const kd_trending_query *q)
{
    kd_trending t;
    if (kd_central_trending(core, q, &t) != KD_OK) return; /* its disk could not be read */
    trending_walk w = {c, t.since_us, q->counter, kd_alloc(c->view.item_count * sizeof(uint64_t))};
    bool counted = trending_count(&w, core);
    for (uint32_t i = 0; counted && i < c->view.item_count && !c->failed; i++)
        if (c->partition[i] == partition && trending_of_collection(c, i, q->collection) &&
            !kd_closed_deleted(core, kd_item_key(&c->view.items[i])))
            trending_compare(c, &t, w.velocities, i);
    uint32_t one = (uint32_t)(c->trending_commits % c->view.item_count);
    if (counted && c->partition[one] == partition && trending_of_collection(c, one, q->collection) &&
        !kd_closed_deleted(core, kd_item_key(&c->view.items[one])))
        trending_compare_named(c, core, q, w.velocities[one], one);
    free(w.velocities);
}

void sim_check_trending_judge(sim_checks *c, uint32_t slot, uint32_t partition)
{
    kd_central *core = c->view.central(c->view.world, slot, partition);
    for (size_t i = 0; core && i < KD_COUNT(trending_windows_us) && !c->failed; i++) {
        const kd_trending_query q = {.counter = c->view.counters->at[SCENARIO_LIKE].id,
                                     .collection = kd_key_collection(kd_item_key(&c->view.items[0])),
                                     .window_us = trending_windows_us[i],
                                     .now_us = *c->view.now_us,
                                     .limit = KD_TRENDING_ITEMS_MAX};
        trending_judge(c, core, partition, &q);
    }
}

enum { WALKED_A_COMMIT = 128 };

void sim_check_trending_committed(sim_checks *c, uint32_t slot, uint32_t partition)
{
    c->trending_commits++;
    if (c->trending_walked <= WALKED_A_COMMIT * c->trending_commits)
        sim_check_trending_judge(c, slot, partition);
}
