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

#include "common/io/loop/log.h"
#include "common/io/daemon/outage.h"
#include "edge/io/daemon/app.h"
#include "edge/io/upstream/central_links.h"
#include "edge/io/upstream/central_words.h"
#include "edge/io/upstream/clock_file.h"
#include "kudos/asking.h"

struct kd_drift_probe {
    kd_edge_app *app;
    kd_central_links links;
    const kd_http_client *client; /* that was asked last, and its slot */
    uint32_t slot;
    const kd_http_client *offerer; /* that was asked for the catalogue last, and its slot */
    uint32_t offering;
    uint32_t tried; /* slots that were asked since one answered, or none did */
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
        KD_LOG(KD_ERROR, "central-untrusted", KD_STR("url", p->links.urls.at[p->slot]),
               KD_STR("cause", kd_http_client_distrust(p->links.at[p->slot])),
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
    uint64_t troubles[KD_REASONS];
    kd_central_links_measure(&p->links, troubles);
    for (size_t i = 0; i < KD_REASONS; i++) troubles[i] += p->refused[i];
    kd_metric_set_reasons(&p->app->reach.central, troubles);
}

/* Why there is no time: a fault of the connection, or an answer that is none, such as that of a proxy in between. */
static kd_reason edge_drift_why(kd_drift_probe *p, int result, int status, char *cause, size_t size)
{
    kd_reason reason = KD_REASON_TIMEOUT;
    const char *text;
    if (result != KD_OK) {
        bool known = kd_http_client_trouble(p->links.at[p->slot], &reason, &text);
        snprintf(cause, size, "%s", known ? text : "no answer in time");
        return known ? reason : KD_REASON_TIMEOUT;
    }
    reason = status == 401 || status == 403 ? KD_REASON_AUTH : KD_REASON_PROTOCOL;
    snprintf(cause, size, "GET /v1/time was answered with status %d and no time", status);
    p->refused[reason]++;
    return reason;
}

/* Of several URLs the line names the one that was asked last. */
static void edge_drift_failed(kd_drift_probe *p, int result, int status)
{
    char cause[256], with_url[640];
    if (!p->links.at[p->slot]) p->slot = p->links.centrals.used; /* its URL was taken out */
    if (result == KD_EUNAVAILABLE &&
        p->links.said[p->slot] != 0) { /* all are left, and this one did answer */
        result = KD_OK;
        status = p->links.said[p->slot];
    }
    kd_reason reason = edge_drift_why(p, result, status, cause, sizeof cause);
    snprintf(with_url, sizeof with_url, "%.350s: %s", p->links.urls.at[p->slot], cause);
    kd_outage_failed(&p->outage, reason, p->links.urls.count > 1 ? with_url : cause);
}

/* A central of an earlier version has no catalogue and answers 404. */
static void on_catalogue(void *arg, int result, int status, const kd_http_response *r)
{
    kd_drift_probe *p = arg;
    if (result != KD_OK || p->app->drain.state == KD_DRAIN_STOP) return;
    kd_bytes body = kd_http_response_body(r);
    bool understood = status == 200 ? kd_central_words_have(body, &p->text, "collections")
                                    : kd_central_words_problem(body, &p->text);
    const kd_central_end end = {.status = status, .understood = understood};
    kd_central_links_ended(&p->links, p->offering, p->offerer, &end);
    if (understood && status == 200) kd_offer_heard(p->app->offer, body);
    if (kd_central_end_judge(&end) == KD_CENTRAL_USELESS && p->links.urls.count > 1) kd_drift_probe_ask(p);
}

void kd_drift_probe_ask(kd_drift_probe *p)
{
    uint32_t slot = p ? kd_centrals_choose(&p->links.centrals, KD_CENTRALS_ANY, 0) : KD_CENTRALS_NONE;
    if (slot == KD_CENTRALS_NONE) return;
    p->offering = slot;
    p->offerer = p->links.at[slot];
    kd_http_client_request(p->links.at[slot], "GET", kd_bytes_str("/v1/catalogue"), NULL, 0,
                           kd_bytes_of(NULL, 0), on_catalogue, p, 1000);
}

static void edge_drift_ask(kd_drift_probe *p);

static void edge_drift_note_url(kd_drift_probe *p, bool answered, int result, int status)
{
    const kd_central_end end = {.result = result, .status = status, .understood = answered, .whole = true};
    kd_central_links_ended(&p->links, p->slot, p->client, &end);
    if (!answered && result == KD_OK) kd_centrals_refused(&p->links.centrals, p->slot);
}

/* Central answers where one URL does, and is away when none of them did. False: another URL is asked instead, now. */
static bool edge_drift_note(kd_drift_probe *p, bool answered, int result, int status)
{
    edge_drift_note_url(p, answered, result, status);
    if (!answered && kd_centrals_choose(&p->links.centrals, KD_CENTRALS_ANY, p->tried) != KD_CENTRALS_NONE) {
        edge_drift_ask(p);
        return false;
    }
    p->tried = 0;
    if (answered)
        kd_outage_answered(&p->outage);
    else
        edge_drift_failed(p, result, status);
    edge_drift_count(p);
    return true;
}

static void edge_drift_on_answer(void *arg, int result, int status, const kd_http_response *r)
{
    kd_drift_probe *p = arg;
    uint64_t now_us;
    if (p->app->drain.state == KD_DRAIN_STOP)
        return; /* the client is being destroyed, which says nothing of central */
    if (p->links.at[p->slot] != p->client) { /* its URL was taken out: another one is asked */
        p->tried = 0;
        drift_ask_later(p, KD_PROBE_FAILED);
        return;
    }
    drift_tell_distrust(p, result);
    bool answered = result == KD_OK && status == 200 &&
                    kd_central_words_time(kd_http_response_body(r), &p->text, &now_us);
    if (!edge_drift_note(p, answered, result, status)) return;
    bool due = kd_clock_probe_due(&p->probe, kd_clock_mono_us());
    if (answered && due) kd_drift_probe_ask(p);
    if (answered && !due)
        drift_ask_later(p, KD_PROBE_ANSWERED);
    else
        drift_ask_later(p, answered && edge_drift_measure(p, now_us) ? KD_PROBE_MEASURED : KD_PROBE_FAILED);
}

static int edge_drift_send(kd_drift_probe *p, uint32_t slot)
{
    p->slot = slot;
    p->client = p->links.at[slot];
    p->tried |= 1u << slot;
    p->asked_us = kd_clock_mono_us();
    return kd_http_client_request(p->links.at[slot], "GET", kd_bytes_str("/v1/time"), NULL, 0,
                                  kd_bytes_of(NULL, 0), edge_drift_on_answer, p, KD_PROBE_DEADLINE_US / 1000);
}

static void edge_drift_ask(kd_drift_probe *p)
{
    uint32_t slot = kd_centrals_choose(&p->links.centrals, KD_CENTRALS_ANY, p->tried);
    bool one = p->links.urls.count == 1;
    int err = slot != KD_CENTRALS_NONE ? edge_drift_send(p, slot) : KD_EUNAVAILABLE;
    if (err == KD_OK) return;
    /* One URL: its client does not try at present, so nothing new is known. Of several none is asked that was left. */
    if (slot == KD_CENTRALS_NONE) edge_drift_failed(p, err, 0);
    if (slot == KD_CENTRALS_NONE || one || edge_drift_note(p, false, err, 0)) {
        p->tried = 0;
        drift_ask_later(p, KD_PROBE_FAILED);
    }
}

static void edge_drift_on_timer(void *arg)
{
    edge_drift_ask(arg);
}

void kd_drift_probe_replace(kd_drift_probe *p, const kd_central_urls *urls)
{
    kd_central_links_replace(&p->links, urls);
    edge_drift_count(p);
}

const kd_url_metrics *kd_drift_probe_metrics(const kd_drift_probe *p)
{
    return &p->links.metrics;
}

int kd_drift_probe_create(kd_edge_app *app, char *error)
{
    const kd_settings *set = &app->settings;
    if (app->central_urls.count == 0) return KD_OK;
    kd_drift_probe *p = kd_alloc(sizeof *p);
    app->drift = p;
    p->app = app;
    p->random = kd_clock_mono_us();
    p->probe.interval_us = set->measure_interval_us;
    p->outage =
        (kd_outage){.began = "central-unreachable", .over = "central-reachable", .up = &app->central_up};
    kd_timer_init(&p->timer, app->loop, edge_drift_on_timer, p);
    const kd_central_links_options options = {.loop = app->loop,
                                              .settings = set,
                                              .options = {.connect_ms = 1000, .backoff_max_ms = 2000},
                                              .seed = p->random};
    int err = kd_central_links_init(&p->links, &options, &app->central_urls, error);
    if (err == KD_OK) kd_timer_set(&p->timer, 1);
    return err;
}

/* Destroying the clients calls back for the open request, which may set the timer: so the timer goes last. */
void kd_drift_probe_destroy(kd_drift_probe *p)
{
    if (!p) return;
    kd_central_links_finish(&p->links);
    kd_timer_finish(&p->timer);
    kd_buf_finish(&p->text);
    free(p);
}
