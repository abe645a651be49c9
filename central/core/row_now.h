/* row_now.h - a membership row as all records fed so far have made it, durable or not. */
#ifndef KUDOS_CENTRAL_CORE_ROW_NOW_H
#define KUDOS_CENTRAL_CORE_ROW_NOW_H

#include "central/core/row.h"
#include "kudos/central.h"

/* KD_OK, KD_ENOTFOUND, KD_EIO. The same answer however the records before are divided into commits. For a decision that looks at its rows: a walk over the
 * operations of the open commit. */
int kd_row_now(kd_central *c, kd_bytes key, kd_stored_row *row);

#endif
