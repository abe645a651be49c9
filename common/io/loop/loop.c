/*
 * loop.c - an event loop on a thread, and its inbox.
 *
 *     senders --push--> inbox: newest -> ... -> oldest      (Treiber 1986, push only)
 *                         | the loop takes the whole list with one exchange, so there is no ABA,
 *                         v turns it round, and runs it
 *                       eventfd: written by the sender that found the list empty
 *
 * Invariant: an inbox that is not empty has a wake-up on its way. The sender that finds it empty writes the eventfd, and the loop reads the eventfd
 * before it takes the list. A post pushed between these two steps is taken at once, and its own wake-up finds an empty inbox.
 *
 * Stop is a post like any other, embedded in the loop: so all posted before it is run first.
 *
 * Deferred posts come by a timer of no time, which the loop looks at after its sockets: what activates itself would be run again before them. The timer
 * activates a second event, behind those that the sockets of this turn have made active.
 */
#include "common/io/loop/loop.h"

#include "common/io/loop/clock.h"
#include "common/io/loop/log.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { LOOP_DEFERRED_US = 25 /* of deferred posts in a turn of the loop: then it looks for new input */ };

struct kd_loop {
    struct event_base *base;
    struct event *wake;
    struct event *deferred_due, *deferred_run;
    kd_post *deferred, **deferred_end;
    int fd;
    char name[16];
    pthread_t thread;
    bool spawned;
    kd_post stop;
    atomic_flag stopping;
    _Alignas(64) _Atomic(kd_post *) inbox;
};

static _Thread_local kd_loop *current;

static kd_post *inbox_reverse(kd_post *list)
{
    kd_post *turned = NULL;
    while (list != NULL) {
        kd_post *next = list->next;
        list->next = turned;
        turned = list;
        list = next;
    }
    return turned;
}

static void inbox_run(kd_loop *loop)
{
    kd_post *list = inbox_reverse(atomic_exchange_explicit(&loop->inbox, NULL, memory_order_acquire));
    while (list != NULL) {
        kd_post *post = list;
        list = list->next; /* before fn, which may free the post or post it on */
        post->fn(post);
    }
}

/* ---- deferred posts ---- */

static void deferred_arm(kd_loop *loop)
{
    event_add(loop->deferred_due, &(struct timeval){0});
}

static void deferred_next(kd_loop *loop)
{
    kd_post *post = loop->deferred;
    loop->deferred = post->next;
    if (loop->deferred == NULL) loop->deferred_end = &loop->deferred;
    post->fn(post);
}

static void deferred_on_due(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    event_active(((kd_loop *)arg)->deferred_run, 0, 0);
}

static void deferred_on_run(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    kd_loop *loop = arg;
    uint64_t end_us = kd_clock_mono_us() + LOOP_DEFERRED_US;
    bool in_time = true;
    while (in_time &&
           loop->deferred != NULL) { /* none: the run before this one took what had set the timer */
        deferred_next(loop);
        in_time = kd_clock_mono_us() < end_us;
    }
    if (loop->deferred != NULL) deferred_arm(loop);
}

void kd_loop_defer(kd_loop *loop, kd_post *post)
{
    KD_ASSERT(post->fn != NULL);
    post->next = NULL;
    *loop->deferred_end = post;
    if (loop->deferred == post) deferred_arm(loop);
    loop->deferred_end = &post->next;
}

void kd_loop_resume(kd_loop *loop, kd_post *post)
{
    KD_ASSERT(post->fn != NULL);
    post->next = loop->deferred;
    if (loop->deferred == NULL) {
        loop->deferred_end = &post->next;
        deferred_arm(loop);
    }
    loop->deferred = post;
}

/* ---- events ---- */

static void loop_on_wake(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    uint64_t wakes;
    ssize_t got = read(fd, &wakes, sizeof wakes);
    (void)got; /* EAGAIN is harmless: an inbox may be looked at in vain */
    inbox_run(arg);
}

static void loop_on_stop(kd_post *post)
{
    event_base_loopbreak(KD_CONTAINER(post, kd_loop, stop)->base);
}

static void on_libevent_message(int severity, const char *text)
{
    if (severity >= EVENT_LOG_WARN) KD_LOG(KD_WARN, "libevent-warning", KD_STR("text", text));
}

int kd_loop_create(kd_loop **out, const char *name)
{
    *out = NULL;
    kd_loop *loop = aligned_alloc(64, sizeof *loop);
    KD_ASSERT(loop != NULL);
    *loop = (kd_loop){.fd = -1, .stop.fn = loop_on_stop, .stopping = ATOMIC_FLAG_INIT};
    loop->deferred_end = &loop->deferred;
    snprintf(loop->name, sizeof loop->name, "%s", name);
    event_set_log_callback(
        on_libevent_message); /* for the process; else warnings would be plain text on standard error */
    loop->base = event_base_new();
    loop->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (loop->base == NULL || loop->fd < 0) goto failed;
    loop->wake = event_new(loop->base, loop->fd, EV_READ | EV_PERSIST, loop_on_wake, loop);
    if (loop->wake == NULL || event_add(loop->wake, NULL) != 0) goto failed;
    loop->deferred_due = evtimer_new(loop->base, deferred_on_due, loop);
    loop->deferred_run = event_new(loop->base, -1, 0, deferred_on_run, loop);
    if (loop->deferred_due == NULL || loop->deferred_run == NULL) goto failed;
    *out = loop;
    return KD_OK;
failed:
    kd_loop_destroy(loop);
    return KD_EIO;
}

void kd_loop_run(kd_loop *loop)
{
    kd_loop *outer = current;
    current = loop;
    int result = event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
    KD_ASSERT(result == 0 && event_base_got_break(loop->base));
    current = outer;
}

static void *run_thread(void *arg)
{
    kd_loop *loop = arg;
    pthread_setname_np(pthread_self(), loop->name);
    kd_loop_run(loop);
    return NULL;
}

int kd_loop_start(kd_loop *loop)
{
    KD_ASSERT(!loop->spawned);
    loop->spawned = pthread_create(&loop->thread, NULL, run_thread, loop) == 0;
    return loop->spawned ? KD_OK : KD_EIO;
}

void kd_loop_post(kd_loop *loop, kd_post *post)
{
    KD_ASSERT(post->fn != NULL);
    int fd = loop->fd; /* read before the push: from then on the post may run, and may end the loop */
    kd_post *head = atomic_load_explicit(&loop->inbox, memory_order_relaxed);
    do post->next = head;
    while (!atomic_compare_exchange_weak_explicit(&loop->inbox, &head, post, memory_order_release,
                                                  memory_order_relaxed));
    if (head != NULL) return;
    uint64_t one = 1;
    ssize_t wrote = write(fd, &one, sizeof one);
    KD_ASSERT(wrote == sizeof one || errno == EAGAIN); /* EAGAIN: the counter is full, so it is awake */
}

void kd_loop_stop(kd_loop *loop)
{
    if (!atomic_flag_test_and_set(&loop->stopping)) kd_loop_post(loop, &loop->stop);
}

void kd_loop_join(kd_loop *loop)
{
    if (!loop->spawned) return;
    int err = pthread_join(loop->thread, NULL);
    KD_ASSERT(err == 0);
    loop->spawned = false;
}

static bool loop_has_posts(const kd_loop *loop)
{
    return atomic_load(&loop->inbox) != NULL || loop->deferred != NULL;
}

void kd_loop_destroy(kd_loop *loop)
{
    if (loop == NULL) return;
    KD_ASSERT(!loop->spawned);
    while (loop_has_posts(loop)) { /* a post may post another one */
        inbox_run(loop);
        if (loop->deferred != NULL) deferred_next(loop);
    }
    if (loop->wake != NULL) event_free(loop->wake);
    if (loop->deferred_due != NULL) event_free(loop->deferred_due);
    if (loop->deferred_run != NULL) event_free(loop->deferred_run);
    if (loop->base != NULL) event_base_free(loop->base);
    if (loop->fd >= 0) close(loop->fd);
    free(loop);
}

struct event_base *kd_loop_base(kd_loop *loop)
{
    return loop->base;
}

const char *kd_loop_name(const kd_loop *loop)
{
    return loop->name;
}

bool kd_loop_here(const kd_loop *loop)
{
    return current == loop;
}

kd_loop *kd_loop_current(void)
{
    return current;
}
