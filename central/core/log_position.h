/*
 * log_position.h - how far the likes partition is read (rule 13). The position is stored with what was merged, so a start goes on behind it; the
 * digest of the record there proves that the log is still the same.
 */
#ifndef KUDOS_CENTRAL_CORE_LOG_POSITION_H
#define KUDOS_CENTRAL_CORE_LOG_POSITION_H

#include "kudos/central.h"

typedef struct {
    bool known; /* false: the log is read from its earliest record */
    int64_t offset;
    uint64_t digest; /* of the record at offset */
} kd_log_position;

/*
 * Forgets the position with the open commit, so that the shell, or the next start, reads the log from its earliest record. Called when records that
 * were left can be merged now: they came behind a batch that waited in quarantine, or of an edge that was retired. The edge itself may not have them
 * any more: an earlier life of this partition (its store was made anew or put back since) told it that all of them are applied.
 */
void kd_log_read_again(kd_central *c);

#endif
