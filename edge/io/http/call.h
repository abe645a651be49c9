/*
 * call.h - a request in work: cut into one errand per shard that it touches, joined again where it
 * came from.
 *
 *     origin: kd_call_start
 *        └─post─► shard: work(errand) ... kd_errand_release
 *                    └─post─► origin: finish(call), once, when the last errand is back
 *
 * An errand is held by its work and by each thing that it waits for (a sync, an answer of central); the last
 * release ends it. Errands touch only their own entries of the call, so that nothing is locked. All memory is
 * the request's (kd_http_request_alloc), which lives until it is answered.
 */
#ifndef KUDOS_EDGE_IO_HTTP_CALL_H
#define KUDOS_EDGE_IO_HTTP_CALL_H

#include "edge/io/shard/shard.h"
#include "edge/io/upstream/ask_members.h"

typedef struct kd_call kd_call;
typedef struct kd_errand kd_errand;

struct kd_errand {
    kd_post post;
    kd_call *call;
    kd_shard *shard;    /* NULL: no entries */
    void *first, *last; /* entries, linked by what they are */
    uint32_t count;     /* of them */
    uint32_t offset;    /* into what the call keeps for all entries: counts of the errands before */
    uint32_t holds;
    int status; /* first error of this errand */
    kd_group_commit_wait commit;
    kd_members_wait members;
};

struct kd_call {
    kd_http_request *req;
    kd_shard *origin;
    uint64_t started_us;
    uint32_t weight; /* operations or items */
    uint32_t errand_count, errands_left;
    kd_errand *errands; /* one for each shard, or a single one */
    int status;         /* first error of all errands */
    void (*work)(kd_errand *errand);
    void (*finish)(kd_call *call); /* answers; ends with kd_call_end before the request is answered */
};

/* Takes `weight` of the shard's allowance, or answers 503 and returns false. */
bool kd_call_admit(kd_call *call, kd_shard *origin, kd_http_request *req, uint32_t weight);
/* The errand for an item. */
kd_errand *kd_call_errand(kd_call *call, kd_bytes item);
void kd_call_start(kd_call *call);
/* Gives the allowance back and observes the time taken; the request must be answered next. The monotonic time that it read. */
uint64_t kd_call_end(kd_call *call, kd_histogram *time);

static inline void kd_errand_hold(kd_errand *errand)
{
    errand->holds++;
}
void kd_errand_release(kd_errand *errand);
static inline void kd_errand_fail(kd_errand *errand, int err)
{
    if (errand->status == KD_OK) errand->status = err;
}

#endif
