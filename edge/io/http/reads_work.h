/*
 * reads_work.h - a read in work, and its part on the shards of its items. All memory is the request's (kd_http_request_alloc).
 */
#ifndef KUDOS_EDGE_IO_HTTP_READS_WORK_H
#define KUDOS_EDGE_IO_HTTP_READS_WORK_H

#include "edge/io/http/call.h"
#include "edge/io/upstream/velocities.h"

typedef enum {
    KD_READ_COUNTS,
    KD_READ_COUNT, /* one number, for caches */
    KD_READ_DISPLAY,
    KD_READ_DISPLAYS,
    KD_READ_BULK,
    KD_READ_LIKED,
    KD_READ_LOOKUP,
    KD_READ_LIVE /* what a live stream begins with */
} kd_read_kind;

/* An item of the request. The thread of its errand's shard fills it; the shard of the request reads it when all errands are back. */
typedef struct {
    kd_errand *errand;
    kd_errand_item of_errand;
    kd_bytes item;
    kd_ask_wait ask;
    kd_view view;
    uint8_t liked
        [KD_COUNTERS_MAX];  /* kd_liked, by counter: of those that are asked about; else KD_LIKED_UNASKED */
    uint32_t liked_central; /* counters of which central's word decided: a bit for each */
    bool count_central;     /* central was asked for the counts, and its answer is in `view` */
    kd_item_velocity *velocity; /* where it is asked for; else NULL */
    bool unchanged;             /* of a live stream: since what its client knows */
    uint64_t at_us;             /* likewise: when `view` was looked at (kd_live_hub_now) */
} kd_lookup;

/* The question to central whether the caller likes those items of an errand of which this edge cannot tell, for one counter. */
typedef struct {
    kd_members_wait wait;
    kd_errand *errand;
    uint32_t counter;
    kd_lookup **unknown; /* the items; lookup, key and answer stand at the same place */
    kd_bytes *item;
    kd_central_liked *answer;
} kd_read_members;

typedef struct {
    kd_call call;
    kd_read_kind kind;
    bool views, members; /* counts are wanted; whether the caller likes the items is wanted */
    bool named;          /* the request names the counters of `members` */
    kd_bytes user;
    uint64_t good_until_s;              /* of his token, unix seconds; 0: he showed none */
    kd_seen seen;                       /* what the session token tells */
    uint32_t counters[KD_COUNTERS_MAX]; /* of members */
    uint32_t counter_count;
    kd_live_client *live; /* the stream that begins; NULL: none */
    uint32_t count;
    kd_lookup *at;                       /* in the order of the request */
    struct kd_reads_text *text;          /* of a read of many, while its answer is made */
    struct kd_read_velocity *velocities; /* by errand (reads_velocity.c); NULL: nobody asks for them */
    kd_read_members *asked;              /* an errand has counter_count of them, from errand->offset on */
    /* Their places. */
    kd_lookup **unknown;
    kd_bytes *unknown_item;
    kd_central_liked *unknown_answer;
} kd_edge_read;

/* On the shard of the errand's items (kd_call.work): reads the core, and asks central for everything that this edge does not know, all at once. */
void kd_reads_work(kd_errand *errand);

#endif
