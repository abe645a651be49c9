/* outbound.c - see the header. A singly linked queue; what is delivered leaves from the front. */
#include "central/io/partition/outbound.h"

#include <stdlib.h>

enum { BACKOFF_MIN_US = 100000, BACKOFF_MAX_US = 5000000 };

void kd_outbound_init(kd_outbound *out, size_t topic, uint32_t partition,
                      void (*advanced)(kd_outbound *out, void *arg), void *arg)
{
    *out = (kd_outbound){.topic = topic, .partition = partition, .advanced = advanced, .arg = arg};
}

static void drop_first(kd_outbound *out)
{
    kd_outbound_record *r = out->first;
    out->first = r->next;
    if (out->first == NULL) out->last = NULL;
    out->count--;
    kd_buf_finish(&r->bytes);
    free(r);
}

void kd_outbound_finish(kd_outbound *out)
{
    while (out->first != NULL) drop_first(out);
}

void kd_outbound_push(kd_outbound *out, kd_buf *bytes, uint64_t tag)
{
    kd_outbound_record *r = kd_alloc(sizeof(*r));
    *r = (kd_outbound_record){.out = out, .bytes = *bytes, .tag = tag, .state = KD_RECORD_WAITING};
    *bytes = (kd_buf){.data = NULL, .len = 0, .cap = 0};
    if (out->last != NULL)
        out->last->next = r;
    else
        out->first = r;
    out->last = r;
    out->count++;
    out->waiting++;
}

void kd_outbound_pump(kd_outbound *out, kd_kafka_producer *producer, uint64_t mono_us)
{
    if (out->waiting == 0 || producer == NULL || mono_us < out->again_us) return;
    for (kd_outbound_record *r = out->first; r != NULL; r = r->next) {
        if (r->state != KD_RECORD_WAITING) continue;
        int rc = kd_kafka_produce(producer, out->topic, out->partition, kd_buf_view(&r->bytes), r);
        KD_ASSERT(rc != KD_ETOOBIG);
        if (rc != KD_OK) { /* a full queue, or a partition that the client has not heard of yet */
            out->again_us = mono_us + BACKOFF_MIN_US;
            return;
        }
        r->state = KD_RECORD_SENT;
        out->waiting--;
    }
}

void kd_outbound_report(kd_outbound_record *record, bool ok, uint64_t mono_us, uint64_t random)
{
    kd_outbound *out = record->out;
    record->state = ok ? KD_RECORD_DELIVERED : KD_RECORD_WAITING;
    if (!ok) {
        out->waiting++;
        out->failed++;
        if (mono_us < out->again_us) return; /* one of many that went down together */
        out->backoff_us = KD_MIN(KD_MAX(2 * out->backoff_us, BACKOFF_MIN_US), BACKOFF_MAX_US);
        out->again_us = mono_us + out->backoff_us / 2 + random % out->backoff_us;
        return;
    }
    out->backoff_us = 0;
    uint32_t before = out->count;
    while (out->first != NULL && out->first->state == KD_RECORD_DELIVERED) drop_first(out);
    if (out->count != before) out->advanced(out, out->arg);
}

uint64_t kd_outbound_oldest(const kd_outbound *out)
{
    return out->first != NULL ? out->first->tag : UINT64_MAX;
}
