/* kafka_log.c - see the header. */
#include "central/io/worker/kafka_log.h"

#include "common/io/loop/log.h"

void kd_central_kafka_log(void *arg, int severity, const char *text)
{
    (void)arg;
    /* Never KD_ERROR: librdkafka calls a broker that is away an error, and that has a line of its own, kafka-unreachable. */
    kd_log_level level = severity <= 5 ? KD_WARN : severity == 6 ? KD_INFO : KD_DEBUG;
    KD_LOG(level, "kafka", KD_STR("text", text));
}
