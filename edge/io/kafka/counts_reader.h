/*
 * counts_reader.h - consumes central's snapshots from the counts topic and installs them in the core. Each partition is read on from the offset that
 * the core has stored together with what it installed, so no snapshot is skipped by a restart. A partition without a stored offset begins at its end.
 */
#ifndef KUDOS_EDGE_IO_KAFKA_COUNTS_READER_H
#define KUDOS_EDGE_IO_KAFKA_COUNTS_READER_H

#include "common/io/kafka/kafka.h"
#include "edge/io/kafka/topics.h"
#include "edge/io/shard/base.h"
#include "kudos/backoff.h"

typedef struct {
    kd_shard_base *base;
    kd_topics *topics;
    kd_kafka_consumer *consumer; /* NULL until the topics are known to be there */
    kd_timer retry;              /* seeks the stopped partitions */
    bool *stopped;               /* by partition: Kafka delivers nothing more of it until a seek */
    kd_backoff backoff;          /* before the next retry; reset with every record */
} kd_counts_reader;

/* The topics are there: consumes this shard's partitions. `base` and `topics` are borrowed until finish. KD_OK; KD_EIO or KD_EINVAL, already
 * logged. */
int kd_counts_reader_start(kd_counts_reader *c, kd_shard_base *base, kd_topics *topics,
                           const kd_kafka_config *config);
/* After the loop was joined. A reader that was never started is fine. */
void kd_counts_reader_finish(kd_counts_reader *c);

#endif
