/*
 * clients_internal.h - between clients.c (who does what when) and, below it, clients_send.c (one operation on its way).
 *
 * clients.c calls clients_send.c. The only way back is `freed`, which clients.c sets at creation.
 */
#ifndef KUDOS_SIM_DRILL_CLIENTS_INTERNAL_H
#define KUDOS_SIM_DRILL_CLIENTS_INTERNAL_H

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
    uint32_t number, user, item, counter, edge, forgotten, attempt;
    kd_verb verb;
    uint64_t amount;
    uint64_t rest_us; /* before the next try, besides the back-off */
    uint32_t tries;   /* requests so far, both of a double tap, without readings */
    uint32_t open;    /* requests in flight */
    bool acked, over, told, probe;
} sim_client_op;

/* A lane of the engine with one request of an operation, and the tries that follow from it. A double tap has two of them at a time. */
typedef struct {
    sim_lane lane; /* the first member: the engine's pointer to the lane is also a pointer to the request */
    sim_client_op *op;
    uint64_t sent_us; /* of the last try, in the fleet's time */
    bool reads;       /* the user reads back what he did */
} sim_client_request;

typedef struct sim_told {
    struct sim_told *next;
    const sim_scenario_event *event;
} sim_told;

typedef struct {
    uint32_t edge, last_item;
    uint32_t once; /* the last once item that the user liked */
    bool busy, placed;
    sim_session session;
    struct {
        uint32_t item, counter;
    } liked[CLIENTS_MEMORY];
    uint32_t liked_count;
    sim_told *first, **last; /* operations that the scenario's events name and the user has not begun */
} sim_client_user;

struct sim_clients {
    sim_clients_options options;
    sim_names users, items;
    sim_zipf zipf;
    sim_client_user *at;
    uint32_t number; /* of operations so far */
    uint64_t next_us, run;
    uint64_t random;    /* of the connections' back-offs */
    sim_engine *engine; /* its servers are the edges by their numbers, and their twins from FLEET_TWIN on */
    char path[KD_ITEM_KEY_MAX + 32], key[48], body[32]; /* of the request that is being described */
    uint32_t lost_percent[SCENARIO_EDGES_MAX], forgotten[SCENARIO_EDGES_MAX];
    bool heard[SCENARIO_EDGES_MAX];            /* an answer of this edge told how old central's number is */
    uint64_t forgotten_us[SCENARIO_EDGES_MAX]; /* when sim_clients_forgotten was last called for the edge */
    uint32_t open;                             /* operations in work */
    /* clients_send.c has ended the operation of this user, who may begin another one at once. Called from within sim_clients_begin too. */
    void (*freed)(sim_clients *c, uint32_t user);
    /* probes: first item and first user of the edges' homes; the once item, and how many edges are asked for it */
    uint32_t home_item, home_user, once, once_edges, once_number;
    sim_clients_counts total, counts[SCENARIO_EDGES_MAX];
};

/* What chance says of an operation depends on the seed, the stream and the number alone, never on when an answer came. */
static inline uint64_t sim_clients_draw(const sim_clients *c, sim_clients_draw_stream stream, uint64_t number)
{
    uint64_t state =
        c->options.seed * 0x9e3779b97f4a7c15u ^ ((uint64_t)stream << 40) ^ number * 0xd6e8feb86659fd93u;
    kd_random_next(&state);
    return kd_random_next(&state);
}

static inline bool sim_clients_chance(const sim_clients *c, sim_clients_draw_stream stream, uint64_t number,
                                      uint32_t percent)
{
    return percent > 0 && sim_clients_draw(c, stream, number) % 100 < percent;
}

/* Enters the attempt into the journal and sends it. Takes the op, which clients_send.c frees; its user is busy until `freed`. */
void sim_clients_begin(sim_clients *c, sim_client_op *o);
/* Creates the engine. Operations whose back-off has ended are sent again at its ticks; those that an edge's new directory does not know are given up. */
void sim_clients_open(sim_clients *c);
/* Ends all requests, whose answers nobody judges, and frees their operations and the engine. */
void sim_clients_close(sim_clients *c);
/* After each change of the journal about this operation. */
static inline void sim_clients_changed(const sim_client_op *o)
{
    const sim_clients_options *c = &o->clients->options;
    if (o->probe && c->changed) c->changed(c->changed_arg, o->item);
}

#endif
