/* topics_retry.c - see the header. */
#include "common/io/daemon/topics_retry.h"

#include <stdio.h>

/* Jitter adds up to half of it: no wait is above 3 s, so that likes flow soon after Kafka is back. */
enum { RETRY_MIN_US = 500 * 1000, RETRY_MAX_US = 2 * 1000 * 1000 };

void kd_topics_retry_init(kd_topics_retry *r)
{
    *r = (kd_topics_retry){.backoff = {.min_us = RETRY_MIN_US, .max_us = RETRY_MAX_US}};
}

bool kd_topics_hopeless(int err)
{
    return err == KD_EMISMATCH || err == KD_EINVAL;
}

kd_topics_verdict kd_topics_retry_take(kd_topics_retry *r, int err, const char *cause, bool *news)
{
    bool hopeless = kd_topics_hopeless(err);
    *news = err != KD_OK && (hopeless || strcmp(cause, r->cause) != 0);
    if (err == KD_OK) kd_backoff_reset(&r->backoff);
    snprintf(r->cause, sizeof r->cause, "%s", err == KD_OK ? "" : cause);
    return err == KD_OK ? KD_TOPICS_READY : hopeless ? KD_TOPICS_HOPELESS : KD_TOPICS_WAIT;
}

uint64_t kd_topics_retry_wait_us(kd_topics_retry *r, uint64_t random)
{
    return kd_backoff_next(&r->backoff, random);
}
