/*
 * loop.h - a thread with its own libevent base and an inbox that any thread may post to without a lock.
 *
 * A post is embedded by its sender and belongs to the loop from kd_loop_post until its fn is called; fn may free it or
 * post it on. Posts of one sender run in order. Posts that are still in the inbox when the loop stops are run once
 * more by kd_loop_destroy in the caller's thread, so that their owners can free them.
 */
#ifndef KUDOS_COMMON_IO_LOOP_LOOP_H
#define KUDOS_COMMON_IO_LOOP_LOOP_H

#include "kudos/base.h"

struct event_base;
struct event;
typedef struct kd_loop kd_loop;

typedef struct kd_post kd_post;
struct kd_post {
    kd_post *next; /* the loop's while posted */
    void (*fn)(kd_post *post);
};
/* KD_OK or KD_EIO (no descriptors). `name`: at most 15 bytes are shown as the thread's name; copied. */
int kd_loop_create(kd_loop **loop, const char *name);
/* Spawns the thread (KD_OK or KD_EIO), or runs in the calling thread until kd_loop_stop. Either, once. */
int kd_loop_start(kd_loop *loop);
void kd_loop_run(kd_loop *loop);
/* From any thread. Stop lets the present callback and what is posted before it finish. */
void kd_loop_post(kd_loop *loop, kd_post *post);
void kd_loop_stop(kd_loop *loop);
/* Waits for the thread of kd_loop_start; nothing to do for kd_loop_run. */
void kd_loop_join(kd_loop *loop);
/* After join (or before start), when every kd_loop_post and kd_loop_stop has returned; NULL is fine. All events on the
 * base must have been freed. */
void kd_loop_destroy(kd_loop *loop);

struct event_base *kd_loop_base(kd_loop *loop);
const char *kd_loop_name(const kd_loop *loop);
/* Whether the caller runs on the loop's thread. */
bool kd_loop_here(const kd_loop *loop);
/* The loop whose thread this is, or NULL. */
kd_loop *kd_loop_current(void);

/* A one-shot timer on a loop; owned by the caller, used on the loop's thread only (or before it runs). */
typedef struct {
    struct event *event;
    void (*fn)(void *arg);
    void *arg;
} kd_timer;

void kd_timer_init(kd_timer *t, kd_loop *loop, void (*fn)(void *arg), void *arg);
void kd_timer_set(kd_timer *t, uint64_t delay_us); /* arms, or moves what is armed */
void kd_timer_cancel(kd_timer *t);
bool kd_timer_armed(const kd_timer *t);
void kd_timer_finish(kd_timer *t);

#endif
