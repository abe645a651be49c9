/* recovery.c - see the header. */
#include "sim/report/recovery.h"

static bool recovery_shown(const sim_record_view *v, uint32_t moment, uint64_t since_us)
{
    uint64_t at_us = v->instants[moment].at_us;
    if (at_us <= since_us) return false;
    for (uint32_t i = 0; i < v->regions; i++) {
        const sim_record_sample *s = v->samples + (size_t)moment * v->regions + i;
        /* A lag of UINT64_MAX, "as_of is null", is longer than any span. */
        if (!s->up || s->as_of_lag_us > at_us - since_us) return false;
    }
    return v->regions > 0;
}

static void recovery_note(sim_recovery *r, uint64_t at_us)
{
    uint64_t within_us = at_us - r->fault_end_us;
    r->within_us = r->known ? KD_MIN(r->within_us, within_us) : within_us;
    r->known = true;
}

sim_recovery sim_recovery_find(const sim_record_view *v, const sim_report_facts *facts)
{
    sim_recovery r = {.faulty = v->faults + v->faults_dropped > 0, .fault_end_us = v->faults_end_us};
    if (facts->length_us) r.fault_end_us = KD_MIN(r.fault_end_us, facts->length_us);
    for (uint32_t m = 0; r.faulty && !r.known && m < v->moments; m++)
        if (recovery_shown(v, m, r.fault_end_us)) recovery_note(&r, v->instants[m].at_us);
    if (r.faulty && facts->converged_us) recovery_note(&r, facts->length_us + facts->converged_us);
    return r;
}
