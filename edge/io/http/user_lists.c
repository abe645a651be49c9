/*
 * user_lists.c - see the header. What this edge has pending is read before central is asked: all that was acknowledged here by then, and is not
 * pending, is in central's answer. Read afterwards it could be confirmed meanwhile, and missing in an answer that central made before.
 */
#include "edge/io/http/user_lists.h"

#include "common/api/body.h"
#include "edge/io/http/answer.h"
#include "edge/io/http/auth.h"
#include "edge/io/http/call.h"
#include "edge/io/upstream/ask_users.h"

/* All memory is the request's. */
typedef struct {
    kd_call call;
    kd_errand errand;
    kd_errand_item of_errand;
    kd_item item;
    uint32_t counter; /* of `among`: index */
    kd_users_wait wait;
    uint64_t asked_us; /* monotonic */
    uint32_t missing[KD_COUNTERS_MAX];
    bool answered; /* central's answer is in `said` */
    kd_central_users said;
} kd_user_list;

static bool lists_among(const kd_user_list *list)
{
    return list->wait.counter != NULL;
}

/* ---- the answer, on the origin ---- */

static void lists_write_number(kd_json *j, const kd_user_list *list, uint32_t counter)
{
    bool named = list->said.named >> counter & 1;
    kd_answer_write_number(j, named ? &list->said.count[counter] : NULL, 0);
    kd_json_put_u64(j, "missing", list->missing[counter]);
}

static void lists_write_among(kd_json *j, const kd_user_list *list)
{
    kd_json_put_str(j, "counter", kd_bytes_str(list->wait.counter));
    lists_write_number(j, list, list->counter);
    kd_json_key(j, "likers");
    kd_json_array(j);
    for (uint32_t i = 0; i < list->said.liker_count; i++) {
        kd_json_object(j);
        kd_json_put_str(j, "user", list->wait.users[list->said.likers[i]]);
        kd_json_end_object(j);
    }
    kd_json_end_array(j);
}

static void lists_write_counts(kd_json *j, const kd_user_list *list)
{
    const kd_counters *counters = &list->call.origin->served.counters;
    kd_json_key(j, "counts");
    kd_json_object(j);
    for (uint32_t i = 0; i < counters->count; i++) {
        if (counters->at[i].name[0] == 0) continue; /* not offered */
        kd_json_key_bytes(j, kd_bytes_str(counters->at[i].name));
        kd_json_object(j);
        lists_write_number(j, list, i);
        kd_json_end_object(j);
    }
    kd_json_end_object(j);
}

/* Central made its answer after it was asked: it is not older than that. */
static void lists_answer(kd_user_list *list, uint64_t mono_us)
{
    kd_buf *out = &list->call.origin->out;
    kd_json j = kd_answer_writer(list->call.req, out);
    kd_json_object(&j);
    kd_answer_write_item(&j, kd_item_key(&list->item));
    (lists_among(list) ? lists_write_among : lists_write_counts)(&j, list);
    kd_json_put_u64(&j, "age_ms", (mono_us - list->asked_us) / 1000);
    if (list->said.as_of[0])
        kd_json_put_str(&j, "as_of", kd_bytes_str(list->said.as_of));
    else
        kd_json_put_null(&j, "as_of");
    kd_json_put_str(&j, "source", kd_bytes_str("central"));
    kd_json_end_object(&j);
    kd_answer_body(list->call.req, kd_buf_view(out), NULL, 0);
}

static void lists_finish(kd_call *call)
{
    static const kd_refusal refused = {KD_PROBLEM_OVERLOADED,
                                       "central is asked no more of this at the moment", NULL};
    static const kd_refusal away = {KD_PROBLEM_CENTRAL_UNAVAILABLE,
                                    "only central knows this, and it did not answer", NULL};
    kd_user_list *list = KD_CONTAINER(call, kd_user_list, call);
    uint64_t mono_us = kd_call_end(call, &call->origin->base.metrics.read_time);
    if (call->status == KD_EOVERLOADED)
        kd_answer_refusal(call->req, &refused);
    else if (call->status != KD_OK)
        kd_answer_error(call->req, call->status);
    else if (!list->answered)
        kd_answer_refusal(call->req, &away);
    else
        lists_answer(list, mono_us);
}

/* ---- the question, on the item's shard ---- */

static void lists_on_answer(kd_users_wait *wait, kd_bytes body)
{
    kd_user_list *list = KD_CONTAINER(wait, kd_user_list, wait);
    kd_shard *s = list->errand.shard;
    kd_buf *scratch = &s->asker.text;
    list->answered =
        lists_among(list)
            ? kd_central_words_among(body, scratch, list->counter, wait->users, wait->count, &list->said)
            : kd_central_words_counts(body, scratch, &s->served.known, &list->said);
    kd_errand_release(&list->errand);
}

static void lists_work(kd_errand *errand)
{
    kd_user_list *list = KD_CONTAINER(errand, kd_user_list, errand);
    kd_shard *s = errand->shard;
    kd_view view;
    int err = kd_edge_view(s->base.edge, kd_item_key(&list->item), &view);
    if (err != KD_OK && err != KD_EAGAIN) {
        kd_errand_fail(errand, err);
        return;
    }
    memcpy(list->missing, view.pending, sizeof list->missing);
    list->asked_us = kd_clock_mono_us();
    err = KD_EOVERLOADED;
    if (list->call.level < KD_LEVEL_NO_DETAIL) {
        err = kd_ask_users(&s->asker, kd_call_asks(&list->call), &list->wait);
        errand->unasked += err == KD_EOVERLOADED;
    }
    if (err == KD_OK) kd_errand_hold(errand);
    if (err == KD_EOVERLOADED) kd_errand_fail(errand, err);
}

/* ---- the request ---- */

/* The users of the body, for as long as the request lives. */
static void lists_keep(kd_http_request *req, const kd_body_users *body, kd_user_list *list)
{
    size_t bytes = 0, size = body->count * sizeof(kd_bytes);
    for (uint32_t i = 0; i < body->count; i++) bytes += body->user[i].len;
    kd_bytes *users = kd_http_request_alloc(req, size + bytes + 1);
    uint8_t *text = (uint8_t *)users + size;
    for (uint32_t i = 0; i < body->count; i++) {
        memcpy(text, body->user[i].data, body->user[i].len);
        users[i] = kd_bytes_of(text, body->user[i].len);
        text += users[i].len;
    }
    list->wait.users = users;
    list->wait.count = body->count;
}

/* Reads the body; false with *why filled. */
static bool lists_read(kd_shard *s, kd_http_request *req, bool among, kd_user_list *list, kd_refusal *why,
                       kd_body_users *body)
{
    const kd_counters *counters = &s->served.counters;
    if (!among) return kd_body_read_without(req->body, &s->text, body, why);
    if (!kd_body_read_among(req->body, &s->text, body, why)) return false;
    kd_bytes name = body->counter.data ? body->counter : kd_bytes_str("like");
    if (!kd_route_counter(name, counters, KD_SET, &list->counter, why)) {
        why->field = "counter";
        return false;
    }
    list->wait.counter = s->served.known.at[list->counter].name;
    return true;
}

static void lists_start(kd_shard *s, kd_http_request *req, const kd_item *item, bool among)
{
    kd_user_list *list = kd_http_request_alloc(req, sizeof *list);
    kd_body_users body;
    kd_bearer who;
    kd_refusal why;
    if (!kd_auth_likers(s, req, &who, &why) || !lists_read(s, req, among, list, &why, &body)) {
        kd_answer_refusal(req, &why);
        return;
    }
    lists_keep(req, &body, list);
    list->item = *item;
    list->wait.item = kd_item_key(&list->item);
    list->wait.fn = lists_on_answer;
    list->call.client = kd_call_client_of(&who);
    list->call.reads = true;
    list->call.origin = s;
    list->call.errands = &list->errand;
    list->call.errand_count = 1;
    list->call.work = lists_work;
    list->call.finish = lists_finish;
    kd_call_add(&list->call, list->wait.item, &list->of_errand);
    if (kd_call_admit(&list->call, s, req, KD_MAX(list->wait.count, 1u))) kd_call_start(&list->call);
}

void kd_user_lists_among(kd_shard *s, kd_http_request *req, const kd_item *item)
{
    lists_start(s, req, item, true);
}

void kd_user_lists_without(kd_shard *s, kd_http_request *req, const kd_item *item)
{
    lists_start(s, req, item, false);
}
