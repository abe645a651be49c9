/*
 * topics_retry.h - what follows from a look for the topics in Kafka: they are ready, the program waits and looks again, or waiting is in vain.
 *
 * No clock, no log, no Kafka: both programs ask this object. Each looks on a thread of its own kind (the edge's topics, central's keeper), under its
 * own event names, and ends in its own way when waiting is in vain.
 */
#ifndef KUDOS_COMMON_IO_DAEMON_TOPICS_RETRY_H
#define KUDOS_COMMON_IO_DAEMON_TOPICS_RETRY_H

#include "common/conf/options.h"
#include "kudos/backoff.h"

typedef enum {
    KD_TOPICS_READY,
    KD_TOPICS_WAIT,    /* Kafka may come back, or get its topics: look again */
    KD_TOPICS_HOPELESS /* an operator must change the topics or the configuration: end with KD_EXIT_USAGE */
} kd_topics_verdict;

/* Of one row of looks, up to the one that finds the topics ready; then of the next. */
typedef struct {
    kd_backoff backoff;
    char cause[KD_OPTIONS_ERROR_MAX]; /* of the last look that failed; "" after one that did not */
} kd_topics_retry;

/* No look has been taken yet. */
void kd_topics_retry_init(kd_topics_retry *r);
/* A look ended with `err` of kd_kafka_ensure_topics, and with `cause` unless that is KD_OK. *news: this failure is to be logged, since it is hopeless or
 * the failure before had another cause. An outage of hours is one line. */
kd_topics_verdict kd_topics_retry_take(kd_topics_retry *r, int err, const char *cause, bool *news);
/* How long to wait before the next look: longer after each call, up to 3 s, until a look finds the topics ready. `random`: any 64 random bits. */
uint64_t kd_topics_retry_wait_us(kd_topics_retry *r, uint64_t random);
/* Whether waiting is in vain after this error of kd_kafka_ensure_topics. */
bool kd_topics_hopeless(int err);

#endif
