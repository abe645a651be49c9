/*
 * kafka_watch.c - whether a broker answers: asks any of them for the list of brokers, the cheapest question that only a live one can answer.
 *
 * Owns a client. The question's own error says only that no answer came. Why a connection failed, librdkafka tells by a callback, on the owner's
 * thread from rd_kafka_poll. `heard`: there was such a cause since the last answer, and `reason` and `cause` hold the last one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/io/kafka/kafka_end.h"
#include "common/io/kafka/kafka_private.h"

struct kd_kafka_watch {
    rd_kafka_t *rk;
    bool heard;
    kd_reason reason;
    char cause[256];
};

static void watch_note(kd_kafka_watch *w, rd_kafka_resp_err_t e, const char *text)
{
    w->heard = true;
    w->reason = kd_kafka_reason(e, text);
    snprintf(w->cause, sizeof(w->cause), "%s", text);
}

static void watch_on_error(rd_kafka_t *rk, int e, const char *text, void *arg)
{
    kd_kafka_watch *w = arg;
    (void)rk;
    /* "All brokers are down" follows the error of the last one that failed, and says less than that one: it does not replace it. */
    if (e != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || !w->heard) watch_note(w, e, text);
}

int kd_kafka_watch_create(kd_kafka_watch **out, const kd_kafka_config *config, char *error, size_t size)
{
    rd_kafka_conf_t *conf;
    *out = NULL;
    int err = kd_kafka_conf_make(&conf, config, KD_KAFKA_BLOCKING, error, size);
    if (err != KD_OK) return err;
    kd_kafka_watch *w = kd_alloc(sizeof(*w));
    rd_kafka_conf_set_opaque(conf, w);
    rd_kafka_conf_set_error_cb(conf, watch_on_error);
    err = kd_kafka_client_make(&w->rk, RD_KAFKA_CONSUMER, conf, error, size);
    rd_kafka_conf_destroy(conf);
    if (err == KD_OK)
        *out = w;
    else
        free(w);
    return err;
}

/* The client may end later than this returns. Callbacks come from rd_kafka_poll alone, so none comes to the memory that is freed here. */
void kd_kafka_watch_destroy(kd_kafka_watch *w)
{
    if (!w) return;
    kd_kafka_client_end(w->rk);
    free(w);
}

int kd_kafka_watch_ask(kd_kafka_watch *w, uint32_t timeout_ms, kd_reason *reason, const char **cause)
{
    const rd_kafka_metadata_t *m;
    rd_kafka_resp_err_t e = rd_kafka_metadata(w->rk, 0, NULL, &m, (int)timeout_ms);
    rd_kafka_poll(w->rk, 0); /* calls back for every error that has come meanwhile */
    if (e == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_metadata_destroy(m);
        w->heard = false;
        return KD_OK;
    }
    if (!w->heard) watch_note(w, e, rd_kafka_err2str(e));
    *reason = w->reason;
    *cause = w->cause;
    return KD_EUNAVAILABLE;
}

int kd_kafka_watch_topics(kd_kafka_watch *w, kd_kafka_topic *topics, size_t n, uint32_t timeout_ms,
                          char *error, size_t size)
{
    int err = kd_kafka_topics_check(w->rk, topics, n, timeout_ms, error, size);
    rd_kafka_poll(w->rk, 0); /* as in kd_kafka_watch_ask */
    return err;
}
