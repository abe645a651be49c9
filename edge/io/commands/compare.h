/*
 * compare.h - is what this edge was told is merged at central? The admin port's side (questions about ranges of
 * rows, answered by the shards), and the command `kudos-edge compare`, which asks both. What is compared: kudos/compare.h.
 */
#ifndef KUDOS_EDGE_IO_COMMANDS_COMPARE_H
#define KUDOS_EDGE_IO_COMMANDS_COMPARE_H

#include "common/io/admin/compare_query.h"
#include "edge/io/daemon/app.h"
#include "kudos/edge.h"

/* One of these questions about a partition of this core: the HTTP status, and the answer's JSON. */
int kd_compare_ask(kd_edge *e, const char *what, const kd_compare_query *q, kd_buf *out);

/* The admin hook: GET /admin/compare (how many partitions), compare-window, compare-digest, compare-rows. */
int kd_compare_act(void *arg, const kd_admin_request *asked, kd_buf *out);

#endif
