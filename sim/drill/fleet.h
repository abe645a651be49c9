/*
 * fleet.h - the real programs of a drill: a broker, a central, edges, each with its directory, ports and links of its own.
 *
 *     users --link--> edge --link--> central        every arrow passes the proxy (proxy.h)
 *                       \--links--> kafka <--links--/
 *
 * A node is one process: the edges by their index, then the twins on copies of their directories, central, and a second central. Whatever ends a process without
 * being asked is a failure of the drill, with two exceptions: a storage error while its disk was full, and a central that another one has
 * fenced; those start again when the fault is over, as a service manager would have it. Exit code 4 (something needed was unavailable) is tried again.
 *
 * One thread, the loop's. Times are microseconds of the drill (sim_fleet_now_us).
 */
#ifndef KUDOS_SIM_DRILL_FLEET_H
#define KUDOS_SIM_DRILL_FLEET_H

#include <limits.h>

#include "sim/drill/program.h"
#include "sim/drill/proxy.h"
#include "sim/scenario/scenario.h"

enum {
    FLEET_TWIN = SCENARIO_EDGES_MAX, /* + index of the edge */
    FLEET_CENTRAL = 2 * SCENARIO_EDGES_MAX,
    FLEET_SECOND,
    FLEET_NODES,
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
    bool exists;        /* it has a place: name, ports, links */
    bool wanted;        /* it is to run */
    bool ready, asking; /* it said so on its admin port since it started */
    bool draining;      /* SIGTERM was sent */
    bool fenced;        /* stopped because of a higher claim */
    uint32_t full;      /* faults that fill its disk */
    uint32_t frozen;    /* faults that stop it */
    bool backed_up;
    char armed
        [48]; /* "NAME:N": it kills itself at the N-th pass of that point (common/io/loop/point.h); empty: it does not */
    uint64_t start_at_us; /* when it is to start; 0: not */
    uint64_t started_us, thawed_us, full_until_us, sync_fails_us;
    uint16_t port, admin_port;
    sim_program process;
    sim_proxy_kafka_table kafka_table;
    sim_proxy_link *kafka[PROXY_KAFKA_BROKERS_MAX], *central, *users; /* central, users: of edges */
} sim_fleet_node;

typedef struct {
    const sim_scenario *scenario;
    struct event_base *base;
    const char *directory; /* its own; made when it is missing */
    const char *programs;  /* where kudos-edge and kudos-central are */
    const char *kafka_dir; /* where kafka.py is; for a real one */
    const char *faketime;  /* the library; NULL: no clock is moved */
    const char
        *powercut; /* the library that watches syncs; NULL: a kill is a kill, and syncs are the disk's own */
    bool real_kafka;
    bool
        small; /* small buffers, and rows and tombstones that may go soon: what is rare elsewhere happens all the time */
    uint32_t brokers;
    uint64_t seed;
    double faster;
    double share; /* of the scenario's operations that fit, up to 1 */
} sim_fleet_options;

struct sim_fleet {
    sim_fleet_options options;
    const sim_scenario *scenario;
    struct event_base *base;
    struct event *tick;
    uint64_t random, began_us, wall_began_us;
    sim_fleet_node nodes[FLEET_NODES];
    sim_program broker;
    uint32_t brokers, brokers_down;
    uint16_t broker_ports[PROXY_KAFKA_BROKERS_MAX];
    bool broker_starting, broker_refused, brokers_gone;
    uint32_t orders, orders_done; /* that kafka.py was given, and has done */
    uint64_t orders_asked_us;
    sim_proxy_link *own[PROXY_KAFKA_BROKERS_MAX]; /* the drill's way to the brokers: no fault befalls it */
    sim_proxy_kafka_table own_table;
    const sim_scenario_event *network[256]; /* of the links, in force */
    bool flap_open[256];                    /* likewise: a flapping one is open just now */
    uint32_t network_count;
    uint64_t kills;
    bool interrupted, failed;
    char failure[FLEET_TEXT_MAX];                                    /* the first */
    void (*on_ended)(void *arg, sim_fleet_node *n, const char *how); /* asked to or not; for the report */
    void *on_ended_arg;
    /* One that was armed has killed itself; says when it is to start again, and may arm it anew. */
    void (*on_point)(void *arg, sim_fleet_node *n);
    void *on_point_arg;
};

/* Borrowed options. KD_OK, or KD_EIO with errno. */
int sim_fleet_create(sim_fleet **out, const sim_fleet_options *options);
/* Ends everything at once. NULL is fine. */
void sim_fleet_destroy(sim_fleet *f);
/* Broker, central, edges; waits until all are ready. KD_OK; KD_EUNAVAILABLE, and failure says why. */
int sim_fleet_start(sim_fleet *f);
/* Runs the loop until the condition holds. False: not within limit_us, or interrupted. */
bool sim_fleet_wait(sim_fleet *f, bool (*holds)(void *arg), void *arg, uint64_t limit_us);
/* From here on time counts from 0. */
void sim_fleet_begin(sim_fleet *f);
uint64_t sim_fleet_now_us(const sim_fleet *f);
uint64_t sim_fleet_wall_us(const sim_fleet *f, uint64_t now_us);
/* The first failure counts. */
void sim_fleet_fail(sim_fleet *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The node that an event is about. */
sim_fleet_node *sim_fleet_who(sim_fleet *f, int who);
static inline bool sim_fleet_is_edge(const sim_fleet_node *n)
{
    return n->index < FLEET_CENTRAL;
}
/* The number of its name among the scenario's: an edge's index, or SCENARIO_CENTRAL. */
static inline int sim_fleet_identity(const sim_fleet_node *n)
{
    return sim_fleet_is_edge(n) ? (int)(n->index % FLEET_TWIN) : SCENARIO_CENTRAL;
}
/* It runs, is not stopped, and has said that it is ready. */
bool sim_fleet_serves(const sim_fleet_node *n);
bool sim_fleet_all_ready(void *fleet_);

/* fleet_node.c: what befalls a process and its directory; a directory's error fails the drill */
int sim_fleet_node_init(sim_fleet *f, uint32_t index); /* name, ports, links; KD_EIO */
void sim_fleet_node_finish(sim_fleet_node *n);
void sim_fleet_node_start(sim_fleet_node *n);
void sim_fleet_node_kill(sim_fleet_node *n, uint64_t back_after_us);
void sim_fleet_node_freeze(sim_fleet_node *n);
void sim_fleet_node_thaw(sim_fleet_node *n);
void sim_fleet_node_restart(sim_fleet_node *n);
void sim_fleet_node_backup(sim_fleet_node *n);
/* False: there is no backup. */
bool sim_fleet_node_restore(sim_fleet_node *n, uint64_t back_after_us);
void sim_fleet_node_wipe(sim_fleet_node *n, uint64_t back_after_us);
/* A twin begins on a copy of the directory; it ends for good, by kill -9. */
void sim_fleet_node_twin(sim_fleet_node *n);
void sim_fleet_node_twin_gone(sim_fleet_node *n);
void sim_fleet_node_fill(sim_fleet_node *n, bool full);
/* From now on its syncs take so long, or the next one fails. Needs the library that watches syncs. */
void sim_fleet_node_sync(sim_fleet_node *n, bool fails, uint64_t slow_us);
/* The offset of what its wall clock reads. */
void sim_fleet_node_clock(sim_fleet_node *n, int64_t offset_us);
/* It ended by itself. */
void sim_fleet_node_ended(sim_fleet_node *n);

/* fleet_config.c */
int sim_fleet_config_write(const sim_fleet_node *n);

/* fleet_net.c: links */
int sim_fleet_net_init(sim_fleet_node *n);
int sim_fleet_net_init_own(sim_fleet *f);
void sim_fleet_net_finish_own(sim_fleet *f);
void sim_fleet_net_finish(sim_fleet_node *n);
/* Targets and conditions, as ports and faults are now. */
void sim_fleet_net_refresh(sim_fleet *f);
void sim_fleet_net_begin(sim_fleet *f, const sim_scenario_event *e);
void sim_fleet_net_end(sim_fleet *f, const sim_scenario_event *e);
void sim_fleet_net_flap(sim_fleet *f, const sim_scenario_event *e, bool open);
void sim_fleet_net_reset(sim_fleet *f, int who);
/* Each connection to a broker on which its producers wait for an answer gets one that ends a producer's life, though the record is in the log. */
void sim_fleet_net_fence(sim_fleet *f, int who);

/* fleet_kafka.c */
int sim_fleet_kafka_start(sim_fleet *f);
void sim_fleet_kafka_tick(sim_fleet *f);
void sim_fleet_kafka_finish(sim_fleet *f);
/* Of a real one the leader of the likes topic, or all. */
void sim_fleet_kafka_kill(sim_fleet *f, bool all);
void sim_fleet_kafka_back(sim_fleet *f);
void sim_fleet_kafka_freeze(sim_fleet *f, bool frozen);
/* An unclean election: about so many of the last records of every partition are gone. Of a real one with FLEET_ELECTION_BROKERS; takes
 * its time, during which all other orders to Kafka wait. */
void sim_fleet_kafka_truncate(sim_fleet *f, const char *topic, uint32_t records);
/* Everything that it was told is done. */
bool sim_fleet_kafka_settled(const sim_fleet *f);
/* Of a real one the topic; the embedded one loses all topics and begins anew. */
void sim_fleet_kafka_recreate(sim_fleet *f, const char *topic);
/* "127.0.0.1:p1,...": the brokers, by the drill's own links, which stay the same when a broker moves. */
void sim_fleet_kafka_address(const sim_fleet *f, char *text, size_t size);

#endif
