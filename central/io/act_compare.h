/* central/io/act_compare.h - central's side of `kudos-edge compare`: GET /admin/compare-digest, /admin/compare-row. */
#ifndef KUDOS_CENTRAL_IO_ACT_COMPARE_H
#define KUDOS_CENTRAL_IO_ACT_COMPARE_H

#include "central/io/app.h"

/* Appends JSON and returns the status: 200, 400, 404 (no such edge), 409 (its watermark is not there), 503. */
int kd_act_compare(kd_app *app, bool row, const char *query, kd_buf *out);

#endif
