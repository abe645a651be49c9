/*
 * signals.h - SIGTERM and SIGINT drain, SIGHUP reloads; and notifications to systemd.
 */
#ifndef KUDOS_COMMON_IO_LOOP_SIGNALS_H
#define KUDOS_COMMON_IO_LOOP_SIGNALS_H

#include "common/io/loop/loop.h"

typedef struct {
    void *arg;
    void (*drain)(void *arg);  /* once; a second SIGTERM or SIGINT ends the process at once with code 1 */
    void (*reload)(void *arg); /* at each SIGHUP before the drain */
} kd_signal_hooks;

typedef struct kd_signals kd_signals;

/* First thing in a daemon, on the thread that calls kd_signals_create later, before any other thread is made. A SIGHUP during the start would end the
 * process; from here on it is held back until the hooks are there. */
void kd_signals_hold(void);

/* On one loop of the process only, before it runs. KD_OK or KD_EIO. */
int kd_signals_create(kd_signals **signals, kd_loop *loop, const kd_signal_hooks *hooks);
/* Before the loop is destroyed. NULL is fine. */
void kd_signals_destroy(kd_signals *signals);

/* The sd_notify protocol: "READY=1", "STOPPING=1", "STATUS=...". Nothing happens without $NOTIFY_SOCKET. KD_OK or KD_EIO. */
int kd_notify(const char *state);
/* "RELOADING=1" with the monotonic time that Type=notify-reload wants; READY=1 follows when it is done. */
int kd_notify_reloading(void);

#endif
