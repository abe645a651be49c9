/*
 * recovery.h - how long a drill took to recover, measured from the end of its last fault.
 *
 * Recovered: every region's process runs, and the `as_of` of the count that it shows has passed the end of the last fault. By what `as_of`
 * promises, each region's count then holds everything that was acknowledged anywhere while things were wrong. Users go on acting meanwhile, so the
 * counts need not be equal yet.
 */
#ifndef KUDOS_SIM_REPORT_RECOVERY_H
#define KUDOS_SIM_REPORT_RECOVERY_H

#include "sim/report/report.h"

typedef struct {
    bool faulty; /* there was a fault */
    uint64_t
        fault_end_us; /* when the last fault ended, at the latest with the drill's length; a moment of the run */
    bool known;       /* it recovered, and `within_us` says how fast */
    uint64_t
        within_us; /* from fault_end_us until the first sample that shows it: an upper bound, as fine as the samples lie */
} sim_recovery;

/* If no sample shows the recovery, facts->converged_us, when all agreed in the end, bounds it; where that is 0 the recovery is not known. */
sim_recovery sim_recovery_find(const sim_record_view *v, const sim_report_facts *facts);

#endif
