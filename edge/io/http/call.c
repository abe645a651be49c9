/* call.c - see the header. */
#include "edge/io/http/call.h"

#include "edge/io/http/answer.h"

/* Items. A read of so many has its steps one by one, between those of other calls. */
enum { CALL_LARGE = 8 };

uint64_t kd_call_client_of(const kd_bearer *who)
{
    return who->visitor ? 0 : kd_hash(who->user) | 1;
}

static uint64_t call_room(const kd_call *call, const kd_shard *origin)
{
    uint64_t max = origin->base.settings->in_flight_max;
    return call->reads ? max - max / 4 : max;
}

/* One time for all calls that are gathered: they differ by less than it takes to read their requests. */
static uint64_t call_now_us(const kd_shard *s)
{
    return s->gathered.now_us ? s->gathered.now_us : kd_clock_mono_us();
}

bool kd_call_admit(kd_call *call, kd_shard *origin, kd_http_request *req, uint32_t weight)
{
    kd_http_charge(req, weight, call->reads); /* refused or not: it was understood */
    /* in_flight 0: a bulk request that is larger than the bound would otherwise never be admitted. */
    if (origin->in_flight + weight > call_room(call, origin) && origin->in_flight > 0) {
        kd_metric_add(&origin->base.metrics.refused, 1);
        kd_answer_error(req, KD_EOVERLOADED);
        return false;
    }
    origin->in_flight += weight;
    call->origin = origin;
    call->req = req;
    if (call->client == 0) call->client = req->client;
    kd_http_request_trace(req, &call->trace);
    call->weight = weight;
    call->level = origin->level;
    call->started_us = call_now_us(origin);
    return true;
}

void kd_call_withdraw(kd_call *call)
{
    call->origin->in_flight -= call->weight;
}

kd_errand *kd_call_add(kd_call *call, kd_bytes item, kd_errand_item *entry)
{
    kd_shard *shard = kd_shard_of(call->origin, item);
    kd_errand *errand = &call->errands[call->errand_count == 1 ? 0 : shard->base.index];
    if (!errand->shard) {
        errand->shard = shard;
        errand->call = call;
        STAILQ_INIT(&errand->items);
        call->errands_left++;
    }
    KD_ASSERT(errand->shard == shard);
    STAILQ_INSERT_TAIL(&errand->items, entry, next);
    errand->count++;
    return errand;
}

/* ---- steps ---- */

/* Operations are taken in the order in which they come: they give way to nobody. */
static bool call_gives_way(const kd_call *call)
{
    return call->reads && call->weight >= CALL_LARGE;
}

/* A step of the errand's call, on the thread of `shard`: at once, or behind others. */
static void call_run(kd_errand *errand, const kd_shard *shard, void (*step)(kd_post *post))
{
    errand->post.fn = step;
    if (call_gives_way(errand->call))
        kd_loop_defer(shard->base.loop, &errand->post);
    else
        step(&errand->post);
}

/* On the origin. */
static void finish_post(kd_post *post)
{
    kd_call *call = KD_CONTAINER(post, kd_errand, post)->call;
    call->finish(call);
}

void kd_call_finish_again(kd_call *call)
{
    kd_errand *errand = call->errands;
    while (!errand->shard) errand++;
    errand->post.fn = finish_post;
    kd_loop_resume(call->origin->base.loop, &errand->post);
}

static void call_join(kd_errand *errand)
{
    kd_call *call = errand->call;
    if (call->status == KD_OK) call->status = errand->status;
    call->unasked += errand->unasked;
    call->late |= errand->late;
    if (--call->errands_left == 0) call_run(errand, call->origin, finish_post);
}

/* Back on the origin. */
static void join_post(kd_post *post)
{
    call_join(KD_CONTAINER(post, kd_errand, post));
}

void kd_errand_release(kd_errand *errand)
{
    KD_ASSERT(errand->holds > 0);
    if (--errand->holds > 0) return;
    kd_call *call = errand->call;
    if (errand->shard == call->origin) {
        call_join(errand);
        return;
    }
    errand->post.fn = join_post;
    kd_loop_post(call->origin->base.loop, &errand->post);
}

/* On the errand's shard. */
static void work_post(kd_post *post)
{
    kd_errand *errand = KD_CONTAINER(post, kd_errand, post);
    kd_errand_hold(errand);
    errand->call->work(errand);
    kd_errand_release(errand);
}

/* On the errand's shard, which is not the origin. */
static void arrive_post(kd_post *post)
{
    kd_errand *errand = KD_CONTAINER(post, kd_errand, post);
    kd_metric_add(&errand->shard->base.metrics.handed_over, 1);
    call_run(errand, errand->shard, work_post);
}

/* Until kd_calls_work, so that what one of them needs is fetched while others are read. HTTP/1.1 may begin a request behind that. */
static bool call_gathers(const kd_call *call)
{
    return call->req->http2 && !call_gives_way(call);
}

static void call_gather(kd_errand *errand, kd_shard *s)
{
    if (!s->gathered.first) s->gathered.end = &s->gathered.first;
    s->gathered.now_us = errand->call->started_us;
    errand->post.next = NULL;
    *s->gathered.end = &errand->post;
    s->gathered.end = &errand->post.next;
}

void kd_calls_work(void *shard)
{
    kd_shard *s = shard;
    kd_post *post = s->gathered.first;
    if (!post) return;
    s->gathered.first = NULL;
    s->gathered.now_us = kd_clock_mono_us();
    kd_edge_expect_no_more(s->base.edge);
    for (kd_post *next; post; post = next) {
        next = post->next; /* before the call may end, and be gone */
        work_post(post);
    }
    s->gathered.now_us = 0;
}

/* Errands of other shards are posted first. If the origin's own errand is the last to end, it finishes the call and frees its memory: the loop must
 * be over by then. */
void kd_call_start(kd_call *call)
{
    kd_errand *own = NULL;
    KD_ASSERT(call->errands_left > 0);
    for (uint32_t i = 0; i < call->errand_count; i++) {
        kd_errand *errand = &call->errands[i];
        if (!errand->shard) continue;
        if (errand->shard == call->origin) {
            own = errand;
            continue;
        }
        errand->post.fn = arrive_post;
        kd_loop_post(errand->shard->base.loop, &errand->post);
    }
    if (!own) return;
    if (call_gathers(call))
        call_gather(own, call->origin);
    else
        call_run(own, call->origin, work_post);
}

/* A client that goes on asking for what it may not cause costs as much as before, for answers that tell nothing: it has to come at the pace of its
 * budget. */
static void call_slow(const kd_call *call)
{
    uint64_t per_s = call->origin->base.settings->asks_per_client;
    bool own = call->client == call->req->client; /* else a user of a gateway, whose other users go on */
    if (own && call->unasked > 0 && per_s > 0)
        kd_http_slow(call->req, 1000 * (uint64_t)call->unasked / per_s);
}

uint64_t kd_call_end(kd_call *call, kd_histogram *time)
{
    uint64_t mono_us = call_now_us(call->origin);
    kd_call_withdraw(call);
    kd_metric_observe_seconds(time, mono_us - call->started_us);
    call_slow(call);
    return mono_us;
}
