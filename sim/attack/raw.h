/*
 * raw.h - one connection of an attacker: a socket, bytes to send, and a play that says which. No library of the protocol stands between.
 *
 *      closed --- sim_raw_tick ---> connecting ---> up: `begin`, then `more` whenever all bytes are sent
 *         ^                                          |
 *         +------------- the peer closed it ---------+
 *
 * A connection that the server closes is opened again at the next tick, so an attack goes on after each of the server's refusals. A play that reads does
 * not wait for the server to close: it leaves at the first GOAWAY. One thread.
 */
#ifndef KUDOS_SIM_ATTACK_RAW_H
#define KUDOS_SIM_ATTACK_RAW_H

#include <event2/event.h>
#include <netinet/in.h>

#include "sim/client/frames.h"

typedef struct sim_raw sim_raw;
typedef struct sim_play sim_play;

/* One kind of attack: a row of the table in plays.h. Hooks that are NULL do nothing; they append to raw->out, and do not free the connection. */
struct sim_play {
    const char *name;
    const char *what;     /* a sentence for --help and the documentation */
    uint32_t connections; /* at a time */
    uint32_t
        addresses; /* they come from, by turns, if the target is on loopback; else, and with 0, from one */
    uint32_t growth_mb;          /* by so much the server's resident memory may grow beside it */
    int receive;                 /* SO_RCVBUF; 0: the system's */
    bool leaves;                 /* at the first bytes of the server, for the next connection */
    bool reads;                  /* takes what the server sends, as fast as it comes */
    bool kafka;                  /* plays on Kafka (rubbish.h), without connections */
    bool token;                  /* needs a token to forge */
    bool newcomers;              /* they come over TLS, and many (honest.h) */
    const sim_play *polite;      /* whose requests the polite clients have; NULL: polite.h */
    void (*begin)(sim_raw *raw); /* the connection is up; nothing was sent on it */
    void (*more)(
        sim_raw *
            raw); /* all bytes were handed to the socket; appending nothing waits for the next read or tick */
    void (*tick)(sim_raw *raw); /* every SIM_RAW_TICK_MS while the connection is up */
};

enum { SIM_RAW_TICK_MS = 20, SIM_RAW_CHUNK = 64 * 1024 /* bytes that one call of `more` aims at */ };

/* What all connections of an attack share. The texts outlive it. */
typedef struct {
    struct event_base *base;
    const sim_play *play;
    struct sockaddr_storage to, from; /* from.ss_family 0: the system chooses the address */
    socklen_t to_len, from_len;
    const char *authority, *collection;
    const char *token;  /* whose form forged ones have; NULL: the play needs none */
    uint64_t seed;      /* names items that nobody else asks for */
    uint64_t ups;       /* connections that came up */
    uint64_t sent;      /* bytes */
    uint64_t ended;     /* streams, by the server, on connections that are closed */
    uint64_t questions; /* numbers the items of cold reads, and the tokens that are forged */
} sim_raw_shared;

struct sim_raw {
    sim_raw_shared *shared;
    struct event *readable, *writable;
    kd_buf out;
    size_t out_at;
    int fd;          /* -1: closed */
    uint32_t number; /* among the play's connections */
    bool up;
    /* the play's, zero when the connection comes up: */
    uint32_t stream; /* the last one that was opened; 0: none */
    uint32_t opened; /* streams */
    uint32_t body;   /* bytes of the present body that were sent */
    uint32_t ticks;
    int64_t used; /* of the connection's window */
    sim_frame_reader in;
};

/* A closed connection, in zeroed memory. */
void sim_raw_init(sim_raw *raw, sim_raw_shared *shared, uint32_t number);
/* Opens a closed connection; gives an open one its tick. */
void sim_raw_tick(sim_raw *raw);
/* Closes it at once (RST), and frees all. */
void sim_raw_finish(sim_raw *raw);
/* For a play that does not read: takes at most so many bytes; a connection that the peer has ended is closed. Only from `tick`. */
void sim_raw_sip(sim_raw *raw, size_t bytes);

#endif
