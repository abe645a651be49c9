/* audit_index.h - the part of an audit that compares the entries of the indices with the membership rows. */
#ifndef KUDOS_CENTRAL_CORE_AUDIT_INDEX_H
#define KUDOS_CENTRAL_CORE_AUDIT_INDEX_H

#include "central/core/audit_state.h"

/* When the items are done. Reports each row without its entry, and each entry without its row, of the indices that are complete. KD_OK, or what
 * kd_audit_run gives. */
int kd_audit_index(kd_audit *a);
/* With `mend`, when the counts are mended: has each wrong index built anew at the next start, and keeps the others in step with the mended version. */
void kd_audit_index_mend(kd_audit *a);

#endif
