/*
 * signals.c - signals as events of one loop.
 *
 * libevent turns a signal into a byte on its own pipe, so the callbacks run on the loop, not in a handler.
 * Only one base of a process may do so; that is the loop given here.
 */
#include "common/io/loop/signals.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct kd_signals {
    kd_signal_hooks hooks;
    bool draining;
    struct event *term, *interrupt, *hangup;
};

static void signals_on_end(evutil_socket_t number, short what, void *arg)
{
    (void)number;
    (void)what;
    kd_signals *s = arg;
    if (s->draining)
        _exit(1); /* asked twice: somebody does not want to wait, and nothing acknowledged rests on a drain */
    s->draining = true;
    s->hooks.drain(s->hooks.arg);
}

static void on_hangup(evutil_socket_t number, short what, void *arg)
{
    (void)number;
    (void)what;
    kd_signals *s = arg;
    if (!s->draining) s->hooks.reload(s->hooks.arg);
}

static struct event *signals_watch(kd_loop *loop, int number, event_callback_fn fn, kd_signals *s)
{
    struct event *e = evsignal_new(kd_loop_base(loop), number, fn, s);
    if (e == NULL || event_add(e, NULL) == 0) return e;
    event_free(e);
    return NULL;
}

static void hold_hangup(int how)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(how, &set, NULL);
}

void kd_signals_hold(void)
{
    hold_hangup(SIG_BLOCK);
}

int kd_signals_create(kd_signals **out, kd_loop *loop, const kd_signal_hooks *hooks)
{
    kd_signals *s = kd_alloc(sizeof *s);
    *out = NULL;
    s->hooks = *hooks;
    s->term = signals_watch(loop, SIGTERM, signals_on_end, s);
    s->interrupt = signals_watch(loop, SIGINT, signals_on_end, s);
    s->hangup = signals_watch(loop, SIGHUP, on_hangup, s);
    if (s->term == NULL || s->interrupt == NULL || s->hangup == NULL) {
        kd_signals_destroy(s);
        return KD_EIO;
    }
    hold_hangup(SIG_UNBLOCK);
    *out = s;
    return KD_OK;
}

void kd_signals_destroy(kd_signals *s)
{
    if (s == NULL) return;
    if (s->term != NULL) event_free(s->term);
    if (s->interrupt != NULL) event_free(s->interrupt);
    if (s->hangup != NULL) event_free(s->hangup);
    free(s);
}
