/*
 * central_links.h - an HTTP client for each URL of central, and what is known of each (kudos/centrals.h). A URL that was left is asked for
 * its time now and then, until it answers. Belongs to one thread: a shard has one, and the
 * main loop has one (drift.h).
 */
#ifndef KUDOS_EDGE_IO_UPSTREAM_CENTRAL_LINKS_H
#define KUDOS_EDGE_IO_UPSTREAM_CENTRAL_LINKS_H

#include "edge/io/daemon/url_metrics.h"
#include "common/io/loop/loop.h"
#include "edge/io/daemon/settings.h"
#include "edge/io/upstream/central_urls.h"

typedef struct {
    kd_loop *loop;
    const kd_settings *settings;    /* files and token, which are read when a client is made */
    kd_http_client_options options; /* connections, times and limits of each client */
    uint64_t seed;
} kd_central_links_options;

/* How a request ended, as its callback was told. */
typedef struct {
    int result, status;
    bool understood; /* see kd_centrals_judge */
    bool
        whole; /* the request had the whole deadline of a question; that one with less was late says nothing of a central that is far away */
} kd_central_end;

typedef struct kd_central_links kd_central_links;

typedef struct {
    kd_central_links *links;
    const kd_http_client *client;
    uint32_t slot;
} kd_central_probe;

struct kd_central_links {
    kd_central_links_options o;
    kd_central_urls urls;
    kd_http_client *at[KD_CENTRALS_MAX]; /* by slot; NULL: it has no URL */
    kd_centrals centrals;
    uint64_t elsewhere[KD_CENTRALS_MAX]; /* answers "I do not lead this", by slot */
    uint64_t useless[KD_CENTRALS_MAX];   /* answers that were none, by slot */
    int said[KD_CENTRALS_MAX];           /* status of the last answer, where that was useless; else 0 */
    kd_buf scratch;
    kd_url_metrics metrics;
    kd_timer probe;
    kd_central_probe probes[KD_CENTRALS_MAX]; /* by slot: under way */
};

/* Copies `urls` and makes a client for each. KD_OK, or the error of a client with its text in `error` (KD_OPTIONS_ERROR_MAX bytes); then
 * kd_central_links_finish is due, too. */
int kd_central_links_init(kd_central_links *l, const kd_central_links_options *options,
                          const kd_central_urls *urls, char *error);
/* Destroys the clients, which calls back for every open request. One that was never initialised is fine. */
void kd_central_links_finish(kd_central_links *l);
/* Takes over other URLs, in slots. Clients of URLs that stay go on. Those of URLs that were taken out are destroyed: their open requests end, and may be sent
 * to other slots from their callbacks. Not from a callback. A client that cannot be made is logged, and its URL left out. */
void kd_central_links_replace(kd_central_links *l, const kd_central_urls *urls);

/* A request to the slot ended so; `client` took it, which may not be the slot's any more. What is known of the slot changes, and the log tells when it is left. */
void kd_central_links_ended(kd_central_links *l, uint32_t slot, const kd_http_client *client,
                            const kd_central_end *end);
/* kd_centrals_judge; no answer at all is KD_CENTRAL_USELESS. */
kd_central_answer kd_central_end_judge(const kd_central_end *end);
/* Writes the metrics. `reasons`: of all clients together, KD_REASONS of them. */
void kd_central_links_measure(kd_central_links *l, uint64_t *reasons);

#endif
