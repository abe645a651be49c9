/* decide_author.c - decisions on the side of their author: what central writes, and whether it was merged (kudos/decide.h). */
#include "central/core/closed.h"
#include "central/core/commit.h"
#include "central/core/decide.h"
#include "central/core/erase.h"
#include "central/core/history.h"
#include "central/core/poison.h"
#include "central/core/quarantine_release.h"
#include "central/core/retire.h"
#include "central/core/state.h"
#include "central/core/summed.h"

static int author_check(const kd_central *c, const kd_decision *d)
{
    kd_body body = {0};
    kd_lifespans spans;
    if (d->what == KD_DECIDED_LIVES) return kd_lifespans_decode(d->body, &spans) ? KD_OK : KD_EINVAL;
    int err = kd_decided_has_operations(d->what) ? kd_body_decode(d->body, &body) : KD_OK;
    if (err == KD_OK && kd_poison_of_decision(c, d, &body) != KD_POISON_NONE) err = KD_EINVAL;
    bool adds = err == KD_OK && body.sum_count > 0, known = kd_summed_find(&c->decider, d->job) != NULL;
    kd_body_finish(&body);
    if (err != KD_OK) return KD_EINVAL;
    return adds && !known && kd_summed_full(&c->decider) ? KD_EFULL : KD_OK;
}

static bool author_is_order(kd_decided what)
{
    return what >= KD_DECIDED_RETIRE && what != KD_DECIDED_FLOOR;
}

int kd_central_decide_check(kd_central *c, const kd_decision *d)
{
    bool quarantine = d->what == KD_DECIDED_RELEASE || d->what == KD_DECIDED_DROP;
    if (quarantine) return kd_quarantine_check(c, d);
    bool edges = author_is_order(d->what) && d->what != KD_DECIDED_COLLECT;
    return edges ? kd_retire_check(c, d) : KD_OK;
}

int kd_central_decide(kd_central *c, const kd_decision *decision, uint64_t now_us, kd_buf *record)
{
    kd_decision d = *decision;
    if (c->poisoned) return KD_EIO;
    if (c->fenced) return KD_EFENCED;
    if (!c->epoch_durable || c->decider.in_force > c->epoch) return KD_EAGAIN;
    d.epoch = c->epoch;
    d.central = c->config.name;
    /* above what was forgotten, also by a clock that was set back: this job is not one of those */
    d.at_us = KD_MAX(now_us, c->decider.forgotten_us + 1);
    int err = d.what >= KD_DECIDED_RETIRE ? kd_central_decide_check(c, &d) : author_check(c, &d);
    if (err == KD_OK && d.item.len > 0) err = kd_closed_check(c, &d);
    if (err == KD_OK && d.what == KD_DECIDED_ERASE) err = kd_erase_check(c, &d);
    if (err != KD_OK) return err;
    size_t before = record->len;
    kd_decision_encode(&d, record);
    if (record->len - before <= KD_BATCH_BYTES_MAX) return KD_OK;
    record->len = before;
    return KD_ETOOBIG;
}

int kd_central_decide_here(kd_central *c, const kd_decision *decision, uint64_t now_us, kd_fed *fed,
                           uint64_t *version)
{
    kd_decision d = *decision;
    *version = 0;
    if (c->poisoned) return KD_EIO;
    if (c->fenced) return KD_EFENCED;
    if (!author_is_order(d.what)) return KD_EINVAL;
    d.at_us = KD_MAX(now_us, c->decider.forgotten_us + 1);
    int err = kd_central_decide_check(c, &d);
    if (err != KD_OK) return err;
    *fed = kd_decide_carry_out(c, &d);
    if (*fed == KD_FED_POISONED) return KD_EIO;
    kd_history_read(c, kd_hash(d.job), *fed);
    return kd_commit_order(c, version);
}

kd_job_progress kd_central_decided(const kd_central *c, kd_bytes job)
{
    const kd_decided_job *j = kd_decide_find((kd_decider *)(uintptr_t)&c->decider, job);
    if (!j) return (kd_job_progress){.durable = true};
    return (kd_job_progress){.seq = j->seq, .finished = j->finished, .durable = j->version <= c->version};
}
