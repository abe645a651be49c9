/*
 * read.h - one request between the loop of the HTTP server and the workers.
 *
 * `work` runs once for each item on the thread of the worker that owns it: of different items perhaps at the
 * same time, so it writes to its own item and, where a read has only one, to `out`. `answer` runs at home
 * when all is done, and responds. A read lives in its request's memory.
 */
#ifndef KUDOS_CENTRAL_IO_API_READ_H
#define KUDOS_CENTRAL_IO_API_READ_H

#include "central/io/api/api.h"
#include "common/api/answer.h"
#include "common/api/route.h"

typedef struct kd_api_read kd_api_read;

typedef struct {
    kd_item item;
    uint32_t partition;
    uint64_t totals[KD_COUNTERS_MAX];
    uint64_t as_of_us;
    kd_liked liked;
    uint64_t liked_at_us; /* the user's last word; 0: none */
    bool complete;        /* what `wanted` tells of is merged */
} kd_api_read_item;

struct kd_api_read {
    kd_api *api;
    kd_http_request *req;
    int (*work)(kd_api_read *r, kd_tenure *t,
                kd_api_read_item *item); /* KD_OK or a kd_err that is answered as a problem */
    void (*answer)(kd_api_read *r);
    kd_api_read_item *items;
    uint32_t count;
    uint32_t legs_open;
    int err; /* atomic: the first one */
    /* What was asked, by kind of read. */
    kd_bytes user, edge, cursor;
    kd_seen wanted;   /* of an edge that asks for a user who went on elsewhere */
    bool wants;       /* it asks whether the answer is complete */
    uint32_t counter; /* index */
    uint32_t limit;
    enum { KD_BY_NOTHING, KD_BY_REGION, KD_BY_DAY } by;
    /* What was found, where there is one item. */
    kd_buf out, next;
};

/* A read of `count` items, or of one partition when count is 0 (then one item with only its partition set).
 * NULL: too many are open, and the request is answered. */
kd_api_read *kd_api_read_create(kd_api *api, kd_http_request *req, const kd_item *items, uint32_t count);
/* Sends it on its way; `work` and `answer` are set. */
void kd_api_read_start(kd_api_read *r);
/* Responds 200 with r->out, and ends the read. */
void kd_api_read_respond(kd_api_read *r, const char *content_type, const kd_http_field *more, size_t n);

/* The user whom a trusted peer names. */
bool kd_api_read_user(kd_api *api, kd_http_request *req, kd_bytes *user, kd_refusal *why);
/* The body of a bulk read; NULL with *why filled when it is refused. Lives as long as the request. */
typedef struct {
    kd_item items[KD_BULK_ITEMS_MAX];
    uint32_t count;
    bool me;
} kd_api_read_list;
kd_api_read_list *kd_api_read_items(kd_api *api, kd_http_request *req, bool lookup, uint32_t *counter,
                                    kd_refusal *why);
/* The set counter of that name; without a name the first one. */
bool kd_api_read_set_counter(const kd_api *api, kd_bytes name, uint32_t *index, kd_refusal *why);
void kd_api_read_refuse(kd_http_request *req, const kd_refusal *why);
/* A cursor of the query (base64url) as bytes in the request's memory; empty when absent. */
bool kd_api_read_cursor(kd_http_request *req, kd_bytes *cursor, kd_refusal *why);
/* KD_CURSOR_TEXT_MAX bytes; returns the length. Empty for an empty cursor. */
enum { KD_CURSOR_MAX = 512, KD_CURSOR_TEXT_MAX = KD_CURSOR_MAX * 4 / 3 + 4 };
size_t kd_api_read_cursor_text(kd_bytes cursor, char *out);

/* The handlers (api_counts.c, api_members.c): each answers, now or later. */
void kd_api_counts(kd_api *api, kd_http_request *req, const kd_item *item);
void kd_api_counts_query(kd_api *api, kd_http_request *req);
void kd_api_counts_body(kd_api *api, kd_http_request *req);
void kd_api_snapshot(kd_api *api, kd_http_request *req, const kd_item *item);
void kd_api_liked(kd_api *api, kd_http_request *req, const kd_item *item, uint32_t counter);
void kd_api_lookup(kd_api *api, kd_http_request *req);
void kd_api_likers(kd_api *api, kd_http_request *req, const kd_item *item);
void kd_api_export(kd_api *api, kd_http_request *req);

#endif
