/* audit_mend.h - the writes that make the counts of a partition those of its membership, with all that makes the mended counts known. */
#ifndef KUDOS_CENTRAL_CORE_AUDIT_MEND_H
#define KUDOS_CENTRAL_CORE_AUDIT_MEND_H

#include "central/core/audit_state.h"

/* Adds the right count row of the item that is looked at to config->mend; sums keep their stored parts. KD_OK, or KD_ETOOBIG: the group of writes has
 * outgrown what one should hold. */
int kd_audit_mend_item(kd_audit *a);
/* After the last item: adds the version and the redo row that name the mended items. Nothing when none was mended. */
void kd_audit_mend_end(kd_audit *a);

#endif
