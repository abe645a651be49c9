/*
 * topics.h - makes sure that both topics exist and have the configured number of partitions, on a thread of its own because asking Kafka blocks.
 * While Kafka cannot be reached, and when a shard finds later that a topic is missing, the thread looks for the topics again, with back-off
 * (common/io/daemon/topics_retry.h).
 *
 * The same thread asks every other second whether a broker answers. The metric `up` becomes 0 within 10 s of the begin of an outage and 1 within 10 s of
 * its end; the log has a line for each.
 */
#ifndef KUDOS_EDGE_IO_KAFKA_TOPICS_H
#define KUDOS_EDGE_IO_KAFKA_TOPICS_H

#include "edge/io/daemon/failure.h"
#include "edge/io/daemon/metrics.h"
#include "edge/io/daemon/settings.h"

typedef struct kd_topics kd_topics;

/* Borrowed until kd_topics_destroy. */
typedef struct {
    const kd_settings *settings;
    kd_failure *failure;       /* told when the topics can never fit */
    kd_metric *up;             /* 1 while a broker answers */
    kd_metric_reasons *errors; /* unanswered questions, by reason */
    /* The topics are there. Called once, on the topics' thread or within kd_topics_create. */
    void (*ready)(void *arg);
    void *arg;
} kd_topics_options;

/* The first check, in the caller's thread, for at most kafka.start_timeout. KD_OK; KD_EMISMATCH or KD_EINVAL with `error` (KD_OPTIONS_ERROR_MAX
 * bytes): do not start. Every other failure, such as a Kafka that is away, is KD_EUNAVAILABLE with `error`: start all the same. */
int kd_topics_check(const kd_settings *settings, char *error);
/* Starts the thread. `checked`: kd_topics_check gave KD_OK, so `ready` is called at once. *out is set before that, and also on an error: it always
 * ends with kd_topics_destroy. KD_OK; KD_EIO: no thread; KD_EINVAL: no client for the question whether a broker answers, already logged. */
int kd_topics_create(kd_topics **out, const kd_topics_options *options, bool checked);
/* The configuration for every other Kafka client of this edge, with its logger. Lives as long as the topics. Any thread. */
const kd_kafka_config *kd_topics_kafka(const kd_topics *t);
/* From any thread: a topic is missing. It is looked for, and created, once, however many shards say so. */
void kd_topics_recheck(kd_topics *t);
/* Ends the thread. Later rechecks are ignored. NULL is fine. */
void kd_topics_stop(kd_topics *t);
/* After kd_topics_stop, when no shard runs any more. NULL is fine. */
void kd_topics_destroy(kd_topics *t);

#endif
