/* read.c - see the header. */
#include "central/io/api/read.h"

#include "common/api/body.h"
#include "common/io/http/peer.h"
#include "common/io/loop/clock.h"

enum {
    RETRY_AFTER_S = 1,
    WINDOW_UNITS = 500, /* some half a millisecond each */
    STEP_US = 1000,     /* a read of windows lets others have the worker after so long */
};

/* The part of a read that one worker does: of all items whose partitions it owns. Posted to the worker, then home again. */
typedef struct {
    kd_post post;
    kd_api_read *read;
    kd_worker *worker;
    uint32_t at; /* the next item */
} leg;

kd_api_read *kd_api_read_create(kd_api *api, kd_http_request *req, const kd_item *items, uint32_t count)
{
    if (api->open >= api->settings->reads_max) {
        api->shed++;
        kd_http_respond_problem(req, KD_PROBLEM_OVERLOADED, "too many reads are in work", NULL,
                                RETRY_AFTER_S);
        return NULL;
    }
    kd_api_read *r = kd_http_request_alloc(req, sizeof(*r));
    r->api = api;
    r->req = req;
    r->media = kd_http_request_media(req);
    r->count = count;
    r->items = kd_http_request_alloc(req, sizeof(kd_api_read_item) * r->count);
    for (uint32_t i = 0; i < count; i++) r->items[i].partition = i;
    for (uint32_t i = 0; items && i < count; i++) {
        r->items[i].item = items[i];
        r->items[i].partition = kd_partition(kd_item_key(&items[i]), (uint32_t)api->settings->partitions);
    }
    for (uint32_t i = 0; i < r->count; i++) r->items[i].liked = KD_LIKED_UNASKED;
    kd_bytes whom;
    r->led = kd_http_request_header(req, "kudos-ask", &whom) && kd_bytes_eq(whom, kd_bytes_str("leader"));
    return r;
}

static void read_finish(kd_api_read *r)
{
    r->api->open--;
    for (uint32_t i = 0; r->found && i < r->count; i++) kd_buf_finish(&r->found[i]);
    kd_buf_finish(&r->out);
    kd_buf_finish(&r->next);
}

/* ---- what this central cannot answer ---- */

/* The partitions that refused, each once, into `out` of r->count. */
static uint32_t read_refused(const kd_api_read *r, uint32_t *out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        uint32_t seen = 0;
        while (seen < n && out[seen] != r->items[i].partition) seen++;
        if (r->items[i].refused != KD_OK && seen == n && n < KD_ELSEWHERE_MAX)
            out[n++] = r->items[i].partition;
    }
    return n;
}

static bool read_leaders_known(const kd_api_read *r, const uint32_t *partitions, uint32_t n)
{
    kd_buf url = {0};
    uint32_t known = 0;
    while (known < n && kd_api_leaders_find(&r->api->leaders, partitions[known], &url)) known++;
    kd_buf_finish(&url);
    return n > 0 && known == n;
}

/* A follower that is not known to agree is no reason to send anybody away, unless the leader is known. */
static bool read_is_elsewhere(const kd_api_read *r, const uint32_t *partitions, uint32_t n)
{
    return r->err == KD_EELSEWHERE || (r->err == KD_EUNAVAILABLE && read_leaders_known(r, partitions, n));
}

/* An edge is told, a client with one question is sent there. */
static void read_send_elsewhere(kd_api_read *r, const uint32_t *partitions, uint32_t n)
{
    kd_http_request *req = r->req;
    const kd_api_leaders *leaders = &r->api->leaders;
    kd_buf url = {0};
    bool redirect = !r->led && r->count == 1 && n == 1 && kd_api_leaders_find(leaders, partitions[0], &url);
    read_finish(r);
    if (redirect)
        kd_api_leaders_redirect(req, kd_buf_view(&url));
    else
        kd_api_leaders_misdirected(leaders, req, partitions, n);
    kd_buf_finish(&url);
}

static void read_fail(kd_api_read *r)
{
    uint32_t refused[KD_ELSEWHERE_MAX];
    uint32_t n = read_refused(r, refused);
    if (read_is_elsewhere(r, refused, n)) {
        read_send_elsewhere(r, refused, n);
        return;
    }
    kd_http_request *req = r->req;
    int err = r->err;
    read_finish(r);
    kd_problem problem = kd_problem_of(err);
    kd_http_respond_problem(req, problem, kd_strerror(err), NULL,
                            kd_problem_status(problem) == 503 ? RETRY_AFTER_S : 0);
}

static void read_give_turns(kd_api *api);

static void leg_home(kd_post *post)
{
    kd_api_read *r = KD_CONTAINER(post, leg, post)->read;
    kd_api *api = r->api;
    bool windowed = r->windowed;
    if (--r->legs_open > 0) return; /* on the server's loop, as all legs come home to it */
    if (windowed) kd_api_windows_done(&api->windows, &r->turn, r->spent_us);
    if (r->err == KD_OK)
        r->answer(r);
    else
        read_fail(r);
    if (windowed) read_give_turns(api);
}

/* Whether the tenure may answer: KD_OK, KD_EELSEWHERE or KD_EUNAVAILABLE. */
static int leg_may(const kd_api_read *r, const kd_tenure *t)
{
    if (r->about) return KD_OK;
    if (!kd_tenure_held(t)) return KD_EELSEWHERE;
    return r->led && kd_tenure_follows(t) ? KD_EELSEWHERE : kd_tenure_answers(t);
}

static void leg_work_on(leg *l, kd_api_read_item *item)
{
    kd_api_read *r = l->read;
    kd_tenure *t = kd_worker_tenure(l->worker, item->partition);
    int err = item->refused = leg_may(r, t);
    item->made_us = kd_tenure_current_us(t);
    if (err == KD_OK) err = r->work(r, t, item);
    if (err != KD_OK) __atomic_store_n(&r->err, err, __ATOMIC_RELAXED);
}

static void leg_work(kd_post *post)
{
    leg *l = KD_CONTAINER(post, leg, post);
    kd_api_read *r = l->read;
    uint64_t workers = r->api->settings->workers, begin_us = r->windowed ? kd_clock_thread_us() : 0,
             spent_us = 0;
    while (l->at < r->count && spent_us < STEP_US) {
        kd_api_read_item *item = &r->items[l->at++];
        if (item->partition % workers != l->worker->index) continue;
        leg_work_on(l, item);
        if (r->windowed) spent_us = kd_clock_thread_us() - begin_us;
    }
    __atomic_fetch_add(&r->spent_us, spent_us, __ATOMIC_RELAXED);
    bool done = l->at == r->count;
    if (done) l->post.fn = leg_home;
    kd_loop_post(done ? r->api->home : l->worker->loop, &l->post);
}

/* How many windows of what is trending are read: one of a partition for each counter. */
static uint32_t read_windows(const kd_api_read *r)
{
    const kd_counters *counters = &r->api->settings->counters;
    uint32_t partitions = 0, sets = 0;
    if (r->trend) return r->count;
    if (r->velocity_us == 0) return 0;
    for (uint32_t i = 0; i < counters->count; i++) sets += counters->at[i].kind == KD_SET;
    for (uint32_t i = 0; i < r->count; i++) {
        uint32_t before = 0;
        while (before < i && r->items[before].partition != r->items[i].partition) before++;
        partitions += before == i;
    }
    return partitions * sets;
}

static void read_begin(kd_api_read *r)
{
    uint64_t wanted = 0, workers = r->api->settings->workers; /* a bit per worker: KD_SHARDS_MAX is 64 */
    for (uint32_t i = 0; i < r->count; i++) wanted |= 1ull << (r->items[i].partition % workers);
    r->legs_open = (uint32_t)__builtin_popcountll(wanted);
    for (uint64_t w = 0; w < workers; w++) {
        if (!(wanted >> w & 1)) continue;
        leg *l = kd_http_request_alloc(r->req, sizeof(*l));
        *l = (leg){.post.fn = leg_work, .read = r, .worker = &r->api->workers[w]};
        kd_loop_post(l->worker->loop, &l->post);
    }
}

static void read_shed(kd_api_read *r)
{
    kd_http_request *req = r->req;
    read_finish(r);
    kd_http_respond_problem(req, KD_PROBLEM_OVERLOADED,
                            "too many reads of velocities or of what is trending wait", NULL, RETRY_AFTER_S);
}

static void read_give_turns(kd_api *api)
{
    for (kd_window_place *place; (place = kd_api_windows_next(&api->windows));) {
        kd_api_read *r = KD_CONTAINER(place, kd_api_read, turn);
        if (kd_http_request_alive(r->req)) {
            read_begin(r);
            continue;
        }
        kd_api_windows_done(&api->windows, place, 0);
        read_shed(r); /* nobody hears it */
    }
}

void kd_api_read_start(kd_api_read *r)
{
    kd_api *api = r->api;
    uint32_t windows = read_windows(r);
    api->open++;
    kd_http_charge(r->req, r->count + r->limit + r->user_count + windows * WINDOW_UNITS, true);
    r->windowed = windows > 0;
    if (!r->windowed) {
        read_begin(r);
        return;
    }
    if (!kd_api_windows_wait(&api->windows, &r->turn, r->req->client)) {
        api->shed++;
        read_shed(r);
        return;
    }
    read_give_turns(api);
}

kd_json kd_api_read_writer(kd_api_read *r)
{
    return kd_media_writer(r->media, &r->out);
}

void kd_api_read_respond(kd_api_read *r, const char *content_type, const kd_http_field *more, size_t n)
{
    kd_http_request *req = r->req;
    kd_http_field fields[4] = {
        {"content-type", kd_bytes_str(content_type ? content_type : kd_media_type(r->media))},
        {"cache-control", kd_bytes_str("no-store")}};
    KD_ASSERT(n <= 2);
    for (size_t i = 0; i < n; i++) fields[2 + i] = more[i];
    kd_buf body = r->out;
    r->out = (kd_buf){.data = NULL};
    read_finish(r); /* r lives in the request's memory, until that is answered */
    kd_http_respond(req, 200, fields, 2 + n, kd_buf_view(&body));
    kd_buf_finish(&body);
}

void kd_api_read_answer(kd_api_read *r)
{
    kd_api_read_respond(r, NULL, NULL, 0);
}

bool kd_api_read_user(kd_api *api, kd_http_request *req, kd_bytes *user, kd_refusal *why)
{
    return kd_access_user(&api->access, req, user, why);
}

bool kd_api_read_set_counter(const kd_api *api, kd_bytes name, uint32_t *index, kd_refusal *why)
{
    const kd_counters *counters = &api->settings->counters;
    if (name.len > 0) {
        bool good = kd_route_counter(name, counters, KD_SET, index, why);
        if (!good) why->field = "counter";
        return good;
    }
    for (*index = 0; *index < counters->count; ++*index)
        if (counters->at[*index].kind == KD_SET) return true;
    *why = (kd_refusal){KD_PROBLEM_UNKNOWN_COUNTER, "no counter is one per user", NULL};
    return false;
}

/* The items that the body names as texts; false with *why filled. */
static bool read_resolve(const kd_api *api, const kd_body_items *body, kd_api_read_list *list,
                         kd_refusal *why)
{
    for (uint32_t i = 0; i < body->count; i++)
        if (!kd_route_item_text(body->item[i], &api->settings->collections, "items", &list->items[i], why))
            return false;
    list->count = body->count;
    list->me = body->me;
    return true;
}

/* The counters that "me" names; false with *why filled. */
static bool read_resolve_me(const kd_api *api, const kd_body_items *body, kd_api_read_list *list,
                            kd_refusal *why)
{
    list->sets = 0;
    for (uint32_t i = 0; i < body->me_sets; i++) {
        uint32_t counter;
        if (!kd_route_counter(body->me_set[i], &api->settings->counters, KD_SET, &counter, why)) {
            why->field = "me";
            return false;
        }
        list->sets |= 1u << counter;
    }
    return true;
}

kd_api_read_list *kd_api_read_items(kd_api *api, kd_http_request *req, bool lookup, uint32_t *counter,
                                    kd_refusal *why)
{
    kd_body_items body;
    kd_buf text = {0};
    kd_api_read_list *list = kd_http_request_alloc(req, sizeof(*list));
    bool good = kd_body_read_items(req->body, &text, lookup, &body, why) &&
                read_resolve(api, &body, list, why) && read_resolve_me(api, &body, list, why) &&
                kd_api_read_set_counter(api, body.counter, counter, why);
    kd_buf_finish(&text);
    return good ? list : NULL;
}

void kd_api_read_refuse(kd_http_request *req, const kd_refusal *why)
{
    uint32_t status = kd_problem_status(why->problem);
    kd_http_respond_problem(req, why->problem, why->detail, why->field,
                            status == 503 || status == 429 ? RETRY_AFTER_S : 0);
}
