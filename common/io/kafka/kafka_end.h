/*
 * kafka_end.h - the end of librdkafka's clients, each on a thread of its own, because it may hang.
 */
#ifndef KUDOS_COMMON_IO_KAFKA_KAFKA_END_H
#define KUDOS_COMMON_IO_KAFKA_KAFKA_END_H

#include <librdkafka/rdkafka.h>
#include <stdint.h>

enum { KD_KAFKA_END_MS = 3000 };

/*
 * Ends a client, in KD_KAFKA_END_MS at most; blocks, any thread. librdkafka joins its own threads without a limit: one may be in a name look-up, and
 * 2.0.2 can wait for ever for a partition whose topic was deleted. A client that does not end in time is left behind, with `kafka-client-left` in the
 * log; it keeps no callback and no memory of ours.
 */
void kd_kafka_client_end(rd_kafka_t *rk);
/* The process is ending: from here on kd_kafka_client_end does not wait, and calls of it that wait now return. For common/io/daemon/ending.c. */
void kd_kafka_ends_hurry(void);
/* Waits ms at most until every client that is being ended has ended; the number of those that have not. */
uint32_t kd_kafka_ends_wait(uint32_t ms);

#endif
