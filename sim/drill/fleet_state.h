/*
 * fleet_state.h - the real programs of a drill as data: every node and link, the drill's clock, its first failure, and its loop.
 *
 *     users --link--> edge --link--> central        every arrow passes the proxy (proxy.h)
 *                       \--links--> kafka <--links--/
 *
 * A node is one process: the edges by their index, then the twins on copies of their directories, central and a second central, or the members of
 * central. fleet.c owns all
 * of it and ticks it; fleet_node.c, fleet_net.c and fleet_kafka.c change their part. They call this file, and this file calls none of them.
 *
 * One thread, the loop's. Times are microseconds of the drill (sim_fleet_now_us).
 */
#ifndef KUDOS_SIM_DRILL_FLEET_STATE_H
#define KUDOS_SIM_DRILL_FLEET_STATE_H

#include <limits.h>

#include "sim/drill/program.h"
#include "sim/drill/proxy.h"
#include "sim/scenario/scenario.h"

enum {
    FLEET_TWIN = SCENARIO_EDGES_MAX, /* + index of the edge */
    FLEET_CENTRAL = 2 * SCENARIO_EDGES_MAX,
    FLEET_SECOND,
    FLEET_MEMBER, /* + index of the member; then there is no FLEET_CENTRAL */
    FLEET_NODES = FLEET_MEMBER + SCENARIO_MEMBERS_MAX,
    FLEET_TEXT_MAX = 1024,
    FLEET_PATH_MAX = 1024,
    FLEET_ELECTION_BROKERS = 3, /* so many, and a controller apart, make an unclean election */
};

typedef struct sim_fleet sim_fleet;

typedef struct {
    sim_fleet *fleet;
    uint32_t index;
    char name[2 * SCENARIO_NAME_MAX], data[FLEET_PATH_MAX], config[FLEET_PATH_MAX],
        clock_file[FLEET_PATH_MAX], sync_file[FLEET_PATH_MAX];
    bool exists;     /* it has its name, ports and links */
    bool wanted;     /* it is to run */
    bool ready;      /* its admin port said so since it started */
    bool asking;     /* that question is under way */
    bool draining;   /* SIGTERM was sent */
    bool fenced;     /* stopped because another central holds a higher claim */
    uint32_t full;   /* faults in force that fill its disk */
    uint32_t frozen; /* faults in force that stop it */
    bool backed_up;  /* there is a copy for sim_fleet_node_restore */
    /* From its next start on it kills itself at this pass of this point, and starts again after so long (sim_fleet_node_arm). armed_pass 0: it
     * does not. */
    uint32_t armed_point, armed_pass;
    uint64_t armed_back_us;
    bool held;            /* its stopped directory is read by somebody else: it does not start */
    uint32_t replaced;    /* how often its directory was put back or emptied */
    uint64_t start_at_us; /* when it is to start; 0: not */
    uint64_t started_us, thawed_us;
    uint64_t full_until_us; /* when its disk had room again, the last time; 0: it was never full */
    uint64_t sync_fails_us; /* when it was last told to fail a sync; 0: never */
    uint16_t port, admin_port;
    sim_program process;
    sim_proxy_kafka_table kafka_table;
    /* central, users: of edges; central: by the member's index, or the first one to central alone. */
    sim_proxy_link *kafka[PROXY_KAFKA_BROKERS_MAX], *central[SCENARIO_MEMBERS_MAX], *users;
} sim_fleet_node;

/* All pointers are borrowed. */
typedef struct {
    const sim_scenario *scenario;
    struct event_base *base;
    const char *directory; /* its own; made when it is missing */
    const char *programs;  /* where kudos-edge and kudos-central are */
    const char *kafka_dir; /* where kafka.py is; for a real Kafka */
    const char *faketime;  /* what LD_PRELOAD wants for it; NULL: no clock is moved */
    /* The library that watches syncs. NULL: a kill loses nothing that was written, and syncs neither fail nor are slow. */
    const char *powercut;
    bool real_kafka;
    /* Small buffers, and rows and tombstones that may go soon: tables, compactions and forgetting, which are rare elsewhere, happen all the time. */
    bool small;
    uint32_t brokers;
    uint64_t seed;
    double faster; /* divides the scenario's intervals */
    double share;  /* of the scenario's operations that fit, up to 1 */
} sim_fleet_options;

struct sim_fleet {
    sim_fleet_options options;
    const sim_scenario *scenario;
    struct event_base *base;
    struct event *tick;
    uint64_t random, began_us, wall_began_us; /* the clocks at the drill's time 0 */
    sim_fleet_node nodes[FLEET_NODES];
    sim_program broker;
    uint32_t brokers;
    uint32_t brokers_down; /* faults in force that kill a broker, or all */
    uint16_t broker_ports[PROXY_KAFKA_BROKERS_MAX];
    bool broker_starting, broker_refused, brokers_gone;
    uint32_t orders, orders_done; /* that kafka.py was given, and has done */
    uint64_t orders_asked_us;
    sim_proxy_link
        *own[PROXY_KAFKA_BROKERS_MAX]; /* the drill's links to the brokers: no fault befalls them */
    sim_proxy_kafka_table own_table;
    const sim_scenario_event *network[256]; /* faults of the links in force */
    bool flap_open[256]; /* of those, by the same index: a flapping link lets everything through now */
    uint32_t network_count;
    uint64_t kills;
    bool interrupted, failed;
    char failure[FLEET_TEXT_MAX]; /* the first */
    void (*on_ended)(void *arg, sim_fleet_node *n,
                     const char *how); /* a process ended, asked to or not; for the report */
    void *on_ended_arg;
    /* A node has killed itself at this point and is not armed any more; it may be armed anew. NULL: nobody wants to know. */
    void (*on_point)(void *arg, sim_fleet_node *n, uint32_t point);
    void *on_point_arg;
};

/* From here on the drill's time counts from 0. */
void sim_fleet_begin(sim_fleet *f);
/* The drill's time, by the monotonic clock: since sim_fleet_begin, before that since sim_fleet_create. */
uint64_t sim_fleet_now_us(const sim_fleet *f);
/* A moment of the drill as microseconds since 1970, by the wall clock as it was at sim_fleet_begin. */
uint64_t sim_fleet_wall_us(const sim_fleet *f, uint64_t now_us);
/* Ends the drill as failed; later calls change nothing. A text that begins with a checker's name and a colon is a violation, any other a trouble
 * of the surroundings (sim_stage_find_failure). */
void sim_fleet_fail(sim_fleet *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Runs the loop until the condition holds; it is asked after each turn of the loop, every 4 ms at least. False: not within limit_us, or
 * interrupted by a signal. */
bool sim_fleet_wait(sim_fleet *f, bool (*holds)(void *arg), void *arg, uint64_t limit_us);

/* The node that an event's `who` names: the edge of that index, central, or a member of it. Never a twin, and not Kafka, which is no node. */
sim_fleet_node *sim_fleet_who(sim_fleet *f, int who);
static inline bool sim_fleet_is_edge(const sim_fleet_node *n)
{
    return n->index < FLEET_CENTRAL;
}
static inline bool sim_fleet_is_member(const sim_fleet_node *n)
{
    return n->index >= FLEET_MEMBER;
}
/* The `who` of its name: an edge's index, SCENARIO_CENTRAL, or a member. A twin has the identity of what it was copied from. */
static inline int sim_fleet_identity(const sim_fleet_node *n)
{
    if (sim_fleet_is_member(n)) return sim_scenario_member(n->index - FLEET_MEMBER);
    return sim_fleet_is_edge(n) ? (int)(n->index % FLEET_TWIN) : SCENARIO_CENTRAL;
}
/* How many centrals an edge knows: the members, or one. */
static inline uint32_t sim_fleet_centrals(const sim_fleet *f)
{
    return KD_MAX(f->scenario->member_count, 1u);
}
/* The node of that one of them. */
static inline sim_fleet_node *sim_fleet_central_at(sim_fleet *f, uint32_t index)
{
    return &f->nodes[f->scenario->member_count > 0 ? (uint32_t)FLEET_MEMBER + index
                                                   : (uint32_t)FLEET_CENTRAL];
}
/* The central that is asked for what each has: the first member that serves, or the first one. */
sim_fleet_node *sim_fleet_central(sim_fleet *f);
/* Writes the URLs of all centrals, past the links, with commas between them. */
enum { FLEET_URLS_MAX = 40 * SCENARIO_MEMBERS_MAX };
void sim_fleet_central_urls(sim_fleet *f, char urls[FLEET_URLS_MAX]);
/* Whether the node's process runs, is not stopped, and has said that it is ready. */
bool sim_fleet_serves(const sim_fleet_node *n);

#endif
