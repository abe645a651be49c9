/*
 * honest.h - the client whose service is judged: it likes and reads its own items all the while, over connections that it has, and now and then over
 * a new one.
 *
 * Where newcomers are judged they come over TLS, and there are four at each tick of 10 ms: what they get done, at most 400 a second, is what the
 * server leaves for handshakes. What is asked over the connections goes on beside.
 *
 * Items and users are its own, so every count that it reads must be the likes that were acknowledged to it, plus at most those that it has sent
 * and has no answer to. Loops are closed: what it gets done is what the server leaves for it. One thread.
 */
#ifndef KUDOS_SIM_ATTACK_HONEST_H
#define KUDOS_SIM_ATTACK_HONEST_H

#include <event2/event.h>

#include "sim/attack/target.h"

typedef struct sim_honest sim_honest;

/* Of one run. */
typedef struct {
    uint64_t answered;  /* rightly */
    uint64_t in_time;   /* of these, before the run's end: what a rate is made of */
    uint64_t newcomers; /* of `answered`: over a connection of their own */
    uint64_t newcomers_in_time;
    uint64_t refused; /* answers 503 */
    uint64_t wrong;   /* other statuses, and counts that cannot be */
    uint64_t lost;    /* no answer: refused connections, broken ones, deadlines */
    uint64_t elapsed_us;
} sim_honest_figures;

/* The target outlives it. Connects with the first run. */
sim_honest *sim_honest_create(const sim_target *target, struct event_base *base);
/* Not while it runs: from the next run on newcomers come over TLS, as above. */
void sim_honest_newcomers_by_tls(sim_honest *h, bool yes);
/* Not while it runs. NULL is fine. */
void sim_honest_destroy(sim_honest *h);
/* Likes and reads for so long, and waits for the answers to what is under way (at most the deadline of a request, 5 s). `tick` is called every
 * 10 ms. */
sim_honest_figures sim_honest_run(sim_honest *h, uint64_t us, void (*tick)(void *arg), void *arg);
/* Reads all counts once more: how many items have another count than the likes that were acknowledged, those without an answer aside. -1: they could
 * not be read. */
int sim_honest_wrong_counts(sim_honest *h);

#endif
