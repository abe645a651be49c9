/*
 * kafka_private.h - configurations, clients and errors of librdkafka, for the files of this folder (and its unit test).
 */
#ifndef KUDOS_COMMON_IO_KAFKA_KAFKA_PRIVATE_H
#define KUDOS_COMMON_IO_KAFKA_KAFKA_PRIVATE_H

#include <librdkafka/rdkafka.h>

#include "common/io/kafka/kafka.h"

enum { KD_KAFKA_FRAMING = 64 * 1024 }; /* what Kafka puts around a record, with room to spare */

/* For what a client is used. A plain producer has no id at the broker; a blocking client is a consumer without events: topics, reader, watch. */
typedef enum {
    KD_KAFKA_PRODUCER,
    KD_KAFKA_PLAIN_PRODUCER,
    KD_KAFKA_CONSUMER,
    KD_KAFKA_BLOCKING,
} kd_kafka_role;

/* librdkafka's configuration for a role, to be freed by rd_kafka_conf_destroy. KD_EINVAL with `error`, and *conf NULL. */
int kd_kafka_conf_make(rd_kafka_conf_t **conf, const kd_kafka_config *config, kd_kafka_role role, char *error,
                       size_t size);
/* A client with a copy of conf, to be ended by kd_kafka_client_end. With `error` and *rk NULL: KD_EIO when the system refuses (threads, descriptors),
 * KD_EINVAL when librdkafka refuses the configuration (a file that it cannot read). */
int kd_kafka_client_make(rd_kafka_t **rk, rd_kafka_type_t type, const rd_kafka_conf_t *conf, char *error,
                         size_t size);

/* The reason under which an error of a client is counted. Its text tells the kinds of a failed connection apart, for which there is one code. */
kd_reason kd_kafka_reason(rd_kafka_resp_err_t e, const char *text);

/* CLOCK_MONOTONIC. */
uint64_t kd_kafka_now_ms(void);
/* One look for all topics, by a client that the caller owns; results and blocking as kd_kafka_watch_topics. */
int kd_kafka_topics_check(rd_kafka_t *rk, kd_kafka_topic *topics, size_t n, uint32_t timeout_ms, char *error,
                          size_t size);
/* Milliseconds until the deadline (kd_kafka_now_ms), `most` at most; 0 when it has passed. */
int kd_kafka_left_ms(uint64_t deadline_ms, int most);

#endif
