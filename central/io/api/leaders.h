/*
 * leaders.h - who leads a partition that this central does not, and what a request for it is answered: 307 to the leader, or 421 that names it.
 */
#ifndef KUDOS_CENTRAL_IO_API_LEADERS_H
#define KUDOS_CENTRAL_IO_API_LEADERS_H

#include "common/io/http/server/http_server.h"

enum { KD_ELSEWHERE_MAX = 256 }; /* partitions that one answer names */

/* What is known of other members, filled by whoever knows them; zero-initialised: nobody is known. Asked on the loop of the HTTP server. */
typedef struct {
    void *arg;
    const char *self; /* URL of this central; NULL: it has none to tell */
    /* Puts the URL of the member that leads the partition, which may be this one, into *url in place of what it holds. False: none is known. */
    bool (*leader)(void *arg, uint32_t partition, kd_buf *url);
} kd_api_leaders;

/* Whether the URL of another member is known that leads the partition: it is in *url then. */
bool kd_api_leaders_find(const kd_api_leaders *l, uint32_t partition, kd_buf *url);

/* Responds 307: the same path and query at `url`. */
void kd_api_leaders_redirect(kd_http_request *req, kd_bytes url);
/* Responds 421 with `count` partitions, of which it names KD_ELSEWHERE_MAX at most, and the leader of each where one is known. */
void kd_api_leaders_misdirected(const kd_api_leaders *l, kd_http_request *req, const uint32_t *partitions,
                                uint32_t count);

#endif
