/*
 * outage.h - whether a peer answers: a line in the log when an outage begins and when it ends, and a metric that tells the present.
 */
#ifndef KUDOS_COMMON_IO_DAEMON_OUTAGE_H
#define KUDOS_COMMON_IO_DAEMON_OUTAGE_H

#include "common/base/metrics.h"
#include "common/base/reason.h"
#include "kudos/base.h"

/* A single question may be lost on its way: one failure is no outage. */
enum { KD_OUTAGE_FAILURES = 2 };

/* Belongs to one thread. */
typedef struct {
    const char *began, *over; /* names of the log events: "central-unreachable", "central-reachable" */
    kd_metric *up;            /* 1: the peer answers, 0: it is down; NULL: no metric */
    bool down;
    uint32_t failures; /* unanswered questions in a row */
    uint64_t since_us; /* monotonic time of the first failure of this row */
} kd_outage;

/* Counts a question that was not answered. At KD_OUTAGE_FAILURES in a row the peer is down: `up` becomes 0, and a line with `reason` and `cause` is
 * logged once. `cause` NULL: the reason is not known yet, so the failure counts and the line waits for the next call. */
void kd_outage_failed(kd_outage *o, kd_reason reason, const char *cause);
/* Counts an answer: `up` becomes 1. If the peer was down, a line is logged with the time since the first failure. */
void kd_outage_answered(kd_outage *o);

#endif
