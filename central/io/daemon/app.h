/*
 * app.h - the running program: workers, keeper, read API, admin port, signals.
 *
 *     main loop     HTTP server, admin port, signals; the only thread that touches the kd_central_app
 *     worker loops  partitions (worker.h)
 *     keeper        calls of Kafka that block (keeper.h)
 *     members       heartbeats, and who leads what (membership.h)
 *     seed          copies of partitions, a thread that gives and one that takes (central/io/seed)
 *     jobs          orders of an operator, a thread for each that runs (jobs.h)
 *
 * Start: stores open -> HTTP and admin ports -> keeper -> workers' threads. Kafka may come later: reads are served meanwhile.
 * Drain: HTTP finishes its requests -> keeper ends -> workers commit, publish, wait for delivery -> the other members are told -> the main loop stops.
 */
#ifndef KUDOS_CENTRAL_IO_DAEMON_APP_H
#define KUDOS_CENTRAL_IO_DAEMON_APP_H

#include "central/io/api/api.h"
#include "central/io/members/membership.h"
#include "central/io/operator/jobs.h"
#include "central/io/seed/seed_give.h"
#include "central/io/seed/seed_take.h"
#include "central/io/worker/keeper.h"
#include "common/base/descriptors.h"
#include "common/io/admin/admin_ports.h"
#include "common/io/daemon/command.h"
#include "common/io/jwt/jwt_source.h"
#include "common/io/loop/countdown.h"
#include "common/io/loop/signals.h"

typedef struct {
    const kd_command *command;    /* the command line, read again by a reload */
    kd_central_settings settings; /* a reload changes log_level and adds to counters, edges and collections */
    kd_loop *loop;
    kd_worker *workers;
    uint32_t opened;  /* workers that were created */
    uint32_t started; /* workers with a running thread; the first ones of `opened` */
    kd_keeper *keeper;
    kd_seed_giver *giver;      /* NULL: no copies are given */
    kd_seed_taker *taker;      /* NULL: none are taken; so of a central that is no member of a group */
    kd_membership *membership; /* NULL: central.role = follower, which no member knows */
    kd_jobs *jobs, *acts;      /* orders that take long (audit, backup); all other orders */
    kd_api api;
    kd_jwt_source *jwt;        /* keys of users' tokens; NULL: none are taken */
    kd_key_file *visitor_keys; /* of visitors' tokens; NULL: likewise */
    kd_http_tls *tls;
    kd_http_door *door;
    kd_descriptors_share room; /* how many connections it takes */
    kd_http_server *http;
    kd_admin_ports admin;
    kd_central_stale_metrics stale;
    kd_signals *signals;
    kd_timer deadline;      /* of the drain */
    kd_countdown undrained; /* started workers that have not drained; counts from the begin of the drain on */
    bool draining;
} kd_central_app;

/* Runs until it is drained, and takes the settings over. Returns the code to exit with; the log and standard error say why a start failed. */
int kd_central_app_run(const kd_command *command, kd_central_settings *settings);

/* app_admin.c: the answers of the admin port; the caller copies the hooks and sets `arg` to the app. */
extern const kd_admin_hooks kd_central_app_admin_hooks;
/* operator/app_act.c: /admin/NAME, where an operator gives orders. Appends JSON and returns the HTTP status. `arg` is the app. */
int kd_central_app_act(void *arg, const kd_admin_request *asked, kd_buf *out);

/* app_drain.c, and app_reload.c for SIGHUP; `arg` is the app. */

/* Once the loop exists. */
void kd_central_app_drain_init(kd_central_app *app);
/* SIGTERM: begins the drain, which ends the loop. Once. */
void kd_central_app_drain(void *arg);
/* SIGHUP: reads the configuration again. If it cannot be loaded, or changes an option that needs a restart, the old configuration stays as a whole. Files
 * of certificates, keys and tokens are taken up each by itself. */
void kd_central_app_reload(void *arg);
/* From a worker's thread: it has drained. */
void kd_central_app_worker_drained(void *arg, kd_worker *worker);

#endif
