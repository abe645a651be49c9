/*
 * kafka_reach.h - whether a broker answers this program: asks, and keeps the outage (outage.h) with its lines `kafka-unreachable` and
 * `kafka-reachable`. How often to ask is the program's own.
 */
#ifndef KUDOS_COMMON_IO_DAEMON_KAFKA_REACH_H
#define KUDOS_COMMON_IO_DAEMON_KAFKA_REACH_H

#include "common/io/daemon/outage.h"
#include "common/io/kafka/kafka.h"

/* Belongs to one thread; zero-initialise. */
typedef struct {
    kd_kafka_watch *watch; /* NULL: not open */
    kd_outage outage;
    kd_metric_reasons *errors; /* unanswered questions, by reason; NULL: nobody counts them */
} kd_kafka_reach;

/* Makes the client that asks. `up` (1 while a broker answers) and `errors` are borrowed until close. An error, as of kd_kafka_watch_create, is logged
 * as `kafka-watch-failed`; the program may go on without. */
int kd_kafka_reach_open(kd_kafka_reach *r, const kd_kafka_config *kafka, kd_metric *up,
                        kd_metric_reasons *errors);
/* Asks, and blocks for `timeout_ms` at most. True: a broker answered, or there is no client to ask with. */
bool kd_kafka_reach_ask(kd_kafka_reach *r, uint32_t timeout_ms);
/* Another client of this program asked and got no answer: counts as an unanswered question whose reason is not known. */
void kd_kafka_reach_unanswered(kd_kafka_reach *r);
/* Takes 3 s at most; fine when not open. */
void kd_kafka_reach_close(kd_kafka_reach *r);

#endif
