/*
 * drift.c - see the header.
 *
 * A measurement is repeated after KD_PROBE_RETRY_US when its round trip took too long to tell anything, and while it finds the clock out of bounds: writes are
 * refused until a measurement is in bounds again. While central cannot be reached the carried clock goes on as it was measured last.
 *
 * Central is asked at least every KD_PROBE_US, also when no measurement is due, because its answer shows that it can be reached. One slow answer is no
 * outage: app->central_up falls after KD_OUTAGE_FAILURES failures in a row, at most KD_PROBE_US + KD_OUTAGE_FAILURES * (KD_PROBE_DEADLINE_US +
 * KD_PROBE_RETRY_US) after
 * central went. It rises with the first answer.
 */
#include "edge/io/upstream/drift.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/io/http/client/http_client.h"
#include "common/io/loop/log.h"
#include "common/io/daemon/outage.h"
#include "edge/io/daemon/app.h"
#include "edge/io/upstream/central_words.h"
#include "edge/io/upstream/clock_file.h"
#include "kudos/asking.h"

struct kd_drift_probe {
    kd_edge_app *app;
    kd_http_client *client;
    kd_timer timer;
    kd_buf text;
    kd_clock_probe probe; /* when to ask, and when to measure */
    uint64_t asked_us;    /* monotonic: when the question that is under way was sent */
    uint64_t random;
    kd_clock_state told;          /* the state that the log told last */
    bool distrusted;              /* "central-untrusted" was logged in this outage */
    uint64_t refused[KD_REASONS]; /* answers without a time in them, by reason */
    kd_outage outage;
};

/* The question that is under way ended so: the next one is set. */
static void drift_ask_later(kd_drift_probe *p, kd_probe_end end)
{
    kd_timer_set(&p->timer,
                 kd_clock_probe_ended(&p->probe, end, kd_clock_mono_us(), kd_random_next(&p->random)));
}

static void edge_drift_tell(kd_drift_probe *p)
{
    kd_clock_state state = kd_clock_check(&p->app->clock);
    if (state == p->told) return;
    kd_drift d = kd_clock_drift(&p->app->clock);
    p->told = state;
    KD_LOG(state == KD_CLOCK_OUT_OF_BOUNDS ? KD_ERROR : KD_INFO,
           state == KD_CLOCK_OUT_OF_BOUNDS ? "clock-out-of-bounds" : "clock-in-bounds",
           KD_I64("offset_us", d.offset_us), KD_U64("uncertainty_us", d.uncertainty_us),
           KD_U64("bound_us", p->app->settings.drift_bound_us));
}

static void drift_tell_distrust(kd_drift_probe *p, int result)
{
    if (result == KD_EUNTRUSTED && !p->distrusted)
        KD_LOG(KD_ERROR, "central-untrusted", KD_STR("url", p->app->settings.central_url),
               KD_STR("cause", kd_http_client_distrust(p->client)),
               KD_STR("remedy", "central.ca_file names the authorities that are trusted"));
    p->distrusted = result == KD_EUNTRUSTED || (p->distrusted && result != KD_OK);
}

/* Measures the clock by the answer. True: it is in bounds, was stored for the next start, and the next measurement is due after the interval. */
static bool edge_drift_measure(kd_drift_probe *p, uint64_t now_us)
{
    if (kd_clock_measure(&p->app->clock, p->asked_us, now_us) != KD_OK) return false;
    edge_drift_tell(p);
    if (kd_clock_check(&p->app->clock) != KD_CLOCK_IN_BOUNDS) return false;
    kd_clock_file_save(p->app->settings.data_dir, &p->app->clock);
    return true;
}

static void edge_drift_count(kd_drift_probe *p)
{
    kd_http_client_stats stats = kd_http_client_get_stats(p->client);
    for (size_t i = 0; i < KD_REASONS; i++) stats.troubles[i] += p->refused[i];
    kd_metric_set_reasons(&p->app->reach.central, stats.troubles);
}

/* Why there is no time: a fault of the connection, or an answer that is none, such as that of a proxy in between. */
static kd_reason edge_drift_why(kd_drift_probe *p, int result, int status, char *cause, size_t size)
{
    kd_reason reason = KD_REASON_TIMEOUT;
    const char *text;
    if (result != KD_OK) {
        bool known = kd_http_client_trouble(p->client, &reason, &text);
        snprintf(cause, size, "%s", known ? text : "no answer in time");
        return known ? reason : KD_REASON_TIMEOUT;
    }
    reason = status == 401 || status == 403 ? KD_REASON_AUTH : KD_REASON_PROTOCOL;
    snprintf(cause, size, "GET /v1/time was answered with status %d and no time", status);
    p->refused[reason]++;
    return reason;
}

static void edge_drift_note(kd_drift_probe *p, bool answered, int result, int status)
{
    char cause[256];
    kd_reason reason = answered ? KD_REASON_OTHER : edge_drift_why(p, result, status, cause, sizeof cause);
    if (answered)
        kd_outage_answered(&p->outage);
    else
        kd_outage_failed(&p->outage, reason, cause);
    edge_drift_count(p);
}

/* A central of an earlier version has no catalogue and answers 404. */
static void on_catalogue(void *arg, int result, int status, const kd_http_response *r)
{
    kd_drift_probe *p = arg;
    if (result == KD_OK && status == 200) kd_offer_heard(p->app->offer, kd_http_response_body(r));
}

void kd_drift_probe_ask(kd_drift_probe *p)
{
    if (p)
        kd_http_client_request(p->client, "GET", kd_bytes_str("/v1/catalogue"), NULL, 0, kd_bytes_of(NULL, 0),
                               on_catalogue, p, 1000);
}

static void edge_drift_on_answer(void *arg, int result, int status, const kd_http_response *r)
{
    kd_drift_probe *p = arg;
    uint64_t now_us;
    if (p->app->drain.state == KD_DRAIN_STOP)
        return; /* the client is being destroyed, which says nothing of central */
    drift_tell_distrust(p, result);
    bool answered = result == KD_OK && status == 200 &&
                    kd_central_words_time(kd_http_response_body(r), &p->text, &now_us);
    edge_drift_note(p, answered, result, status);
    bool due = kd_clock_probe_due(&p->probe, kd_clock_mono_us());
    if (answered && due) kd_drift_probe_ask(p);
    if (answered && !due)
        drift_ask_later(p, KD_PROBE_ANSWERED);
    else
        drift_ask_later(p, answered && edge_drift_measure(p, now_us) ? KD_PROBE_MEASURED : KD_PROBE_FAILED);
}

static void edge_drift_on_timer(void *arg)
{
    kd_drift_probe *p = arg;
    p->asked_us = kd_clock_mono_us();
    int err =
        kd_http_client_request(p->client, "GET", kd_bytes_str("/v1/time"), NULL, 0, kd_bytes_of(NULL, 0),
                               edge_drift_on_answer, p, KD_PROBE_DEADLINE_US / 1000);
    if (err != KD_OK) drift_ask_later(p, KD_PROBE_FAILED);
}

int kd_drift_probe_create(kd_edge_app *app, char *error)
{
    const kd_settings *set = &app->settings;
    if (!set->central_url) return KD_OK;
    kd_drift_probe *p = kd_alloc(sizeof *p);
    p->app = app;
    p->random = kd_clock_mono_us();
    p->probe.interval_us = set->measure_interval_us;
    p->outage =
        (kd_outage){.began = "central-unreachable", .over = "central-reachable", .up = &p->app->central_up};
    char token[KD_TOKEN_MAX + 1];
    kd_http_client_options options = kd_settings_central(set, token);
    options.connect_ms = 1000;
    options.backoff_max_ms = 2000;
    options.seed = p->random;
    int err = kd_http_client_create(&p->client, kd_loop_base(app->loop), set->central_url, &options);
    if (err) {
        free(p);
        return kd_settings_central_failed(set, err, error);
    }
    kd_timer_init(&p->timer, app->loop, edge_drift_on_timer, p);
    kd_timer_set(&p->timer, 1);
    app->drift = p;
    return KD_OK;
}

/* Destroying the client calls back for the open request, which may set the timer: so the timer goes last. */
void kd_drift_probe_destroy(kd_drift_probe *p)
{
    if (!p) return;
    kd_http_client_destroy(p->client);
    kd_timer_finish(&p->timer);
    kd_buf_finish(&p->text);
    free(p);
}
