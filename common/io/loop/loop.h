/*
 * loop.h - a thread with its own libevent base and an inbox that any thread may post to without a lock.
 *
 * A post is embedded by its sender and belongs to the loop from kd_loop_post until its fn is called; fn may free it or
 * post it on. Posts of one sender run in order. Posts that are still in the inbox, or deferred, when the loop stops are run once
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
/* Spawns a thread that runs the loop until kd_loop_stop. KD_OK or KD_EIO. A loop is started or run, once. */
int kd_loop_start(kd_loop *loop);
/* Runs the loop in the calling thread until kd_loop_stop. */
void kd_loop_run(kd_loop *loop);
/* Posts to the inbox, from any thread. post->fn is set; it is called on the loop's thread. */
void kd_loop_post(kd_loop *loop, kd_post *post);
/* On the loop's thread: the post runs behind all that the loop has at hand, deferred ones in order. Of these as many run in a turn of the loop as take
 * some ten microseconds, at least one; then new input comes first. For work that is long, so that short work need not wait for all of it. */
void kd_loop_defer(kd_loop *loop, kd_post *post);
/* The same for the next piece of work that a deferred post has begun: it runs before the other deferred ones, so that what is begun is ended, and little of
 * it is held at a time. */
void kd_loop_resume(kd_loop *loop, kd_post *post);
/* From any thread, any number of times. All that was posted before the first stop is run first. */
void kd_loop_stop(kd_loop *loop);
/* Waits for the thread of kd_loop_start; nothing to do for kd_loop_run. */
void kd_loop_join(kd_loop *loop);
/* Frees the loop. Call it after kd_loop_join, or before kd_loop_start, when every kd_loop_post and kd_loop_stop has returned and all events on the
 * base are freed. NULL is fine. */
void kd_loop_destroy(kd_loop *loop);

/* For events of the caller's own: made on the loop's thread, or before it runs. */
struct event_base *kd_loop_base(kd_loop *loop);
/* The name of the thread; lives as long as the loop. */
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

/* Not armed yet. fn runs on the loop's thread; it may set the timer anew. */
void kd_timer_init(kd_timer *t, kd_loop *loop, void (*fn)(void *arg), void *arg);
void kd_timer_set(kd_timer *t, uint64_t delay_us); /* arms it, or moves an armed one to delay_us from now */
void kd_timer_cancel(kd_timer *t);      /* fn is not called any more; fine when not armed, or finished */
bool kd_timer_armed(const kd_timer *t); /* false from the moment that fn is called */
void kd_timer_finish(
    kd_timer *t); /* cancels and frees it, before the loop is destroyed; again does nothing */

#endif
