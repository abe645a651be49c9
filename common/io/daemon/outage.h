/*
 * outage.h - tells the log of a peer that cannot be reached: once when it begins, once when it is over.
 */
#ifndef KUDOS_COMMON_IO_DAEMON_OUTAGE_H
#define KUDOS_COMMON_IO_DAEMON_OUTAGE_H

#include "common/base/reason.h"
#include "kudos/base.h"

/* A question alone may be lost. */
enum { KD_OUTAGE_FAILURES = 2 };

/* Of one thread. */
typedef struct {
    const char *began, *over; /* the events: "central-unreachable", "central-reachable" */
    bool down;
    uint32_t failures; /* questions in a row */
    uint64_t since_us; /* monotonic, of the first of them */
} kd_outage;

/* A question was not answered. From KD_OUTAGE_FAILURES in a row on the peer is down; then the first time a line is written, with `reason` and `cause`.
 * `cause` NULL: why is not known yet; it counts, and the next question asks. */
void kd_outage_failed(kd_outage *o, kd_reason reason, const char *cause);
/* One was answered. Writes a line when the peer was down, with the time since the first question that failed. */
void kd_outage_answered(kd_outage *o);

#endif
