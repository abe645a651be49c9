/*
 * guard.h - which requests the playground answers. Its switches kill processes, and any page that a browser of this machine shows can send requests to the
 * loopback address: only the playground's own page may throw them. Pure.
 */
#ifndef KUDOS_SIM_PLAYGROUND_GUARD_H
#define KUDOS_SIM_PLAYGROUND_GUARD_H

#include "kudos/base.h"

/* Fields of a request; empty: it has none. */
typedef struct {
    kd_bytes host, origin, content_type;
    bool writes; /* POST */
} sim_guard_request;

/* NULL: it may. Else why not, static text: the Host is no loopback address (a name that a stranger lets point here); the Origin is not the page that this
 * Host serves; or a POST has another type than application/json, which a form of another page could send. */
const char *sim_guard_fault(const sim_guard_request *q);

#endif
