/* shown.c - see the header. A window is open from question to answer. Changes of the journal's bounds meanwhile widen it. */
#include "sim/drill/shown.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/io/loop/clock.h"
#include "sim/drill/ask.h"
#include "sim/drill/number.h"

enum { EVERY_US = 150000, DEADLINE_MS = 1500, ITEMS = 2 };

typedef struct {
    uint32_t item;
    uint64_t least, most; /* what the journal allowed since the question was asked */
} window;

/* Whether a process has told, for one item, how old central's number is. */
typedef struct {
    uint32_t item;
    uint64_t started_us;
    bool heard;
} hearing;

typedef struct {
    sim_shown *whole;
    uint32_t edge;
    bool asking, alone;           /* alone: the last question was for a number alone */
    uint64_t next_us, started_us; /* started: of the process that was asked */
    uint64_t judged_us;           /* start of the process of which a number of the home item was judged */
    window home, once;
    hearing heard_home, heard_once;
} shown_reader;

struct sim_shown {
    sim_fleet *fleet;
    sim_clients *clients;
    const sim_journal *journal;
    uint32_t careless, once, first; /* first: attempts in the journal when `once` was chosen */
    uint64_t judged;
    shown_reader at[SCENARIO_EDGES_MAX];
};

/* ---- windows --------------------------------------------------------------------------------------------------- */

static void shown_widen(const sim_shown *s, window *w)
{
    uint64_t least, most;
    sim_journal_bounds(s->journal, SCENARIO_LIKE, w->item, &least, &most);
    w->least = KD_MIN(w->least, least);
    w->most = KD_MAX(w->most, most);
}

static window open_window(const sim_shown *s, uint32_t item)
{
    window w = {.item = item, .least = UINT64_MAX};
    shown_widen(s, &w);
    return w;
}

void sim_shown_changed(void *shown_, uint32_t item)
{
    sim_shown *s = shown_;
    for (uint32_t e = 0; s->journal && e < s->fleet->scenario->edge_count; e++) {
        shown_reader *r = &s->at[e];
        if (!r->asking) continue;
        if (r->home.item == item) shown_widen(s, &r->home);
        if (r->once.item == item) shown_widen(s, &r->once);
    }
}

/* ---- answers --------------------------------------------------------------------------------------------------- */

static const char *edge_name(const shown_reader *r)
{
    return r->whole->fleet->scenario->edges[r->edge];
}

static const char *item_name(const shown_reader *r, uint32_t item)
{
    return sim_names_at(sim_clients_items(r->whole->clients), item);
}

/*
 * An edge calls a number known when it rests on a count of central. It tells that count's age until two snapshots have been missed. So a process that
 * shows a known number without an age has told an age before, unless it read the count from its disk at the start.
 */
static void judge_known(shown_reader *r, hearing *h, uint32_t item, const sim_told_number *n)
{
    if (h->item != item || h->started_us != r->started_us)
        *h = (hearing){
            .item = item, .started_us = r->started_us, .heard = n->known && h->started_us != r->started_us};
    if (n->known && !n->made && !h->heard)
        sim_fleet_fail(r->whole->fleet,
                       "known: %s shows %llu likes of %s, and has heard no number of central", edge_name(r),
                       (unsigned long long)n->count, item_name(r, item));
    h->heard |= n->made;
}

static sim_told_number shown_read_number(shown_reader *r, uint32_t item, const json_t *one)
{
    sim_told_number n;
    if (!sim_number_read(json_object_get(json_object_get(one, "counts"), "like"), one, &n))
        sim_fleet_fail(r->whole->fleet, "answer: %s shows a number of %s that the API does not know",
                       edge_name(r), item_name(r, item));
    return n;
}

static void judge_home(shown_reader *r, uint64_t count)
{
    const window *w = &r->home;
    if (count >= w->least && count <= w->most) return;
    sim_fleet_fail(
        r->whole->fleet,
        "shown: %s shows %llu likes of %s, which it alone was asked to change: not in [%llu, %llu]",
        edge_name(r), (unsigned long long)count, item_name(r, w->item), (unsigned long long)w->least,
        (unsigned long long)w->most);
}

/* Likes of the once item that were acknowledged, at whatever edge, before this wall time. */
static uint64_t acknowledged_by(const sim_shown *s, uint32_t item, uint64_t wall_us)
{
    uint64_t found = 0, now_us = sim_fleet_now_us(s->fleet), wall_now_us = kd_clock_wall_us();
    for (uint32_t id = sim_journal_count(s->journal); id-- > s->first;) {
        const sim_journal_attempt *a = sim_journal_at(s->journal, id);
        if (a->item == item && a->acked_us && !a->excused && wall_now_us - (now_us - a->acked_us) <= wall_us)
            found++;
    }
    return found;
}

static void judge_once(shown_reader *r, const sim_told_number *n)
{
    const window *w = &r->once;
    uint64_t least = n->as_of_us ? acknowledged_by(r->whole, w->item, n->as_of_us) : 0;
    if (n->count > w->most)
        sim_fleet_fail(r->whole->fleet, "shown: %s shows %llu likes of %s, %llu were attempted", edge_name(r),
                       (unsigned long long)n->count, item_name(r, w->item), (unsigned long long)w->most);
    if (n->count < least)
        sim_fleet_fail(
            r->whole->fleet,
            "as-of: %s shows %llu likes of %s and calls that complete up to %llu us ago: %llu had been "
            "acknowledged by then",
            edge_name(r), (unsigned long long)n->count, item_name(r, w->item), (unsigned long long)n->age_us,
            (unsigned long long)least);
}

static void shown_on_counts(void *arg, int status, kd_bytes body)
{
    shown_reader *r = arg;
    sim_shown *s = r->whole;
    const sim_fleet_node *node = &s->fleet->nodes[r->edge];
    r->asking = false;
    if (!s->clients) return; /* the drill is over */
    json_t *document = status == 200 ? json_loadb((const char *)body.data, body.len, 0, NULL) : NULL;
    const json_t *items = json_object_get(document, "items");
    bool same = node->started_us == r->started_us && sim_program_running(&node->process);
    if (same && json_array_size(items) == ITEMS) {
        sim_told_number home = shown_read_number(r, r->home.item, json_array_get(items, 0)),
                        once = shown_read_number(r, r->once.item, json_array_get(items, 1));
        judge_known(r, &r->heard_home, r->home.item, &home);
        judge_known(r, &r->heard_once, r->once.item, &once);
        /* After a restore of central the edge sends operations again. On a number from before the process started these have no delta, so it may be
         * too low (rules 15, 17): not judged. */
        uint64_t life_us = sim_fleet_now_us(s->fleet) - r->started_us;
        bool counts = home.made && home.age_us < life_us && r->edge != s->careless;
        if (counts) judge_home(r, home.count), r->judged_us = r->started_us;
        if (once.made) judge_once(r, &once);
        s->judged += counts + once.made;
    }
    json_decref(document);
}

/* A number alone has no age: it is judged once the same process has told the item's number with its age. From then on it knows one. */
static void judge_alone(shown_reader *r, const json_t *document)
{
    uint64_t count;
    bool known, told = sim_number_alone(document, &count, &known);
    if (told && known)
        judge_home(r, count);
    else
        sim_fleet_fail(r->whole->fleet, "answer: %s tells no number of %s, and has told one before",
                       edge_name(r), item_name(r, r->home.item));
    r->whole->judged++;
}

static void shown_on_alone(void *arg, int status, kd_bytes body)
{
    shown_reader *r = arg;
    const sim_fleet_node *node = &r->whole->fleet->nodes[r->edge];
    r->asking = false;
    if (!r->whole->clients || status != 200) return;
    if (node->started_us != r->started_us || !sim_program_running(&node->process)) return;
    json_t *document = json_loadb((const char *)body.data, body.len, 0, NULL);
    judge_alone(r, document);
    json_decref(document);
}

/* ---- questions ------------------------------------------------------------------------------------------------- */

static void shown_ask(shown_reader *r)
{
    sim_shown *s = r->whole;
    const sim_fleet_node *node = &s->fleet->nodes[r->edge];
    char path[256];
    r->asking = true;
    r->started_us = node->started_us;
    r->home = open_window(s, sim_clients_home(s->clients, r->edge));
    r->once = open_window(s, sim_clients_once(s->clients));
    r->alone = !r->alone && r->judged_us == r->started_us;
    if (r->alone)
        snprintf(path, sizeof path, "/v1/%s/count?counter=like", item_name(r, r->home.item));
    else
        snprintf(path, sizeof path, "/v1/counts?items=%s,%s", item_name(r, r->home.item),
                 item_name(r, r->once.item));
    sim_ask_get(s->fleet->base, node->port, path, NULL, DEADLINE_MS,
                r->alone ? shown_on_alone : shown_on_counts, r);
}

void sim_shown_tick(sim_shown *s, uint64_t now_us)
{
    if (!s || !s->clients || sim_clients_once(s->clients) == 0) return;
    if (s->once != sim_clients_once(s->clients)) s->first = sim_journal_count(s->journal);
    s->once = sim_clients_once(s->clients);
    for (uint32_t e = 0; e < s->fleet->scenario->edge_count; e++) {
        shown_reader *r = &s->at[e];
        if (r->asking || now_us < r->next_us || !sim_fleet_serves(&s->fleet->nodes[e])) continue;
        r->next_us = now_us + EVERY_US;
        shown_ask(r);
    }
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

sim_shown *sim_shown_create(sim_fleet *f, uint32_t careless)
{
    sim_shown *s = kd_alloc(sizeof *s);
    *s = (sim_shown){.fleet = f, .careless = careless};
    for (uint32_t e = 0; e < SCENARIO_EDGES_MAX; e++) s->at[e] = (shown_reader){.whole = s, .edge = e};
    return s;
}

void sim_shown_watch(sim_shown *s, sim_clients *c, const sim_journal *j)
{
    s->clients = c;
    s->journal = j;
}

void sim_shown_destroy(sim_shown *s)
{
    free(s);
}

uint64_t sim_shown_judged(const sim_shown *s)
{
    return s->judged;
}
