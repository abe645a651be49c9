/* act_compare.h - central's side of `kudos-edge compare`: GET /admin/compare-digest, POST /admin/compare-rows. */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_ACT_COMPARE_H
#define KUDOS_CENTRAL_IO_OPERATOR_ACT_COMPARE_H

#include "central/io/daemon/app.h"

/* A GET asks for the digest of a range of keys. A POST asks for a verdict on each row of its body; they come in the order of the rows, as
 * {"verdicts":"same later …"}. On the main loop, which waits up to 2 s for the worker. Appends JSON and returns the status: 200; 400; 404: central
 * knows no such edge; 409: its watermark here is below the range's end; 503. */
int kd_act_compare(kd_central_app *app, const kd_admin_request *asked, kd_buf *out);

#endif
