/* central_links.c - see the header. */
#include "edge/io/upstream/central_links.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/io/loop/clock.h"
#include "common/io/loop/log.h"
#include "edge/io/upstream/central_words.h"

/* Of one URL alone a request waits for the next connection, as long as its deadline allows: there is nobody else to ask. */
static void links_set_haste(kd_central_links *l)
{
    for (uint32_t i = 0; i < KD_CENTRALS_MAX; i++)
        if (l->at[i]) kd_http_client_set_fail_fast(l->at[i], l->urls.count > 1);
}

static int links_open(kd_central_links *l, uint32_t slot)
{
    char token[KD_TOKEN_MAX + 1];
    kd_http_client_options options = l->o.options;
    const kd_http_client_options files = kd_settings_central(l->o.settings, token);
    options.ca_file = files.ca_file;
    options.cert_file = files.cert_file;
    options.key_file = files.key_file;
    options.token = token;
    options.seed = kd_random_next(&l->o.seed);
    return kd_http_client_create(&l->at[slot], kd_loop_base(l->o.loop), l->urls.at[slot], &options);
}

/* ---- probes of URLs that were left ---- */

static void links_set_probe(kd_central_links *l)
{
    uint64_t due_us = kd_centrals_probe_due_us(&l->centrals), now_us = kd_clock_mono_us();
    if (due_us == UINT64_MAX)
        kd_timer_cancel(&l->probe);
    else
        kd_timer_set(&l->probe, due_us > now_us ? due_us - now_us : 1);
}

static void links_probed(const kd_central_probe *p, bool answered)
{
    kd_central_links *l = p->links;
    if (l->at[p->slot] != p->client) return; /* its URL was taken out */
    if (kd_centrals_probe_ended(&l->centrals, p->slot, answered, kd_clock_mono_us()))
        KD_LOG(KD_INFO, "central-back", KD_STR("url", l->urls.at[p->slot]),
               KD_STR("by", kd_loop_name(l->o.loop)));
    links_set_probe(l);
}

static void links_on_probed(void *arg, int result, int status, const kd_http_response *r)
{
    const kd_central_probe *p = arg;
    uint64_t now_us;
    links_probed(p, result == KD_OK && status == 200 &&
                        kd_central_words_time(kd_http_response_body(r), &p->links->scratch, &now_us));
}

static void links_on_probe_due(void *arg)
{
    kd_central_links *l = arg;
    uint32_t slot;
    while ((slot = kd_centrals_probe(&l->centrals, kd_clock_mono_us())) != KD_CENTRALS_NONE) {
        kd_central_probe *p = &l->probes[slot];
        *p = (kd_central_probe){l, l->at[slot], slot};
        int err = kd_http_client_request_first(l->at[slot], "GET", kd_bytes_str("/v1/time"), NULL, 0,
                                               kd_bytes_of(NULL, 0), links_on_probed, p,
                                               KD_CENTRAL_PROBE_DEADLINE_US / 1000);
        if (err != KD_OK) links_probed(p, false);
    }
    links_set_probe(l);
}

/* ---- life ---- */

static uint32_t links_known(const kd_central_links *l)
{
    uint32_t known = 0;
    for (uint32_t i = 0; i < KD_CENTRALS_MAX; i++) known |= (uint32_t)(l->at[i] != NULL) << i;
    return known;
}

int kd_central_links_init(kd_central_links *l, const kd_central_links_options *options,
                          const kd_central_urls *urls, char *error)
{
    l->o = *options;
    kd_timer_init(&l->probe, options->loop, links_on_probe_due, l);
    l->urls = kd_central_urls_copy(urls);
    kd_centrals_init(&l->centrals, (uint32_t)options->settings->partitions, kd_random_next(&l->o.seed));
    for (uint32_t i = 0; i < KD_CENTRALS_MAX; i++) {
        int err = urls->at[i] ? links_open(l, i) : KD_OK;
        if (err != KD_OK) return kd_settings_central_failed(urls->at[i], err, error);
    }
    links_set_haste(l);
    kd_centrals_set(&l->centrals, links_known(l), links_known(l), urls->first);
    return KD_OK;
}

static bool links_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* A URL without a client would be chosen, so it is left out. */
static void links_open_fresh(kd_central_links *l, uint32_t slot)
{
    int err = links_open(l, slot);
    if (err == KD_OK) return;
    KD_LOG(KD_ERROR, "central-url-unusable", KD_STR("url", l->urls.at[slot]),
           KD_STR("cause", kd_strerror(err)));
    free(l->urls.at[slot]);
    l->urls.at[slot] = NULL;
    l->urls.count--;
}

static uint32_t links_first(const kd_central_links *l)
{
    uint32_t known = links_known(l);
    return known >> l->urls.first & 1 ? l->urls.first : known ? (uint32_t)__builtin_ctz(known) : 0;
}

void kd_central_links_replace(kd_central_links *l, const kd_central_urls *urls)
{
    kd_http_client *gone[KD_CENTRALS_MAX] = {NULL};
    kd_central_urls had = l->urls;
    uint32_t fresh = 0;
    l->urls = kd_central_urls_copy(urls);
    for (uint32_t i = 0; i < KD_CENTRALS_MAX; i++) {
        if (links_same(had.at[i], l->urls.at[i])) continue;
        gone[i] = l->at[i];
        l->at[i] = NULL;
        l->elsewhere[i] = l->useless[i] = 0;
        l->said[i] = 0;
        if (l->urls.at[i]) links_open_fresh(l, i);
        fresh |= (uint32_t)(l->at[i] != NULL) << i;
    }
    links_set_haste(l);
    kd_centrals_set(&l->centrals, links_known(l), fresh, links_first(l));
    for (uint32_t i = 0; i < KD_CENTRALS_MAX; i++) kd_http_client_destroy(gone[i]);
    kd_central_urls_finish(&had);
    links_set_probe(l);
}

void kd_central_links_finish(kd_central_links *l)
{
    kd_central_urls none = {.count = 0};
    if (!l->o.settings) return;
    kd_central_links_replace(l, &none);
    kd_timer_finish(&l->probe);
    kd_centrals_finish(&l->centrals);
    kd_central_urls_finish(&l->urls);
    kd_buf_finish(&l->scratch);
}

static const char *links_cause(const kd_central_links *l, uint32_t slot, int result)
{
    kd_reason reason;
    const char *text;
    bool known = kd_http_client_trouble(l->at[slot], &reason, &text);
    return known ? text : result == KD_ETIMEOUT ? "no answer in time" : kd_strerror(result);
}

static void links_leave(kd_central_links *l, uint32_t slot, kd_central_fault fault, const char *cause)
{
    if (kd_centrals_failed(&l->centrals, slot, fault, kd_clock_mono_us()))
        KD_LOG(KD_WARN, "central-left", KD_STR("url", l->urls.at[slot]),
               KD_STR("by", kd_loop_name(l->o.loop)), KD_STR("cause", cause));
    links_set_probe(l);
}

static void links_failed(kd_central_links *l, uint32_t slot, const kd_central_end *end)
{
    kd_central_fault fault = end->result == KD_ETIMEOUT ? KD_CENTRAL_LATE : KD_CENTRAL_LOST;
    l->said[slot] = 0;
    if (fault == KD_CENTRAL_LATE && !end->whole) return;
    links_leave(l, slot, fault, links_cause(l, slot, end->result));
}

static void links_useless(kd_central_links *l, uint32_t slot, const kd_central_end *end)
{
    char cause[96] = "its answer was too large";
    if (end->result == KD_OK)
        snprintf(cause, sizeof cause, "it answered with status %d and not what was asked for", end->status);
    l->useless[slot]++;
    l->said[slot] = end->status;
    links_leave(l, slot, KD_CENTRAL_AMISS, cause);
}

kd_central_answer kd_central_end_judge(const kd_central_end *end)
{
    return end->result == KD_OK ? kd_centrals_judge(end->status, end->understood) : KD_CENTRAL_USELESS;
}

void kd_central_links_ended(kd_central_links *l, uint32_t slot, const kd_http_client *client,
                            const kd_central_end *end)
{
    kd_central_answer answer = kd_central_end_judge(end);
    if (l->at[slot] != client) return; /* its URL was taken out */
    if (end->result != KD_OK && end->result != KD_ETOOBIG) {
        links_failed(l, slot, end);
        return;
    }
    if (answer == KD_CENTRAL_USELESS) {
        links_useless(l, slot, end);
        return;
    }
    l->said[slot] = 0;
    kd_centrals_answered(&l->centrals, slot);
    if (answer == KD_CENTRAL_BUSY) kd_centrals_refused(&l->centrals, slot);
    l->elsewhere[slot] += answer == KD_CENTRAL_ELSEWHERE;
}

void kd_central_links_measure(kd_central_links *l, uint64_t *reasons)
{
    memset(reasons, 0, KD_REASONS * sizeof *reasons);
    for (uint32_t i = 0; i < KD_CENTRALS_MAX; i++) {
        kd_url_cells *cells = &l->metrics.at[i];
        kd_http_client_stats stats = {.requests = 0};
        if (l->at[i]) stats = kd_http_client_get_stats(l->at[i]);
        for (size_t r = 0; r < KD_REASONS; r++) reasons[r] += stats.troubles[r];
        kd_metric_set(&cells->answers, (int64_t)stats.answers);
        kd_metric_set(&cells->failures, (int64_t)(stats.timeouts + stats.failures));
        kd_metric_set(&cells->elsewhere, (int64_t)l->elsewhere[i]);
        kd_metric_set(&cells->useless, (int64_t)l->useless[i]);
        kd_metric_set(&cells->asked, l->at[i] && !l->centrals.at[i].left);
    }
}
