/* erase.c - see the header. */
#include "central/core/erase.h"

#include "central/core/named_row.h"
#include "central/core/state.h"

int kd_erase_check(const kd_central *c, const kd_decision *d)
{
    const kd_erased_user *u = kd_erased_user_find(c, d->body);
    if (!u && c->eraser.users.count == KD_ERASED_MAX) return KD_EFULL;
    if (u && u->told.stamp_us >= d->stamp_us) return KD_EINVAL;
    return kd_void_newest_us(&c->voider) < d->stamp_us ? KD_OK : KD_EINVAL;
}

kd_fed kd_erase_mark(kd_central *c, const kd_decision *d)
{
    if (kd_erase_check(c, d) != KD_OK) return KD_FED_VOID;
    kd_erased_user *u = kd_erased_user_obtain(c, d->body);
    u->told = (kd_erased){.stamp_us = d->stamp_us};
    memcpy(u->told.job, d->job.data, d->job.len);
    if (!kd_planted(c, KD_PLANT_ERASE_APART)) kd_erased_user_put(c, u);
    return KD_FED_DECIDED;
}

static kd_erased_user *erase_find_job(kd_central *c, const kd_decision *d)
{
    size_t cursor = 0;
    for (kd_erased_user *u; (u = kd_table_next(&c->eraser.users, &cursor)) != NULL;)
        if (u->told.stamp_us == d->stamp_us && kd_bytes_eq(kd_bytes_str(u->told.job), d->job)) return u;
    return NULL;
}

/* The row becomes a tombstone that the mark covers, and so it is deleted. It need not have the stamp that the operator saw: a central that was restored, and
 * whose log has holes, may hold an older one, and what would have come between is covered. KD_OK, KD_EIO. */
static int erase_row(kd_central *c, const kd_decision *d, const kd_op *op, kd_erased_user *u)
{
    kd_stored_row row;
    if (kd_erased_user_find(c, op->user) != u) return KD_OK;
    int err = kd_named_row_now(c, op, &row);
    if (err == KD_EIO) return err;
    if (err == KD_ENOTFOUND) kd_named_row_clear(c, op);
    if (err != KD_OK || row.time_us >= d->stamp_us) return KD_OK;
    kd_named_row_say(c, d, op, d->stamp_us, row.region);
    u->told.withdrawn += row.liked;
    return KD_OK;
}

kd_fed kd_erase_withdraw(kd_central *c, const kd_decision *d, const kd_body *body)
{
    kd_erased_user *u = erase_find_job(c, d);
    if (!u) return KD_FED_VOID;
    for (uint32_t i = 0; i < body->op_count; i++)
        if (erase_row(c, d, &body->ops[i], u) != KD_OK) return (kd_fed)kd_central_poison(c);
    if (d->last) {
        u->told.finished_us = d->at_us;
        u->told.version = c->eraser.version = c->begun + 1;
    }
    kd_erased_user_put(c, u);
    return KD_FED_DECIDED;
}
