/*
 * turn.h - work at the end of a turn of a loop. Requests, syncs, delivery reports and snapshots each wake the turn; the work runs once, behind all
 * other events of that turn. So the likes of a whole turn share one group, and one sync.
 */
#ifndef KUDOS_EDGE_IO_SHARD_TURN_H
#define KUDOS_EDGE_IO_SHARD_TURN_H

#include "common/io/loop/loop.h"

typedef struct {
    struct event *event; /* NULL before init and after finish: waking does nothing then */
    void (*work)(void *arg);
    void *arg;
} kd_turn;

/* `work` runs on the loop's thread, once for any number of wakes. */
void kd_turn_init(kd_turn *t, kd_loop *loop, void (*work)(void *arg), void *arg);
/* On the loop's thread. Also fine after finish, because posts may still run when the loop has ended. */
void kd_turn_wake(kd_turn *t);
/* After the loop was joined, before it is destroyed. A turn that was never initialised is fine. */
void kd_turn_finish(kd_turn *t);

#endif
