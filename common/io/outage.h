/*
 * common/io/outage.h - tells the log of a peer that cannot be reached: once when it begins, once when it is over.
 */
#ifndef KUDOS_COMMON_IO_OUTAGE_H
#define KUDOS_COMMON_IO_OUTAGE_H

#include "common/reason.h"
#include "kudos/base.h"

/* Of one thread. */
typedef struct {
    const char *began, *over; /* the events: "central-unreachable", "central-reachable" */
    bool down;
    uint64_t since_us; /* monotonic */
} kd_outage;

/* The peer cannot be reached now. Writes a line when it could before, or nothing was known. */
void kd_outage_begin(kd_outage *o, kd_reason reason, const char *cause);
/* It can. Writes a line, with the length, when it could not before. */
void kd_outage_end(kd_outage *o);

#endif
