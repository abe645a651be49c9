/*
 * asking.h - an edge's questions to central: when the clock is measured (rule 3), how often a question about an item is repeated (rule 19), and who waits
 * for its answer.
 *
 * Pure: the same decisions run in kudos-edge and in the simulation. All times are monotonic.
 */
#ifndef KUDOS_ASKING_H
#define KUDOS_ASKING_H

#include "kudos/base.h"

/* ---- the clock ---- */

enum {
    KD_PROBE_US =
        5000 * 1000, /* central is asked at least so often: its answer shows that it can be reached */
    KD_PROBE_RETRY_US = 500 * 1000, /* after a question that failed, or a clock that is out of bounds */
    KD_PROBE_DEADLINE_US = 1000 * 1000,
};

typedef struct {
    uint64_t interval_us; /* between two measurements that find the clock in bounds */
    uint64_t due_us;      /* when to measure next; 0: with the next answer */
} kd_clock_probe;

typedef enum {
    KD_PROBE_FAILED, /* no answer in time, or a measurement that tells nothing or finds the clock out of bounds */
    KD_PROBE_ANSWERED, /* central is there; no measurement was due */
    KD_PROBE_MEASURED, /* the clock is in bounds */
} kd_probe_end;

/* Whether an answer that comes now is to be measured. */
bool kd_clock_probe_due(const kd_clock_probe *p, uint64_t now_us);
/* How a question ended. Returns the delay until the next question: KD_PROBE_US or KD_PROBE_RETRY_US, give or take an eighth, but no later than the next
 * measurement is due. Edges that were started together drift apart by that jitter (`random`: any 64 bits). */
uint64_t kd_clock_probe_ended(kd_clock_probe *p, kd_probe_end end, uint64_t now_us, uint64_t random);

/* ---- an item ---- */

enum { KD_QUESTION_TRIES_MAX = 3 };

/* One question about an item. The core throws an answer away (KD_EAGAIN) that crossed a newer snapshot; then the question is repeated. */
typedef struct {
    uint64_t until_us; /* the deadline of whoever waits for the answer */
    uint32_t tries;    /* questions sent so far */
} kd_question_tries;

/* Whether there is time and a try left to repeat the question. */
bool kd_question_may_repeat(const kd_question_tries *q, uint64_t now_us);

/* ---- who waits for the answer ---- */

enum { KD_ASKED_LATELY = 8 };

/*
 * How long the last questions took, answered or not. Zeroed: none is known yet.
 *
 * A request that waits for an answer from far away is late, and may do without it. So nobody waits while each of the last questions took longer than
 * the request may: the question goes on alone, and the next request has the number. The quickest one decides. A near central that stalls for a moment
 * stays near, and the first quick answer makes it near again.
 */
typedef struct {
    uint64_t took_us[KD_ASKED_LATELY];
    uint32_t count; /* of took_us that are known */
    uint32_t next;  /* the oldest of them, once all are */
} kd_asked_lately;

/* A question ended that took so long. */
void kd_asked_lately_add(kd_asked_lately *a, uint64_t took_us);
/* Whether a request that may take `wait_us` for it should wait for an answer. 0: never; otherwise it should while nothing is known. */
bool kd_asked_lately_within(const kd_asked_lately *a, uint64_t wait_us);

#endif
