/*
 * check_end.c - the end of a run. "convergence" (I11): once faults and users have stopped, all edges show what central has and nothing is pending.
 * Then the verdict of final.h over all members, counts and sums.
 */
#include <stdio.h>
#include <stdlib.h>

#include "edge/core/batch.h"
#include "edge/core/state.h"
#include "sim/check/checking.h"
#include "sim/check/words.h"

/* An edge with room for few numbers may hold none of this item: ask central through the edge, as a reader would. */
static int read_through(sim_checks *c, kd_edge *e, uint32_t slot, uint32_t item, kd_view *view)
{
    kd_bytes key = kd_item_key(&c->view.items[item]);
    kd_central *core = sim_check_leading(c, c->partition[item]);
    kd_buf record = {0};
    int err = kd_edge_ask(e, key);
    if (err != KD_OK) return KD_EAGAIN; /* a question about the item is under way already */
    kd_central_read(core, &key, 1, kd_bytes_str(c->view.scenario->edges[slot]), sim_check_now(c), &record);
    err = kd_edge_answer(e, key, kd_buf_view(&record), sim_check_now(c));
    sim_check_install_answer(c, slot, item, kd_buf_view(&record));
    kd_buf_finish(&record);
    return err == KD_OK ? kd_edge_view(e, key, view) : KD_EAGAIN;
}

/* Operations of a retired edge stay pending there and are in no number of central (rule 23): its count may differ by as many. */
static bool shows_pending(const sim_checks *c, uint32_t counter, uint64_t count, uint64_t total,
                          uint64_t pending)
{
    if (c->view.counters->at[counter].kind == KD_SUM) return count >= total;
    return (count > total ? count - total : total - count) <= pending;
}

static bool edge_agrees(sim_checks *c, uint32_t slot, uint32_t item, const uint64_t *totals, char *why,
                        size_t size)
{
    kd_edge *e = c->view.edge(c->view.world, slot, c->partition[item] % c->view.scenario->shards);
    kd_view view;
    int err = e ? kd_edge_view(e, kd_item_key(&c->view.items[item]), &view) : KD_EUNAVAILABLE;
    if (err == KD_EAGAIN && c->view.scenario->room_items > 0) err = read_through(c, e, slot, item, &view);
    /* The outbox of a retired edge is never applied: items with operations in it make no room, so others may be unreadable for good. */
    if (err == KD_EAGAIN && c->view.scenario->room_items > 0 && c->retired[slot]) return true;
    if (err != KD_OK) {
        snprintf(why, size, "%s cannot tell the counts of %s: %s", sim_check_slot_name(c, slot),
                 sim_check_item_name(c, item),
                 err == KD_EAGAIN ? "stale, to be read from central" : kd_strerror(err));
        return false;
    }
    for (uint32_t i = 0; i < SCENARIO_COUNTERS; i++) {
        if (view.count[i] == totals[i] && view.pending[i] == 0) continue;
        if (c->retired[slot] && shows_pending(c, i, view.count[i], totals[i], view.pending[i])) continue;
        snprintf(why, size, "%s shows %llu %ss of %s (%u pending), central has %llu",
                 sim_check_slot_name(c, slot), (unsigned long long)view.count[i],
                 c->view.counters->at[i].name, sim_check_item_name(c, item), view.pending[i],
                 (unsigned long long)totals[i]);
        return false;
    }
    return sim_check_closed_agrees(c, slot, item, &view, why, size);
}

static bool item_agrees(sim_checks *c, uint32_t item, char *why, size_t size)
{
    kd_central *core = sim_check_leading(c, c->partition[item]);
    uint64_t totals[KD_COUNTERS_MAX];
    if (!core || kd_central_totals(core, kd_item_key(&c->view.items[item]), totals) != KD_OK) {
        snprintf(why, size, "central cannot tell the counts of %s", sim_check_item_name(c, item));
        return false;
    }
    for (uint32_t slot = 0; slot < c->view.scenario->edge_count; slot++)
        if (!edge_agrees(c, slot, item, totals, why, size)) return false;
    return true;
}

/* Whether the partition holds operations that central may lack: in batches, in the open batch, held back, or waiting to be sent again or moved. */
static bool keeps_operations(const kd_part *p)
{
    const kd_outgoing *b = TAILQ_FIRST(&p->outbox.batches);
    while (b && b->ops == 0) b = TAILQ_NEXT(b, next);
    return b || (p->open && p->open->ops > 0) || p->hold.held || p->resend.active || p->rehome.active;
}

static bool check_end_unsent(sim_checks *c, char *why, size_t size)
{
    for (uint32_t slot = 0; slot < c->view.scenario->edge_count; slot++)
        for (uint32_t shard = 0; shard < c->view.scenario->shards; shard++) {
            const kd_edge *e = c->view.edge(c->view.world, slot, shard);
            for (uint32_t i = 0; e && !c->retired[slot] && i < e->part_count; i++) {
                const kd_part *p = &e->parts[i];
                if (!keeps_operations(p)) continue;
                snprintf(why, size, "%s holds operations that central has not merged [partition %u]",
                         sim_check_slot_name(c, slot), p->id);
                return true;
            }
        }
    return false;
}

/* Begins with the item that did not agree the last time: most likely it does not agree yet. */
bool sim_check_end_converged(sim_checks *c, char *why, size_t size)
{
    if (check_end_unsent(c, why, size) || !sim_check_forget_moves(c, why, size)) return false;
    if (sim_check_milestone_missing(c, why, size) || !sim_check_members_agree(c, why, size)) return false;
    for (uint32_t n = 0; n < c->view.item_count; n++) {
        uint32_t item = (c->converge_at + n) % c->view.item_count;
        c->made++;
        if (item_agrees(c, item, why, size)) continue;
        c->converge_at = item;
        return false;
    }
    return true;
}

typedef struct {
    sim_checks *c;
    sim_final_state *f;
} end_walk;

static int end_member(void *arg, const kd_member *m)
{
    const end_walk *w = arg;
    uint32_t item = sim_check_item(w->c, m->item), user = sim_check_user(w->c, m->user);
    int counter = kd_counters_by_id(w->c->view.counters, m->counter);
    if (item == CHECK_NOTHING || user == CHECK_NOTHING || counter < 0)
        sim_final_stranger(w->f, "central holds a like of an item or a user that is not in this drill");
    else
        sim_final_member(w->f, (uint32_t)counter, item, user);
    return 0;
}

static void gather_members(sim_checks *c, sim_final_state *f, uint32_t partition)
{
    kd_central *core = sim_check_leading(c, partition);
    end_walk w = {c, f};
    kd_buf cursor = {0}, next = {0};
    int err;
    do {
        kd_buf_clear(&cursor);
        kd_buf_put(&cursor, next.data, next.len);
        err = core ? kd_central_members(core, 0, (kd_bytes){0}, kd_buf_view(&cursor), 1000, end_member, &w,
                                        &next)
                   : KD_EIO;
    } while (err == KD_OK && next.len > 0);
    kd_buf_finish(&cursor);
    kd_buf_finish(&next);
}

static void gather_counts(sim_checks *c, sim_final_state *f, uint32_t item)
{
    kd_bytes key = kd_item_key(&c->view.items[item]);
    kd_central *core = sim_check_leading(c, c->partition[item]);
    uint64_t totals[KD_COUNTERS_MAX] = {0};
    if (core) kd_central_totals(core, key, totals);
    for (uint32_t i = 0; i < SCENARIO_COUNTERS; i++) sim_final_count(f, i, item, totals[i]);
    for (uint32_t slot = 0; slot < c->view.scenario->edge_count; slot++) {
        kd_edge *e = c->view.edge(c->view.world, slot, c->partition[item] % c->view.scenario->shards);
        kd_view view;
        if (!e || c->retired[slot] || kd_edge_view(e, key, &view) != KD_OK) continue;
        for (uint32_t i = 0; i < SCENARIO_COUNTERS; i++)
            sim_final_edge_count(f, slot, i, item, view.count[i]);
    }
}

static void expect_counts(sim_checks *c, sim_final_state *f)
{
    const sim_scenario *s = c->view.scenario;
    for (uint32_t i = 0; i < s->expectation_count; i++) {
        kd_item item;
        uint32_t index = CHECK_NOTHING;
        if (kd_item_parse(&item, kd_bytes_str(s->expectations[i].item)) == KD_OK)
            index = sim_check_item(c, kd_item_key(&item));
        if (index != CHECK_NOTHING)
            sim_final_expect(f, s->expectations[i].counter, index, s->expectations[i].count);
    }
}

void sim_check_end_final(sim_checks *c, bool converged, sim_final_verdict *out)
{
    const sim_scenario *s = c->view.scenario;
    sim_check_retire_end(c);
    const char *edges[SCENARIO_EDGES_MAX];
    char(*texts)[KD_ITEM_KEY_MAX] = kd_alloc(c->view.item_count * sizeof(*texts));
    const char **items = kd_alloc(c->view.item_count * sizeof(items[0]));
    for (uint32_t i = 0; i < s->edge_count; i++) edges[i] = s->edges[i];
    for (uint32_t i = 0; i < c->view.item_count; i++) {
        kd_key_text(kd_item_key(&c->view.items[i]), texts[i]);
        items[i] = texts[i];
    }
    sim_final_names names = {c->view.journal, c->view.counters,   edges,         s->edge_count,
                             items,           c->view.item_count, c->view.users, c->view.user_count};
    sim_final_state *f = sim_final_create(&names);
    for (uint32_t p = 0; p < s->partitions; p++) gather_members(c, f, p);
    for (uint32_t i = 0; i < c->view.item_count; i++) gather_counts(c, f, i);
    expect_counts(c, f);
    sim_final_judge(f, out);
    c->made += out->members;
    if (!out->held) sim_check_fail(c, out->checker, "%s", out->text);
    char why[320] = "";
    if (sim_check_milestone_missing(c, why, sizeof(why))) sim_check_fail(c, "milestone", "%s", why);
    if (!converged && !sim_check_end_converged(c, why, sizeof(why)))
        sim_check_fail(c, "convergence", "%s", why);
    sim_final_destroy(f);
    free(items);
    free(texts);
}
