/*
 * quarantine_release.c - how a record leaves the quarantine by an operator's word: it is fed again, or given up. (It also leaves by itself, when a
 * resend of the batch is merged: quarantine.c.)
 */
#include "central/core/log_position.h"
#include "central/core/merge.h"
#include "central/core/place.h"
#include "central/core/quarantine.h"
#include "central/core/state.h"

static int quarantine_command(kd_central *c, uint64_t id, kd_quarantined *q, uint64_t *version)
{
    *version = c->begun + 1;
    if (c->fenced) return KD_EFENCED;
    return kd_central_quarantine_get(c, id, q);
}

int kd_central_quarantine_release(kd_central *c, uint64_t id, uint64_t now_us, kd_fed *fed, uint64_t *version)
{
    kd_quarantined q;
    int err = quarantine_command(c, id, &q, version);
    if (err != KD_OK) return err;
    bool batch = kd_record_peek(q.bytes) == KD_RECORD_BATCH || kd_record_peek(q.bytes) == KD_EVERSION;
    if (!batch || q.bytes.len < q.length) return KD_EINVAL;
    c->fed_at_us = now_us;
    c->releasing = true;
    *fed = kd_merge_record(c, q.bytes, q.offset);
    c->releasing = false;
    kd_commit_open(c)->fed = true; /* an edge may have been registered */
    if (*fed == KD_FED_DUPLICATE) kd_quarantine_forget(c, id);
    if (*fed == KD_FED_MERGED) kd_log_read_again(c);
    return KD_OK;
}

typedef struct {
    uint64_t ids[KD_QUARANTINE_MAX];
    uint32_t count;
} quarantine_ids;

static int quarantine_note_sound(void *arg, const kd_quarantined *q)
{
    quarantine_ids *l = arg;
    if (q->poison == KD_POISON_NONE && l->count < KD_QUARANTINE_MAX) l->ids[l->count++] = q->id;
    return 0;
}

int kd_central_quarantine_retry(kd_central *c, uint64_t now_us, uint32_t *merged)
{
    quarantine_ids sound = {.count = 0};
    *merged = 0;
    int err = kd_central_quarantine_each(c, quarantine_note_sound, &sound);
    for (uint32_t i = 0; err == KD_OK && i < sound.count; i++) {
        kd_fed fed;
        uint64_t version;
        err = kd_central_quarantine_release(c, sound.ids[i], now_us, &fed, &version);
        if (err == KD_OK) *merged += fed == KD_FED_MERGED;
        if (err == KD_EINVAL) err = KD_OK; /* no whole batch: no edge waits for it */
    }
    return err;
}

/* Whether applied of the batch's edge may pass it. KD_OK; KD_ENOTFOUND: no edge waits for it; KD_EAGAIN: its edge waits for a batch before it. */
static int quarantine_may_pass(const kd_central *c, const kd_quarantined *q, kd_batch *b, int *edge)
{
    if (!q->named || !kd_batch_salvage(q->bytes, b)) return KD_ENOTFOUND;
    *edge = kd_registry_find(c, b->edge);
    if (*edge < 0) return KD_ENOTFOUND;
    switch (kd_place_of(c, &c->edges[*edge].tentative, b)) {
    case KD_FED_MERGED:
        return KD_OK;
    case KD_FED_GAP:
        return KD_EAGAIN;
    default:
        return KD_ENOTFOUND; /* it was merged from a resend, or is of another process that uses the name */
    }
}

int kd_central_quarantine_drop(kd_central *c, uint64_t id, bool *passed, uint64_t *version)
{
    kd_quarantined q;
    kd_batch b;
    int edge, err = quarantine_command(c, id, &q, version);
    *passed = false;
    if (err != KD_OK) return err;
    err = quarantine_may_pass(c, &q, &b, &edge);
    if (err == KD_EAGAIN) return err;
    if (err == KD_OK) {
        /* The watermark stays where it is; the next batch that is merged brings its own complete_to. */
        c->edges[edge].tentative.applied = b.at;
        c->edges[edge].tentative.digest = b.digest;
        kd_place_pass(c, (uint16_t)edge, b.at);
        kd_registry_touch(c, (uint16_t)edge);
        kd_log_read_again(c);
        *passed = true;
    }
    kd_quarantine_forget(c, id);
    return KD_OK;
}
