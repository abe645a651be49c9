/*
 * engine.h - requests of made-up users on their way to a few servers: the HTTP client of replay, load, drills and torture.
 *
 * A lane carries one request at a time; the caller embeds it in a struct of its own that says what the request is for.
 *
 *              take            send                     answered: the caller calls one of
 *      idle ---------> caller ------> in flight ------> send    another operation, at once
 *       ^                                 ^             retry   the same operation, after a back-off
 *       |                                 |             rest    nothing for a while, then idle
 *       |                  its moment came|             free    idle
 *       +--- rest is over -- waiting -----+             or keeps the lane, and frees its memory when it likes
 *
 * The caller describes the request anew for each attempt. So an operation keeps its Idempotency-Key over all attempts, and the engine keeps
 * no copy of a request. Callers with a bounded window of requests put that many lanes into the idle list (sim_lane_free) and take them from there.
 *
 * The engine neither records nor judges. What an answer proves is the caller's to say: replay counts it, drills write it into a journal, and load measures
 * it at full speed. Hence the path of a request through the engine allocates nothing.
 *
 * One thread: all calls and all hooks run on the thread of the loop.
 */
#ifndef KUDOS_SIM_CLIENT_ENGINE_H
#define KUDOS_SIM_CLIENT_ENGINE_H

#include <sys/queue.h>

#include "sim/client/answer.h"

enum { SIM_ENGINE_SERVERS_MAX = 32 };

typedef struct sim_engine sim_engine;

/* Zero-initialise; `engine` is the caller's to set, everything else the engine's. */
typedef struct sim_lane {
    SLIST_ENTRY(sim_lane) next; /* among the idle, or among those that wait */
    sim_engine *engine;
    uint64_t began_us; /* when the operation began or fell due: latency counts from here */
    uint64_t wake_us;  /* of a lane that waits */
    uint32_t attempts; /* requests for this operation so far */
    bool resting;      /* of a waiting lane: becomes idle at wake_us; false: sends the next attempt */
} sim_lane;

/* One attempt. An empty view leaves its header or the body out. The bytes behind the views must live until the next call of `describe`. */
typedef struct {
    uint32_t server; /* number given to sim_engine_connect */
    const char *method;
    kd_bytes path;
    kd_bytes user;    /* X-User-Id */
    kd_bytes token;   /* Authorization */
    kd_bytes key;     /* Idempotency-Key */
    kd_bytes session; /* Kudos-Session */
    kd_bytes body;    /* JSON */
} sim_lane_request;

typedef struct {
    bool sent; /* false: the HTTP client did not accept the request, and `result` says why */
    /* KD_OK: there is an answer; else as in kd_http_client_cb, and whether the server took the operation is unknown */
    int result;
    int status;                       /* 0 without an answer */
    const kd_http_response *response; /* NULL without an answer; lives during the hook */
    uint64_t at_us;                   /* now */
    uint64_t latency_us;              /* since began_us, over all attempts */
} sim_lane_answer;

typedef struct {
    void *arg;
    /* Fills *request, which is zero, for the lane's next attempt. False: nothing is sent, and the hook has already called sim_lane_send, _retry,
     * _rest or _free for the lane, or keeps it. */
    bool (*describe)(void *arg, sim_lane *lane, sim_lane_request *request);
    /* Called once for each attempt: from within sim_lane_send when the request was not sent, else from the loop. */
    void (*answered)(void *arg, sim_lane *lane, const sim_lane_answer *answer);
    /* Sends what is due now on idle lanes; called at each tick. NULL: the caller sends when it likes. */
    void (*fill)(void *arg, uint64_t now_us);
    /* True: nothing more is to be sent. sim_engine_run returns when `over` gives true and no request is in flight. NULL: it never returns. */
    bool (*over)(void *arg);
    /* of one attempt; 0: the deadline of the HTTP client's options */
    uint32_t deadline_ms;
    /* wait between attempts: doubles from backoff_min_us to backoff_max_us */
    uint64_t backoff_min_us, backoff_max_us;
    uint64_t seed; /* of the jitter */
} sim_engine_plan;

/* The caller destroys it. `base` must outlive it. */
sim_engine *sim_engine_create(struct event_base *base);
/* Ends all connections first: each request in flight is answered with KD_EUNAVAILABLE, and then no lane may be sent. Takes NULL. */
void sim_engine_destroy(sim_engine *e);
/* Gives the number `server`, which must be unused, to the server at this URL. Returns what kd_http_client_create returns. */
int sim_engine_connect(sim_engine *e, uint32_t server, const char *url,
                       const kd_http_client_options *options);
/* The HTTP client of a server, for requests that are no operations of users; NULL: not connected. The engine owns it. */
kd_http_client *sim_engine_client(const sim_engine *e, uint32_t server);
/* Copies the plan. Must come before the first lane is sent. */
void sim_engine_use(sim_engine *e, const sim_engine_plan *plan);

/* Runs the loop, with a tick every so many microseconds, until the plan is over and nothing is in flight. */
void sim_engine_run(sim_engine *e, uint64_t tick_us);
/* One tick, for a caller that runs the loop itself: wakes the lanes that are due, then calls `fill`. */
void sim_engine_tick(sim_engine *e);
/* Lanes that wait to send their operation again. */
uint32_t sim_engine_retrying(const sim_engine *e);

/* An idle lane, which is the caller's from here on; NULL: the window is full. */
sim_lane *sim_engine_take(sim_engine *e);
/* Takes a lane that waits out of the engine, for a caller that ends early; NULL: none waits. */
sim_lane *sim_engine_drop_waiting(sim_engine *e);
/* Begins an operation, whose latency counts from began_us, and sends its first request. */
void sim_lane_send(sim_lane *lane, uint64_t began_us);
/* Sends the same operation again after at least at_least_us and a jittered back-off that doubles with each attempt. */
void sim_lane_retry(sim_lane *lane, uint64_t at_least_us);
/* The lane is idle again at the first tick after `us`. */
void sim_lane_rest(sim_lane *lane, uint64_t us);
/* The lane is idle at once. */
void sim_lane_free(sim_lane *lane);

#endif
