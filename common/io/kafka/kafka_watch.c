/*
 * kafka_watch.c - asks a broker, any, for the list of brokers: the cheapest question that only a live one answers.
 *
 * Owns a client. The library tells why a connection failed by a callback, from rd_kafka_poll on the owner's thread; `heard` is the last such
 * cause since an answer, and the code of the question itself says no more than that there was none.
 */
#include <stdio.h>
#include <stdlib.h>

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
    /* That all brokers are down follows what became of the last one, and says less. */
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

/* Callbacks come from rd_kafka_poll alone, so the client, which may end later, never calls back into what is freed here. */
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
    rd_kafka_poll(w->rk, 0); /* serves all that has come */
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
