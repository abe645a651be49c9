/*
 * health.h - what the admin port answers on /healthz and /readyz. Both are kd_admin_hooks: on the main loop, `arg` is the kd_edge_app, and the
 * reason is appended to `why`.
 */
#ifndef KUDOS_EDGE_IO_DAEMON_HEALTH_H
#define KUDOS_EDGE_IO_DAEMON_HEALTH_H

#include "kudos/base.h"

/* False once a failure ends the process. */
bool kd_health_alive(void *arg, kd_buf *why);
/* False where a load balancer should go elsewhere: draining, failed, or retired by central. While writes alone are refused it is true, with the
 * reason: reads go on, and all edges may be in the same state. So it is while reads are refused because of overload: likes are taken, and a balancer that
 * sent all clients of an overloaded edge to the others would overload those. */
bool kd_health_ready(void *arg, kd_buf *why);

#endif
