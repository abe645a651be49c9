/*
 * read.h - one request on its way from the loop of the HTTP server to the workers and back.
 *
 * `work` runs once for each item, on the thread of the worker that owns the item's partition. Two workers may be at work on one read, so `work`
 * writes to its own item alone; to `out` and `next` only where a read has one item. `answer` runs on the loop of the server when all is done, and
 * responds. Where a `work` failed, the read is answered with a problem instead. Where this central does not lead a partition, and does not follow it well
 * enough to answer, the client is sent to the leader (leaders.h). A read lives in its request's memory.
 */
#ifndef KUDOS_CENTRAL_IO_API_READ_H
#define KUDOS_CENTRAL_IO_API_READ_H

#include "central/io/api/api.h"
#include "common/api/answer.h"
#include "common/api/route.h"

typedef struct kd_api_read kd_api_read;
typedef struct kd_api_trend kd_api_trend; /* api_trending.c */
struct kd_api_standing;                   /* api_standing.c */

typedef struct {
    kd_item item;
    uint32_t partition;
    uint64_t totals[KD_COUNTERS_MAX];
    uint64_t as_of_us;
    uint64_t made_us; /* kd_tenure_current_us, before `work` */
    int refused;      /* why `work` was not asked: KD_EELSEWHERE, KD_EUNAVAILABLE; KD_OK: it was */
    kd_liked liked;
    uint8_t me[KD_COUNTERS_MAX]; /* kd_liked, by counter: of those of kd_api_read.sets */
    uint64_t liked_at_us;        /* stamp of the user's row; 0: there is none */
    bool complete;               /* every operation that `wanted` tells of is merged */
    bool closed;                 /* where counts are asked for */
    kd_velocity *velocity;       /* by counter, where they are asked for; else NULL */
} kd_api_read_item;

struct kd_api_read {
    kd_api *api;
    kd_http_request *req;
    int (*work)(kd_api_read *r, kd_tenure *t,
                kd_api_read_item *item); /* KD_OK, or a kd_err that is answered as a problem */
    void (*answer)(kd_api_read *r);
    kd_api_read_item *items;
    uint32_t count;
    uint32_t legs_open; /* workers that are not done */
    int err;            /* atomic: of a `work` that failed; of several, any */
    /* What the request asks, by kind of read. */
    kd_media media; /* of the answer, unless `answer` says otherwise */
    kd_bytes user, edge, cursor;
    kd_seen wanted; /* header kudos-seen: an edge asks for a user who has operations at other edges */
    /* the request has the header kudos-seen: the answer tells whether central has merged `wanted` */
    bool wants;
    bool led; /* the leader alone is to answer: of snapshots, and where the request has "kudos-ask: leader" */
    bool about;            /* `work` is about the partition's standing, whatever that is */
    const kd_bytes *users; /* whom the question lists, each once */
    uint32_t user_count;
    uint32_t counter; /* index in the settings */
    uint32_t sets;    /* counters that the request names in "me": a bit for each */
    uint32_t limit;
    bool detail;                       /* time and region of likers are told */
    bool sums;                         /* of an export: lines of sums */
    bool newest;                       /* likers in the order of their likes */
    kd_api_trend *trend;               /* of a read of what is trending */
    struct kd_api_standing *standings; /* of a read of members: by partition */
    uint64_t velocity_us, now_us;      /* of velocities: the window, and its end */
    enum { KD_BY_NOTHING, KD_BY_REGION, KD_BY_DAY } by;
    kd_window_place turn; /* of a read of windows */
    bool windowed;        /* ... which this is */
    uint64_t spent_us;    /* atomic: the workers' processor time */
    kd_buf *found;        /* what `work` hands over of each item; NULL: of this kind of read nothing */
    /* The answer and the cursor behind it, where a read has one item. */
    kd_buf out, next;
};

/* A read of `count` items, which are copied. Without them (NULL) a read of the first `count` partitions: an item for each, whose partition the caller may
 * change. NULL: reads_max are in work,
 * and the request has been answered so. */
kd_api_read *kd_api_read_create(kd_api *api, kd_http_request *req, const kd_item *items, uint32_t count);
/* Posts the read to the workers. `work` and `answer` must be set; from here on the read may end at any time on this loop. */
void kd_api_read_start(kd_api_read *r);
/* A writer of r->media into r->out. */
kd_json kd_api_read_writer(kd_api_read *r);
/* Responds 200 with r->out, of this content type, NULL for that of r->media, and up to 2 further header fields, and ends the read. For `answer`. */
void kd_api_read_respond(kd_api_read *r, const char *content_type, const kd_http_field *more, size_t n);

/* Responds 200 with r->out: an `answer` for a read whose `work` wrote all of it. */
void kd_api_read_answer(kd_api_read *r);

/* The user whom a request is about (kd_access_user), as a view; false with *why filled. */
bool kd_api_read_user(kd_api *api, kd_http_request *req, kd_bytes *user, kd_refusal *why);
/* The items that the body of a bulk read lists. */
typedef struct {
    kd_item items[KD_BULK_ITEMS_MAX];
    uint32_t count;
    bool me;       /* the answer is to say whether the user likes each of them */
    uint32_t sets; /* by which counters, where the body names them: a bit for each */
} kd_api_read_list;
/* Reads the body of POST likes/lookup (`lookup`) or of POST counts. *counter: index of the set that the body names, or of the first set. NULL with
 * *why filled when the body is refused. The list lives as long as the request. */
kd_api_read_list *kd_api_read_items(kd_api *api, kd_http_request *req, bool lookup, uint32_t *counter,
                                    kd_refusal *why);
/* Index of the set of that name; of the first set when the name is empty. False with *why filled. */
bool kd_api_read_set_counter(const kd_api *api, kd_bytes name, uint32_t *index, kd_refusal *why);
/* Answers the request with a problem. */
void kd_api_read_refuse(kd_http_request *req, const kd_refusal *why);

#endif
