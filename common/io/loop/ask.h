/*
 * ask.h - a thread asks that of a loop to do something, and waits for it with a bound.
 *
 * A question is the first member of what the asker allocates. It is freed by `dispose` when both have let it go: the
 * asker may give up while the loop is still to come to it.
 */
#ifndef KUDOS_COMMON_IO_LOOP_ASK_H
#define KUDOS_COMMON_IO_LOOP_ASK_H

#include <pthread.h>

#include "common/io/loop/loop.h"

typedef struct kd_ask kd_ask;
struct kd_ask {
    kd_post post;
    void *owner;                /* of the loop: the asker's, for `work` */
    void (*work)(kd_ask *a);    /* on the loop's thread */
    void (*dispose)(kd_ask *a); /* frees it and what it holds */
    pthread_mutex_t lock;
    pthread_cond_t answered;
    uint32_t holders;
    bool done;
};

/* True when the work was done in time. The asker then reads what it left, and lets go in any case. */
bool kd_ask_run(kd_ask *a, kd_loop *loop, uint32_t timeout_ms);
void kd_ask_let_go(kd_ask *a);

#endif
