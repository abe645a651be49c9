/* shown.c - see the header. A window is open from question to answer; what the journal says meanwhile widens it. */
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
    uint64_t least, most; /* the lowest and the highest of the window */
} window;

/* Of one item at one process: whether an answer told how old central's number is. */
typedef struct {
    uint32_t item;
    uint64_t started_us;
    bool heard;
} hearing;

typedef struct {
    shown *whole;
    uint32_t edge;
    bool asking;
    uint64_t next_us, started_us; /* started: of the process that was asked */
    window home, once;
    hearing heard_home, heard_once;
} reader;

struct shown {
    fleet *fleet;
    clients *clients;
    const journal *journal;
    uint32_t careless, once, first; /* the once item, and the number of attempts when it began */
    uint64_t judged;
    reader at[SCENARIO_EDGES_MAX];
};

/* ---- windows --------------------------------------------------------------------------------------------------- */

static void shown_widen(const shown *s, window *w)
{
    uint64_t least, most;
    journal_bounds(s->journal, SCENARIO_LIKE, w->item, &least, &most);
    w->least = KD_MIN(w->least, least);
    w->most = KD_MAX(w->most, most);
}

static window open_window(const shown *s, uint32_t item)
{
    window w = {.item = item, .least = UINT64_MAX};
    shown_widen(s, &w);
    return w;
}

void shown_changed(void *shown_, uint32_t item)
{
    shown *s = shown_;
    for (uint32_t e = 0; s->journal && e < s->fleet->scenario->edge_count; e++) {
        reader *r = &s->at[e];
        if (!r->asking) continue;
        if (r->home.item == item) shown_widen(s, &r->home);
        if (r->once.item == item) shown_widen(s, &r->once);
    }
}

/* ---- answers --------------------------------------------------------------------------------------------------- */

static const char *edge_name(const reader *r)
{
    return r->whole->fleet->scenario->edges[r->edge];
}

static const char *item_name(const reader *r, uint32_t item)
{
    return kd_names_at(clients_items(r->whole->clients), item);
}

/*
 * A number rests on one of central's. The age of that one is lost only after two missed snapshots, so a process tells it at least once, unless it
 * began with the number from its disk.
 */
static void judge_known(reader *r, hearing *h, uint32_t item, const told_number *n)
{
    if (h->item != item || h->started_us != r->started_us)
        *h = (hearing){
            .item = item, .started_us = r->started_us, .heard = n->known && h->started_us != r->started_us};
    if (n->known && !n->made && !h->heard)
        fleet_fail(r->whole->fleet, "known: %s shows %llu likes of %s, and has heard no number of central",
                   edge_name(r), (unsigned long long)n->count, item_name(r, item));
    h->heard |= n->made;
}

static told_number shown_read_number(reader *r, uint32_t item, const json_t *one)
{
    told_number n;
    if (!number_read(json_object_get(json_object_get(one, "counts"), "like"), one, &n))
        fleet_fail(r->whole->fleet, "answer: %s shows a number of %s that the API does not know",
                   edge_name(r), item_name(r, item));
    return n;
}

static void judge_home(reader *r, const told_number *n)
{
    const window *w = &r->home;
    if (n->count >= w->least && n->count <= w->most) return;
    fleet_fail(r->whole->fleet,
               "shown: %s shows %llu likes of %s, which it alone was asked to change: not in [%llu, %llu]",
               edge_name(r), (unsigned long long)n->count, item_name(r, w->item),
               (unsigned long long)w->least, (unsigned long long)w->most);
}

/* Likes of the once item that were acknowledged, at whatever edge, before this wall time. */
static uint64_t acknowledged_by(const shown *s, uint32_t item, uint64_t wall_us)
{
    uint64_t found = 0, now_us = fleet_now_us(s->fleet), wall_now_us = kd_clock_wall_us();
    for (uint32_t id = journal_count(s->journal); id-- > s->first;) {
        const journal_attempt *a = journal_at(s->journal, id);
        if (a->item == item && a->acked_us && !a->excused && wall_now_us - (now_us - a->acked_us) <= wall_us)
            found++;
    }
    return found;
}

static void judge_once(reader *r, const told_number *n)
{
    const window *w = &r->once;
    uint64_t least = n->as_of_us ? acknowledged_by(r->whole, w->item, n->as_of_us) : 0;
    if (n->count > w->most)
        fleet_fail(r->whole->fleet, "shown: %s shows %llu likes of %s, %llu were attempted", edge_name(r),
                   (unsigned long long)n->count, item_name(r, w->item), (unsigned long long)w->most);
    if (n->count < least)
        fleet_fail(
            r->whole->fleet,
            "as-of: %s shows %llu likes of %s and calls that complete up to %llu us ago: %llu had been "
            "acknowledged by then",
            edge_name(r), (unsigned long long)n->count, item_name(r, w->item), (unsigned long long)n->age_us,
            (unsigned long long)least);
}

static void shown_on_counts(void *arg, int status, kd_bytes body)
{
    reader *r = arg;
    shown *s = r->whole;
    const fleet_node *node = &s->fleet->nodes[r->edge];
    r->asking = false;
    if (!s->clients) return; /* it is over */
    json_t *document = status == 200 ? json_loadb((const char *)body.data, body.len, 0, NULL) : NULL;
    const json_t *items = json_object_get(document, "items");
    bool same = node->started_us == r->started_us && program_running(&node->process);
    if (same && json_array_size(items) == ITEMS) {
        told_number home = shown_read_number(r, r->home.item, json_array_get(items, 0)),
                    once = shown_read_number(r, r->once.item, json_array_get(items, 1));
        judge_known(r, &r->heard_home, r->home.item, &home);
        judge_known(r, &r->heard_once, r->once.item, &once);
        /* Behind a number that is older than the process may stand operations that are sent again, and these have no delta (rules 15, 17). */
        uint64_t life_us = fleet_now_us(s->fleet) - r->started_us;
        bool counts = home.made && home.age_us < life_us && r->edge != s->careless;
        if (counts) judge_home(r, &home);
        if (once.made) judge_once(r, &once);
        s->judged += counts + once.made;
    }
    json_decref(document);
}

/* ---- questions ------------------------------------------------------------------------------------------------- */

static void shown_ask(reader *r)
{
    shown *s = r->whole;
    const fleet_node *node = &s->fleet->nodes[r->edge];
    char path[256];
    r->asking = true;
    r->started_us = node->started_us;
    r->home = open_window(s, clients_home(s->clients, r->edge));
    r->once = open_window(s, clients_once(s->clients));
    snprintf(path, sizeof path, "/v1/counts?items=%s,%s", item_name(r, r->home.item),
             item_name(r, r->once.item));
    ask_get(s->fleet->base, node->port, path, NULL, DEADLINE_MS, shown_on_counts, r);
}

void shown_tick(shown *s, uint64_t now_us)
{
    if (!s || !s->clients || clients_once(s->clients) == 0) return;
    if (s->once != clients_once(s->clients)) s->first = journal_count(s->journal);
    s->once = clients_once(s->clients);
    for (uint32_t e = 0; e < s->fleet->scenario->edge_count; e++) {
        reader *r = &s->at[e];
        if (r->asking || now_us < r->next_us || !fleet_serves(&s->fleet->nodes[e])) continue;
        r->next_us = now_us + EVERY_US;
        shown_ask(r);
    }
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

shown *shown_create(fleet *f, uint32_t careless)
{
    shown *s = kd_alloc(sizeof *s);
    *s = (shown){.fleet = f, .careless = careless};
    for (uint32_t e = 0; e < SCENARIO_EDGES_MAX; e++) s->at[e] = (reader){.whole = s, .edge = e};
    return s;
}

void shown_watch(shown *s, clients *c, const journal *j)
{
    s->clients = c;
    s->journal = j;
}

void shown_destroy(shown *s)
{
    free(s);
}

uint64_t shown_judged(const shown *s)
{
    return s->judged;
}
