/* alone.c - see the header. */
#include "sim/drill/alone.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/drill/ask.h"
#include "sim/drill/number.h"

enum { ALONE_EVERY_US = 500000, ALONE_DEADLINE_MS = 1500 };

/* COUNTS before and after; between them the number ALONE. */
typedef enum { ALONE_BEFORE, ALONE_NUMBER, ALONE_AFTER, ALONE_QUESTIONS } alone_question;

typedef struct {
    bool told, known; /* told: with 200 and as the API says */
    uint64_t count;
} alone_answer;

typedef struct {
    sim_alone *whole;
    const sim_fleet_node *node;
    bool asking;
    alone_question question;
    alone_answer answers[ALONE_QUESTIONS];
    uint64_t next_us, started_us, attempted;
} alone_reader;

struct sim_alone {
    sim_fleet *fleet;
    sim_clients *clients; /* NULL: they are gone */
    char item[2 * SCENARIO_NAME_MAX];
    alone_reader at[SCENARIO_EDGES_MAX];
};

/* No user acts at the moment, nor has one since `attempted` operations. */
static bool alone_quiet(const sim_alone *a, uint64_t attempted)
{
    return a->clients && sim_clients_idle(a->clients) && sim_clients_total(a->clients).attempted == attempted;
}

static bool alone_same(const alone_answer *a, const alone_answer *b)
{
    return a->told && b->told && a->known == b->known && a->count == b->count;
}

static void alone_judge(const alone_reader *r)
{
    const alone_answer *a = r->answers;
    if (!alone_same(&a[ALONE_BEFORE], &a[ALONE_AFTER]) || !alone_quiet(r->whole, r->attempted)) return;
    if (r->node->started_us != r->started_us || alone_same(&a[ALONE_BEFORE], &a[ALONE_NUMBER])) return;
    sim_fleet_fail(r->whole->fleet, "count: %s shows %lld likes of %s in its counts, and %lld alone",
                   r->node->name, a[ALONE_BEFORE].known ? (long long)a[ALONE_BEFORE].count : -1,
                   r->whole->item, a[ALONE_NUMBER].known ? (long long)a[ALONE_NUMBER].count : -1);
}

/* Counts that know no number of central tell what is pending; the number alone is null then, and so they are compared as unknown. */
static alone_answer alone_read(alone_question question, const json_t *document)
{
    sim_told_number n;
    alone_answer a = {.told = false};
    if (question == ALONE_NUMBER) {
        a.told = sim_number_alone(document, &a.count, &a.known);
        return a;
    }
    bool told = sim_number_read(json_object_get(json_object_get(document, "counts"), "like"), document, &n);
    return (alone_answer){.told = told, .known = n.known, .count = n.known ? n.count : 0};
}

static void alone_ask(alone_reader *r);

static void alone_on_answer(void *arg, int status, kd_bytes body)
{
    alone_reader *r = arg;
    json_t *document = status == 200 ? json_loadb((const char *)body.data, body.len, 0, NULL) : NULL;
    r->asking = false;
    r->answers[r->question] = alone_read(r->question, document);
    json_decref(document);
    if (!document || !r->whole->clients) return; /* down, or too busy: another time */
    if (r->question == ALONE_AFTER) {
        alone_judge(r);
    } else {
        r->question++;
        alone_ask(r);
    }
}

static void alone_ask(alone_reader *r)
{
    char path[256];
    r->asking = true;
    snprintf(path, sizeof path, r->question == ALONE_NUMBER ? "/v1/%s/count?counter=like" : "/v1/%s/counts",
             r->whole->item);
    sim_ask_get(r->whole->fleet->base, r->node->port, path, NULL, ALONE_DEADLINE_MS, alone_on_answer, r);
}

void sim_alone_tick(sim_alone *a, uint64_t now_us)
{
    uint64_t attempted = a->clients ? sim_clients_total(a->clients).attempted : 0;
    for (uint32_t e = 0; alone_quiet(a, attempted) && e < a->fleet->scenario->edge_count; e++) {
        alone_reader *r = &a->at[e];
        if (r->asking || now_us < r->next_us || !sim_fleet_serves(r->node)) continue;
        r->next_us = now_us + ALONE_EVERY_US;
        r->question = ALONE_BEFORE;
        r->started_us = r->node->started_us;
        r->attempted = attempted;
        alone_ask(r);
    }
}

sim_alone *sim_alone_create(sim_fleet *f, sim_clients *c, const char *item)
{
    sim_alone *a = kd_alloc(sizeof *a);
    *a = (sim_alone){.fleet = f, .clients = c};
    snprintf(a->item, sizeof a->item, "%s", item);
    for (uint32_t e = 0; e < SCENARIO_EDGES_MAX; e++)
        a->at[e] = (alone_reader){.whole = a, .node = &f->nodes[e]};
    return a;
}

void sim_alone_end(sim_alone *a)
{
    if (a) a->clients = NULL;
}

void sim_alone_destroy(sim_alone *a)
{
    free(a);
}
