/* worker_internal.h - between worker.c (life), worker_consume.c (reading), worker_roles.c (who leads), worker_measure.c (metrics) and worker_post.c (posts). All but
 * kd_worker_send() on the worker's thread. */
#ifndef KUDOS_CENTRAL_IO_WORKER_WORKER_INTERNAL_H
#define KUDOS_CENTRAL_IO_WORKER_WORKER_INTERNAL_H

#include "central/io/worker/worker.h"

/* A post that carries nothing but its worker; its fn frees it. */
typedef struct {
    kd_post post;
    kd_worker *worker;
} kd_worker_post;

/* From any thread: has `fn` called on the worker's loop, with the post of a kd_worker_post, which it frees. */
void kd_worker_send(kd_worker *w, void (*fn)(kd_post *post));
/* Back-pressure: reading stops while any partition is blocked, and goes on when none is. Of a partition that owes the topics too much no likes are read. */
void kd_worker_regulate(kd_worker *w);
/* For the timer `rejoin`; `arg` is the worker. Makes a new consumer if the old one is dead, else seeks the partitions that stand still to the
 * beginning of their logs. */
void kd_worker_run_rejoin(void *arg);
/* Begins to read a partition behind the last record that was fed, or at the log's beginning; and its counts. */
void kd_worker_add(kd_worker *w, const kd_tenure *t);
/* Reads a partition no more. */
void kd_worker_remove(kd_worker *w, const kd_tenure *t);
/* Reads a partition behind the last record that was fed; of a member of a group its counts, too. */
void kd_worker_go_on(kd_worker *w, const kd_tenure *t);
/* Where a partition is to be read, by its check; -3: not at all. */
int64_t kd_worker_check_log(kd_worker *w, kd_log_check *check);
enum { KD_WORKER_NOWHERE = -3 };
/* Brings each partition nearer to the role that is wished for it. */
void kd_worker_run_roles(kd_worker *w);
/* Tells what it has of the partitions (events.holds). */
void kd_worker_tell(kd_worker *w, bool changes_alone);
/* Sets the metrics that are states of the cores, and commits offsets to the consumer group, for lag tools. */
void kd_worker_measure(kd_worker *w);

#endif
