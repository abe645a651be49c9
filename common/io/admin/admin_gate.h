/*
 * admin_gate.h - reads what comes to an admin port before libevent's evhttp does, by the grammar of the public ports (common/api/http1.h).
 *
 * evhttp ends lines at a bare LF, joins folded ones, and takes the first of two Hosts or Authorizations. A proxy in front of the admin port may check
 * the second. So no answer is given but an error, unless the gate has read the same request.
 */
#ifndef KUDOS_COMMON_IO_ADMIN_ADMIN_GATE_H
#define KUDOS_COMMON_IO_ADMIN_ADMIN_GATE_H

#include "kudos/base.h"

enum { KD_ADMIN_HEAD_MAX = 12 * 1024 /* bytes of a head; a longer one is refused */ };

typedef enum { KD_ADMIN_GATE_READING, KD_ADMIN_GATE_GOOD, KD_ADMIN_GATE_BAD } kd_admin_gate_state;

/* Of one connection, which has one request. All zero: no byte has come. */
typedef struct {
    kd_admin_gate_state state;
    kd_buf head; /* what has come of it; empty once it is judged */
} kd_admin_gate;

/* Takes the next bytes of the connection. GOOD once a head has come whole that reads in one way: a path as target, one Host that is a host (none in
 * HTTP/1.0), no field twice that decides who asks, a body by content-length alone. It does not change any more, whatever comes behind the head. */
void kd_admin_gate_feed(kd_admin_gate *gate, kd_bytes bytes);
/* Frees what the gate holds. */
void kd_admin_gate_finish(kd_admin_gate *gate);

#endif
