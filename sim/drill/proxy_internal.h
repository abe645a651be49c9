/*
 * proxy_internal.h - what proxy.c (a link) and proxy_conn.c (a connection) share.
 */
#ifndef KUDOS_SIM_DRILL_PROXY_INTERNAL_H
#define KUDOS_SIM_DRILL_PROXY_INTERNAL_H

#include "sim/drill/proxy.h"

enum { PROXY_CONNECTIONS_MAX = 1024 };

typedef struct proxy_conn proxy_conn;

struct proxy_link {
    struct event_base *base;
    struct event *listening;
    int fd;
    uint16_t port, target;
    const proxy_kafka_table *kafka;
    proxy_condition condition;
    uint64_t random;
    uint32_t open;
    proxy_counts counts;
    proxy_conn *conns;
};

/* A piece under way. */
typedef struct proxy_piece {
    struct proxy_piece *next;
    uint64_t due_us;
    size_t len, sent;
    uint8_t data[];
} proxy_piece;

/* One direction. `side` is the socket it reads from; it writes to the other one. */
typedef struct {
    proxy_conn *conn;
    int side;
    struct event *readable, *writable, *due;
    proxy_piece *first, **last;
    size_t queued;
    uint64_t due_us, free_us; /* of the last piece; when the throttled line is free again */
    bool ended, closed;       /* the end was read; it was passed on */
    proxy_kafka_stream kafka;
} proxy_flow;

struct proxy_conn {
    proxy_conn *next, **back;
    proxy_link *link;
    int fd[PROXY_WAYS]; /* who connected; the target, -1 before */
    bool connected;
    struct event *connecting;
    proxy_flow flow[PROXY_WAYS];
    proxy_kafka_calls calls;
};

void proxy_conn_create(proxy_link *l, int fd);
/* Both sides see a reset. Frees it. */
void proxy_conn_break(proxy_conn *c);
/* The link's conditions changed. May free it. */
void proxy_conn_wake(proxy_conn *c);
void proxy_break_fd(int fd);

#endif
