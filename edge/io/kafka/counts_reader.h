/*
 * counts_reader.h - central's snapshots from the counts topic into the core, from the core's own offsets.
 */
#ifndef KUDOS_EDGE_IO_KAFKA_COUNTS_READER_H
#define KUDOS_EDGE_IO_KAFKA_COUNTS_READER_H

#include "common/io/kafka/kafka.h"
#include "common/io/loop/loop.h"

struct kd_shard;

typedef struct {
    kd_kafka_consumer *consumer; /* NULL until the topics are known to be there */
    kd_timer retry;              /* seeks partitions that stand */
    bool *stands;                /* by partition: to be sought again at its end */
    uint64_t backoff_us;
} kd_counts_reader;

/* The topics are there: consumes this shard's partitions. KD_OK or KD_EIO, KD_EINVAL (logged). */
int kd_counts_reader_start(struct kd_shard *s, const kd_kafka_config *config);
/* After the loop was joined. */
void kd_counts_reader_finish(struct kd_shard *s);

#endif
