/*
 * act_import.h - central's side of `kudos-central import`: /admin/import?job=NAME&partition=N[&seq=N&last=0|1&region=NAME].
 *
 * A POST writes a decision of that job, with the encoded operations that are its body; a GET asks. Both answer
 * {"partitions":…,"durable":…}: the decision of this job that was merged last, and whose merge is durable. The command asks until that is the one that
 * it has posted, and posts it again when that takes long: it is merged once (kudos/decide.h).
 */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_ACT_IMPORT_H
#define KUDOS_CENTRAL_IO_OPERATOR_ACT_IMPORT_H

#include "central/io/daemon/app.h"

/* Who takes the edge's place in the stamps of what is imported. */
#define KD_IMPORT_AUTHOR "_import"

/* On the main loop, which waits up to 2 s for the worker. Appends JSON and returns the status: 200; 400, also for operations that this central would
 * not merge; 503: try again. */
int kd_act_import(kd_central_app *app, const kd_admin_request *asked, kd_buf *out);

#endif
