/*
 * pump.h - HTTP/2 connections that cost the machine little, for `load --pump` and `--phones`: a request is written as bytes, and of an answer no more is
 * read than its stream, its status and its end.
 *
 * The ordinary client (sim/client) spends more on a request than a server does, so on a machine that both share it measures itself. A pump checks nothing
 * of the protocol: a server that breaks it is another tool's to find. It speaks HTTP/2 with prior knowledge, without TLS. Each header that all requests
 * share enters the server's table with the first request, as a browser has it; users, keys and paths come as literals. A user with whom the connection stays
 * enters the table with his first request, name or token, and is one byte from then on. nghttp2 cannot send that: it never lets Authorization enter a table.
 *
 * One thread: calls and hooks run on the thread of the loop.
 */
#ifndef KUDOS_SIM_USERS_PUMP_H
#define KUDOS_SIM_USERS_PUMP_H

#include <event2/event.h>
#include <netinet/in.h>

#include "sim/users/load.h"

/* A request in flight. */
typedef struct {
    uint32_t stream;      /* 0: none */
    uint32_t item, likes; /* as in sim_load_request */
    uint64_t began_us;
    int status; /* 0: not known */
} sim_pump_slot;

typedef struct {
    /* The next request, and when it began or fell due. NULL: none for now. */
    const sim_load_request *(*next)(void *arg, uint64_t *began_us);
    /* Once for each request. Its status, or 0 where that is not known but is not 200; or a kd_err below 0. */
    void (*answered)(void *arg, const sim_pump_slot *slot, int status);
} sim_pump_hooks;

enum {
    SIM_PUMP_STREAMS_MAX = 1000,
    SIM_PUMP_PLACES = 4096,        /* a power of two above it */
    SIM_PUMP_BODY_MAX = 32 * 1024, /* a request waits for as much window, so that none is cut in two */
};

/* Zero-initialise. All fields are the pump's. */
typedef struct {
    const sim_pump_hooks *hooks;
    void *arg; /* of the hooks */
    const char *authority;
    struct event *readable, *writable;
    kd_buf in, out, block;
    size_t out_at;
    sim_pump_slot *slots;
    uint32_t slot_count, free_count;
    uint32_t allowed;                    /* in flight, by the server's SETTINGS */
    uint16_t idle[SIM_PUMP_STREAMS_MAX]; /* free_count slots */
    uint16_t places[SIM_PUMP_PLACES];    /* the slot of a stream, by its number */
    uint32_t stream;                     /* the last one */
    int64_t window;                      /* bytes of bodies that the server takes */
    uint64_t consumed;                   /* of our own window */
    int fd;
    bool ready;      /* the server's SETTINGS have come */
    bool table_told; /* shared headers are in the server's table */
    bool over;       /* it has failed, or the server says goodbye: nothing more is sent */
} sim_pump;

/* Connects, which may block, and sends the preface; with so many requests in flight at most. KD_OK, KD_EUNAVAILABLE. */
int sim_pump_open(sim_pump *p, struct event_base *base, const struct sockaddr *to, socklen_t to_len,
                  const char *authority, uint32_t streams, const sim_pump_hooks *hooks, void *arg);
/* Sends what `next` gives, as far as the server takes it. */
void sim_pump_fill(sim_pump *p);
/* Ends the connection; requests in flight are answered with this kd_err. Takes one that was not opened. */
void sim_pump_close(sim_pump *p, int err);

/* ---- pump_request.c ---- */

/* Appends HEADERS, and DATA for a body; `first`: of this connection, whose requests all have the same kinds of fields. `block` is room that is used again. */
void sim_pump_put_request(kd_buf *out, kd_buf *block, const char *authority, uint32_t stream, bool first,
                          const sim_load_request *r);
/* The status of an answer's HEADERS, by the first field of its block (RFC 7541, 6); 0: another than those of the static table. */
int sim_pump_status(uint8_t flags, kd_bytes payload);

#endif
