/*
 * doubts.h - what an operator must hear of, once each: that somebody else uses this edge's name, that sums were set aside for that (again
 * at each start, until an operator has them forgotten), that a shard refuses writes, that a restore of central undid what this edge knew. In the log when it happens, and on /readyz as
 * long as it lasts.
 */
#ifndef KUDOS_EDGE_IO_DAEMON_DOUBTS_H
#define KUDOS_EDGE_IO_DAEMON_DOUBTS_H

#include "edge/io/daemon/app.h"

/* What a shard has told already. */
typedef struct {
    uint64_t alarms, aside_kept, undone, shared;
    uint32_t retired;
    bool refusing;
} kd_doubts;

/* On the shard's thread: logs what has come since the last time. */
void kd_doubts_tell(kd_shard *s, const kd_edge_stats *stats);

/* True when an operator has retired this edge, with the reason. On any thread. */
bool kd_doubts_retired(const kd_edge_app *app, kd_buf *why);
/* Why this edge refuses writes just now; nothing when it does not. On any thread. */
void kd_doubts_about_writes(const kd_edge_app *app, kd_buf *why);

#endif
