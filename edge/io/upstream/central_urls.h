/*
 * central_urls.h - the URLs of central.url in slots (kudos/centrals.h), alike for all shards: a URL keeps its slot over reloads, so that what is known of
 * it, and its metrics, stay with it.
 */
#ifndef KUDOS_EDGE_IO_UPSTREAM_CENTRAL_URLS_H
#define KUDOS_EDGE_IO_UPSTREAM_CENTRAL_URLS_H

#include "common/conf/strings.h"
#include "kudos/centrals.h"

/* Owns its texts; zero-initialised: none. */
typedef struct {
    char *at[KD_CENTRALS_MAX]; /* NULL: the slot is free */
    uint32_t first;            /* slot of the URL that stands first in the list; of an empty one any number */
    uint32_t count;
} kd_central_urls;

/* Takes over a list of at most KD_CENTRALS_MAX URLs: those that it lacks leave their slots, those that are new get free ones. */
void kd_central_urls_take(kd_central_urls *u, const kd_strings *list);
/* A deep copy, which the caller ends with kd_central_urls_finish. */
kd_central_urls kd_central_urls_copy(const kd_central_urls *u);
void kd_central_urls_finish(kd_central_urls *u);
/* The slot of that URL (kd_http_client_same_url), or KD_CENTRALS_NONE. */
uint32_t kd_central_urls_find(const kd_central_urls *u, kd_bytes url);

#endif
