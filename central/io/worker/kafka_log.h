/* kafka_log.h - librdkafka's log lines become lines of our log. */
#ifndef KUDOS_CENTRAL_IO_WORKER_KAFKA_LOG_H
#define KUDOS_CENTRAL_IO_WORKER_KAFKA_LOG_H

/* For kd_kafka_config: logs one line of event "kafka", a warning at most. `severity` is syslog's. From any thread; `arg` is not used. */
void kd_central_kafka_log(void *arg, int severity, const char *text);

#endif
