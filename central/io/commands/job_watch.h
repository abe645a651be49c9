/* job_watch.h - a command starts a job of a running central and waits for its end, with the progress on standard error. */
#ifndef KUDOS_CENTRAL_IO_COMMANDS_JOB_WATCH_H
#define KUDOS_CENTRAL_IO_COMMANDS_JOB_WATCH_H

#include "common/io/admin/admin_client.h"
#include "central/io/operator/order.h"
#include "common/io/daemon/options_file.h"

/* Sends the order, up to 30 s again while another job runs; then asks until the job has ended. KD_EXIT_OK, or another exit code with `error`
 * (KD_OPTIONS_ERROR_MAX bytes). `answer` has the last answer, the job's state where it came to that; the caller finishes its body. */
int kd_job_watch(kd_admin_client *c, const kd_order *order, kd_admin_answer *answer, char *error);

#endif
