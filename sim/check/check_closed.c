/*
 * check_closed.c - "closed" (rules 27, 29): what is stamped while an item is closed never counts, and all else does; a deleted item is empty, for good; an edge
 * that knows that an item is closed takes nothing, and one that knows that it is open refuses nothing.
 *
 * A model keeps the decisions about items and lives that central merged, what was left out behind a close, and what began, in the order of the log, each with
 * the commit that holds it: a start must know those of the commits on its disk, and no others. "decided" asks it about each operation, and compares rows; here sums are added up, and what central says of items is
 * compared, after a commit while no other is under way.
 *
 * What is not judged, and why:
 * - answers of users where items have a life, and from the first close on: users are not told what counts (sim_journal_closed). So such an item has more than one writer, a row at an
 *   edge may say what central left out, and what the item passes is not judged;
 * - rows of a deleted item while they are being deleted: how far that has come depends on commits;
 * - what an edge knows, before a snapshot lists the item and behind a gap; where an answer told of a later state than the snapshot; and where an edge has
 *   no room to keep all items.
 */
#include "central/core/state.h"
#include "sim/check/checking.h"
#include "sim/check/words.h"

#include <stdio.h>

enum { MERGED_LEFT_OUT = 100, MERGED_BEHIND_END, MERGED_FIRST, LAG_US = 10000000 };

typedef enum { KNOWS_NOTHING, KNOWS_OPEN, KNOWS_CLOSED } closed_knowledge;

static kd_bytes closed_item_key(const sim_checks *c, uint32_t item)
{
    return kd_item_key(&c->view.items[item]);
}

/* ---- the model ---- */

typedef struct {
    kd_closing at[KD_CLOSINGS_MAX];
    uint32_t count;
    bool now, deleted, begun, opened;
    uint64_t start_us, life_us, keep_us; /* life_us 0: it has none now */
    uint64_t latest_us;                  /* stamp of what was left out since the last close */
    uint64_t behind_us;                  /* stamp of what its life left out */
} closed_spans;

static void closed_model_close(closed_spans *s, uint64_t stamp_us)
{
    if (s->now) return;
    if (s->count == KD_CLOSINGS_MAX) { /* the two oldest become one, with the time between them */
        s->at[1].from_us = s->at[0].from_us;
        memmove(&s->at[0], &s->at[1], --s->count * sizeof(s->at[0]));
    }
    uint64_t least_us = s->count > 0 ? s->at[s->count - 1].to_us : 0;
    s->at[s->count++] = (kd_closing){KD_MAX(stamp_us, least_us), UINT64_MAX};
    s->now = true;
    s->latest_us = 0;
}

static void closed_model_open(closed_spans *s, uint64_t stamp_us)
{
    if (!s->now) return;
    kd_closing *last = &s->at[s->count - 1];
    if (s->life_us > 0 && s->begun && !s->opened) { /* it ends the life: what that left out stays so */
        last->from_us = KD_MIN(last->from_us, s->start_us + s->life_us);
        s->latest_us = KD_MAX(s->latest_us, s->behind_us);
    }
    s->now = false;
    s->opened = true;
    last->to_us = KD_MAX(KD_MAX(stamp_us, s->latest_us), last->from_us);
}

static void closed_model_step(closed_spans *s, const sim_check_closing *d)
{
    switch (d->what) {
    case MERGED_LEFT_OUT:
        s->latest_us = KD_MAX(s->latest_us, d->stamp_us);
        return;
    case MERGED_BEHIND_END:
        s->behind_us = KD_MAX(s->behind_us, d->stamp_us);
        return;
    case MERGED_FIRST:
        s->begun = true;
        s->start_us = d->stamp_us;
        return;
    case KD_DECIDED_CLOSE:
        closed_model_close(s, d->stamp_us);
        return;
    case KD_DECIDED_OPEN:
        closed_model_open(s, d->stamp_us);
        return;
    default:
        s->deleted = true;
    }
}

static closed_spans closed_model(const sim_check_closings *l, uint32_t item)
{
    closed_spans s = {.count = 0};
    for (uint32_t i = 0; i < l->count; i++) {
        if (l->at[i].what == KD_DECIDED_LIVES) s.life_us = l->at[i].stamp_us, s.keep_us = l->at[i].keep_us;
        if (l->at[i].item == item && !s.deleted) closed_model_step(&s, &l->at[i]);
    }
    s.now |= s.deleted;
    if (s.opened) s.life_us = 0;
    return s;
}

static bool closed_covers(const closed_spans *s, uint64_t after_us, uint64_t time_us)
{
    bool covers = false;
    for (uint32_t i = 0; i < s->count; i++)
        covers |= after_us >= s->at[i].from_us && time_us <= s->at[i].to_us;
    return covers;
}

static bool closed_leaves_out(const closed_spans *s, uint64_t after_us, uint64_t time_us)
{
    bool ended = s->life_us > 0 && s->begun && after_us >= s->start_us + s->life_us;
    return s->deleted || ended || closed_covers(s, after_us, time_us);
}

static void closed_add(sim_check_closings *l, uint32_t item, uint32_t what, uint64_t stamp_us)
{
    l->at = kd_grow(l->at, l->count, &l->cap, sizeof(l->at[0]));
    l->at[l->count++] = (sim_check_closing){.item = item, .what = what, .stamp_us = stamp_us};
}

/* An item begins with the operation that is merged first. */
static void closed_begins(sim_check_closings *l, const closed_spans *s, uint32_t item, uint64_t time_us)
{
    if (s->life_us > 0 && !s->begun) closed_add(l, item, MERGED_FIRST, time_us);
}

bool sim_check_closed_leaves_out(sim_checks *c, uint32_t slot, uint32_t item, uint64_t time_us)
{
    sim_check_closings *l = &c->closings[slot][c->partition[item]];
    closed_spans s = closed_model(l, item);
    if (!closed_leaves_out(&s, time_us - 1, time_us)) {
        closed_begins(l, &s, item, time_us);
        return false;
    }
    bool covered = closed_covers(&s, time_us - 1, time_us); /* not by its life alone */
    if (covered && s.now && !s.deleted && time_us > s.latest_us)
        closed_add(l, item, MERGED_LEFT_OUT, time_us);
    if (!covered && !s.deleted && time_us > s.behind_us) closed_add(l, item, MERGED_BEHIND_END, time_us);
    return true;
}

bool sim_check_closed_deleted(const sim_checks *c, uint32_t slot, uint32_t item)
{
    return closed_model(&c->closings[slot][c->partition[item]], item).deleted;
}

bool sim_check_closed_ever(const sim_checks *c, uint32_t slot, uint32_t item)
{
    if (c->view.scenario->life_us > 0) return true;
    const sim_check_closings *l = &c->closings[slot][c->partition[item]];
    uint32_t i = 0;
    while (i < l->count && l->at[i].item != item) i++;
    return i < l->count;
}

/* ---- records ---- */

void sim_check_closed_ordered(sim_checks *c, const kd_decision *d)
{
    uint32_t item = sim_check_item(c, d->item);
    bool deletes = d->what == KD_DECIDED_DELETE;
    sim_journal_closed(c->view.journal, item, deletes ? 0 : d->stamp_us - c->wrong_clock_us);
    c->writer[item] = CHECKS_SLOTS;
    for (uint32_t i = 0; i < SCENARIO_COUNTERS; i++) sim_check_milestone_unsure(c, i, item);
}

static void closed_take_lives(sim_check_closings *l, const kd_decision *d)
{
    kd_lifespans lives;
    if (!kd_lifespans_decode(d->body, &lives)) return;
    closed_add(l, CHECK_NOTHING, KD_DECIDED_LIVES, lives.count > 0 ? lives.at[0].life_us : 0);
    l->at[l->count - 1].keep_us = lives.at[0].keep_us;
}

/* Central's own hand (rule 29): the end of a life is that of the item, and nothing is deleted early. */
static void closed_judge_hand(sim_checks *c, const sim_check_closings *l, uint32_t item, const kd_decision *d)
{
    closed_spans s = closed_model(l, item);
    uint64_t end_us = s.start_us + s.life_us;
    c->made++;
    bool right = s.life_us > 0 && s.begun && d->stamp_us == end_us;
    bool early = d->what == KD_DECIDED_EXPIRED && (s.keep_us == 0 || d->at_us < end_us + s.keep_us);
    if (!right || early)
        sim_check_fail(c, "closed", "%s is %s by its life at %llu, which ends at %llu%s",
                       sim_check_item_name(c, item), d->what == KD_DECIDED_EXPIRED ? "deleted" : "closed",
                       (unsigned long long)d->stamp_us, (unsigned long long)end_us,
                       s.life_us == 0 ? ": it has none" : "");
}

void sim_check_closed_decided(sim_checks *c, uint32_t slot, uint32_t partition, const kd_decision *d)
{
    sim_check_closings *l = &c->closings[slot][partition];
    uint32_t item = sim_check_item(c, d->item);
    bool hand = d->what == KD_DECIDED_ENDED || d->what == KD_DECIDED_EXPIRED;
    bool deletes = d->what == KD_DECIDED_DELETE || d->what == KD_DECIDED_EXPIRED;
    if (d->what == KD_DECIDED_LIVES) {
        closed_take_lives(l, d);
        return;
    }
    if (closed_model(l, item).deleted) return;
    if (hand) closed_judge_hand(c, l, item, d);
    if (deletes) c->summed[slot][item] = 0;
    closed_add(l, item,
               deletes                       ? KD_DECIDED_DELETE
               : d->what == KD_DECIDED_ENDED ? KD_DECIDED_CLOSE
                                             : d->what,
               d->stamp_us);
}

void sim_check_closed_merged(sim_checks *c, uint32_t slot, uint32_t partition, uint32_t edge,
                             const kd_batch *b, const kd_body *body)
{
    sim_check_closings *l = &c->closings[slot][partition];
    for (uint32_t i = 0; i < body->sum_count; i++) {
        uint32_t item = sim_check_item(c, body->sums[i].item);
        if (item == CHECK_NOTHING) continue;
        closed_spans s = closed_model(l, item);
        if (closed_leaves_out(&s, l->complete_us[edge], b->complete_to_us)) continue;
        closed_begins(l, &s, item, b->complete_to_us);
        c->summed[slot][item] += body->sums[i].amount;
    }
    l->complete_us[edge] = b->complete_to_us;
}

void sim_check_closed_imported(sim_checks *c, uint32_t slot, uint32_t partition, const kd_decision *d,
                               const kd_body *body)
{
    sim_check_closings *l = &c->closings[slot][partition];
    for (uint32_t i = 0; i < body->sum_count; i++) {
        uint32_t item = sim_check_item(c, body->sums[i].item);
        if (item == CHECK_NOTHING) continue;
        closed_spans s = closed_model(l, item);
        if (s.deleted) continue;
        closed_begins(l, &s, item, d->at_us);
        c->summed[slot][item] += body->sums[i].amount;
    }
}

/* ---- commits ---- */

void sim_check_closed_begun(sim_checks *c, uint32_t slot, uint32_t partition, uint64_t version)
{
    sim_check_closings *l = &c->closings[slot][partition];
    for (uint32_t i = 0; i < l->count; i++) {
        if (l->at[i].version == 0) l->at[i].version = version;
        if (l->at[i].what == KD_DECIDED_DELETE && !l->at[i].empty)
            sim_check_count_touch(c, slot, partition, l->at[i].item);
    }
}

static void closed_find_row(sim_checks *c, kd_central *core, uint32_t item, uint32_t user)
{
    for (uint32_t counter = 0; counter < SCENARIO_COUNTERS; counter++) {
        bool liked;
        uint64_t at_us;
        if (c->view.counters->at[counter].kind == KD_SUM) continue;
        if (kd_central_member_at(core, counter, closed_item_key(c, item), kd_bytes_str(c->view.users[user]),
                                 &liked, &at_us) != KD_OK)
            return;
        c->made++;
        if (at_us != 0)
            sim_check_fail(c, "closed", "%s was deleted, and central has a row of %s: %s at %llu",
                           sim_check_item_name(c, item), c->view.users[user],
                           liked ? sim_check_among(c, counter, item) : "an unlike",
                           (unsigned long long)at_us);
    }
}

/* All rows once, when it is empty; later those of one user at a time. */
static void closed_judge_empty(sim_checks *c, kd_central *core, sim_check_closing *d, bool all)
{
    uint64_t totals[KD_COUNTERS_MAX];
    uint32_t users = c->view.user_count;
    all |= !d->empty;
    d->empty = true;
    if (kd_central_totals(core, closed_item_key(c, d->item), totals) != KD_OK) return;
    for (uint32_t i = 0; i < SCENARIO_COUNTERS; i++)
        if (totals[i] != 0)
            sim_check_fail(c, "closed", "%s was deleted, and central counts %llu %ss of it",
                           sim_check_item_name(c, d->item), (unsigned long long)totals[i],
                           c->view.counters->at[i].name);
    if (!all && users > 0) closed_find_row(c, core, d->item, (uint32_t)(c->closed_turn++ % users));
    for (uint32_t u = 0; all && u < users && !c->failed; u++) closed_find_row(c, core, d->item, u);
}

static void closed_judge_sum(sim_checks *c, uint32_t slot, kd_central *core, uint32_t item)
{
    uint64_t totals[KD_COUNTERS_MAX];
    if (kd_central_totals(core, closed_item_key(c, item), totals) != KD_OK) return;
    c->made++;
    if (totals[SCENARIO_VIEW] != c->summed[slot][item])
        sim_check_fail(c, "closed", "central counts %llu views of %s; by the log it is %llu",
                       (unsigned long long)totals[SCENARIO_VIEW], sim_check_item_name(c, item),
                       (unsigned long long)c->summed[slot][item]);
}

static void closed_judge(sim_checks *c, uint32_t slot, kd_central *core, sim_check_closing *d, bool all)
{
    if (d->what >= KD_DECIDED_OPERATIONS) return; /* it is about no closing */
    const kd_closed_item *i = kd_table_find(&core->closer.items, closed_item_key(c, d->item));
    closed_spans s = closed_model(&c->closings[slot][c->partition[d->item]], d->item);
    c->made++;
    if (!i || i->deleted != s.deleted || kd_central_closed(core, closed_item_key(c, d->item)) != s.now)
        sim_check_fail(c, "closed", "by the log %s is %s, and central says that it is %s",
                       sim_check_item_name(c, d->item),
                       s.deleted ? "deleted"
                       : s.now   ? "closed"
                                 : "open",
                       !i           ? "open, and always was"
                       : i->deleted ? "deleted"
                                    : "not");
    if (!c->failed && !s.deleted) closed_judge_sum(c, slot, core, d->item);
    if (!c->failed && s.deleted && i->swept && d->what == KD_DECIDED_DELETE)
        closed_judge_empty(c, core, d, all);
}

/* No commit is under way: what was read is what central says. */
static bool closed_quiet(const sim_checks *c, uint32_t slot, uint32_t partition)
{
    return c->positions.tenures[slot][partition].outstanding == 0 && c->deciding[slot][partition].open == 0;
}

void sim_check_closed_committed(sim_checks *c, uint32_t slot, uint32_t partition)
{
    sim_check_closings *l = &c->closings[slot][partition];
    kd_central *core = c->view.central(c->view.world, slot, partition);
    bool judged = core && closed_quiet(c, slot, partition);
    for (uint32_t i = 0; judged && i < l->count && !c->failed; i++)
        closed_judge(c, slot, core, &l->at[i], false);
}

/* Whether central's hand has not closed yet what ended some time ago. */
static bool closed_lags(const sim_checks *c, const sim_check_closings *l)
{
    for (uint32_t i = 0; i < l->count; i++) {
        if (l->at[i].what != MERGED_FIRST) continue;
        closed_spans s = closed_model(l, l->at[i].item);
        if (s.life_us > 0 && !s.now && s.start_us + s.life_us + LAG_US + c->wrong_clock_us < sim_check_now(c))
            return true;
    }
    return false;
}

bool sim_check_closed_settled(sim_checks *c, char *why, size_t size)
{
    for (uint32_t p = 0; c->orders && p < c->view.scenario->partitions; p++) {
        uint32_t lead = sim_check_lead_slot(c, p);
        sim_check_closings *l = &c->closings[lead][p];
        kd_central *core = sim_check_leading(c, p);
        if (!core || !closed_quiet(c, lead, p) || kd_central_sweeps(core) || closed_lags(c, l)) {
            snprintf(why, size,
                     "items whose life is over are still to be closed, or rows to be deleted [partition %u]",
                     p);
            return false;
        }
        for (uint32_t i = 0; i < l->count && !c->failed; i++) closed_judge(c, lead, core, &l->at[i], true);
    }
    return true;
}

/* ---- starts and disks ---- */

void sim_check_closed_opened(sim_checks *c, uint32_t slot, uint32_t partition)
{
    sim_check_closings *l = &c->closings[slot][partition];
    kd_central *core = c->view.central(c->view.world, slot, partition);
    uint32_t kept = 0;
    if (!c->orders || !core) return;
    for (uint32_t i = 0; i < l->count; i++)
        if (l->at[i].version != 0 && l->at[i].version <= kd_central_version(core)) l->at[kept++] = l->at[i];
    l->count = kept;
    for (uint32_t i = 0; i < kept; i++) l->at[i].empty = false;
    for (uint32_t e = 0; e < c->view.scenario->edge_count; e++) {
        int known = kd_registry_find(core, kd_bytes_str(c->view.scenario->edges[e]));
        l->complete_us[e] = known >= 0 ? core->edges[known].tentative.complete_to_us : 0;
    }
    for (uint32_t i = 0; i < c->view.item_count; i++) {
        uint64_t totals[KD_COUNTERS_MAX];
        if (c->partition[i] != partition) continue;
        if (kd_central_totals(core, closed_item_key(c, i), totals) == KD_OK)
            c->summed[slot][i] = totals[SCENARIO_VIEW];
    }
    for (uint32_t i = 0; i < kept && !c->failed; i++) closed_judge(c, slot, core, &l->at[i], false);
}

static void closed_copy(sim_check_closings *to, const sim_check_closings *from)
{
    to->count = 0;
    for (uint32_t i = 0; i < from->count; i++) {
        to->at = kd_grow(to->at, to->count, &to->cap, sizeof(to->at[0]));
        to->at[to->count++] = from->at[i];
    }
}

void sim_check_closed_disk(sim_checks *c, int who, sim_checks_disk_event event)
{
    for (uint32_t p = 0; who == SCENARIO_CENTRAL && p < c->view.scenario->partitions; p++) {
        if (event == CHECKS_BACKED_UP) closed_copy(&c->closings_backup[p], &c->closings[0][p]);
        if (event == CHECKS_RESTORED) closed_copy(&c->closings[0][p], &c->closings_backup[p]);
        if (event == CHECKS_COPIED) closed_copy(&c->closings[1][p], &c->closings[0][p]);
        if (event == CHECKS_WIPED) c->closings[0][p].count = 0;
    }
}

/* ---- edges ---- */

static void closed_forget(sim_checks *c, uint32_t slot, uint32_t partition)
{
    for (uint32_t i = 0; c->orders && i < c->view.item_count; i++)
        if (c->partition[i] == partition) c->knows[slot][i].closed = KNOWS_NOTHING;
}

/* Nobody tells users when the life of an item is over. */
static void closed_expect_lives(sim_checks *c)
{
    for (uint32_t i = 0; c->view.scenario->life_us > 0 && i < c->view.item_count; i++) {
        if (sim_journal_may_be_closed(c->view.journal, i)) continue;
        sim_journal_closed(c->view.journal, i, 0);
        c->writer[i] = CHECKS_SLOTS;
        for (uint32_t n = 0; n < SCENARIO_COUNTERS; n++) sim_check_milestone_unsure(c, n, i);
    }
}

void sim_check_closed_edge_opened(sim_checks *c, uint32_t slot, uint32_t shard)
{
    closed_expect_lives(c);
    for (uint32_t p = shard; p < c->view.scenario->partitions; p += c->view.scenario->shards)
        closed_forget(c, slot, p);
}

static bool closed_keeps_item(const sim_checks *c, uint32_t slot, uint32_t item)
{
    kd_edge *e = c->view.edge(c->view.world, slot, c->partition[item] % c->view.scenario->shards);
    kd_view view;
    return e && c->view.scenario->room_items == 0 &&
           kd_edge_view(e, closed_item_key(c, item), &view) == KD_OK && view.known;
}

void sim_check_closed_heard(sim_checks *c, uint32_t slot, const kd_snapshot *s, bool follows)
{
    if (!c->orders) return;
    if (!follows || s->parts > 1) closed_forget(c, slot, s->partition);
    for (uint32_t i = 0; i < s->item_count && s->parts == 1; i++) {
        uint32_t item = sim_check_item(c, s->items[i].item);
        if (item == CHECK_NOTHING) continue;
        sim_check_closed_knowledge *k = &c->knows[slot][item];
        bool knows = s->version >= k->read && closed_keeps_item(c, slot, item);
        k->closed = !knows ? KNOWS_NOTHING : s->items[i].closed ? KNOWS_CLOSED : KNOWS_OPEN;
    }
}

void sim_check_closed_read(sim_checks *c, uint32_t slot, const kd_snapshot *s)
{
    for (uint32_t i = 0; c->orders && i < s->item_count; i++) {
        uint32_t item = sim_check_item(c, s->items[i].item);
        if (item != CHECK_NOTHING)
            c->knows[slot][item] = (sim_check_closed_knowledge){KNOWS_NOTHING, s->version};
    }
}

void sim_check_closed_taken(sim_checks *c, uint32_t slot, uint32_t item)
{
    c->made += c->orders;
    if (c->orders && c->knows[slot][item].closed == KNOWS_CLOSED)
        sim_check_fail(c, "closed",
                       "%s takes an operation on %s, though a snapshot of central told it that it is closed",
                       sim_check_slot_name(c, slot), sim_check_item_name(c, item));
}

void sim_check_closed_refused(sim_checks *c, uint32_t slot, uint32_t item)
{
    kd_view view;
    kd_edge *e = c->view.edge(c->view.world, slot, c->partition[item] % c->view.scenario->shards);
    c->made++;
    bool stale = e && kd_edge_view(e, closed_item_key(c, item), &view) == KD_EAGAIN;
    if (!c->orders || c->knows[slot][item].closed == KNOWS_OPEN || stale)
        sim_check_fail(c, "closed", "%s refuses an operation on %s, which %s", sim_check_slot_name(c, slot),
                       sim_check_item_name(c, item),
                       stale ? "may have been opened since: its number is old"
                             : "is open by the last snapshot of central");
}

bool sim_check_closed_agrees(sim_checks *c, uint32_t slot, uint32_t item, const kd_view *view, char *why,
                             size_t size)
{
    kd_central *core = sim_check_leading(c, c->partition[item]);
    bool closed = core && kd_central_closed(core, closed_item_key(c, item));
    if (view->closed == closed) return true;
    snprintf(why, size, "%s says that %s is %s, central that it is %s", sim_check_slot_name(c, slot),
             sim_check_item_name(c, item), view->closed ? "closed" : "open", closed ? "closed" : "open");
    return false;
}
