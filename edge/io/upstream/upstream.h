/*
 * upstream.h - a shard's questions on their way to central, of which the configuration may name several (rule 33). Each goes to one URL; to the next one
 * as well when no answer comes while half of its time is left, or at once when the URL cannot be reached, refuses, answers uselessly (kd_centrals_judge), or says that it does not lead the
 * partition. The first answer counts. With one URL a question is one request, as ever.
 *
 * Only URLs of the configuration are asked. A central that names another URL as the leader's is not followed there, whoever it is.
 */
#ifndef KUDOS_EDGE_IO_UPSTREAM_UPSTREAM_H
#define KUDOS_EDGE_IO_UPSTREAM_UPSTREAM_H

#include "common/io/http/client/http_client_deadline.h"
#include "edge/io/upstream/central_links.h"

typedef struct {
    kd_central_links links;
    kd_client_wheel patience; /* when the next URL is asked as well */
    bool ending;              /* nobody is asked any more */
} kd_upstream;

typedef struct {
    const char *method; /* literal */
    kd_bytes path, body;
    const kd_http_client_field *fields;
    size_t field_count;
    bool first; /* before those that wait and are not (kd_http_client_request_first) */
    /* Whose leader is asked, KD_CENTRALS_ANY: whoever is in use. Of several partitions any that stands for all: see `several`. */
    uint32_t partition;
    /* Of a question about several partitions: where its answer is 421, no other URL is asked. The leaders are noted (kd_upstream_together), and the
     * caller asks about each apart. */
    bool several;
    const char *tells; /* literal: the answer is a JSON object with this member; NULL: it is a snapshot */
    bool led;          /* the leader alone is to answer, no follower */
    uint32_t deadline_ms;
} kd_upstream_question;

/* KD_OK, also with no URL at all; or the error of a client with `error` (KD_OPTIONS_ERROR_MAX bytes). kd_upstream_finish is due in any case. */
int kd_upstream_init(kd_upstream *u, const kd_central_links_options *options, const kd_central_urls *urls,
                     char *error);
/* Ends all questions, whose callbacks are called. After the loop was joined. One that was never initialised is fine. */
void kd_upstream_finish(kd_upstream *u);
/* On the loop's thread: other URLs (kd_central_links_replace). */
void kd_upstream_replace(kd_upstream *u, const kd_central_urls *urls);
/* Whether there is nobody to ask. */
bool kd_upstream_none(const kd_upstream *u);
/* The slot that is known to lead the partition, or KD_CENTRALS_NONE. */
uint32_t kd_upstream_leader(const kd_upstream *u, uint32_t partition);
/* Whether a question about both partitions would go to the same URL now. */
bool kd_upstream_together(kd_upstream *u, uint32_t one, uint32_t other);

/* KD_OK: `cb` is called, once, as that of kd_http_client_request, never from within. Where nobody answered it is told of the last one. Otherwise it is not
 * called: KD_EUNAVAILABLE (nobody is known to answer), KD_EOVERLOADED, KD_EINVAL. Everything is copied. */
int kd_upstream_ask(kd_upstream *u, const kd_upstream_question *q, kd_http_client_cb cb, void *arg);

#endif
