/*
 * call.h - a request in work. It is cut into errands, one for each shard that owns some of its items, and joined again on the shard that received it
 * (its origin).
 *
 *     origin: kd_call_start
 *        └─post─► shard: work(errand) ... kd_errand_release
 *                    └─post─► origin: finish(call), once, when the last errand is back
 *
 * A read of many items takes long at each step. Its steps are deferred (kd_loop_defer), so that calls with few need not wait for all that is there.
 *
 * An errand is held by its work and by everything that it waits for (a sync, an answer of central). The last release ends it. Errands of a call run
 * on several threads at once and touch only their own entries, so nothing is locked. All memory is the request's (kd_http_request_alloc), which
 * lives until the request is answered.
 */
#ifndef KUDOS_EDGE_IO_HTTP_CALL_H
#define KUDOS_EDGE_IO_HTTP_CALL_H

#include <sys/queue.h>

#include "common/io/jwt/jwt_bearer.h"
#include "edge/io/shard/shard.h"
#include "edge/io/upstream/ask_members.h"

typedef struct kd_call kd_call;
typedef struct kd_errand kd_errand;

/* Embedded in what is done for one item of a call. */
typedef struct kd_errand_item {
    STAILQ_ENTRY(kd_errand_item) next; /* of the same errand */
} kd_errand_item;

struct kd_errand {
    kd_post post;
    kd_call *call;
    kd_shard *shard; /* NULL: none of the items is this shard's */
    STAILQ_HEAD(kd_errand_items, kd_errand_item)
    items;           /* in the order of the request; empty before kd_call_add */
    uint32_t count;  /* of the items */
    uint32_t offset; /* first place of this errand in an array of the call */
    uint32_t holds;
    int status;       /* first error of this errand */
    uint32_t unasked; /* items of which central was not asked, for the client's budget or for want of room */
    kd_group_wait commit;
    kd_log_wait log;
    const kd_errand_item *log_item; /* the one whose mark `log` waits for; NULL: none yet */
    bool late;                      /* answered although the log has not told of it */
};

struct kd_call {
    kd_http_request *req;
    kd_shard *origin;
    uint64_t started_us;
    /* Whose budget pays for questions to central (kudos/ask_budget.h): the user where the request needs one, as a gateway's address stands for many
     * (kd_call_client_of); else the address. */
    uint64_t client;
    kd_trace trace;  /* that questions to central are asked in */
    uint32_t weight; /* operations or items: they count towards edge.in_flight_max */
    bool reads;      /* may take no more than three quarters of edge.in_flight_max: the rest is for likes */
    uint32_t level;  /* kd_level: of overload, when the request was admitted */
    uint32_t errand_count, errands_left;
    kd_errand *errands;              /* by shard index; a call for one item has a single errand */
    int status;                      /* first error of all errands */
    uint32_t unasked;                /* of all errands */
    bool late;                       /* of any errand */
    void (*work)(kd_errand *errand); /* on the errand's shard */
    /* On the origin, when all errands are back: kd_call_end, then the answer, with which the call is gone; or kd_call_finish_again. */
    void (*finish)(kd_call *call);
};

/* The key of a user who asks, for kd_call.client; 0 for a visitor, whose address pays: pseudonyms cost nothing. */
uint64_t kd_call_client_of(const kd_bearer *who);
/* Admits a request with `weight` operations or items unless the shard's calls in work would exceed edge.in_flight_max, or with call->reads its part of
 * that; a call that is alone is always admitted. call->client is set to the address unless it is set already, call->trace to what the request
 * says. False: the request was answered 503 and the call is gone. */
bool kd_call_admit(kd_call *call, kd_shard *origin, kd_http_request *req, uint32_t weight);
/* An admitted call will not be started: takes it out of those in work. Its request must be answered next. */
void kd_call_withdraw(kd_call *call);
/* Appends to the errand of the shard that owns `item`, and returns that errand. Needs call->origin, errands (zeroed) and errand_count; all before
 * kd_call_start. */
kd_errand *kd_call_add(kd_call *call, kd_bytes item, kd_errand_item *entry);
/* Sends the errands to their shards. The call may have been answered, and be gone, when this returns. On the origin. */
void kd_call_start(kd_call *call);
/* The kd_http_fed of a shard's server: works on the calls that were gathered since, in their order. `shard` is the kd_shard. */
void kd_calls_work(void *shard);
/* From call->finish: it is called once more, when new input has been seen, before other deferred steps. For an answer that takes long to make. */
void kd_call_finish_again(kd_call *call);
/* Takes the call out of those in work and observes its time in `time`; the request must be answered next. Returns the monotonic time that it read. */
uint64_t kd_call_end(kd_call *call, kd_histogram *time);

/* As whom the call asks central. */
static inline kd_ask_for kd_call_asks(const kd_call *call)
{
    return (kd_ask_for){.client = call->client, .trace = &call->trace};
}

/* The errand waits for one thing more. On its shard. */
static inline void kd_errand_hold(kd_errand *errand)
{
    errand->holds++;
}

/* From the errand's work: whether it waits for something already. */
static inline bool kd_errand_waits(const kd_errand *errand)
{
    return errand->holds > 1;
}

/* One thing less to wait for. The last release ends the errand, which may be gone afterwards. On its shard. */
void kd_errand_release(kd_errand *errand);

/* Keeps the first error; it becomes the answer of the whole call. */
static inline void kd_errand_fail(kd_errand *errand, int err)
{
    if (errand->status == KD_OK) errand->status = err;
}

#endif
