/*
 * http_tls_queue.h - which TLS handshake of a server is worked on next, and when: pure, without clock, socket or OpenSSL.
 *
 * A handshake costs its client some microseconds and the server some hundred. So those who want one wait: each address has a line of its own, the
 * lines have their turns one after the other, and beside clients that are served already handshakes have a quarter of the loop's time.
 *
 * A client that leaves once the server has worked, or just waits, and comes again, can use all of that. So an address of which many handshakes came to nothing is late:
 * its line has its turns when no other one waits, and what is done for it is charged several times over.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_TLS_QUEUE_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_TLS_QUEUE_H

#include <sys/queue.h>

#include "kudos/base.h"

/* ---- who is next ---- */

struct http_tls_line;

/* One that may wait: a member of its connection. Zeroed memory is a place that does not wait. */
typedef struct http_tls_place {
    TAILQ_ENTRY(http_tls_place) next;
    struct http_tls_line *line; /* NULL: does not wait */
    bool begun;                 /* the server has worked on this handshake before */
} http_tls_place;

/* Those of one address: a member of its entry. Zeroed memory is an empty line. */
typedef struct http_tls_line {
    TAILQ_ENTRY(http_tls_line) next;
    TAILQ_HEAD(http_tls_places, http_tls_place) places;
    uint32_t count; /* 0: the line is not in the queue */
    bool late;
} http_tls_line;

typedef struct {
    TAILQ_HEAD(http_tls_lines, http_tls_line) lines; /* in the order of their turns */
    struct http_tls_lines late;                      /* behind them */
    uint32_t count, max, max_per_line;
} http_tls_queue;

/* An empty queue that takes so many new handshakes, in all and of one address; both at least 1. */
void http_tls_queue_init(http_tls_queue *queue, uint32_t max, uint32_t max_per_line);
/* From here on the line is a late one, or none. */
void http_tls_queue_set_late(http_tls_queue *queue, http_tls_line *line, bool late);
/* `place`, which does not wait, waits in `line` from here on; both must stay where they are until it is taken or removed. A handshake that was begun goes
 * before the new ones of its line, and is never refused: the connections bound those. False: a new one finds its line full, or the queue, and no
 * line is longer than its own would be. Where a longer one is, its newest place goes instead, into *displaced (else NULL). */
bool http_tls_queue_add(http_tls_queue *queue, http_tls_line *line, http_tls_place *place,
                        http_tls_place **displaced);
/* The first of the line whose turn it is, taken out; `begun` is set. NULL: nobody waits. */
http_tls_place *http_tls_queue_take(http_tls_queue *queue);
/* Whether the line whose turn it is is a late one: no other waits. */
bool http_tls_queue_late_next(const http_tls_queue *queue);
/* Takes a place out wherever it is; does nothing when it does not wait. */
void http_tls_queue_remove(http_tls_queue *queue, http_tls_place *place);

/* ---- when ---- */

enum {
    HTTP_TLS_SHARE = 4,           /* handshakes have the n-th part of the time while others ask */
    HTTP_TLS_LATE_TIMES = 16,     /* a step of a late line is charged so often */
    HTTP_TLS_QUIET_US = 100000,   /* nobody asked for so long: they have all of it */
    HTTP_TLS_SAVED_US = 2000,     /* of their time, not used, that can be used later */
    HTTP_TLS_OVERDRAWN_US = 20000 /* used in quiet times or by one long handshake: more is forgiven */
};

/* The time of handshakes: of those of late lines or of all others, apart, so that nobody pays for what the late ones cost. Zeroed memory is a share of which
 * nothing was used. Times are of one monotonic clock; a time before the last one counts as the last one. */
typedef struct {
    int64_t left_us; /* time that may be used, times HTTP_TLS_SHARE */
    int64_t at_us;   /* when left_us was right */
    int64_t asked_us;
} http_tls_share;

/* A client that is served already has sent something, here or at another server of the process, whose threads want processors, too. */
void http_tls_share_asked(http_tls_share *share, int64_t now_us);
/* In how many us the next step of a handshake may run; 0: now. */
int64_t http_tls_share_wait(http_tls_share *share, int64_t now_us);
/* A step that began at begin_us has used the processor for as long as from then to end_us. */
void http_tls_share_use(http_tls_share *share, int64_t begin_us, int64_t end_us, bool late);

/* ---- who is late ---- */

enum {
    HTTP_TLS_DEBTS = 1024,
    HTTP_TLS_DEBT_MS =
        100, /* a handshake that came to nothing is forgiven after so long, one after the other */
    HTTP_TLS_DEBT_LATE_MS = 1000, /* who owes more is late: ten of them */
    HTTP_TLS_DEBT_MAX_MS = 5000,  /* more is forgiven at once */
    HTTP_TLS_HELD_MS = 1000, /* a client that has a handshake wait for so long owes it, until it goes on */
};

/* What addresses owe, which outlives their connections. Of fixed size: an address whose place is held by one that owes is not noted. Zeroed memory is a
 * table in which nobody owes. Keys are hashes that a client cannot foresee. */
typedef struct {
    struct {
        uint64_t key;
        int64_t paid_ms; /* when nothing is owed any more */
    } at[HTTP_TLS_DEBTS];
} http_tls_debts;

/* A handshake of the address that the server has worked on has ended before it was done, or is held open. */
void http_tls_debts_note(http_tls_debts *debts, uint64_t key, int64_t now_ms);
/* One that was noted was done after all. */
void http_tls_debts_forgive(http_tls_debts *debts, uint64_t key, int64_t now_ms);
bool http_tls_debts_late(const http_tls_debts *debts, uint64_t key, int64_t now_ms);

#endif
