/*
 * row_now.c - see the header. A row is in the open commit, where the operation with the largest stamp decides as it will when the commit is closed; or in
 * a commit outstanding, the newest first; or in the store.
 */
#include "central/core/row_now.h"

#include "central/core/lookup.h"
#include "central/core/sort.h"
#include "central/core/state.h"

static int row_now_closed(kd_central *c, kd_bytes key, uint64_t hash, kd_stored_row *row)
{
    for (uint32_t i = c->outstanding; i-- > 0;) {
        const kd_gathered_op *op = kd_sort_find(&c->commits[kd_commit_place(c, i)], key);
        if (!op) continue;
        *row = kd_gathered_row(op);
        return KD_OK;
    }
    if (!kd_bloom_maybe(&c->filter, hash)) return KD_ENOTFOUND;
    int err = kd_lookup_get(c, key, row);
    return err == KD_OK || err == KD_ENOTFOUND ? err : KD_EIO;
}

static const kd_gathered_op *row_now_gathered(kd_central *c, kd_bytes key, uint64_t hash)
{
    const kd_commit *k = kd_commit_open(c);
    const kd_gathered_op *last = NULL;
    for (uint32_t i = 0; i < k->op_count; i++) {
        const kd_gathered_op *op = &k->ops[i];
        if (op->hash != hash || !kd_bytes_eq(kd_key_at(k, op->key_at, op->key_len), key)) continue;
        if (!last || !kd_stamp_less(c, op->time_us, op->edge, last->time_us, last->edge)) last = op;
    }
    return last;
}

int kd_row_now(kd_central *c, kd_bytes key, kd_stored_row *row)
{
    uint64_t hash = kd_lookup_hash(c, key);
    int err = row_now_closed(c, key, hash, row);
    if (err == KD_EIO) return err;
    const kd_gathered_op *last = row_now_gathered(c, key, hash);
    if (!last || !kd_lookup_wins(c, last, err == KD_OK ? row : NULL)) return err;
    *row = kd_gathered_row(last);
    return KD_OK;
}
