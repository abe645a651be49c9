/*
 * compare.h - the edge's answers to `kudos-edge compare`, which checks whether central holds every operation that this edge was told is merged. What
 * is compared: kudos/compare.h. The questions are about windows, and about digests and rows of a range; each looks at a bounded number of rows.
 */
#ifndef KUDOS_EDGE_IO_COMMANDS_COMPARE_H
#define KUDOS_EDGE_IO_COMMANDS_COMPARE_H

#include "common/io/admin/compare_query.h"
#include "edge/io/daemon/app.h"
#include "kudos/edge.h"

/* Answers question `what` ("compare-window", "compare-digest" or "compare-rows"; anything else is asserted) from core `e`, on the core's thread.
 * Appends JSON to `out`. Returns the HTTP status: 200; 404 not a partition of this core; 409 not yet, the JSON says what is awaited; 503 the store
 * failed. */
int kd_compare_ask(kd_edge *e, const char *what, const kd_compare_query *q, kd_buf *out);

/* The admin port's hook `act`; `arg` is the kd_edge_app. GET /admin/compare tells the edge's name and its number of partitions; the three questions
 * are handed to the shard of their partition, for 2 s at most. Returns the HTTP status. */
int kd_compare_act(void *arg, const kd_admin_request *asked, kd_buf *out);

#endif
