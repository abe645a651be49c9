/* asking.c - see the header. */
#include "kudos/asking.h"

bool kd_clock_probe_due(const kd_clock_probe *p, uint64_t now_us)
{
    return now_us >= p->due_us;
}

/* From seven to nine eighths of the delay. */
static uint64_t asking_jittered(uint64_t delay_us, uint64_t *random)
{
    return delay_us - delay_us / 8 + kd_random_next(random) % (delay_us / 4);
}

uint64_t kd_clock_probe_ended(kd_clock_probe *p, kd_probe_end end, uint64_t now_us, uint64_t random)
{
    uint64_t retry_us = KD_MIN(p->interval_us, (uint64_t)KD_PROBE_RETRY_US);
    uint64_t when_us = now_us + asking_jittered(end == KD_PROBE_FAILED ? retry_us : KD_PROBE_US, &random);
    if (end == KD_PROBE_MEASURED) p->due_us = now_us + asking_jittered(p->interval_us, &random);
    return (p->due_us > now_us ? KD_MIN(when_us, p->due_us) : when_us) - now_us;
}

bool kd_question_may_repeat(const kd_question_tries *q, uint64_t now_us)
{
    return now_us < q->until_us && q->tries < KD_QUESTION_TRIES_MAX;
}

void kd_asked_lately_add(kd_asked_lately *a, uint64_t took_us)
{
    a->took_us[a->next] = took_us;
    a->next = (a->next + 1) % KD_ASKED_LATELY;
    a->count = KD_MIN(a->count + 1, (uint32_t)KD_ASKED_LATELY);
}

bool kd_asked_lately_within(const kd_asked_lately *a, uint64_t wait_us)
{
    if (wait_us == 0) return false;
    for (uint32_t i = 0; i < a->count; i++)
        if (a->took_us[i] <= wait_us) return true;
    return a->count == 0;
}
