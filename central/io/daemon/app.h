/*
 * app.h - the running program: workers, keeper, read API, admin port, signals.
 *
 *     main loop     HTTP server, admin port, signals
 *     worker loops  partitions (worker.h)
 *     keeper        what blocks (keeper.h)
 *     job           what an operator asks for (job.h)
 *
 * Start: stores open -> workers -> HTTP, admin -> keeper (Kafka may come later: reads are served meanwhile).
 * Drain: HTTP finishes its requests -> keeper ends -> workers commit, publish, wait for delivery -> end.
 */
#ifndef KUDOS_CENTRAL_IO_DAEMON_APP_H
#define KUDOS_CENTRAL_IO_DAEMON_APP_H

#include "central/io/api/api.h"
#include "central/io/operator/jobs.h"
#include "central/io/worker/keeper.h"
#include "common/io/admin/admin.h"
#include "common/io/daemon/options_file.h"
#include "common/io/loop/signals.h"

typedef struct {
    const kd_command *command;
    kd_central_settings settings; /* log_level follows reloads */
    kd_loop *loop;
    kd_worker *workers;
    uint32_t opened;  /* workers that were created */
    uint32_t started; /* of those, with a running thread */
    uint32_t drained;
    kd_keeper *keeper;
    kd_jobs *jobs, *acts;
    kd_api api;
    kd_http_tls *tls;
    kd_http_server *http;
    kd_admin *admin;
    kd_signals *signals;
    kd_timer deadline; /* of the drain */
    bool draining;
} kd_central_app;

/* Runs until it is drained. Takes the settings over. Returns the code to exit with. */
int kd_central_app_run(const kd_command *command, kd_central_settings *settings);

/* app_admin.c */
extern const kd_admin_hooks kd_central_app_admin_hooks; /* `arg` is to be set */
/* app_act.c */
int kd_central_app_act(void *arg, const kd_admin_request *asked, kd_buf *out);
/* app_drain.c */
void kd_central_app_drain(void *arg);
void kd_central_app_reload(void *arg);
void kd_central_app_deadline(void *arg);
void kd_central_app_worker_drained(void *arg, kd_worker *worker);

#endif
