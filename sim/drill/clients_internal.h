/*
 * clients_internal.h - between clients.c (which user makes which operation when) and, below it, clients_send.c (requests and answers of one
 * operation).
 *
 * clients.c calls clients_send.c. The only way back is `freed`, which clients.c sets at creation.
 */
#ifndef KUDOS_SIM_DRILL_CLIENTS_INTERNAL_H
#define KUDOS_SIM_DRILL_CLIENTS_INTERNAL_H

#include <sys/queue.h>

#include "sim/client/engine.h"
#include "sim/drill/clients.h"
#include "sim/users/zipf.h"

enum { CLIENTS_MEMORY = 4 };
_Static_assert(2 * SCENARIO_EDGES_MAX <= SIM_ENGINE_SERVERS_MAX,
               "edges and their twins are servers of one engine");

typedef enum {
    DRAW_USER,
    DRAW_ITEM,
    DRAW_VERB,
    DRAW_ROAM,
    DRAW_LOST,
    DRAW_RETRY,
    DRAW_DOUBLE,
    DRAW_VIRAL,
    DRAW_TWIN,
    DRAW_READ,
    DRAW_PROBE
} sim_clients_draw_stream;

/* One operation of a user, over all its requests. Lives until it is over, and no request is in flight or waits for another try. */
typedef struct {
    sim_clients *clients;
    uint32_t number, user, item, counter, edge;
    uint32_t forgotten; /* the edge's count in sim_clients.forgotten when the operation began */
    uint32_t attempt;   /* in the journal */
    kd_verb verb;
    uint64_t amount;
    uint64_t rest_us; /* before the next try, besides the back-off */
    uint32_t tries;   /* requests so far, both of a double tap, without readings */
    uint32_t open;    /* requests in flight */
    bool acked;       /* an answer said 2xx */
    bool over;        /* its user is free; a second answer may still come */
    bool told;        /* the scenario names it: it is tried far more often */
    bool probe;       /* on a home item or a once item */
} sim_client_op;

/* A lane of the engine with one request of an operation, and the tries that follow from it. A double tap has two of them at a time. */
typedef struct {
    sim_lane lane; /* first: the engine's pointer to the lane is cast to the request */
    sim_client_op *op;
    uint64_t sent_us; /* when the last try left, in the fleet's time */
    bool reads;       /* the user reads back what he did */
} sim_client_request;

typedef struct sim_told {
    STAILQ_ENTRY(sim_told) next;
    const sim_scenario_event *event;
} sim_told;

typedef struct {
    uint32_t edge, last_item;
    uint32_t once;     /* the last once item that the user was to like */
    bool busy, placed; /* busy: an operation is in work; placed: `edge` was drawn */
    sim_session session;
    struct {
        uint32_t item, counter;
    } liked[CLIENTS_MEMORY];
    uint32_t liked_count;
    STAILQ_HEAD(sim_tolds, sim_told) told; /* operations that the scenario names and that were not begun */
} sim_client_user;

struct sim_clients {
    sim_clients_options options;
    sim_names users, items;
    sim_zipf zipf;
    sim_client_user *at;
    uint32_t number;    /* of operations so far */
    uint64_t next_us;   /* when the swarm's next operation is due, in the fleet's time */
    uint64_t run;       /* of this run: part of every Idempotency-Key */
    uint64_t random;    /* for the connections' back-offs */
    sim_engine *engine; /* its servers are the edges by their numbers, and their twins from FLEET_TWIN on */
    char path[KD_ITEM_KEY_MAX + 32], key[48], body[32]; /* of the request that is being described */
    uint32_t lost_percent[SCENARIO_EDGES_MAX];
    uint32_t forgotten[SCENARIO_EDGES_MAX];    /* how often its directory was emptied, put back or copied */
    uint64_t forgotten_us[SCENARIO_EDGES_MAX]; /* when that happened last, in the fleet's time */
    bool heard[SCENARIO_EDGES_MAX];            /* an answer of this edge told how old central's number is */
    uint32_t open;                             /* operations in work */
    /* The operation of this user is over; the user may begin another one at once. Called by clients_send.c, from within sim_clients_begin() too. */
    void (*freed)(sim_clients *c, uint32_t user);
    /* probes: the first edge's home item and its first user, whom those of the other edges follow; the once item, and the number of edges that get
     * it */
    uint32_t home_item, home_user, once, once_edges, once_number;
    sim_clients_counts total, counts[SCENARIO_EDGES_MAX];
};

/* 64 random bits for the operation of that number. Depends on the seed, the stream and the number alone, never on when an answer came. */
static inline uint64_t sim_clients_draw(const sim_clients *c, sim_clients_draw_stream stream, uint64_t number)
{
    uint64_t state =
        c->options.seed * 0x9e3779b97f4a7c15u ^ ((uint64_t)stream << 40) ^ number * 0xd6e8feb86659fd93u;
    kd_random_next(&state);
    return kd_random_next(&state);
}

/* True for `percent` of the numbers, by such a draw. */
static inline bool sim_clients_chance(const sim_clients *c, sim_clients_draw_stream stream, uint64_t number,
                                      uint32_t percent)
{
    return percent > 0 && sim_clients_draw(c, stream, number) % 100 < percent;
}

/* Enters the attempt into the journal and sends it. clients_send.c owns the op from then on and frees it. The caller has set the user to busy and
 * counted the op in `open`; `freed` ends both. */
void sim_clients_begin(sim_clients *c, sim_client_op *o);
/* Creates the engine, at whose ticks operations are sent again when their back-off has ended. */
void sim_clients_open(sim_clients *c);
/* Ends all requests without judging them, and frees their operations and the engine. Afterwards options.journal is NULL. */
void sim_clients_close(sim_clients *c);
/* Call after each change of the journal about this operation: tells options.changed if it is a probe's. */
static inline void sim_clients_changed(const sim_client_op *o)
{
    const sim_clients_options *c = &o->clients->options;
    if (o->probe && c->changed) c->changed(c->changed_arg, o->item);
}

#endif
