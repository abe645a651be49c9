/*
 * void.h - withdraws likes that stood at one moment, and puts them back (rule 25). kudos/void.h finds them in a store.
 *
 * A like is withdrawn where its row still has the stamp that the operator saw; the tombstone has the stamp of the job. That stamp is the job's alone
 * among those remembered. So a tombstone of it, by the job's author, says by itself which void it belongs to, and in which region its like counted. Once
 * its user says anything later, the row has another stamp, and is the user's.
 *
 * All of it is a function of the records read: the row is judged where the decision stands, with all that was fed before (row_now.h). A row of the job is
 * written by the commit that merges its decision.
 */
#ifndef KUDOS_CENTRAL_CORE_VOID_H
#define KUDOS_CENTRAL_CORE_VOID_H

#include "kudos/central.h"
#include "kudos/void.h"

typedef struct {
    uint8_t name_len;
    char name[KD_NAME_MAX];
    kd_voided told;
} kd_void_job;

typedef struct {
    kd_void_job jobs[KD_VOID_JOBS_MAX];
    uint32_t count;
} kd_voider;

/* Reads the rows: KD_OK, KD_EIO, KD_EMALFORMED. */
int kd_void_load(kd_central *c);
/* A decision of the sort withdraw or put back, of the author KD_VOID_AUTHOR, whose body is sound: KD_FED_DECIDED, KD_FED_VOID, KD_FED_POISONED. */
kd_fed kd_void_take(kd_central *c, const kd_decision *d, const kd_body *body);

/* The void of that name, which can be undone; NULL: there is none. */
static inline const kd_void_job *kd_void_find(const kd_voider *v, kd_bytes job)
{
    for (uint32_t i = 0; i < v->count; i++)
        if (kd_bytes_eq(kd_bytes_of(v->jobs[i].name, v->jobs[i].name_len), job)) return &v->jobs[i];
    return NULL;
}
/* The largest stamp of a void that can be undone; 0: there is none. */
static inline uint64_t kd_void_newest_us(const kd_voider *v)
{
    uint64_t newest_us = 0;
    for (uint32_t i = 0; i < v->count; i++) newest_us = KD_MAX(newest_us, v->jobs[i].told.stamp_us);
    return newest_us;
}
/* Whether a tombstone of that stamp may be one of a void that can be undone: it is not collected. */
static inline bool kd_void_keeps(const kd_voider *v, uint64_t time_us)
{
    for (uint32_t i = 0; i < v->count; i++)
        if (v->jobs[i].told.stamp_us == time_us) return true;
    return false;
}

#endif
