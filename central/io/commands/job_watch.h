/* job_watch.h - a command starts a job of a running central and waits for its end, with its progress on standard
 * error. */
#ifndef KUDOS_CENTRAL_IO_COMMANDS_JOB_WATCH_H
#define KUDOS_CENTRAL_IO_COMMANDS_JOB_WATCH_H

#include "common/io/admin/admin_client.h"
#include "central/io/operator/order.h"
#include "common/io/daemon/options_file.h"

/* Sends the order, waiting a while for another job to end; then asks until the job has ended. KD_EXIT_OK with its last state in
 * `answer`, or an exit code with `error`. */
int kd_job_watch(kd_admin_client *c, const kd_order *order, kd_admin_answer *answer, char *error);

#endif
