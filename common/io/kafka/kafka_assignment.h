/*
 * kafka_assignment.h - the topics and partitions of a consumer: which are assigned, which have stopped, from where each goes on.
 *
 * kd_kafka_consumer_assign, _seek and _step_over (kafka.h) are defined in kafka_assignment.c, the rest of the consumer in kafka_consumer.c.
 */
#ifndef KUDOS_COMMON_IO_KAFKA_KAFKA_ASSIGNMENT_H
#define KUDOS_COMMON_IO_KAFKA_KAFKA_ASSIGNMENT_H

#include "common/io/kafka/kafka_pump.h"

typedef struct {
    bool assigned;
    bool stopped; /* after an error: nothing is delivered until a seek, a step over it, or a new assignment */
    bool commit_due;
    int64_t commit_offset;
    int64_t damaged_at;     /* offset of the last damaged record that was stepped over */
    uint32_t damaged_tries; /* steps over it so far; 0 after a seek */
} kd_kafka_partition;

typedef struct {
    rd_kafka_topic_t *handle;
    char *name;
    kd_kafka_partition *parts; /* by partition number; NULL: none is assigned */
    uint32_t count;
} kd_kafka_assigned;

struct kd_kafka_consumer {
    rd_kafka_t *rk;
    kd_kafka_assigned *topics;
    size_t topic_count;
    kd_kafka_pump pump;
    struct event *commit_timer;
    bool committing; /* a request is on its way */
    kd_kafka_consumer_events on;
    kd_record_keys *keys;
    kd_kafka_log log;
    void *log_arg;
    kd_kafka_consumer_stats stats;
};

/* Remembers the names of the topics that the indices of kd_kafka_start refer to. */
void kd_kafka_assignment_init(kd_kafka_consumer *c, const char *const *topics, size_t n);
/* Makes a handle for each topic, by which its records are told; once, when c->rk is made. */
void kd_kafka_assignment_open(kd_kafka_consumer *c);
/* Frees all of it, before the client is ended: a handle keeps librdkafka's client alive. */
void kd_kafka_assignment_finish(kd_kafka_consumer *c);
/* The state of a partition, or NULL when it is not assigned. Valid until the next assignment. */
kd_kafka_partition *kd_kafka_partition_of(const kd_kafka_consumer *c, uint32_t topic, uint32_t partition);
/* The index of the topic by its name; topic_count when there is none. */
uint32_t kd_kafka_topic_by_name(const kd_kafka_consumer *c, const char *name);
/* The index of the topic of a record, by its handle. */
uint32_t kd_kafka_topic_of(const rd_kafka_message_t *m);

#endif
