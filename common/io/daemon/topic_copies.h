/* topic_copies.h - whether topics have as many copies as the configuration says. Edges and centrals make missing topics, whoever comes first, each with its own
 * kafka.replication. */
#ifndef KUDOS_COMMON_IO_DAEMON_TOPIC_COPIES_H
#define KUDOS_COMMON_IO_DAEMON_TOPIC_COPIES_H

#include "common/io/kafka/kafka.h"

/* After a look that found them all: logs `topic-few-copies` for each that has fewer copies than `replication`. With one copy a broker's death takes
 * partitions away, and a lost disk of it likes. */
void kd_topic_copies_tell(const kd_kafka_topic *topics, size_t n);

#endif
