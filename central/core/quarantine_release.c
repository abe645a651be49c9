/*
 * quarantine_release.c - how a record leaves the quarantine by a decision: it is fed again, or given up. (It also leaves by itself, when a
 * resend of the batch is merged: quarantine.c.)
 */
#include "central/core/quarantine_release.h"

#include "central/core/log_position.h"
#include "central/core/merge_batch.h"
#include "central/core/place.h"
#include "central/core/poison.h"
#include "central/core/quarantine.h"
#include "central/core/state.h"

/* ---- what would become of it now ---- */

static bool quarantine_is_whole_batch(const kd_quarantined *q)
{
    int kind = kd_record_peek(q->bytes);
    return (kind == KD_RECORD_BATCH || kind == KD_EVERSION) && q->bytes.len >= q->length;
}

/* What the record says of times and of its epoch is believed. */
static kd_poison quarantine_poison_left(kd_central *c, const kd_quarantined *q)
{
    c->releasing = true;
    kd_poison poison = kd_poison_of(c, q);
    c->releasing = false;
    return poison;
}

static kd_fed quarantine_place(const kd_central *c, const kd_quarantined *q)
{
    static const kd_registered_state none;
    kd_batch b;
    if (!kd_batch_salvage(q->bytes, &b)) return KD_FED_QUARANTINED;
    int edge = kd_registry_find(c, b.edge);
    const kd_registered_state *s = edge >= 0 ? &c->edges[edge].tentative : &none;
    if (s->retired) return KD_FED_RETIRED;
    kd_fed placed = kd_place_of(c, s, &b);
    bool behind = placed == KD_FED_MERGED && edge >= 0 && kd_place_behind_waiting(&c->edges[edge], &b);
    return behind ? KD_FED_GAP : placed;
}

static kd_fed quarantine_would(kd_central *c, const kd_quarantined *q)
{
    switch (quarantine_poison_left(c, q)) {
    case KD_POISON_NONE:
        return quarantine_place(c, q);
    case KD_POISON_COUNTER:
        return KD_FED_UNKNOWN_COUNTER;
    case KD_POISON_SCHEMA:
        return KD_FED_UNKNOWN_SCHEMA;
    default:
        return KD_FED_QUARANTINED;
    }
}

int kd_central_quarantine_try(kd_central *c, uint64_t id, kd_fed *fed)
{
    kd_quarantined q;
    int err = kd_central_quarantine_get(c, id, &q);
    if (err != KD_OK) return err;
    if (!quarantine_is_whole_batch(&q)) return KD_EINVAL;
    *fed = quarantine_would(c, &q);
    return KD_OK;
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

int kd_central_quarantine_passes(kd_central *c, uint64_t id, bool *passes)
{
    kd_quarantined q;
    kd_batch b;
    int edge, err = kd_central_quarantine_get(c, id, &q);
    if (err != KD_OK) return err;
    err = quarantine_may_pass(c, &q, &b, &edge);
    *passes = err == KD_OK;
    return err == KD_EAGAIN ? KD_EAGAIN : KD_OK;
}

/* ---- decisions ---- */

static kd_fed quarantine_release(kd_central *c, const kd_quarantined *q)
{
    if (!quarantine_is_whole_batch(q)) return KD_FED_IDLE;
    c->releasing = true;
    kd_fed fed = kd_merge_batch(c, q->bytes, q->offset);
    c->releasing = false;
    if (fed == KD_FED_DUPLICATE) kd_quarantine_forget(c, q->id);
    if (fed == KD_FED_MERGED) kd_log_read_again(c);
    c->hand.look |= fed == KD_FED_MERGED; /* others of its edge may follow now */
    return fed == KD_FED_MERGED || fed == KD_FED_DUPLICATE ? KD_FED_DECIDED : KD_FED_IDLE;
}

/* The watermark stays where it is; the next batch that is merged brings its own complete_to. */
static void quarantine_pass(kd_central *c, const kd_batch *b, int edge)
{
    c->edges[edge].tentative.applied = b->at;
    c->edges[edge].tentative.digest = b->digest;
    kd_place_pass(c, (uint16_t)edge, b->at);
    kd_registry_touch(c, (uint16_t)edge);
    kd_log_read_again(c);
}

static kd_fed quarantine_drop(kd_central *c, const kd_quarantined *q)
{
    kd_batch b;
    int edge, err = quarantine_may_pass(c, q, &b, &edge);
    if (err == KD_EAGAIN) return KD_FED_IDLE;
    if (err == KD_OK) quarantine_pass(c, &b, edge);
    kd_quarantine_forget(c, q->id);
    return KD_FED_DECIDED;
}

kd_fed kd_quarantine_decide(kd_central *c, const kd_decision *d)
{
    kd_quarantined q;
    int err = kd_quarantine_now(c, kd_decided_id(d->body), &q);
    if (err == KD_EIO) return (kd_fed)kd_central_poison(c);
    if (err != KD_OK) return KD_FED_IDLE;
    return d->what == KD_DECIDED_RELEASE ? quarantine_release(c, &q) : quarantine_drop(c, &q);
}

int kd_quarantine_check(kd_central *c, const kd_decision *d)
{
    kd_quarantined q;
    return kd_central_quarantine_get(c, kd_decided_id(d->body), &q);
}

/* ---- what central proposes ---- */

typedef struct {
    kd_central *c;
    uint64_t *ids;
    uint32_t count;
} quarantine_sound;

static int quarantine_note_sound(void *arg, const kd_quarantined *q)
{
    quarantine_sound *l = arg;
    bool sound = q->poison == KD_POISON_NONE && quarantine_is_whole_batch(q);
    if (!sound || !kd_quarantine_keeps(l->c, q->id) || l->count == KD_QUARANTINE_MAX) return 0;
    kd_fed fed = quarantine_place(l->c, q);
    if (fed == KD_FED_MERGED || fed == KD_FED_DUPLICATE) l->ids[l->count++] = q->id;
    return 0;
}

int kd_quarantine_list_sound(kd_central *c, uint64_t ids[KD_QUARANTINE_MAX], uint32_t *count)
{
    quarantine_sound l = {.c = c, .ids = ids};
    int err = kd_central_quarantine_each(c, quarantine_note_sound, &l);
    *count = l.count;
    return err == KD_OK ? KD_OK : KD_EIO;
}

void kd_central_quarantine_look(kd_central *c)
{
    c->hand.look = true;
}
