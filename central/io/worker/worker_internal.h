/* worker_internal.h - between the files of worker. */
#ifndef KUDOS_CENTRAL_IO_WORKER_WORKER_INTERNAL_H
#define KUDOS_CENTRAL_IO_WORKER_WORKER_INTERNAL_H

#include "central/io/worker/worker.h"

/* A post without more to say than its worker; freed by its fn. */
typedef struct {
    kd_post post;
    kd_worker *worker;
} kd_worker_post;

void kd_worker_send(kd_worker *w, void (*fn)(kd_post *post));
void kd_worker_check_drained(kd_worker *w);
/* Back-pressure: reading stops while any partition is blocked, and goes on when none is. */
void kd_worker_regulate(kd_worker *w);
void kd_worker_run_rejoin(void *arg);
/* Fills the metrics that are states of the cores. */
void kd_worker_measure(kd_worker *w);

#endif
