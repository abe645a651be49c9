/*
 * row_now.c - see the header. A row is in the open commit, where operations are followed one by one as they will be when the commit is closed; or in
 * a commit outstanding, the newest first; or in the store.
 */
#include "central/core/row_now.h"

#include "central/core/collect.h"
#include "central/core/fold.h"
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

/* Follows the operations that were gathered, in the order in which they arrived. Returns whether there is a row now. */
static bool row_now_gathered(kd_central *c, kd_bytes key, uint64_t hash, bool had, kd_stored_row *row)
{
    const kd_commit *k = kd_commit_open(c);
    for (uint32_t i = 0; i < k->op_count; i++) {
        const kd_gathered_op *op = &k->ops[i];
        if (op->hash != hash || !kd_bytes_eq(kd_key_at(k, op->key_at, op->key_len), key)) continue;
        if (!kd_fold_wins(c, op, had ? row : NULL)) continue;
        *row = kd_gathered_row(op);
        had = true;
    }
    return had;
}

int kd_row_now(kd_central *c, kd_bytes key, kd_stored_row *row)
{
    uint64_t hash = kd_lookup_hash(c, key);
    int err = row_now_closed(c, key, hash, row);
    if (err == KD_EIO) return err;
    bool there = row_now_gathered(c, key, hash, err == KD_OK, row);
    return there && !kd_collect_is_gone(c, row, KD_ARRIVAL_NEXT) ? KD_OK : KD_ENOTFOUND;
}
