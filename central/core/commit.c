/*
 * commit.c - closing a commit and ending it (rule 10).
 *
 * Begin makes the writes and changes nothing that is shown. End, when the writes are durable, moves counts and committed state. When a read fails in
 * between, or the write does, tentative state is ahead of what the store is known to hold: the object is poisoned, and the next open reads the truth
 * from the store.
 */
#include "central/core/commit.h"

#include "central/core/closed.h"
#include "central/core/collect.h"
#include "central/core/decide.h"
#include "central/core/follow.h"
#include "central/core/history.h"
#include "central/core/index_step.h"
#include "central/core/lookup.h"
#include "central/core/meta.h"
#include "central/core/milestones.h"
#include "central/core/promote.h"
#include "central/core/redo.h"
#include "central/core/registry.h"
#include "central/core/span.h"
#include "central/core/state.h"

#include <stdlib.h>

static void commit_free_swept(kd_commit *k)
{
    while (k->swept_count > 0) free(k->swept[--k->swept_count].key);
}

static void commit_reset(kd_commit *k)
{
    commit_free_swept(k);
    k->closed_count = k->left_out_count = 0;
    k->fed = k->viral = false;
    k->op_count = k->sum_count = k->touched_count = k->effect_count = k->entry_count = k->written_count = 0;
    k->move_count = 0;
    k->record_count = k->folded_count = k->folded_turns = k->passed_count = k->turn_count = 0;
    kd_buf_clear(&k->keys);
    kd_writes_clear(&k->writes);
}

void kd_commit_finish(kd_commit *k)
{
    commit_free_swept(k);
    free(k->swept);
    free((void *)k->closed);
    free(k->left_out);
    free(k->ops);
    free(k->sums);
    free(k->records);
    free(k->folded);
    free(k->passed);
    free(k->touched);
    free(k->effects);
    free(k->entries);
    free(k->written);
    free(k->moves);
    free(k->turns);
    kd_buf_finish(&k->keys);
    kd_writes_finish(&k->writes);
}

int kd_commit_order(kd_central *c, uint64_t *version)
{
    *version = c->begun + 1;
    if (c->poisoned) return KD_EIO;
    if (c->fenced) return KD_EFENCED;
    kd_commit_open(c)->fed = true;
    return KD_OK;
}

int kd_central_commit_begin(kd_central *c, const kd_writes **writes, uint64_t *version)
{
    if (c->poisoned) return KD_EIO;
    if (c->fenced) return KD_EFENCED;
    kd_commit *k = kd_commit_open(c);
    bool first = !c->epoch_durable && c->outstanding == 0;
    if (c->outstanding == KD_OUTSTANDING_MAX || !(k->fed || first)) return KD_EAGAIN;
    k->version = ++c->begun;
    k->epoch = c->epoch;
    c->epoch_begun = true;
    k->log = c->log_tentative;
    k->floor_us = c->collector.floor_us;
    /* Rows before the sweep, which leaves them alone; effects before redo; meta last, as the others change what it says. */
    int err = kd_lookup_resolve(c, k);
    if (err == KD_OK) err = kd_milestones_decide(c, k);
    if (err == KD_OK) err = kd_closed_step(c, k);
    if (err == KD_OK) err = kd_span_step(c, k);
    if (err == KD_OK) err = kd_index_step(c, k);
    if (err == KD_OK) err = kd_collect_step(c, k);
    if (err != KD_OK) return kd_central_poison(c);
    kd_milestones_put(c, k);
    kd_trend_step(c, k);
    kd_redo_put(c, k);
    kd_redo_trickle(c, k);
    kd_registry_put(c, k);
    kd_decide_put(c, k);
    kd_claim_put(c, k);
    kd_history_put(c, k);
    kd_follow_put(c, k);
    kd_link_put(c, k);
    kd_meta_put(c, k);
    c->outstanding++;
    kd_commit_open(c)->fed = kd_central_indexing(c);
    *writes = &k->writes;
    *version = k->version;
    return KD_OK;
}

static void commit_move_counts(kd_central *c, kd_commit *k)
{
    for (uint32_t i = 0; i < k->effect_count; i++) {
        const kd_effect *e = &k->effects[i];
        kd_counts_apply(&c->counts, k->entries[i], e, k->version);
        kd_counts_mark_unsent(&c->counts, k->entries[i]);
        c->stats.changes += kd_effect_is_change(e);
    }
    for (uint32_t i = 0; i < k->entry_count; i++) kd_counts_release(&c->counts, k->entries[i]);
    for (uint32_t i = 0; i < k->written_count; i++) kd_counts_release(&c->counts, k->written[i]);
}

int kd_central_commit_end(kd_central *c, uint64_t version, int status)
{
    if (c->poisoned) return KD_EIO;
    KD_ASSERT(c->outstanding > 0 && c->commits[c->first].version == version);
    if (status != KD_OK) return kd_central_poison(c);
    kd_commit *k = &c->commits[c->first];
    commit_move_counts(c, k);
    kd_redo_committed(c, k);
    kd_milestones_committed(c, k);
    kd_registry_committed(c, k);
    c->log_committed = k->log;
    c->collector.committed_us = k->floor_us;
    c->history_committed = k->history;
    c->version = version;
    c->viral |= k->viral;
    c->epoch_committed = k->epoch;
    c->epoch_durable = k->epoch == c->epoch;
    c->stats.commits++;
    kd_follow_committed(c);
    kd_promote_advance(c);
    commit_reset(k);
    c->first = kd_commit_place(c, 1);
    c->outstanding--;
    if (kd_central_sweeps(c)) kd_commit_open(c)->fed = true; /* the next piece */
    return KD_OK;
}
