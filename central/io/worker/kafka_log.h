/* kafka_log.h - what librdkafka logs becomes lines of our log. */
#ifndef KUDOS_CENTRAL_IO_WORKER_KAFKA_LOG_H
#define KUDOS_CENTRAL_IO_WORKER_KAFKA_LOG_H

/* For kd_kafka_config: one line, of event "kafka". `severity` is syslog's. Any thread. */
void kd_central_kafka_log(void *arg, int severity, const char *text);

#endif
