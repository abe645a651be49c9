/* outbound.c - see the header. */
#include "kudos/outbound.h"

#include <stdlib.h>

void kd_outbound_init(kd_outbound *out, void *owner)
{
    *out = (kd_outbound){.owner = owner,
                         .backoff = {.min_us = KD_OUTBOUND_WAIT_MIN_US, .max_us = KD_OUTBOUND_WAIT_MAX_US}};
    STAILQ_INIT(&out->records);
}

static void outbound_drop_first(kd_outbound *out)
{
    kd_outbound_record *r = STAILQ_FIRST(&out->records);
    STAILQ_REMOVE_HEAD(&out->records, next);
    out->count--;
    kd_buf_finish(&r->bytes);
    free(r);
}

void kd_outbound_finish(kd_outbound *out)
{
    while (out->count > 0) outbound_drop_first(out);
}

void kd_outbound_push(kd_outbound *out, kd_buf *bytes, uint64_t tag)
{
    kd_outbound_record *r = kd_alloc(sizeof(*r));
    *r = (kd_outbound_record){.out = out, .bytes = *bytes, .tag = tag, .state = KD_RECORD_WAITING};
    *bytes = (kd_buf){.data = NULL};
    STAILQ_INSERT_TAIL(&out->records, r, next);
    out->count++;
    out->waiting++;
}

void kd_outbound_pump(kd_outbound *out, kd_outbound_produce produce, void *arg, uint64_t mono_us)
{
    kd_outbound_record *r = NULL;
    if (out->waiting == 0 || mono_us < out->again_us) return;
    STAILQ_FOREACH(r, &out->records, next) {
        if (r->state != KD_RECORD_WAITING) continue;
        r->state = KD_RECORD_SENT;
        out->waiting--;
        if (produce(arg, out, kd_buf_view(&r->bytes), r) == KD_OK) continue;
        r->state = KD_RECORD_WAITING;
        out->waiting++;
        out->again_us = mono_us + KD_OUTBOUND_FULL_US;
        return;
    }
}

/* Records that went down together fail together: only the first failure of them lengthens the wait. */
static void outbound_back_off(kd_outbound *out, uint64_t mono_us, uint64_t random)
{
    out->waiting++;
    out->failures++;
    if (mono_us >= out->again_us) out->again_us = mono_us + kd_backoff_next(&out->backoff, random);
}

bool kd_outbound_report(kd_outbound_record *record, bool delivered, uint64_t mono_us, uint64_t random)
{
    kd_outbound *out = record->out;
    uint32_t before = out->count;
    KD_ASSERT(record->state == KD_RECORD_SENT);
    record->state = delivered ? KD_RECORD_DELIVERED : KD_RECORD_WAITING;
    if (!delivered) {
        outbound_back_off(out, mono_us, random);
        return false;
    }
    kd_backoff_reset(&out->backoff);
    while (out->count > 0 && STAILQ_FIRST(&out->records)->state == KD_RECORD_DELIVERED)
        outbound_drop_first(out);
    return out->count < before;
}

void kd_outbound_retry_now(kd_outbound *out)
{
    out->again_us = 0;
}

uint32_t kd_outbound_sent(const kd_outbound *out)
{
    const kd_outbound_record *r;
    uint32_t n = 0;
    STAILQ_FOREACH(r, &out->records, next) n += r->state == KD_RECORD_SENT;
    return n;
}

uint64_t kd_outbound_oldest(const kd_outbound *out)
{
    return out->count > 0 ? STAILQ_FIRST(&out->records)->tag : UINT64_MAX;
}

uint64_t kd_outbound_next_us(const kd_outbound *out, uint64_t when)
{
    return out->waiting > 0 ? KD_MIN(when, out->again_us) : when;
}
