/* decide.c - see the header. */
#include "central/core/decide.h"

#include "central/core/closed.h"
#include "central/core/collect.h"
#include "central/core/commit.h"
#include "central/core/content.h"
#include "central/core/epoch.h"
#include "central/core/erase.h"
#include "central/core/gather.h"
#include "central/core/in_force.h"
#include "central/core/poison.h"
#include "central/core/quarantine.h"
#include "central/core/quarantine_release.h"
#include "central/core/registry.h"
#include "central/core/retire.h"
#include "central/core/row.h"
#include "central/core/span.h"
#include "central/core/state.h"
#include "central/core/summed.h"
#include "central/core/void.h"

/* ---- rows ---- */

static int decide_load_head(kd_decider *l, kd_reader *r)
{
    l->in_force = kd_read_be64(r);
    l->merges = kd_read_be64(r);
    l->forgotten_us = kd_read_be64(r);
    return r->bad || kd_reader_left(r) != 0 ? KD_EMALFORMED : KD_OK;
}

static int decide_load_row(void *arg, kd_bytes key, kd_bytes value)
{
    kd_decider *l = arg;
    kd_reader r = kd_reader_of(value);
    kd_bytes name = kd_bytes_of(key.data + 1, key.len - 1);
    if (name.len == 0) return decide_load_head(l, &r);
    kd_decided_job j = {.name_len = (uint8_t)name.len, .seq = kd_read_be64(&r)};
    j.at_us = kd_read_be64(&r);
    j.merge = kd_read_be64(&r);
    j.finished = kd_read_u8(&r) != 0;
    j.sums = kd_reader_left(&r) > 0 && kd_read_u8(&r) != 0; /* stores from before do not tell */
    bool full = j.sums ? kd_summed_full(l) : l->job_count == KD_DECIDED_JOBS_MAX;
    if (r.bad || kd_reader_left(&r) != 0 || !kd_name_valid(name) || full) return KD_EMALFORMED;
    memcpy(j.name, name.data, name.len);
    if (j.sums)
        kd_summed_add(l, &j);
    else
        l->jobs[l->job_count++] = j;
    return KD_OK;
}

int kd_decide_load(kd_central *c)
{
    const uint8_t from[] = {KD_ROW_DECIDED}, to[] = {KD_ROW_DECIDED + 1};
    return c->store.scan(c->store.ctx, kd_bytes_of(from, 1), kd_bytes_of(to, 1), decide_load_row,
                         &c->decider);
}

static void decide_put_job(kd_central *c, const kd_decided_job *j)
{
    kd_buf *v = &c->value;
    kd_buf_clear(v);
    kd_buf_put_be64(v, j->seq);
    kd_buf_put_be64(v, j->at_us);
    kd_buf_put_be64(v, j->merge);
    kd_buf_put_u8(v, j->finished);
    if (j->sums) kd_buf_put_u8(v, 1);
    kd_writes_put(&kd_commit_open(c)->writes, kd_key_named(&c->key, KD_ROW_DECIDED, kd_decided_name(j)),
                  kd_buf_view(v));
}

void kd_decide_put(kd_central *c, kd_commit *k)
{
    kd_decider *l = &c->decider;
    if (!l->changed) return;
    l->changed = false;
    kd_buf_clear(&c->value);
    kd_buf_put_be64(&c->value, l->in_force);
    kd_buf_put_be64(&c->value, l->merges);
    kd_buf_put_be64(&c->value, l->forgotten_us);
    kd_writes_put(&k->writes, kd_key_named(&c->key, KD_ROW_DECIDED, (kd_bytes){0}), kd_buf_view(&c->value));
}

/* ---- the claim in force ---- */

/* A decision is written behind its author's claim. So one of a higher epoch says as much as that claim, which the log has lost. */
static bool decide_in_force(kd_central *c, uint64_t epoch)
{
    if (epoch < c->decider.in_force) return kd_planted(c, KD_PLANT_DECIDED_BY_ANYONE);
    kd_in_force_claimed(c, epoch);
    kd_epoch_told(c, epoch);
    return true;
}

/* ---- jobs ---- */

kd_decided_job *kd_decide_find(kd_decider *l, kd_bytes name)
{
    for (uint32_t i = 0; i < l->job_count; i++)
        if (kd_bytes_eq(kd_decided_name(&l->jobs[i]), name)) return &l->jobs[i];
    return kd_summed_find(l, name);
}

/* Whether `j` is to be forgotten rather than `other`: finished jobs first, then those that were merged longest ago. */
static bool decide_goes_before(const kd_decided_job *j, const kd_decided_job *other)
{
    if (!other || j->finished != other->finished) return !other || j->finished;
    return j->merge < other->merge;
}

/* The job that makes room for another one (never a void that can be undone), whose decision was written at that time; NULL: none may be forgotten. */
static kd_decided_job *decide_oldest(kd_decider *l, const kd_voider *voids, uint64_t at_us)
{
    kd_decided_job *oldest = NULL;
    for (uint32_t i = 0; i < l->job_count; i++) {
        kd_decided_job *j = &l->jobs[i];
        bool idle = j->at_us + KD_DECIDED_IDLE_US < at_us && !kd_void_find(voids, kd_decided_name(j));
        bool over = j->finished || idle;
        if (over && decide_goes_before(j, oldest)) oldest = j;
    }
    return oldest;
}

static bool decide_has_room(kd_decider *l, const kd_voider *voids, uint64_t at_us)
{
    return l->job_count < KD_DECIDED_JOBS_MAX || decide_oldest(l, voids, at_us) != NULL;
}

static kd_decided_job decide_named(const kd_decision *d)
{
    kd_decided_job j = {.name_len = (uint8_t)d->job.len};
    memcpy(j.name, d->job.data, d->job.len);
    return j;
}

static kd_decided_job *decide_add(kd_central *c, const kd_decision *d)
{
    kd_decider *l = &c->decider;
    kd_decided_job *j = l->job_count < KD_DECIDED_JOBS_MAX ? &l->jobs[l->job_count++] : NULL;
    if (!j) {
        j = decide_oldest(l, &c->voider, d->at_us);
        l->forgotten_us = KD_MAX(l->forgotten_us, j->at_us);
        kd_writes_delete(&kd_commit_open(c)->writes,
                         kd_key_named(&c->key, KD_ROW_DECIDED, kd_decided_name(j)));
    }
    *j = decide_named(d);
    return j;
}

/* Where the job is noted: one that has added sums leaves the list of those that may be forgotten. */
static kd_decided_job *decide_entry(kd_central *c, kd_decided_job *j, const kd_decision *d, bool sums)
{
    kd_decider *l = &c->decider;
    if (j && (j->sums || !sums)) return j;
    if (!sums) return decide_add(c, d);
    kd_decided_job kept = j ? *j : decide_named(d);
    if (j) *j = l->jobs[--l->job_count];
    kept.sums = true;
    return kd_summed_add(l, &kept);
}

static void decide_note(kd_central *c, kd_decided_job *j, const kd_decision *d, bool sums)
{
    j = decide_entry(c, j, d, sums);
    j->seq = KD_MAX(j->seq, d->seq);
    j->at_us = KD_MAX(j->at_us, d->at_us);
    j->merge = ++c->decider.merges;
    j->finished |= d->last;
    j->version = c->begun + 1;
    c->decider.changed = true;
    c->stats.decisions++;
    decide_put_job(c, j);
}

/* When the job is forgotten, all copies of its decisions that were read have to lie below what it leaves. */
static void decide_note_repeat(kd_central *c, kd_decided_job *j, const kd_decision *d)
{
    if (d->at_us <= j->at_us) return;
    j->at_us = d->at_us;
    decide_put_job(c, j);
}

static bool decide_adds_sums(const kd_decision *d)
{
    kd_body body;
    if (d->what != KD_DECIDED_OPERATIONS || kd_body_decode(d->body, &body) != KD_OK) return false;
    bool sums = body.sum_count > 0;
    kd_body_finish(&body);
    return sums;
}

/* Where a decision stands in its job: KD_FED_DECIDED (it may be merged), KD_FED_DUPLICATE, KD_FED_VOID. */
static kd_fed decide_place(kd_central *c, kd_decided_job *j, const kd_decision *d, bool sums)
{
    kd_decider *l = &c->decider;
    if (sums && !(j && j->sums) && kd_summed_full(l)) return KD_FED_VOID;
    if (!j) {
        bool room = sums || decide_has_room(l, &c->voider, d->at_us);
        bool anew = d->seq == 1 && d->at_us > l->forgotten_us && room;
        return anew ? KD_FED_DECIDED : KD_FED_VOID;
    }
    bool again = kd_planted(c, KD_PLANT_DECIDED_TWICE) ||
                 (j->sums && j->merge < l->merges && kd_planted(c, KD_PLANT_SUMMED_AGAIN));
    if (d->seq <= j->seq) return again ? KD_FED_DECIDED : KD_FED_DUPLICATE;
    return d->seq == j->seq + 1 && !j->finished ? KD_FED_DECIDED : KD_FED_VOID;
}

/* ---- what was decided ---- */

static kd_fed decide_gather(kd_central *c, const kd_decision *d, const kd_body *body)
{
    uint16_t author, region;
    if (!kd_registry_admit(c, d->author, d->region, &author, &region)) return KD_FED_QUARANTINED;
    /* Its sums were added up to when it was written. */
    kd_gather(c, body, author, region, d->at_us, d->at_us);
    c->edges[author].tentative.amount += kd_content_amount(body);
    if (body->sum_count > 0) kd_registry_touch(c, author);
    c->stats.operations += body->op_count + body->sum_count;
    return KD_FED_DECIDED;
}

/* What names rows belongs to voids and erasures; their authors tell which. */
static kd_fed decide_rows(kd_central *c, const kd_decision *d, const kd_body *body)
{
    bool erases = kd_bytes_eq(d->author, kd_bytes_str(KD_ERASE_AUTHOR)) && d->what == KD_DECIDED_WITHDRAW;
    if (!erases && !kd_bytes_eq(d->author, kd_bytes_str(KD_VOID_AUTHOR))) return KD_FED_VOID;
    kd_gather_record(c, d->at_us);
    return erases ? kd_erase_withdraw(c, d, body) : kd_void_take(c, d, body);
}

static kd_fed decide_operations(kd_central *c, const kd_decision *d)
{
    kd_body body;
    kd_fed fed = KD_FED_QUARANTINED;
    int err = kd_body_decode(d->body, &body);
    if (err != KD_OK) return err == KD_EVERSION ? KD_FED_UNKNOWN_SCHEMA : KD_FED_QUARANTINED;
    if (kd_poison_of_decision(c, d, &body) == KD_POISON_NONE)
        fed = d->what == KD_DECIDED_OPERATIONS ? decide_gather(c, d, &body) : decide_rows(c, d, &body);
    kd_body_finish(&body);
    return fed;
}

static kd_fed decide_on_item(kd_central *c, const kd_decision *d)
{
    if (kd_poison_of_decision(c, d, &(kd_body){0}) != KD_POISON_NONE) return KD_FED_QUARANTINED;
    bool by_life = d->what == KD_DECIDED_ENDED || d->what == KD_DECIDED_EXPIRED;
    if (kd_closed_check(c, d) != KD_OK || (by_life && !kd_span_agrees(c, d))) return KD_FED_VOID;
    kd_closing life = {0, 0};
    bool ends_life = d->what == KD_DECIDED_OPEN && kd_span_end(c, d->item, &life.from_us, &life.to_us);
    kd_closed_decide(c, d, ends_life ? &life : NULL);
    return KD_FED_DECIDED;
}

static kd_fed decide_on_user(kd_central *c, const kd_decision *d)
{
    if (kd_poison_of_decision(c, d, &(kd_body){0}) != KD_POISON_NONE) return KD_FED_QUARANTINED;
    return kd_erase_mark(c, d);
}

kd_fed kd_decide_carry_out(kd_central *c, const kd_decision *d)
{
    switch (d->what) {
    case KD_DECIDED_OPERATIONS:
    case KD_DECIDED_WITHDRAW:
    case KD_DECIDED_PUT_BACK:
        return decide_operations(c, d);
    case KD_DECIDED_LIVES:
        return kd_span_decide(c, d) ? KD_FED_DECIDED : KD_FED_QUARANTINED;
    case KD_DECIDED_ERASE:
        return decide_on_user(c, d);
    case KD_DECIDED_RETIRE:
    case KD_DECIDED_READMIT:
    case KD_DECIDED_EXPECT:
        return kd_retire_decide(c, d);
    case KD_DECIDED_RELEASE:
    case KD_DECIDED_DROP:
        return kd_quarantine_decide(c, d);
    case KD_DECIDED_COLLECT:
    case KD_DECIDED_FLOOR:
        return kd_collect_decide(c, d);
    default:
        return decide_on_item(c, d);
    }
}

/* The floor only rises, as far as it may: a copy of such a decision does no harm, and no job needs to be remembered for it. */
static kd_fed decide_floor(kd_central *c, const kd_decision *d)
{
    kd_fed fed = decide_in_force(c, d->epoch) ? kd_decide_carry_out(c, d) : KD_FED_VOID;
    c->stats.decisions += fed == KD_FED_DECIDED;
    c->stats.decisions_void += fed == KD_FED_VOID;
    return fed;
}

kd_fed kd_decide_feed(kd_central *c, kd_bytes record, int64_t offset)
{
    kd_decision d;
    int err = kd_decision_decode(record, &d);
    if (err == KD_EVERSION) return KD_FED_UNKNOWN_SCHEMA;
    if (err != KD_OK || !kd_epoch_believed(c, d.epoch)) return kd_quarantine_take(c, record, offset);
    if (d.what == KD_DECIDED_FLOOR) return decide_floor(c, &d);
    kd_decided_job *j = kd_decide_find(&c->decider, d.job);
    bool sums = decide_adds_sums(&d);
    kd_fed fed = decide_in_force(c, d.epoch) ? decide_place(c, j, &d, sums) : KD_FED_VOID;
    if (fed == KD_FED_DECIDED) fed = kd_decide_carry_out(c, &d);
    if (fed == KD_FED_DECIDED || fed == KD_FED_IDLE) decide_note(c, j, &d, sums);
    if (fed == KD_FED_DUPLICATE) decide_note_repeat(c, j, &d);
    if (fed == KD_FED_QUARANTINED) return kd_quarantine_take(c, record, offset);
    c->stats.decisions_void += fed == KD_FED_VOID || fed == KD_FED_DUPLICATE;
    return fed;
}
