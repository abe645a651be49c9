/* kafka_reach.c - see the header. */
#include "common/io/daemon/kafka_reach.h"

#include "common/conf/options.h"
#include "common/io/loop/log.h"

int kd_kafka_reach_open(kd_kafka_reach *r, const kd_kafka_config *kafka, kd_metric *up,
                        kd_metric_reasons *errors)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    r->errors = errors;
    r->outage = (kd_outage){.began = "kafka-unreachable", .over = "kafka-reachable", .up = up};
    int err = kd_kafka_watch_create(&r->watch, kafka, error, sizeof error);
    if (err) KD_LOG(KD_ERROR, "kafka-watch-failed", KD_STR("cause", error));
    return err;
}

bool kd_kafka_reach_ask(kd_kafka_reach *r, uint32_t timeout_ms)
{
    kd_reason reason;
    const char *cause;
    if (!r->watch) return true;
    bool answered = kd_kafka_watch_ask(r->watch, timeout_ms, &reason, &cause) == KD_OK;
    if (!answered && r->errors) kd_metric_add(&r->errors->of[reason], 1);
    if (answered)
        kd_outage_answered(&r->outage);
    else
        kd_outage_failed(&r->outage, reason, cause);
    return answered;
}

void kd_kafka_reach_unanswered(kd_kafka_reach *r)
{
    kd_outage_failed(&r->outage, KD_REASON_OTHER, NULL);
}

void kd_kafka_reach_close(kd_kafka_reach *r)
{
    kd_kafka_watch_destroy(r->watch);
    r->watch = NULL;
}
