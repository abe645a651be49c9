/*
 * likes.c - operations: one like, unlike or sum, and a client's batch of them.
 *
 *     request -> kd_likes, with a kd_like_op for each operation -> what fits the user's limit -> errands to the shards of the items: kd_edge_take
 *             -> the sync of the group, and with edge.acknowledge = log then the log; at the same time central is asked for counts that this edge does
 *                not know
 *             -> one answer, with a session token that tells of the newest stamp
 *
 * A batch is answered as a whole. If an operation is refused the answer is that error, and operations that were taken stay taken. The client repeats
 * the batch: likes and unlikes are idempotent. Operations beyond the user's limit are an exception: they are the last ones of the batch, nothing works on
 * them, and each has an error of its own in the answer. The batch's key remembers how many fitted (kd_key_use.fits), so that a retry gets the same answer.
 * The other exception are operations that the caller may not do: they have their errors, and the rest is as a batch without them. Its key is for both, so
 * that with a token of other rights the batch is another request.
 */
#include "edge/io/http/likes.h"

#include <stdio.h>

#include "common/api/answer.h"
#include "common/api/body.h"
#include "edge/io/http/answer.h"
#include "edge/io/http/auth.h"
#include "edge/io/http/call.h"
#include "edge/io/http/gate.h"

enum { KEY_TEXT_MAX = 64 };

typedef struct {
    kd_errand *errand;
    kd_errand_item of_errand;
    kd_bytes item;
    kd_ask_wait ask;
    uint64_t count, made_us, as_of_us, stamp_us;
    kd_log_mark log;
    const char
        *forbidden; /* why the caller may not do it; NULL: it may, and only then what stands above is used */
    uint32_t pending, index;
    uint32_t place;                 /* in the request; `index` is among those that are not forbidden */
    uint8_t counter, verb, changed; /* index; kd_verb; kd_changed */
    uint8_t taken;                  /* kd_claim_end */
    bool liked;
    bool central; /* central was asked for the counts, and its answer is in `count` */
    bool known;   /* a number of central stands behind `count` */
} kd_like_op;

typedef struct {
    kd_call call;
    kd_bearer who;
    kd_bytes key;
    kd_seen seen; /* what the session token tells */
    uint64_t amount;
    uint64_t digest; /* of all operations of a batch that has a key; otherwise 0 */
    kd_key_use use;  /* of the key, if there is one */
    kd_claim_was was;
    uint64_t claimed_us;
    uint32_t count;
    uint32_t forbidden; /* operations, from the last of `at` to the front; `count` is without them */
    uint32_t fits;      /* operations, from the first on, that the user's limit lets through */
    bool batch;
    kd_gate gate;
    kd_like_op *at;
} kd_likes;

/* ---- on the shard of the items ---- */

static int likes_look(kd_like_op *op)
{
    kd_view view;
    int err = kd_edge_view(op->errand->shard->base.edge, op->item, &view);
    op->known = op->counter < view.told;
    op->count = view.count[op->counter];
    op->pending = view.pending[op->counter];
    /* The number that is known may lack this counter, which was added after it: then it has no age either. */
    op->made_us = op->known ? view.made_us : 0;
    op->as_of_us = op->known ? view.as_of_us : 0;
    return err;
}

static void likes_on_logged(kd_log_wait *wait, int status)
{
    kd_errand *errand = KD_CONTAINER(wait, kd_errand, log);
    if (status == KD_ENOTLOGGED && errand->shard->base.settings->acknowledge_late == KD_LATE_DISK)
        errand->late = true;
    else if (status != KD_OK)
        kd_errand_fail(errand, status);
    kd_errand_release(errand);
}

/* For kd_log_wait.next: the mark of the next operation that was taken. */
static bool likes_next_mark(kd_log_wait *wait)
{
    kd_errand *errand = KD_CONTAINER(wait, kd_errand, log);
    const kd_errand_item *at =
        errand->log_item ? STAILQ_NEXT(errand->log_item, next) : STAILQ_FIRST(&errand->items);
    while (at && KD_CONTAINER(at, kd_like_op, of_errand)->taken == KD_CLAIM_VOID) at = STAILQ_NEXT(at, next);
    if (!at) return false;
    errand->log_item = at;
    wait->mark = KD_CONTAINER(at, kd_like_op, of_errand)->log;
    return true;
}

/* What the errand took is durable here. */
static void likes_on_durable(kd_errand *errand)
{
    kd_shard *s = errand->shard;
    errand->log.fn = likes_on_logged;
    errand->log.next = likes_next_mark;
    bool waits = s->base.settings->acknowledge == KD_ACKNOWLEDGE_LOG && errand->status == KD_OK;
    if (waits && likes_next_mark(&errand->log))
        kd_shard_log_begin(&s->log, &errand->log);
    else
        kd_errand_release(errand);
}

static void likes_on_synced(kd_group_wait *wait, int status)
{
    kd_errand *errand = KD_CONTAINER(wait, kd_errand, commit);
    if (status != KD_OK) kd_errand_fail(errand, status);
    likes_on_durable(errand);
}

static void likes_on_asked(kd_ask_wait *wait, bool answered)
{
    kd_like_op *op = KD_CONTAINER(wait, kd_like_op, ask);
    op->central = answered;
    if (answered) likes_look(op);
    kd_errand_release(op->errand);
}

/* The core remembers a key for each operation, but a batch has one key for all: an operation's own key is made of it and the operation's index. */
static kd_bytes likes_key_of(const kd_likes *likes, const kd_like_op *op, char *text, size_t size)
{
    if (!likes->batch || likes->key.len == 0) return likes->key;
    int len = snprintf(text, size, "batch:%016llx:%zu:%u", (unsigned long long)kd_hash(likes->key),
                       likes->key.len, op->index);
    return kd_bytes_of(text, (size_t)len);
}

/* `key` is scratch for the operation's key. */
static kd_request likes_request(const kd_likes *likes, const kd_like_op *op, char *key, size_t size)
{
    return (kd_request){
        .item = op->item,
        .user = likes->who.user,
        .verb = (kd_verb)op->verb,
        .counter = op->counter,
        .amount = likes->amount,
        .seen = &likes->seen,
        .idempotency_key = likes_key_of(likes, op, key, size),
        .batch = likes->digest,
        .batch_key = likes->batch ? likes->key : kd_bytes_of(NULL, 0),
        .batch_fits = likes->use.fits,
    };
}

/* The like needs no number. Where central is far away its answer tells what is known here, and the question goes on alone. */
static void likes_ask(kd_like_op *op)
{
    kd_errand *errand = op->errand;
    kd_asker *asker = &errand->shard->asker;
    bool waits = kd_asker_near(asker, errand->shard->base.settings->like_wait_us);
    int err = kd_ask_item(asker, op->item, kd_call_asks(errand->call), KD_ASK_USER, waits ? &op->ask : NULL);
    if (waits && err == KD_OK) kd_errand_hold(errand);
}

static int likes_take(kd_likes *likes, kd_like_op *op, uint64_t now_us, uint64_t *group)
{
    char key[KEY_TEXT_MAX];
    kd_outcome outcome = {0};
    kd_request request = likes_request(likes, op, key, sizeof key);
    kd_errand *errand = op->errand;
    int err = kd_edge_take(errand->shard->base.edge, &request, now_us, &outcome);
    if (err != KD_OK) return err;
    *group = KD_MAX(*group, outcome.group);
    op->taken = outcome.replayed ? KD_CLAIM_AGAIN : KD_CLAIM_TAKEN;
    op->stamp_us = outcome.stamp_us;
    op->log = outcome.log;
    op->changed = (uint8_t)outcome.changed;
    op->liked = outcome.liked;
    if (likes_look(op) == KD_EAGAIN && kd_level_asks_counts(likes->call.level, op->known)) likes_ask(op);
    return KD_OK;
}

/* The monotonic time. On the origin the work begins soon after the call is admitted (call.c), and no clock is read again. */
static uint64_t likes_now_us(const kd_errand *errand)
{
    const kd_call *call = errand->call;
    return errand->shard == call->origin ? call->started_us : kd_clock_mono_us();
}

static void likes_work(kd_errand *errand)
{
    kd_likes *likes = KD_CONTAINER(errand->call, kd_likes, call);
    kd_shard *s = errand->shard;
    uint64_t mono_us = likes_now_us(errand);
    int err = kd_shard_commit_admits(&s->commit, mono_us);
    if (err != KD_OK) {
        if (err == KD_EOVERLOADED) kd_metric_add(&s->base.metrics.refused, 1);
        kd_errand_fail(errand, err);
        return;
    }
    uint64_t group = 0, now_us = kd_clock_at_us(s->base.clock, mono_us);
    kd_errand_item *entry;
    STAILQ_FOREACH(entry, &errand->items, next) {
        kd_like_op *op = KD_CONTAINER(entry, kd_like_op, of_errand);
        if (op->index >= likes->fits) break; /* and so are all behind it */
        op->ask.fn = likes_on_asked;
        err = likes_take(likes, op, now_us, &group);
        if (err == KD_OK) continue;
        kd_errand_fail(errand, err);
        break;
    }
    kd_errand_hold(errand);
    if (group == 0) { /* nothing new to sync: recognised retries, none that fits, or an error at the first */
        likes_on_durable(errand);
        return;
    }
    if (s->base.settings->acknowledge == KD_ACKNOWLEDGE_LOG)
        kd_shard_tick_within(s, s->base.settings->acknowledge_flush_us, mono_us);
    errand->commit.fn = likes_on_synced;
    kd_shard_commit_await(&s->commit, &errand->commit, group);
}

/* ---- the answer, on the shard of the request ---- */

static void write_changed(kd_json *j, const kd_like_op *op)
{
    kd_json_put_bool(j, "liked", op->liked);
    if (op->changed == KD_CHANGED_UNKNOWN)
        kd_json_put_null(j, "changed");
    else
        kd_json_put_bool(j, "changed", op->changed == KD_CHANGED_YES);
}

static void write_begin(kd_json *j, const kd_shard *s, const kd_like_op *op)
{
    kd_json_object(j);
    kd_answer_write_item(j, op->item);
    kd_json_put_plain(j, "counter", kd_bytes_str(s->served.known.at[op->counter].name));
}

static void write_op(kd_json *j, const kd_shard *s, const kd_like_op *op, uint64_t now_us)
{
    write_begin(j, s, op);
    if (op->verb != KD_ADD) write_changed(j, op);
    kd_answer_write_number(j, op->known ? &op->count : NULL, op->pending);
    kd_answer_write_age(j, now_us, op->made_us, op->as_of_us);
    kd_json_put_plain(j, "source", kd_bytes_str(op->central ? "central" : "edge"));
}

/* Where it survives. Told only where the log is waited for: elsewhere it is always the disk. */
static void write_durable(kd_json *j, const kd_likes *likes)
{
    if (likes->call.origin->base.settings->acknowledge != KD_ACKNOWLEDGE_LOG) return;
    kd_json_put_str(j, "durable", kd_bytes_str(likes->call.late ? "disk" : "log"));
}

/* Of an operation that is forbidden, or did not fit. */
static void write_refused(kd_json *j, const kd_shard *s, const kd_likes *likes, const kd_like_op *op)
{
    write_begin(j, s, op);
    kd_json_key(j, "error");
    if (op->forbidden)
        kd_problem_write(j, KD_PROBLEM_FORBIDDEN, op->forbidden, NULL, 0);
    else
        kd_gate_write_error(&likes->gate, j);
    kd_json_end_object(j);
}

static void likes_write_all(kd_json *j, kd_shard *s, const kd_likes *likes, uint64_t now_us)
{
    uint32_t asked = likes->count + likes->forbidden, next = 0, behind = asked;
    kd_json_object(j);
    kd_json_key(j, "results");
    kd_json_array(j);
    for (uint32_t place = 0; place < asked; place++) {
        bool may = next < likes->count && likes->at[next].place == place;
        const kd_like_op *op = may ? &likes->at[next++] : &likes->at[--behind];
        if (may && op->index < likes->fits) {
            write_op(j, s, op, now_us);
            kd_json_end_object(j);
        } else {
            write_refused(j, s, likes, op);
        }
    }
    kd_json_end_array(j);
    write_durable(j, likes);
    kd_json_end_object(j);
}

/* The new session token: what the request's own token told, and the newest stamp that this edge gave now. Its length; 0: there is nothing to tell,
 * because the request brought no token and its operations are sums. */
static size_t write_session(const kd_likes *likes, const kd_shard *s, char *out)
{
    kd_seen seen = likes->seen;
    uint64_t here_us = 0;
    for (uint32_t i = 0; i < likes->count; i++) here_us = KD_MAX(here_us, likes->at[i].stamp_us);
    if (here_us) kd_seen_add(&seen, kd_edge_lives(s->base.edge), here_us);
    if (kd_seen_newest_us(&seen) == 0) return 0;
    return kd_session_encode(&s->app->session_key, &seen, likes->who.user, out);
}

/* A batch of which one operation was taken keeps its key, whatever became of the others. */
static void likes_end_claim(const kd_likes *likes)
{
    uint8_t how = KD_CLAIM_VOID;
    if (likes->key.len == 0) return;
    for (uint32_t i = 0; i < likes->count; i++) how = KD_MAX(how, likes->at[i].taken);
    kd_claims_end(likes->call.origin->app->claims, &likes->use, (kd_claim_end)how, likes->claimed_us);
}

/* What the user's limits have to know of the operations (gate.h). */
static kd_bytes likes_gate_item(const kd_gate *g, uint32_t index)
{
    return KD_CONTAINER(g, kd_likes, gate)->at[index].item;
}

/* A single request that was answered with an error is free, also where its operation may have been stored. */
static bool likes_gate_counts(const kd_gate *g, uint32_t index)
{
    const kd_likes *likes = KD_CONTAINER(g, kd_likes, gate);
    return likes->at[index].taken == KD_CLAIM_TAKEN && (likes->batch || likes->call.status == KD_OK);
}

static void likes_answer(const kd_likes *likes, kd_shard *s, uint64_t now_us, kd_http_field *fields, size_t n)
{
    char session[KD_SESSION_TEXT + 1];
    kd_json j = kd_answer_writer(likes->call.req, &s->out);
    if (likes->batch) {
        likes_write_all(&j, s, likes, now_us);
    } else {
        write_op(&j, s, &likes->at[0], now_us);
        write_durable(&j, likes);
        kd_json_end_object(&j);
    }
    size_t len = write_session(likes, s, session);
    if (len > 0) fields[n++] = (kd_http_field){"kudos-session", kd_bytes_of(session, len)};
    kd_answer_body(likes->call.req, kd_buf_view(&s->out), fields, n);
}

static void likes_finish(kd_call *call)
{
    kd_likes *likes = KD_CONTAINER(call, kd_likes, call);
    kd_shard *s = call->origin;
    kd_gate_text text;
    kd_http_field fields[KD_GATE_FIELDS + 1];
    likes_end_claim(likes);
    kd_gate_settle(&likes->gate, s);
    uint64_t mono_us =
        kd_call_end(call, likes->batch ? &s->base.metrics.batch_time : &s->base.metrics.like_time);
    size_t n = kd_gate_fields(&likes->gate, s, mono_us, &text, fields);
    kd_gate_close(&likes->gate);
    if (call->status != KD_OK)
        kd_answer_error_with(call->req, call->status, fields, n);
    else
        likes_answer(likes, s, kd_clock_server_at_us(s->base.clock, mono_us), fields, n);
}

/* ---- from a request to its call ---- */

static void likes_add(kd_likes *likes, uint32_t index, kd_bytes item, uint32_t counter, kd_verb verb)
{
    kd_like_op *op = &likes->at[index];
    op->errand = kd_call_add(&likes->call, item, &op->of_errand);
    op->item = item;
    op->index = index;
    op->counter = (uint8_t)counter;
    op->verb = (uint8_t)verb;
}

/* Reads user, session and idempotency key, and refuses while the clock is out of bounds. False: the request was answered. */
static bool read_headers(kd_shard *s, kd_http_request *req, kd_likes *likes)
{
    kd_refusal why;
    if (!kd_auth_caller(s, req, &likes->who, &why) ||
        !kd_auth_session(s, req, likes->who.user, &likes->seen, &why) ||
        !kd_auth_key(req, &likes->key, &why)) {
        kd_answer_refusal(req, &why);
        return false;
    }
    if (kd_clock_check(s->base.clock) == KD_CLOCK_OUT_OF_BOUNDS) {
        kd_answer_error(req, KD_ECLOCK);
        return false;
    }
    return true;
}

/* The key's claim, if there is a key. False: it belongs to another request, or to a batch that is in work, of which it is not known yet how much of it
 * fits the limit; this one was answered. */
static bool likes_claim(kd_likes *likes, kd_shard *s, kd_http_request *req)
{
    char key[KEY_TEXT_MAX];
    if (likes->key.len == 0) return true;
    kd_request request = likes_request(likes, &likes->at[0], key, sizeof key);
    likes->use = kd_edge_key_use(s->base.edge, &request);
    likes->claimed_us = kd_clock_now_us(s->base.clock);
    int err = kd_claims_begin(s->app->claims, &likes->use, likes->claimed_us, &likes->was);
    if (!err && likes->batch && likes->was.held && !likes->was.kept) {
        kd_claims_end(s->app->claims, &likes->use, KD_CLAIM_VOID, 0);
        err = KD_EINFLIGHT;
    }
    if (err) kd_answer_error(req, err);
    return err == KD_OK;
}

/* False: nothing fits the user's limit. */
static bool likes_pass_gate(kd_likes *likes, kd_shard *s)
{
    kd_gate *g = &likes->gate;
    *g = (kd_gate){.item = likes_gate_item, .counts = likes_gate_counts, .count = likes->count};
    kd_gate_open(g, s, &likes->who, likes->call.req);
    likes->fits =
        likes->was.kept ? kd_gate_again(g, s, likes->was.fits) : kd_gate_ask(g, s, likes->call.started_us);
    likes->use.fits = likes->fits < likes->count ? likes->fits : 0;
    return likes->fits > 0;
}

static void likes_refuse(kd_likes *likes, kd_shard *s)
{
    kd_call_withdraw(&likes->call);
    likes_end_claim(likes);
    kd_gate_refuse(&likes->gate, s, likes->call.req);
}

/* The request was answered if it is not admitted, and its memory is gone: what ends the claim is copied. */
static void likes_start(kd_likes *likes, kd_shard *s, kd_http_request *req)
{
    likes->call.work = likes_work;
    likes->call.finish = likes_finish;
    likes->call.client = kd_call_client_of(&likes->who);
    if (!likes_claim(likes, s, req)) return;
    bool keyed = likes->key.len > 0;
    kd_key_use use = likes->use;
    if (!kd_call_admit(&likes->call, s, req, likes->count)) {
        if (keyed) kd_claims_end(s->app->claims, &use, KD_CLAIM_VOID, 0);
    } else if (likes_pass_gate(likes, s)) {
        kd_call_start(&likes->call);
    } else {
        likes_refuse(likes, s);
    }
}

void kd_likes_one(kd_shard *s, kd_http_request *req, const kd_item *item, uint32_t counter, kd_verb verb)
{
    struct {
        kd_likes likes;
        kd_errand errand;
        kd_like_op op;
        uint8_t item[];
    } *one = kd_http_request_alloc(req, sizeof *one + item->len);
    kd_likes *likes = &one->likes;
    kd_refusal why;
    likes->amount = 1;
    /* Fetches the item into the processor's caches while other requests are read. In vain for an item of another shard. */
    kd_edge_expect(s->base.edge, kd_item_key(item));
    if (!read_headers(s, req, likes)) return;
    if (!kd_auth_write(s, req, &likes->who, kd_item_key(item), counter, &why) ||
        !kd_body_read_amount(req->body, &s->text, verb == KD_ADD ? &likes->amount : NULL, &why)) {
        kd_answer_refusal(req, &why);
        return;
    }
    memcpy(one->item, item->data, item->len);
    likes->call.origin = s;
    likes->call.errands = &one->errand;
    likes->call.errand_count = 1;
    likes->at = &one->op;
    likes->count = 1;
    likes_add(likes, 0, kd_bytes_of(one->item, item->len), counter, verb);
    likes_start(likes, s, req);
}

/* Refuses a batch because of operation number `index`, which the field names: operations[3].item. */
static void refuse_op(kd_http_request *req, kd_refusal why, uint32_t index, const char *member)
{
    char field[64];
    snprintf(field, sizeof field, "operations[%u]%s%s", index, *member ? "." : "", member);
    why.field = field;
    kd_answer_refusal(req, &why);
}

static bool likes_read_ops(kd_shard *s, kd_http_request *req, kd_body_ops *ops)
{
    kd_refusal why;
    if (kd_body_read_ops(req->body, &s->text, ops, &why)) return true;
    if (ops->wrong < KD_BULK_OPS_MAX)
        refuse_op(req, why, ops->wrong, why.field);
    else
        kd_answer_refusal(req, &why);
    return false;
}

/* Item and counter of operation number `index`. The item's key is copied to *keys, which moves behind it; *item is a view of it. False: the request
 * was answered. */
static bool likes_resolve(kd_shard *s, kd_http_request *req, const kd_body_op *op, uint32_t index,
                          uint8_t **keys, kd_bytes *item, uint32_t *counter)
{
    kd_item parsed;
    kd_refusal why;
    if (!kd_route_item_text(op->item, &s->served.collections, "item", &parsed, &why)) {
        refuse_op(req, why, index, "item");
        return false;
    }
    kd_bytes name = op->counter.data ? op->counter : kd_bytes_str("like");
    if (!kd_route_counter(name, &s->served.counters, KD_SET, counter, &why)) {
        refuse_op(req, why, index, "counter");
        return false;
    }
    memcpy(*keys, parsed.data, parsed.len);
    *item = kd_bytes_of(*keys, parsed.len);
    *keys += parsed.len;
    return true;
}

/* Operation number `place` of the request goes to those that are worked on, or to those that are forbidden. */
static void likes_add_if_allowed(kd_likes *likes, kd_shard *s, uint32_t place, kd_bytes item,
                                 uint32_t counter, kd_verb verb, kd_like_op *end)
{
    const char *forbidden = kd_auth_forbids(s, &likes->who, item, counter);
    if (forbidden) {
        kd_like_op *op = end - ++likes->forbidden;
        *op = (kd_like_op){.item = item, .counter = (uint8_t)counter, .verb = (uint8_t)verb, .place = place};
        op->forbidden = forbidden;
        return;
    }
    kd_edge_expect(s->base.edge, item);
    likes_add(likes, likes->count, item, counter, verb);
    likes->at[likes->count++].place = place;
}

/* All of it is forbidden: the answer is that of its first operation. */
static void likes_forbid(const kd_likes *likes, kd_shard *s, kd_http_request *req)
{
    const kd_like_op *op = &likes->at[likes->forbidden - 1];
    kd_refusal why;
    kd_auth_refuse_write(s, req, &likes->who, op->item, op->counter, &why);
    refuse_op(req, why, 0, "");
}

/* At least what the keys of all items take: a key has one byte more than the item's text. */
static size_t key_bytes(const kd_body_ops *ops)
{
    size_t sum = 0;
    for (uint32_t i = 0; i < ops->count; i++) sum += ops->at[i].item.len + 2;
    return sum;
}

/* The idempotency key covers the whole batch. Without the digest, another batch with the same first operations would pass for a retry. */
static uint64_t likes_digest_of(const kd_likes *likes)
{
    const kd_counters *counters = &likes->call.origin->served.counters;
    kd_buf b = {0};
    if (likes->key.len == 0) return 0;
    for (uint32_t i = 0; i < likes->count + likes->forbidden; i++) {
        const kd_like_op *op = &likes->at[i];
        if (op->forbidden) kd_buf_put_be32(&b, op->place);
        kd_buf_put_u8(&b, op->verb);
        kd_buf_put_u8(&b, counters->at[op->counter].id);
        kd_buf_put(&b, op->item.data, op->item.len);
    }
    uint64_t digest = kd_hash(kd_buf_view(&b));
    kd_buf_finish(&b);
    return digest ? digest : 1;
}

void kd_likes_batch(kd_shard *s, kd_http_request *req)
{
    kd_body_ops ops;
    kd_likes *likes = kd_http_request_alloc(req, sizeof *likes);
    uint32_t shards = s->app->shard_count;
    if (!read_headers(s, req, likes) || !likes_read_ops(s, req, &ops)) return;
    size_t size = shards * sizeof(kd_errand) + ops.count * sizeof(kd_like_op);
    uint8_t *memory = kd_http_request_alloc(req, size + key_bytes(&ops)), *keys = memory + size;
    likes->call.origin = s;
    likes->call.errands = (kd_errand *)(void *)memory;
    likes->call.errand_count = shards;
    likes->at = (kd_like_op *)(void *)(memory + shards * sizeof(kd_errand));
    likes->batch = true;
    for (uint32_t i = 0; i < ops.count; i++) {
        kd_bytes item;
        uint32_t counter;
        if (!likes_resolve(s, req, &ops.at[i], i, &keys, &item, &counter)) return;
        likes_add_if_allowed(likes, s, i, item, counter, ops.at[i].like ? KD_LIKE : KD_UNLIKE,
                             &likes->at[ops.count]);
    }
    if (likes->count == 0) {
        likes_forbid(likes, s, req);
        return;
    }
    likes->digest = likes_digest_of(likes);
    likes_start(likes, s, req);
}
