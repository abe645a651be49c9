/* core_act_quarantine.c - see the header. */
#include "central/io/operator/core_act_quarantine.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "common/base/text.h"
#include "kudos/quarantine.h"

static const char *const poisons[] = {
    [KD_POISON_NONE] = "it decodes now: release it",
    [KD_POISON_RECORD] = "it is no record of the likes topic",
    [KD_POISON_CLAIM] = "it is a claim of an epoch that does not decode",
    [KD_POISON_ENVELOPE] = "the envelope of the batch does not decode",
    [KD_POISON_DAMAGED] =
        "the body is not the one that was sealed: damaged on its way; the edge sends it again by itself",
    [KD_POISON_BODY] = "the body of the batch does not decode",
    [KD_POISON_CONTENT] = "it holds an item of another partition, or an absurd amount",
    [KD_POISON_CROWD] = "it is of one edge or region more than a partition can know",
    [KD_POISON_SCHEMA] = "it is of a newer schema: release it after an upgrade",
    [KD_POISON_EPOCH] =
        "it names an epoch years above this machine's clock: forged, or a clock is or was wrong",
    [KD_POISON_COUNTER] = "it waits for a counter that is not configured here: it is merged as soon as it is",
    [KD_POISON_AHEAD] =
        "its times lie more than two days above this machine's clock: merged when the clock has passed them",
    [KD_POISON_SPENT] =
        "the views and shares of its edge add up to more than a partition takes from one edge: forged",
    [KD_POISON_CUT] = "it is larger than a batch may be; only its beginning was kept",
};

static void quarantine_say_line(kd_core_act *a, const kd_quarantined *q)
{
    char when[32];
    time_t at = (time_t)(q->kept_us / 1000000);
    struct tm tm;
    gmtime_r(&at, &tm);
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
    kd_text_printf(&a->text, "id=%016" PRIx64 " partition=%u offset=%" PRId64 " kept=%s bytes=%u poison=%s",
                   q->id, a->partition, q->offset, when, q->length, kd_poison_name(q->poison));
    if (q->named)
        kd_text_printf(&a->text,
                       " edge=%.*s region=%.*s position=%" PRIu64 ".%" PRIu64 " digest=%016" PRIx64 "\n",
                       (int)q->edge.len, (const char *)q->edge.data, (int)q->region.len,
                       (const char *)q->region.data, q->at.incarnation, q->at.seq, q->digest);
    else
        kd_text_printf(&a->text, " edge=? (nothing says whose it is)\n");
}

static int quarantine_list_line(void *arg, const kd_quarantined *q)
{
    quarantine_say_line(arg, q);
    return 0;
}

/* ---- show: what can be decoded of a record, and its bytes ---- */

static void quarantine_say_operations(kd_core_act *a, const kd_body *body)
{
    const kd_counters *counters = a->counters;
    char item[KD_ITEM_KEY_MAX];
    for (uint32_t i = 0; i < body->op_count; i++) {
        const kd_op *op = &body->ops[i];
        int at = kd_counters_by_id(counters, op->counter);
        kd_key_text(op->item, item);
        kd_text_printf(&a->text, "  %s counter=%u(%s) item=%s user=%.*s time_us=%" PRIu64 "\n",
                       op->liked ? "like" : "unlike", op->counter,
                       at >= 0 ? counters->at[at].name : "not configured", item, (int)op->user.len,
                       (const char *)op->user.data, op->time_us);
    }
    for (uint32_t i = 0; i < body->sum_count; i++) {
        const kd_sum *s = &body->sums[i];
        int at = kd_counters_by_id(counters, s->counter);
        kd_key_text(s->item, item);
        kd_text_printf(&a->text, "  sum counter=%u(%s) item=%s amount=%" PRIu64 " day=%u\n", s->counter,
                       at >= 0 ? counters->at[at].name : "not configured", item, s->amount, s->day);
    }
}

/* The operations of the batch, or that they cannot be decoded. */
static void quarantine_say_content(kd_core_act *a, const kd_quarantined *q)
{
    kd_batch b;
    kd_body body;
    if (!kd_batch_salvage(q->bytes, &b) || !b.body.data || kd_body_decode(b.body, &body) != KD_OK) {
        kd_text_printf(&a->text, "operations: cannot be decoded, so they cannot be named\n");
        return;
    }
    kd_text_printf(&a->text, "after=%" PRIu64 ".%" PRIu64 " sent_us=%" PRIu64 " complete_to_us=%" PRIu64 "\n",
                   b.after.incarnation, b.after.seq, b.sent_us, b.complete_to_us);
    kd_text_printf(&a->text, "operations: %u, sums: %u\n", body.op_count, body.sum_count);
    quarantine_say_operations(a, &body);
    kd_body_finish(&body);
}

static void quarantine_say_hex(kd_core_act *a, kd_bytes bytes)
{
    for (size_t at = 0; at < bytes.len; at += 16) {
        size_t n = KD_MIN(bytes.len - at, (size_t)16);
        kd_text_printf(&a->text, "%08zx ", at);
        for (size_t i = 0; i < 16; i++) {
            if (i < n)
                kd_text_printf(&a->text, " %02x", bytes.data[at + i]);
            else
                kd_text_printf(&a->text, "   ");
        }
        kd_text_printf(&a->text, "  ");
        for (size_t i = 0; i < n; i++) {
            uint8_t c = bytes.data[at + i];
            kd_text_printf(&a->text, "%c", c >= ' ' && c < 127 ? c : '.');
        }
        kd_text_printf(&a->text, "\n");
    }
}

static int quarantine_show(kd_core_act *a)
{
    kd_quarantined q;
    int err = kd_central_quarantine_get(a->core, a->order.id, &q);
    if (err != KD_OK) return err;
    quarantine_say_line(a, &q);
    kd_text_printf(&a->text, "poison: %s\n", poisons[q.poison]);
    quarantine_say_content(a, &q);
    quarantine_say_hex(a, q.bytes);
    return KD_OK;
}

/* ---- release and drop ---- */

static const char *quarantine_fed_name(kd_fed fed)
{
    switch (fed) {
    case KD_FED_MERGED:
        return "merged";
    case KD_FED_DUPLICATE:
        return "merged before";
    case KD_FED_GAP:
        return "gap: its edge has to send what is before it";
    case KD_FED_IDENTITY:
        return "identity alarm";
    case KD_FED_UNKNOWN_SCHEMA:
        return "of a newer schema still";
    case KD_FED_RETIRED:
        return "of a retired edge";
    case KD_FED_UNKNOWN_COUNTER:
        return "it waits for a counter still";
    default:
        return "poison still";
    }
}

static int quarantine_decide(kd_core_act *a, kd_decided what)
{
    kd_decided_id_put(&a->body, a->order.id);
    a->decides = true;
    a->decision.what = what;
    a->decision.body = kd_buf_view(&a->body);
    return KD_OK;
}

static int quarantine_say_fed(kd_core_act *a, kd_fed fed)
{
    kd_text_printf(&a->text, "id=%016" PRIx64 " partition=%u %s\n", a->order.id, a->partition,
                   quarantine_fed_name(fed));
    if (fed == KD_FED_MERGED || fed == KD_FED_DUPLICATE) return KD_OK;
    snprintf(a->error, sizeof(a->error), "it was not merged: %s", quarantine_fed_name(fed));
    return KD_EMALFORMED;
}

/* What would not be merged is not written into the log. */
static int quarantine_release(kd_core_act *a)
{
    kd_fed fed;
    int err = kd_central_quarantine_try(a->core, a->order.id, &fed);
    if (err == KD_EINVAL) {
        snprintf(a->error, sizeof(a->error), "it is no whole batch, so it cannot be fed again");
        return KD_EMALFORMED;
    }
    if (err != KD_OK) return err;
    a->known = fed == KD_FED_DUPLICATE;
    bool leaves = fed == KD_FED_MERGED || fed == KD_FED_DUPLICATE;
    return leaves ? quarantine_decide(a, KD_DECIDED_RELEASE) : quarantine_say_fed(a, fed);
}

static int quarantine_drop(kd_core_act *a)
{
    kd_quarantined q;
    bool passes;
    int err = kd_central_quarantine_get(a->core, a->order.id, &q);
    if (err != KD_OK) return err;
    quarantine_say_line(a, &q);
    quarantine_say_content(a, &q);
    err = kd_central_quarantine_passes(a->core, a->order.id, &passes);
    if (err == KD_EAGAIN) snprintf(a->error, sizeof(a->error), "its edge waits for a batch before this one");
    if (err != KD_OK) return err;
    a->known = !passes;
    return quarantine_decide(a, KD_DECIDED_DROP);
}

int kd_core_act_quarantine_settle(kd_core_act *a)
{
    kd_fed fed = KD_FED_QUARANTINED;
    kd_quarantined q;
    bool release = a->order.kind == KD_ORDER_QUARANTINE_RELEASE;
    int err = kd_central_quarantine_get(a->core, a->order.id, &q);
    if (err == KD_OK && release && kd_central_quarantine_try(a->core, a->order.id, &fed) == KD_OK)
        return quarantine_say_fed(a, fed == KD_FED_MERGED ? KD_FED_GAP : fed);
    if (err == KD_OK)
        snprintf(a->error, sizeof(a->error), "it was not dropped: its edge waits for a batch before it");
    if (err != KD_ENOTFOUND) return err == KD_OK ? KD_EMALFORMED : err;
    if (release) return quarantine_say_fed(a, a->known ? KD_FED_DUPLICATE : KD_FED_MERGED);
    kd_text_printf(&a->text, "%s\n",
                   a->known ? "dropped: no edge waited for it, so none passes it"
                            : "dropped: its operations are lost, and its edge goes on behind it");
    return KD_OK;
}

int kd_core_act_quarantine(kd_core_act *a)
{
    switch (a->order.kind) {
    case KD_ORDER_QUARANTINE_LIST:
        return kd_central_quarantine_each(a->core, quarantine_list_line, a);
    case KD_ORDER_QUARANTINE_SHOW:
        return quarantine_show(a);
    case KD_ORDER_QUARANTINE_RELEASE:
        return quarantine_release(a);
    default:
        return quarantine_drop(a);
    }
}
