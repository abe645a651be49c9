/* act_compare.h - central's side of `kudos-edge compare`: GET /admin/compare-digest, POST /admin/compare-rows. */
#ifndef KUDOS_CENTRAL_IO_OPERATOR_ACT_COMPARE_H
#define KUDOS_CENTRAL_IO_OPERATOR_ACT_COMPARE_H

#include "central/io/daemon/app.h"

/* A GET asks for the digest of a range, a POST for verdicts on the rows of its body, which are answered in their order as
 * {"verdicts":"same later …"}. Appends JSON and returns the status: 200, 400, 404 (no such edge), 409 (its watermark is not
 * there), 503. */
int kd_act_compare(kd_central_app *app, const kd_admin_request *asked, kd_buf *out);

#endif
