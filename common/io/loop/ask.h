/*
 * ask.h - a thread has work done on the thread of a loop, and waits for it with a bound.
 *
 * The asker allocates a struct with a kd_ask in it and sets work, dispose and owner. The asker may give up before the loop comes to the question, so
 * both hold it, and the last of the two to let go calls `dispose`.
 */
#ifndef KUDOS_COMMON_IO_LOOP_ASK_H
#define KUDOS_COMMON_IO_LOOP_ASK_H

#include <pthread.h>

#include "common/io/loop/loop.h"

typedef struct kd_ask kd_ask;
struct kd_ask {
    kd_post post;
    void *owner;                /* for `work`: the object that belongs to the loop's thread */
    void (*work)(kd_ask *a);    /* on the loop's thread */
    void (*dispose)(kd_ask *a); /* frees the question and all that it holds; on either thread */
    pthread_mutex_t lock;
    pthread_cond_t answered;
    uint32_t holders; /* asker and loop, while they have not let go */
    bool done;        /* `work` has returned; under `lock` */
};

/* Posts the question and waits. True: `work` has returned and the asker may read its results. False: timeout_ms passed, `work` may still run later.
 * The asker calls kd_ask_let_go in either case. */
bool kd_ask_run(kd_ask *a, kd_loop *loop, uint32_t timeout_ms);
/* The caller does not touch the question any more. */
void kd_ask_let_go(kd_ask *a);

#endif
