/*
 * proxy_internal.h - what proxy.c (a link) and proxy_conn.c (a connection) share.
 */
#ifndef KUDOS_SIM_DRILL_PROXY_INTERNAL_H
#define KUDOS_SIM_DRILL_PROXY_INTERNAL_H

#include <sys/queue.h>

#include "sim/drill/proxy.h"

enum { PROXY_CONNECTIONS_MAX = 1024 };

typedef struct sim_proxy_conn sim_proxy_conn;

struct sim_proxy_link {
    struct event_base *base;
    struct event *listening;
    int fd;
    uint16_t port, target;
    const sim_proxy_kafka_table *kafka;
    sim_proxy_condition condition;
    uint64_t random;
    uint32_t open;
    sim_proxy_counts counts;
    LIST_HEAD(sim_proxy_conns, sim_proxy_conn) conns;
};

/* A piece under way. */
typedef struct sim_proxy_piece {
    STAILQ_ENTRY(sim_proxy_piece) next;
    uint64_t due_us;
    size_t len, sent;
    uint8_t data[];
} sim_proxy_piece;

/* One direction. `side` is the socket it reads from; it writes to the other one. */
typedef struct {
    sim_proxy_conn *conn;
    int side;
    struct event *readable, *writable, *due;
    STAILQ_HEAD(sim_proxy_pieces, sim_proxy_piece) pieces; /* oldest first */
    size_t queued;
    uint64_t due_us, free_us; /* when the last piece may go on; when the throttled line is free again */
    bool ended, closed;       /* the end of the stream was read; it was passed on */
    sim_proxy_kafka_stream kafka;
} sim_proxy_flow;

struct sim_proxy_conn {
    LIST_ENTRY(sim_proxy_conn) next;
    sim_proxy_link *link;
    int fd[PROXY_WAYS]; /* PROXY_UP: the client; PROXY_DOWN: the target, -1 until connect() */
    bool connected;
    struct event *connecting;
    sim_proxy_flow flow[PROXY_WAYS];
    sim_proxy_kafka_calls calls;
};

/* A connection that was accepted: takes the socket, connects to the link's target as soon as neither way is cut, and passes on what comes. It frees
 * itself when both ways have ended, or one has failed. */
void sim_proxy_conn_create(sim_proxy_link *l, int fd);
/* Both sides see a reset. Takes it off its link and frees it. */
void sim_proxy_conn_break(sim_proxy_conn *c);
/* The link's conditions changed. May free the connection. */
void sim_proxy_conn_wake(sim_proxy_conn *c);
/* Closes a socket so that its peer sees a reset. */
void sim_proxy_break_fd(int fd);

#endif
