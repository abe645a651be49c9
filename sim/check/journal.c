/*
 * journal.c - attempts, the pairs that they touch, and which of a pair's attempts may win. The oracle holds what follows from that.
 *
 * Invariants
 * - A pair's `chain` holds all its attempts, newest first. Its `active` list holds those that may win: what an answered attempt overruled
 *   has left it, and comes back when it is tried again, answered late, or when the answer is excused.
 * - `settled_us` and the oracle's verdict of a pair follow from its active list alone and are renewed with each event on it.
 * - Pairs have the numbers that the oracle gives them.
 */
#include "sim/check/journal.h"

#include <stdlib.h>

enum {
    NONE = UINT32_MAX,
    SLACK_US = 10000,
    COUNTERS = KD_COUNTERS_MAX,
    JOURNAL_EDGES = 256,
    REQUESTS_LAST_US = 5000000, /* so long after the answer to a request its double has arrived */
};                              /* SLACK: clocks move between two measurements */

typedef struct {
    sim_journal_attempt a;
    uint32_t pair; /* NONE: a sum */
    uint32_t older, next_active;
    uint32_t open; /* requests that were not refused */
    bool active, lingers;
} entry;

typedef struct {
    uint32_t chain, active;
    uint32_t next_of_item; /* 1 + the next pair of the item; 0: none */
    uint64_t edges;        /* at which it was attempted, a bit each */
    uint64_t settled_us;   /* all of active were answered by then; UINT64_MAX: one was not */
    bool imported;         /* ... by an import */
    bool ordered;          /* an operator decided about it: users do not tell what is right */
    bool
        shut; /* an attempt was excused since the item may have been closed: only the last word reaches central, and may be left out */
} pair;

typedef struct {
    uint64_t aside; /* how much of the oracle's least was set aside and may be missing */
    uint32_t pairs; /* 1 + the first one; 0: none */
} item_row;

/* The edges at which a user was answered. */
typedef struct {
    uint32_t edge; /* 1 + the last edge; 0: nowhere yet */
    bool several;
} home;

struct sim_journal {
    uint64_t near_us;
    uint64_t lingers_us[JOURNAL_EDGES]; /* by edge */
    bool tokens, sums_hold;
    entry *at;
    uint32_t count, cap;
    sim_oracle *oracle;
    pair *pairs;
    uint32_t pair_count, pair_cap;
    home *homes; /* by user */
    uint32_t home_cap;
    item_row *items[COUNTERS];
    uint32_t item_cap[COUNTERS];
    uint64_t *closed; /* by item: 1 + the time from which it may be closed; 0: it never was */
    uint32_t closed_cap;
    uint64_t acks;
};

sim_journal *sim_journal_create(uint64_t drift_us, bool tokens)
{
    sim_journal *j = kd_alloc(sizeof(*j));
    *j = (sim_journal){.near_us = 2 * drift_us + SLACK_US,
                       .tokens = tokens,
                       .sums_hold = true,
                       .oracle = sim_oracle_create()};
    return j;
}

void sim_journal_drift(sim_journal *j, uint64_t drift_us)
{
    j->near_us = KD_MAX(j->near_us, 2 * drift_us + SLACK_US);
}

void sim_journal_destroy(sim_journal *j)
{
    if (!j) return;
    for (uint32_t c = 0; c < COUNTERS; c++) free(j->items[c]);
    free(j->homes);
    free(j->closed);
    sim_oracle_destroy(j->oracle);
    free(j->pairs);
    free(j->at);
    free(j);
}

/* ---- pairs --------------------------------------------------------------------------------------------------- */

static item_row *journal_row_of(sim_journal *j, uint32_t counter, uint32_t item)
{
    KD_ASSERT(counter < COUNTERS);
    uint32_t cap = j->item_cap[counter];
    if (item >= cap) {
        uint32_t more = KD_MAX(2 * cap, item + 16);
        j->items[counter] = kd_realloc(j->items[counter], more * sizeof(item_row));
        memset(j->items[counter] + cap, 0, (more - cap) * sizeof(item_row));
        j->item_cap[counter] = more;
    }
    return &j->items[counter][item];
}

static const pair *journal_find(const sim_journal *j, uint32_t counter, uint32_t item, uint32_t user)
{
    uint32_t found = sim_oracle_find(j->oracle, counter, item, user);
    return found != SIM_ORACLE_NONE ? &j->pairs[found] : NULL;
}

static uint32_t journal_obtain(sim_journal *j, const sim_journal_attempt *a)
{
    uint32_t number = sim_oracle_obtain(j->oracle, a->counter, a->item, a->user);
    if (number < j->pair_count) return number;
    j->pairs = kd_grow(j->pairs, j->pair_count, &j->pair_cap, sizeof(j->pairs[0]));
    item_row *row = journal_row_of(j, a->counter, a->item);
    j->pairs[j->pair_count++] = (pair){.chain = NONE, .active = NONE, .next_of_item = row->pairs};
    row->pairs = j->pair_count;
    return number;
}

static sim_oracle_verdict journal_verdict_of(const sim_journal *j, const pair *p)
{
    return sim_oracle_at(j->oracle, (uint32_t)(p - j->pairs)).verdict;
}

/* ---- who may win --------------------------------------------------------------------------------------------- */

/* Answered and not excused: the attempt overrules what surely came before it. */
static bool journal_binding(const sim_journal_attempt *a)
{
    return a->acked_us != 0 && !a->excused;
}

/* Whether `a` surely has a lower stamp than `b`, which is answered and not excused. */
static bool journal_before(const sim_journal *j, const sim_journal_attempt *a, const sim_journal_attempt *b)
{
    uint64_t end = a->acked_us > a->issued_us ? a->acked_us : a->issued_us;
    if (end + j->near_us < b->first_us) return true;
    return journal_binding(a) && end <= b->first_us && a->id < b->id && (j->tokens || a->edge == b->edge);
}

/*
 * Attempts that an answered attempt overrules leave the active list. Comparing with the answered attempt that began last is enough, for journal_before asks of the
 * later attempt only when it began; without tokens it asks for the edge too, so then every answered attempt of the same edge is tried as well.
 */
static void journal_prune(sim_journal *j, pair *p)
{
    const sim_journal_attempt *last = NULL;
    for (uint32_t i = p->active; i != NONE; i = j->at[i].next_active) {
        const sim_journal_attempt *b = &j->at[i].a;
        bool later =
            !last || b->first_us > last->first_us || (b->first_us == last->first_us && b->id > last->id);
        if (journal_binding(b) && later) last = b;
    }
    if (!last) return;
    for (uint32_t *link = &p->active; *link != NONE;) {
        entry *e = &j->at[*link];
        bool overruled = journal_before(j, &e->a, last);
        for (uint32_t i = p->active; !overruled && !j->tokens && journal_binding(&e->a) && i != NONE;
             i = j->at[i].next_active)
            overruled = journal_binding(&j->at[i].a) && j->at[i].a.edge == e->a.edge &&
                        journal_before(j, &e->a, &j->at[i].a);
        overruled = overruled && !e->lingers;
        e->active = !overruled;
        if (overruled)
            *link = e->next_active;
        else
            link = &e->next_active;
    }
}

static sim_oracle_verdict journal_judge(sim_journal *j, pair *p)
{
    bool like = false, not = false, sure = false;
    p->settled_us = 0;
    for (uint32_t i = p->active; i != NONE; i = j->at[i].next_active) {
        const sim_journal_attempt *a = &j->at[i].a;
        if (j->at[i].open == 0 && a->acked_us == 0) continue;
        if (a->verb == KD_LIKE)
            like = true;
        else
            not = true;
        sure |= journal_binding(a);
        uint64_t settled = journal_binding(a) ? a->acked_us : UINT64_MAX;
        p->settled_us = KD_MAX(p->settled_us, settled);
    }
    not |= !sure;
    if (p->ordered ||
        p->shut) { /* of several words in one batch the last is known alone, and that may have been left out (rules 7, 27) */
        p->settled_us = UINT64_MAX;
        return ORACLE_MAY;
    }
    return !like ? ORACLE_MUST_NOT : not ? ORACLE_MAY : ORACLE_MUST;
}

static void journal_renew(sim_journal *j, uint32_t index)
{
    pair *p = &j->pairs[index];
    journal_prune(j, p);
    sim_oracle_say(j->oracle, index, journal_judge(j, p));
}

static void journal_activate(sim_journal *j, uint32_t id)
{
    entry *e = &j->at[id];
    if (e->active) return;
    pair *p = &j->pairs[e->pair];
    e->next_active = p->active;
    e->active = true;
    p->active = id;
}

/* After an answer is excused: attempts that it had overruled may win after all. */
static void journal_reopen(sim_journal *j, uint32_t index)
{
    pair *p = &j->pairs[index];
    for (uint32_t i = p->chain; i != NONE; i = j->at[i].older) journal_activate(j, i);
    journal_renew(j, index);
}

/* ---- events -------------------------------------------------------------------------------------------------- */

/* Excuses the attempt, unless it was answered well before its item may have been closed. */
static void journal_shut(sim_journal *j, const entry *e)
{
    uint64_t from = e->a.item < j->closed_cap ? j->closed[e->a.item] : 0;
    uint64_t end = KD_MAX(e->a.acked_us, e->a.issued_us);
    if (from == 0 || (e->a.acked_us != 0 && end + j->near_us < from - 1)) return;
    if (e->pair != NONE) j->pairs[e->pair].shut = true;
    sim_journal_excuse(j, e->a.id);
}

uint32_t sim_journal_attempted(sim_journal *j, const sim_journal_attempt *a)
{
    j->at = kd_grow(j->at, j->count, &j->cap, sizeof(j->at[0]));
    uint32_t id = j->count++;
    entry *e = &j->at[id];
    *e = (entry){.a = *a, .pair = NONE, .older = NONE, .next_active = NONE, .open = 1};
    e->a.id = id;
    if (e->a.issued_us < e->a.first_us) e->a.issued_us = e->a.first_us;
    e->lingers = a->verb == KD_LIKE && a->edge < JOURNAL_EDGES && a->first_us <= j->lingers_us[a->edge];
    if (a->verb == KD_ADD) {
        sim_oracle_say_sum(j->oracle, a->counter, a->item, 0, (int64_t)a->amount);
        journal_shut(j, e);
        return id;
    }
    e->pair = journal_obtain(j, a);
    j->pairs[e->pair].edges |= sim_journal_edge_bit(a->edge);
    e->older = j->pairs[e->pair].chain;
    j->pairs[e->pair].chain = id;
    journal_activate(j, id);
    journal_renew(j, e->pair);
    journal_shut(j, e);
    return id;
}

static void journal_touched(sim_journal *j, uint32_t id)
{
    if (j->at[id].pair == NONE) return;
    journal_activate(j, id);
    journal_renew(j, j->at[id].pair);
}

/* Some request of the attempt may have been taken. */
static bool journal_happened(const entry *e)
{
    return e->open > 0 || e->a.acked_us != 0;
}

static void journal_sum_changed(sim_journal *j, const entry *e, bool was)
{
    if (e->pair != NONE || was == journal_happened(e)) return;
    int64_t amount = (int64_t)e->a.amount;
    sim_oracle_say_sum(j->oracle, e->a.counter, e->a.item, 0, was ? -amount : amount);
}

void sim_journal_retried(sim_journal *j, uint32_t id, uint64_t now_us)
{
    entry *e = &j->at[id];
    bool was = journal_happened(e);
    e->open++;
    if (now_us > e->a.issued_us) e->a.issued_us = now_us;
    journal_sum_changed(j, e, was);
    journal_touched(j, id);
    if (e->a.acked_us == 0) journal_shut(j, e);
}

void sim_journal_refused(sim_journal *j, uint32_t id)
{
    entry *e = &j->at[id];
    bool was = journal_happened(e);
    KD_ASSERT(e->open > 0);
    e->open--;
    journal_sum_changed(j, e, was);
    journal_touched(j, id);
}

static void note_home(sim_journal *j, const sim_journal_attempt *a)
{
    for (uint32_t cap = j->home_cap; a->user >= cap; cap = j->home_cap) {
        j->homes = kd_grow(j->homes, cap, &j->home_cap, sizeof(home));
        memset(j->homes + cap, 0, (j->home_cap - cap) * sizeof(home));
    }
    home *h = &j->homes[a->user];
    h->several |= h->edge != 0 && h->edge != 1 + a->edge;
    h->edge = 1 + a->edge;
}

void sim_journal_acked(sim_journal *j, uint32_t id, uint64_t now_us)
{
    entry *e = &j->at[id];
    j->acks++;
    if (e->a.acked_us != 0) return;
    note_home(j, &e->a);
    bool was = journal_happened(e);
    e->a.acked_us = now_us;
    journal_sum_changed(j, e, was);
    if (e->pair == NONE && !e->a.excused)
        sim_oracle_say_sum(j->oracle, e->a.counter, e->a.item, (int64_t)e->a.amount, 0);
    journal_touched(j, id);
}

void sim_journal_thawed(sim_journal *j, uint32_t edge, uint64_t from_us, uint64_t now_us)
{
    for (uint32_t id = j->count; id-- > 0;) {
        entry *e = &j->at[id];
        if (e->a.edge != edge || e->a.acked_us != 0 || e->open == 0 || e->a.issued_us < from_us) continue;
        e->a.issued_us = KD_MAX(e->a.issued_us, now_us);
        journal_touched(j, id);
    }
}

void sim_journal_excuse(sim_journal *j, uint32_t id)
{
    entry *e = &j->at[id];
    if (e->a.excused) return;
    e->a.excused = true;
    if (e->a.acked_us == 0) return;
    if (e->pair == NONE)
        sim_oracle_say_sum(j->oracle, e->a.counter, e->a.item, -(int64_t)e->a.amount, 0);
    else
        journal_reopen(j, e->pair);
}

void sim_journal_excuse_edge(sim_journal *j, uint32_t edge, uint64_t from_us, uint64_t to_us)
{
    for (uint32_t id = 0; id < j->count; id++) {
        const sim_journal_attempt *a = &j->at[id].a;
        uint64_t at_us =
            a->acked_us ? a->acked_us : a->issued_us; /* not yet acked: an answer may be on its way */
        if (a->edge == edge && at_us >= from_us && a->issued_us <= to_us) sim_journal_excuse(j, id);
    }
}

void sim_journal_linger_edge(sim_journal *j, uint32_t edge, uint64_t from_us, uint64_t to_us)
{
    KD_ASSERT(edge < JOURNAL_EDGES);
    j->lingers_us[edge] = KD_MAX(j->lingers_us[edge], to_us);
    for (uint32_t id = 0; id < j->count; id++) {
        entry *e = &j->at[id];
        if (e->a.edge != edge || e->a.verb != KD_LIKE || e->a.first_us > to_us || e->a.issued_us < from_us)
            continue;
        e->lingers = true;
        journal_reopen(j, e->pair);
    }
}

void sim_journal_excuse_sums(sim_journal *j)
{
    j->sums_hold = false;
}

void sim_journal_ordered(sim_journal *j, uint32_t counter, uint32_t item, uint32_t user, bool imported)
{
    uint32_t number =
        journal_obtain(j, &(sim_journal_attempt){.counter = counter, .item = item, .user = user});
    j->pairs[number].ordered = true;
    j->pairs[number].imported |= imported;
    journal_renew(j, number);
}

void sim_journal_closed(sim_journal *j, uint32_t item, uint64_t from_us)
{
    for (uint32_t cap = j->closed_cap; item >= cap; cap = j->closed_cap) {
        j->closed = kd_grow(j->closed, cap, &j->closed_cap, sizeof(j->closed[0]));
        memset(j->closed + cap, 0, (j->closed_cap - cap) * sizeof(j->closed[0]));
    }
    uint64_t *closed = &j->closed[item];
    *closed = *closed ? KD_MIN(*closed, 1 + from_us) : 1 + from_us;
    for (uint32_t id = 0; id < j->count; id++)
        if (j->at[id].a.item == item) journal_shut(j, &j->at[id]);
}

bool sim_journal_may_be_closed(const sim_journal *j, uint32_t item)
{
    return item < j->closed_cap && j->closed[item] != 0;
}

void sim_journal_set_aside(sim_journal *j, uint32_t counter, uint32_t item, uint64_t amount)
{
    journal_row_of(j, counter, item)->aside += amount;
}

void sim_journal_keys_forgotten(sim_journal *j, uint32_t edge, uint64_t now_us)
{
    for (uint32_t id = 0; id < j->count; id++) {
        const entry *e = &j->at[id];
        if (e->pair != NONE || e->a.edge != edge || e->open == 0) continue;
        bool quiet = e->a.acked_us != 0 && e->a.acked_us + REQUESTS_LAST_US < now_us;
        if (!quiet) sim_oracle_say_sum(j->oracle, e->a.counter, e->a.item, 0, (int64_t)e->a.amount);
    }
}

/* ---- questions ------------------------------------------------------------------------------------------------ */

const sim_journal_attempt *sim_journal_at(const sim_journal *j, uint32_t id)
{
    KD_ASSERT(id < j->count);
    return &j->at[id].a;
}

uint32_t sim_journal_count(const sim_journal *j)
{
    return j->count;
}

uint64_t sim_journal_acks(const sim_journal *j)
{
    return j->acks;
}

bool sim_journal_sums_hold(const sim_journal *j)
{
    return j->sums_hold;
}

sim_oracle_verdict sim_journal_pair(const sim_journal *j, uint32_t counter, uint32_t item, uint32_t user,
                                    uint64_t settled_before_us, bool *settled)
{
    const pair *p = journal_find(j, counter, item, user);
    if (settled) *settled = !p || p->settled_us < settled_before_us;
    return p ? journal_verdict_of(j, p) : ORACLE_MUST_NOT;
}

uint64_t sim_journal_pair_edges(const sim_journal *j, uint32_t counter, uint32_t item, uint32_t user)
{
    const pair *p = journal_find(j, counter, item, user);
    return p ? p->edges : 0;
}

bool sim_journal_pair_imported(const sim_journal *j, uint32_t counter, uint32_t item, uint32_t user)
{
    const pair *p = journal_find(j, counter, item, user);
    return p && p->imported;
}

bool sim_journal_pair_excused(const sim_journal *j, uint32_t counter, uint32_t item, uint32_t user,
                              uint32_t edge)
{
    bool any = false;
    for (uint32_t id = 0; id < j->count && !any; id++) {
        const sim_journal_attempt *a = &j->at[id].a;
        any = a->excused && a->edge == edge && a->counter == counter && a->item == item && a->user == user;
    }
    return any;
}

void sim_journal_bounds(const sim_journal *j, uint32_t counter, uint32_t item, uint64_t *least,
                        uint64_t *most)
{
    sim_oracle_bounds b = sim_oracle_bounds_of(j->oracle, counter, item);
    *least = b.least - KD_MIN(b.least, sim_journal_aside(j, counter, item));
    *most = b.most;
}

uint64_t sim_journal_aside(const sim_journal *j, uint32_t counter, uint32_t item)
{
    return counter < COUNTERS && item < j->item_cap[counter] ? j->items[counter][item].aside : 0;
}

static uint32_t journal_first_pair(const sim_journal *j, uint32_t counter, uint32_t item)
{
    return counter < COUNTERS && item < j->item_cap[counter] ? j->items[counter][item].pairs : 0;
}

uint64_t sim_journal_unsettled(const sim_journal *j, uint32_t counter, uint32_t item,
                               uint64_t settled_before_us, uint32_t but, uint64_t but_edges, uint64_t enough)
{
    uint64_t users = 0;
    for (uint32_t i = journal_first_pair(j, counter, item); i && users < enough;
         i = j->pairs[i - 1].next_of_item) {
        const pair *p = &j->pairs[i - 1];
        sim_oracle_pair said = sim_oracle_at(j->oracle, i - 1);
        bool held = !(p->edges & but_edges) && p->settled_us < settled_before_us && said.user != but;
        users += !held && said.verdict == ORACLE_MUST;
    }
    return users;
}

static uint64_t sent_at(const sim_journal_attempt *a)
{
    return a->sent_us ? a->sent_us : a->first_us;
}

const sim_journal_attempt *sim_journal_last_word(const sim_journal *j, uint32_t counter, uint32_t item,
                                                 uint32_t user)
{
    const pair *p = journal_find(j, counter, item, user);
    const sim_journal_attempt *last = NULL;
    for (uint32_t i = p ? p->chain : NONE; i != NONE; i = j->at[i].older) {
        const sim_journal_attempt *a = &j->at[i].a;
        if (journal_binding(a) && (!last || a->acked_us > last->acked_us)) last = a;
    }
    return last;
}

bool sim_journal_is_last(const sim_journal *j, uint32_t attempt)
{
    return j->pairs[j->at[attempt].pair].chain == attempt;
}

bool sim_journal_was_liked(const sim_journal *j, uint32_t attempt, bool *sure)
{
    const sim_journal_attempt *last = NULL, *now = &j->at[attempt].a;
    *sure = true;
    for (uint32_t i = j->pairs[j->at[attempt].pair].chain; i != NONE && *sure; i = j->at[i].older) {
        const sim_journal_attempt *a = &j->at[i].a;
        if (i == attempt || (j->at[i].open == 0 && a->acked_us == 0)) continue;
        if (!last) last = a; /* newest first */
        *sure = journal_binding(a) && a->id < attempt && a->acked_us <= sent_at(now) &&
                (a == last || journal_before(j, a, last)) && !j->at[i].lingers;
    }
    return last && last->verb == KD_LIKE;
}

/* Whether the edge that took `here` could know of `there`: the token that came with `here` was from a device that had the answer to `there`. */
static bool journal_told_of(const sim_journal_attempt *here, const sim_journal_attempt *there)
{
    return !here->strange && !there->strange && there->id < here->id && there->acked_us != 0 &&
           there->acked_us <= sent_at(here);
}

static bool is_misled(const sim_journal *j, const pair *p, const sim_journal_attempt *here, uint64_t gone_us)
{
    if (here->first_us <= gone_us && here->issued_us > gone_us)
        return true; /* it was taken before the disk or the copy was gone as well */
    for (uint32_t i = p->chain; i != NONE; i = j->at[i].older) {
        const sim_journal_attempt *there = &j->at[i].a;
        bool happened = j->at[i].open > 0 || there->acked_us != 0;
        bool elsewhere = there->edge != here->edge || there->first_us <= gone_us;
        if (happened && there != here && elsewhere && !journal_told_of(here, there)) return true;
    }
    return false;
}

uint64_t sim_journal_misled(const sim_journal *j, uint32_t counter, uint32_t item, uint32_t edge,
                            uint64_t since_us, uint64_t gone_us)
{
    uint64_t users = 0;
    for (uint32_t i = journal_first_pair(j, counter, item); i; i = j->pairs[i - 1].next_of_item) {
        const pair *p = &j->pairs[i - 1];
        bool misled = p->ordered || p->shut;
        for (uint32_t k = p->chain; k != NONE && !misled; k = j->at[k].older) {
            const sim_journal_attempt *here = &j->at[k].a;
            misled = here->edge == edge && here->issued_us >= since_us && is_misled(j, p, here, gone_us);
        }
        users += misled;
    }
    return users;
}

static bool answered_elsewhere(const home *h, uint32_t edge)
{
    return h->several || (h->edge != 0 && h->edge != 1 + edge);
}

static bool began_by(const sim_journal *j, const pair *p, uint64_t us)
{
    for (uint32_t k = p->chain; k != NONE; k = j->at[k].older)
        if (j->at[k].a.first_us <= us) return true;
    return false;
}

uint64_t sim_journal_doubtful(const sim_journal *j, uint32_t counter, uint32_t item, uint32_t edge,
                              uint64_t since_us, uint64_t gone_us)
{
    uint64_t attempts = 0;
    for (uint32_t i = journal_first_pair(j, counter, item); i; i = j->pairs[i - 1].next_of_item) {
        const pair *p = &j->pairs[i - 1];
        uint32_t user = sim_oracle_at(j->oracle, i - 1).user;
        bool gone = began_by(j, p, gone_us);
        if (!gone && (user >= j->home_cap || !answered_elsewhere(&j->homes[user], edge))) continue;
        for (uint32_t k = p->chain; k != NONE; k = j->at[k].older)
            attempts +=
                j->at[k].a.edge == edge && j->at[k].a.issued_us >= since_us && (gone || !j->at[k].a.strange);
    }
    return attempts;
}

uint64_t sim_journal_since(const sim_journal *j, uint32_t counter, uint32_t item, uint32_t edge,
                           uint64_t since_us)
{
    uint64_t requests = 0;
    for (uint32_t i = journal_first_pair(j, counter, item); i; i = j->pairs[i - 1].next_of_item)
        for (uint32_t k = j->pairs[i - 1].chain; k != NONE; k = j->at[k].older)
            if (j->at[k].a.edge == edge && j->at[k].a.issued_us >= since_us) requests += j->at[k].open;
    return requests;
}

void sim_journal_pairs(const sim_journal *j, journal_pair_fn fn, void *arg)
{
    uint32_t *sorted = sim_oracle_sorted(j->oracle);
    for (uint32_t i = 0; i < j->pair_count; i++) {
        sim_oracle_pair p = sim_oracle_at(j->oracle, sorted[i]);
        fn(arg, p.counter, p.item, p.user, p.verdict);
    }
    free(sorted);
}
