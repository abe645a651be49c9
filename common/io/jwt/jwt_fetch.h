/*
 * jwt_fetch.h - fetches a document from one address (libcurl), on a thread of its own, one at a time: name servers and other hosts take their time, and
 * no loop may wait for them. Bounded in time and size; redirects are not followed, so an address that was checked cannot send us to another.
 */
#ifndef KUDOS_COMMON_IO_JWT_JWT_FETCH_H
#define KUDOS_COMMON_IO_JWT_JWT_FETCH_H

#include "kudos/base.h"

enum {
    KD_JWT_CONNECT_MS = 3000,
    KD_JWT_TOTAL_MS = 10000,
    KD_JWT_CAUSE_MAX = 256,
    /* Bytes of an answer's header fields and trailers: libcurl bounds the former alone, and keeps both. */
    KD_JWT_FIELDS_MAX = 32 * 1024,
};

typedef struct kd_jwt_fetch kd_jwt_fetch;

typedef enum {
    KD_JWT_FETCH_IDLE,   /* nothing has ended since the last look */
    KD_JWT_FETCH_DONE,   /* a document is there */
    KD_JWT_FETCH_FAILED, /* the cause is there */
} kd_jwt_fetched;

/* Starts the thread. `url` and `ca_file` (NULL: the system's authorities) are borrowed for its life; `max`: bytes of a document. KD_OK or KD_EIO. */
int kd_jwt_fetch_create(kd_jwt_fetch **fetch, const char *url, const char *ca_file, size_t max);
/* Cuts a fetch that is under way short, and waits for the thread. NULL is fine. */
void kd_jwt_fetch_destroy(kd_jwt_fetch *fetch);
/* Begins a fetch. False: one is under way, or its end was not looked at. */
bool kd_jwt_fetch_begin(kd_jwt_fetch *fetch);
/* What has ended. `text` gets the document (cleared first), `cause` (KD_JWT_CAUSE_MAX bytes) why there is none. */
kd_jwt_fetched kd_jwt_fetch_look(kd_jwt_fetch *fetch, kd_buf *text, char *cause);
/* Waits until there is something to look at, for `ms` at most. */
void kd_jwt_fetch_wait(kd_jwt_fetch *fetch, uint32_t ms);

#endif
