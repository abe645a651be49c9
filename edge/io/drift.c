/*
 * drift.c - see the header. A round trip that took too long says nothing and is repeated soon, as is one that says that the own clock is out of
 * bounds: it may be running, and writes wait for it. While central cannot be reached the carried clock goes on as it was measured last.
 */
#include "edge/io/drift.h"

#include <stdlib.h>

#include "common/io/http_client.h"
#include "common/io/log.h"
#include "edge/io/app.h"
#include "edge/io/central_words.h"
#include "edge/io/clock_file.h"

enum { RETRY_US = 500 * 1000 };

struct kd_drift_probe {
    kd_app *app;
    kd_http_client *client;
    kd_timer timer;
    kd_buf text;
    uint64_t asked_us;
    uint64_t random;
    kd_clock_state told;
    bool distrusted; /* central's certificate was refused at the last question */
};

static void again(kd_drift_probe *p, uint64_t delay_us)
{
    kd_timer_set(&p->timer, delay_us - delay_us / 8 + kd_random_next(&p->random) % (delay_us / 4));
}

static void tell(kd_drift_probe *p)
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

static void tell_distrust(kd_drift_probe *p, int result)
{
    bool now = result == KD_EUNTRUSTED;
    if (now && !p->distrusted)
        KD_LOG(KD_ERROR, "central-untrusted", KD_STR("url", p->app->settings.central_url),
               KD_STR("cause", kd_http_client_distrust(p->client)), KD_STR("remedy", "central.ca_file names the authorities that are trusted"));
    p->distrusted = now;
}

static void on_answer(void *arg, int result, int status, const kd_http_response *r)
{
    kd_drift_probe *p = arg;
    uint64_t now_us;
    tell_distrust(p, result);
    bool good = result == KD_OK && status == 200 &&
                kd_central_words_time(kd_http_response_body(r), &p->text, &now_us);
    if (good) good = kd_clock_measure(&p->app->clock, p->asked_us, now_us) == KD_OK;
    if (good) tell(p);
    bool fine = good && kd_clock_check(&p->app->clock) == KD_CLOCK_IN_BOUNDS;
    if (fine) kd_clock_file_save(p->app->settings.data_dir, &p->app->clock);
    uint64_t interval_us = p->app->settings.measure_interval_us;
    again(p, fine ? interval_us : KD_MIN(interval_us, (uint64_t)RETRY_US));
}

static void on_timer(void *arg)
{
    kd_drift_probe *p = arg;
    p->asked_us = kd_clock_mono_us();
    int err = kd_http_client_request(p->client, "GET", kd_bytes_str("/v1/time"), NULL, 0,
                                     kd_bytes_of(NULL, 0), on_answer, p, 1000);
    if (err != KD_OK) again(p, RETRY_US);
}

int kd_drift_probe_create(kd_app *app, char *error)
{
    const kd_settings *set = &app->settings;
    if (!set->central_url) return KD_OK;
    kd_drift_probe *p = kd_alloc(sizeof *p);
    p->app = app;
    p->random = kd_clock_mono_us();
    kd_http_client_options options = {.connect_ms = 1000,
                                      .backoff_max_ms = 2000,
                                      .seed = p->random,
                                      .ca_file = set->central_ca,
                                      .cert_file = set->central_cert,
                                      .key_file = set->central_key};
    int err = kd_http_client_create(&p->client, kd_loop_base(app->loop), set->central_url, &options);
    if (err) {
        free(p);
        return kd_settings_central_failed(set, err, error);
    }
    kd_timer_init(&p->timer, app->loop, on_timer, p);
    kd_timer_set(&p->timer, 1);
    app->drift = p;
    return KD_OK;
}

/* The client's destruction answers what is open, which sets the timer: so the timer goes after it. */
void kd_drift_probe_destroy(kd_drift_probe *p)
{
    if (!p) return;
    kd_http_client_destroy(p->client);
    kd_timer_finish(&p->timer);
    kd_buf_finish(&p->text);
    free(p);
}
