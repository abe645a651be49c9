/* named_row.c - see the header. */
#include "central/core/named_row.h"

#include "central/core/closed.h"
#include "central/core/gather.h"
#include "central/core/registry.h"
#include "central/core/row_now.h"
#include "central/core/state.h"

int kd_named_row_now(kd_central *c, const kd_op *op, kd_stored_row *row)
{
    if (kd_closed_deleted(c, op->item)) return KD_ENOTFOUND;
    kd_buf_clear(&c->key);
    kd_member_key_put(&c->key, op->counter, op->item, op->user);
    return kd_row_now(c, kd_buf_view(&c->key), row);
}

void kd_named_row_clear(kd_central *c, const kd_op *op)
{
    if (kd_closed_deleted(c, op->item)) return; /* its rows go with their counts (closed_sweep.c) */
    kd_buf_clear(&c->key);
    kd_member_key_put(&c->key, op->counter, op->item, op->user);
    kd_writes_delete(&kd_commit_open(c)->writes, kd_buf_view(&c->key));
}

void kd_named_row_say(kd_central *c, const kd_decision *d, const kd_op *op, uint64_t time_us, uint16_t region)
{
    uint16_t author;
    kd_op next = *op;
    next.time_us = time_us;
    bool known = kd_registry_admit(c, d->author, kd_region_name(&c->regions[region]), &author, &region);
    KD_ASSERT(known); /* poison.c has looked whether there is room for the author */
    kd_gather_op(c, &next, author, region);
    c->stats.operations++;
}
