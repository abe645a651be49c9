/*
 * seed_take.c - see the header. `lock` guards what other threads look at: wants, progress and counts. All else belongs to the thread.
 *
 * An answer only wakes the step that works on it: a client of HTTP is not ended from within its own callback.
 */
#include "central/io/seed/seed_take.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "central/io/seed/seed_copy.h"
#include "common/base/text.h"
#include "common/io/http/client/http_client.h"
#include "common/io/http/credentials.h"
#include "common/io/loop/clock.h"
#include "common/io/loop/log.h"

enum {
    TICK_US = 200000,
    RATE_US = 1000000,      /* the time over which the rate is measured */
    UNWANTED_US = 60000000, /* what is left of a copy goes when it was not wanted for so long */
    ANSWER_MS = 60000,      /* a chunk may wait at its source for the rate, and behind those of others */
    CONNECT_MS = 5000,
};

typedef struct {
    kd_seed_want want;      /* under `lock` */
    uint64_t unwanted_us;   /* since when; 0: it is wanted, or not known */
    bool dropped, given_up; /* what is left of a copy is gone; the log was told that no more are made */
} take_partition;

/* The copy under way. */
typedef struct {
    kd_seed_copy *copy; /* NULL: whole, and being put in place; or none is under way */
    kd_http_client *client;
    char from[KD_NAME_MAX + 1];
    uint64_t seed; /* at the source; 0: not begun there */
    uint64_t begun_us, bytes;
    uint64_t rate_us, rate_bytes; /* at the last measurement */
    bool answered;
    int result, status;
    kd_buf answer;
} take_attempt;

struct kd_seed_taker {
    const kd_central_settings *settings;
    kd_membership *membership;
    kd_worker *workers;
    kd_loop *loop;
    bool started, joined;
    pthread_mutex_t lock;
    take_partition *at;
    kd_seed_taken counts;      /* under `lock` */
    uint32_t shown;            /* the partition of `progress`; UINT32_MAX: none. Under `lock` */
    kd_seed_progress progress; /* under `lock` */
    /* of the thread */
    kd_timer tick, step;
    kd_seeding *seeding;
    take_attempt now;
};

static void take_lock(kd_seed_taker *t)
{
    pthread_mutex_lock(&t->lock);
}

static void take_unlock(kd_seed_taker *t)
{
    pthread_mutex_unlock(&t->lock);
}

/* ---- what others are told ---- */

static void take_show(kd_seed_taker *t, uint32_t partition)
{
    take_lock(t);
    t->shown = partition;
    t->counts.open = partition != UINT32_MAX;
    t->progress = (kd_seed_progress){.percent = 0};
    memcpy(t->progress.from, t->now.from, sizeof t->now.from);
    take_unlock(t);
}

static void take_show_chunk(kd_seed_taker *t, const kd_seed_chunk *chunk, uint64_t bytes)
{
    take_attempt *n = &t->now;
    uint64_t now = kd_clock_mono_us(), rate = UINT64_MAX;
    n->bytes += bytes;
    if (now - n->rate_us >= RATE_US) {
        rate = (n->bytes - n->rate_bytes) * 1000000 / (now - n->rate_us);
        n->rate_us = now;
        n->rate_bytes = n->bytes;
    }
    take_lock(t);
    t->counts.bytes += bytes;
    if (chunk->whole > 0)
        t->progress.percent = (uint32_t)KD_MIN(chunk->done * 100 / chunk->whole, (uint64_t)100);
    if (rate != UINT64_MAX) t->progress.rate = rate;
    take_unlock(t);
}

static void take_count(kd_seed_taker *t, kd_seed_end end)
{
    take_lock(t);
    t->counts.done += end == KD_SEED_PLACED;
    t->counts.failed += end >= KD_SEED_BROKEN;
    take_unlock(t);
}

/* ---- the end of an attempt ---- */

static void take_close(kd_seed_taker *t)
{
    take_attempt *n = &t->now;
    kd_http_client *client = n->client;
    n->client = NULL; /* its callbacks come now */
    kd_http_client_destroy(client);
    kd_seed_copy_close(n->copy);
    kd_buf_finish(&n->answer);
    *n = (take_attempt){.copy = NULL};
}

static void take_end(kd_seed_taker *t, kd_seed_end end)
{
    take_close(t);
    kd_seeding_ended(t->seeding, end, kd_clock_mono_us());
    take_count(t, end);
    take_show(t, UINT32_MAX);
}

static void take_fail(kd_seed_taker *t, kd_seed_end end, const char *cause)
{
    KD_LOG(KD_WARN, "seed-failed", KD_U64("partition", kd_seeding_under_way(t->seeding)),
           KD_STR("from", t->now.from), KD_U64("bytes", t->now.bytes), KD_STR("cause", cause));
    take_end(t, end);
}

/* ---- asking ---- */

static void take_on_answer(void *arg, int result, int status, const kd_http_response *r)
{
    kd_seed_taker *t = arg;
    take_attempt *n = &t->now;
    if (!n->client) return; /* it is being ended */
    n->answered = true;
    n->result = result;
    n->status = status;
    kd_buf_clear(&n->answer);
    if (result == KD_OK) {
        kd_bytes body = kd_http_response_body(r);
        kd_buf_put(&n->answer, body.data, body.len);
    }
    kd_timer_set(&t->step, 0);
}

static void take_put_hex(kd_buf *out, const char *name, kd_bytes bytes)
{
    static const char digits[] = "0123456789abcdef";
    kd_text_printf(out, "&%s=", name);
    for (size_t i = 0; i < bytes.len; i++) {
        kd_buf_put_u8(out, (uint8_t)digits[bytes.data[i] >> 4]);
        kd_buf_put_u8(out, (uint8_t)digits[bytes.data[i] & 15]);
    }
}

static void take_put_path(const kd_seed_taker *t, bool has, const uint8_t digest[KD_BACKUP_DIGEST],
                          kd_buf *out)
{
    kd_bytes after = kd_seed_copy_after(t->now.copy);
    kd_text_printf(out, "/v1/seed?partition=%u&member=%s", kd_seeding_under_way(t->seeding),
                   kd_central_name(t->settings));
    if (t->now.seed != 0) kd_text_printf(out, "&seed=%016llx", (unsigned long long)t->now.seed);
    if (after.len > 0) take_put_hex(out, "after", after);
    if (has) take_put_hex(out, "digest", kd_bytes_of(digest, KD_BACKUP_DIGEST));
}

static void take_ask(kd_seed_taker *t)
{
    char error[KD_OPTIONS_ERROR_MAX];
    uint8_t digest[KD_BACKUP_DIGEST];
    kd_buf path = {0};
    bool has;
    int err = kd_seed_copy_look(t->now.copy, &has, digest, error);
    if (err != KD_OK) {
        take_fail(t, KD_SEED_UNTAKEN, error);
        return;
    }
    take_put_path(t, has, digest, &path);
    err = kd_http_client_request(t->now.client, "GET", kd_buf_view(&path), NULL, 0, (kd_bytes){0},
                                 take_on_answer, t, ANSWER_MS);
    kd_buf_finish(&path);
    if (err != KD_OK) take_fail(t, KD_SEED_BROKEN, kd_strerror(err));
}

/* ---- answers ---- */

static void take_whole(kd_seed_taker *t)
{
    char error[KD_OPTIONS_ERROR_MAX];
    const uint32_t partition = kd_seeding_under_way(t->seeding);
    kd_seed_copy *copy = t->now.copy;
    const uint64_t kept = kd_seed_copy_kept(copy);
    t->now.copy = NULL;
    int err = kd_seed_copy_end(copy, error);
    if (err != KD_OK) {
        take_fail(t, err == KD_EMISMATCH ? KD_SEED_REFUSED : KD_SEED_UNTAKEN, error);
        return;
    }
    KD_LOG(KD_INFO, "seed-taken", KD_U64("partition", partition), KD_STR("from", t->now.from),
           KD_U64("bytes", t->now.bytes), KD_U64("kept", kept),
           KD_U64("ms", (kd_clock_mono_us() - t->now.begun_us) / 1000));
    kd_worker_seeded(&t->workers[partition % t->settings->workers], partition);
}

static void take_chunk(kd_seed_taker *t)
{
    char error[KD_OPTIONS_ERROR_MAX];
    kd_seed_chunk chunk;
    take_attempt *n = &t->now;
    int err = kd_seed_copy_take(n->copy, kd_buf_view(&n->answer), &chunk, error);
    if (err == KD_OK && n->seed != 0 && chunk.seed != n->seed) {
        snprintf(error, sizeof error, "an answer of another copy");
        err = KD_EMALFORMED;
    }
    if (err != KD_OK) {
        bool here = err == KD_EIO || err == KD_EFULL;
        take_fail(t, here ? KD_SEED_UNTAKEN : KD_SEED_REFUSED, error);
        return;
    }
    n->seed = chunk.seed;
    kd_seeding_went_on(t->seeding);
    take_show_chunk(t, &chunk, n->answer.len);
    if (chunk.last)
        take_whole(t);
    else
        take_ask(t);
}

/* What an answer says that is no chunk. */
static void take_refused(kd_seed_taker *t)
{
    char cause[160];
    const take_attempt *n = &t->now;
    const bool gone = n->status == 404 && n->seed != 0, busy = n->status == 503 || n->status == 429;
    if (n->result != KD_OK)
        snprintf(cause, sizeof cause, "no answer: %s", kd_strerror(n->result));
    else if (gone)
        snprintf(cause, sizeof cause, "the source has let go of its copy");
    else if (busy)
        snprintf(cause, sizeof cause, "the source has no room, or no state, to give at the moment (503)");
    else if (n->status == 404)
        snprintf(cause, sizeof cause,
                 "the program of the source gives no copies (404): upgrade it, or restore a backup of the "
                 "leader here");
    else if (n->status == 401 || n->status == 403)
        snprintf(cause, sizeof cause,
                 "the source does not know this member for an operator, or gives no copies (%d): see Seeding "
                 "in run.md",
                 n->status);
    else
        snprintf(cause, sizeof cause, "the source answered %d", n->status);
    bool broken = gone || (n->result != KD_OK && n->result != KD_EUNTRUSTED);
    take_fail(t, broken ? KD_SEED_BROKEN : busy ? KD_SEED_BUSY : KD_SEED_REFUSED, cause);
}

static void take_run_step(void *arg)
{
    kd_seed_taker *t = arg;
    take_attempt *n = &t->now;
    if (!n->client || !n->answered) return;
    n->answered = false;
    if (n->result == KD_OK && n->status == 200)
        take_chunk(t);
    else
        take_refused(t);
}

/* ---- the begin of an attempt ---- */

/* Whoever can write to the topic of heartbeats names any URL, where records are not signed: a token is not brought there. */
static int take_open_client(kd_seed_taker *t, const char *url, char *error)
{
    const kd_central_settings *s = t->settings;
    char token[KD_TOKEN_MAX + 1] = "";
    if (kd_membership_proven(t->membership) &&
        kd_token_read(token, "http.operator_token_file", s->operator_token_file, error) != KD_OK)
        return KD_EINVAL;
    const kd_http_client_options options = {.connections = 1,
                                            .connect_ms = CONNECT_MS,
                                            .deadline_ms = ANSWER_MS,
                                            .fail_fast = true,
                                            .body_max = KD_SEED_CHUNK_MAX,
                                            .seed = randombytes_random(),
                                            .ca_file = s->seed_ca_file,
                                            .cert_file = s->tls_certificate,
                                            .key_file = s->tls_key,
                                            .token = token};
    int err = kd_http_client_create(&t->now.client, kd_loop_base(t->loop), url, &options);
    const char *fault = err == KD_OK ? NULL : kd_http_client_fault(url, &options);
    if (err != KD_OK) snprintf(error, KD_OPTIONS_ERROR_MAX, "%s", fault ? fault : kd_strerror(err));
    sodium_memzero(token, sizeof token);
    return err;
}

static void take_begin_of(kd_seed_taker *t, uint32_t partition, const kd_member_source *source)
{
    char error[KD_OPTIONS_ERROR_MAX];
    take_attempt *n = &t->now;
    n->begun_us = n->rate_us = kd_clock_mono_us();
    memcpy(n->from, source->name, sizeof n->from);
    t->at[partition].dropped = false;
    take_show(t, partition);
    int err = kd_seed_copy_open(&n->copy, t->settings, partition, error);
    if (err == KD_OK) err = take_open_client(t, source->url, error);
    if (err != KD_OK) {
        take_fail(t, KD_SEED_UNTAKEN, error);
        return;
    }
    KD_LOG(KD_INFO, "seed-begun", KD_U64("partition", partition), KD_STR("from", n->from),
           KD_STR("url", source->url));
    take_ask(t);
}

static void take_begin(kd_seed_taker *t, uint32_t partition)
{
    kd_member_source found[KD_MEMBERS_MAX];
    kd_seed_source sources[KD_MEMBERS_MAX];
    uint32_t count = kd_membership_sources(t->membership, partition, found);
    for (uint32_t i = 0; i < count; i++)
        sources[i] =
            (kd_seed_source){kd_bytes_str(found[i].name), kd_bytes_str(found[i].url), found[i].leads};
    uint32_t chosen = kd_seeding_begin(t->seeding, partition, sources, count, kd_clock_mono_us());
    if (chosen != UINT32_MAX) take_begin_of(t, partition, &found[chosen]);
}

/* ---- what is wanted ---- */

static void take_look_at(kd_seed_taker *t, uint32_t partition, kd_seed_want want, uint64_t now_us)
{
    take_partition *p = &t->at[partition];
    kd_seeding_want(t->seeding, partition, want, now_us);
    if (want != KD_SEED_UNWANTED)
        p->unwanted_us = 0;
    else if (p->unwanted_us == 0)
        p->unwanted_us = now_us;
    else if (!p->dropped && now_us - p->unwanted_us > UNWANTED_US) {
        kd_seed_copy_drop(t->settings, partition);
        p->dropped = true;
    }
    bool given_up = kd_seeding_given_up(t->seeding, partition);
    if (given_up && !p->given_up)
        KD_LOG(
            KD_ERROR, "seed-given-up", KD_U64("partition", partition),
            KD_STR("cause",
                   "copies of other members were put in place, and did not help: look for what this member "
                   "has otherwise than its leader (counters, clock, limits), then restart it"));
    p->given_up = given_up;
}

static void take_look(kd_seed_taker *t)
{
    const uint32_t partitions = (uint32_t)t->settings->partitions;
    const uint32_t under_way = kd_seeding_under_way(t->seeding);
    uint64_t now_us = kd_clock_mono_us();
    uint32_t waiting = 0;
    bool ends = false;
    for (uint32_t p = 0; p < partitions; p++) {
        take_lock(t);
        kd_seed_want want = t->at[p].want;
        take_unlock(t);
        take_look_at(t, p, want, now_us);
        waiting += want >= KD_SEED_WANTED;
        ends |= p == under_way && want == KD_SEED_UNWANTED;
    }
    take_lock(t);
    t->counts.waiting = waiting;
    take_unlock(t);
    if (ends && t->now.copy) take_end(t, KD_SEED_DROPPED);
}

static void take_run_tick(void *arg)
{
    kd_seed_taker *t = arg;
    kd_timer_set(&t->tick, TICK_US);
    take_look(t);
    uint32_t due = kd_seeding_due(t->seeding, kd_clock_mono_us());
    if (due != UINT32_MAX) take_begin(t, due);
}

void kd_seed_taker_want(kd_seed_taker *t, uint32_t partition, kd_seed_want want)
{
    take_lock(t);
    if (want != KD_SEED_UNKNOWN) t->at[partition].want = want;
    take_unlock(t);
}

typedef struct {
    kd_post post;
    kd_seed_taker *taker;
    uint32_t partition;
    bool ok;
} take_placed_post;

static void take_on_placed(kd_post *post)
{
    take_placed_post *p = KD_CONTAINER(post, take_placed_post, post);
    kd_seed_taker *t = p->taker;
    bool ours = kd_seeding_under_way(t->seeding) == p->partition && !t->now.copy;
    take_lock(t);
    t->at[p->partition].want = KD_SEED_UNKNOWN; /* that was said of the store before */
    take_unlock(t);
    if (ours && p->ok)
        take_end(t, KD_SEED_PLACED);
    else if (ours)
        take_fail(t, KD_SEED_REFUSED, "the copy was not put in place");
    free(p);
}

void kd_seed_taker_placed(kd_seed_taker *t, uint32_t partition, bool ok)
{
    take_placed_post *p = kd_alloc(sizeof *p);
    *p = (take_placed_post){.post.fn = take_on_placed, .taker = t, .partition = partition, .ok = ok};
    kd_loop_post(t->loop, &p->post);
}

bool kd_seed_taker_progress(void *taker, uint32_t partition, kd_seed_progress *out)
{
    kd_seed_taker *t = taker;
    if (!t) return false;
    take_lock(t);
    bool shown = t->shown == partition;
    *out = t->progress;
    take_unlock(t);
    return shown;
}

kd_seed_taken kd_seed_taker_get(kd_seed_taker *t)
{
    take_lock(t);
    kd_seed_taken counts = t->counts;
    take_unlock(t);
    return counts;
}

/* ---- life ---- */

int kd_seed_taker_create(kd_seed_taker **taker, const kd_central_settings *settings,
                         kd_membership *membership, kd_worker *workers, char *error)
{
    kd_seed_taker *t = kd_alloc(sizeof *t);
    *taker = NULL;
    *t = (kd_seed_taker){
        .settings = settings, .membership = membership, .workers = workers, .shown = UINT32_MAX};
    if (kd_loop_create(&t->loop, "seed-take") != KD_OK) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "no thread takes copies of other members");
        free(t);
        return KD_EIO;
    }
    pthread_mutex_init(&t->lock, NULL);
    t->at = kd_alloc(sizeof *t->at * settings->partitions);
    t->seeding = kd_seeding_create((uint32_t)settings->partitions, randombytes_random());
    kd_timer_init(&t->tick, t->loop, take_run_tick, t);
    kd_timer_init(&t->step, t->loop, take_run_step, t);
    kd_timer_set(&t->tick, TICK_US);
    *taker = t;
    return KD_OK;
}

int kd_seed_taker_start(kd_seed_taker *t)
{
    int err = kd_loop_start(t->loop);
    t->started = err == KD_OK;
    return err;
}

void kd_seed_taker_stop(kd_seed_taker *t)
{
    if (!t || !t->started || t->joined) return;
    kd_loop_stop(t->loop);
    kd_loop_join(t->loop);
    t->joined = true;
}

void kd_seed_taker_destroy(kd_seed_taker *t)
{
    if (!t) return;
    kd_seed_taker_stop(t);
    take_close(t);
    kd_timer_finish(&t->tick);
    kd_timer_finish(&t->step);
    kd_loop_destroy(t->loop);
    kd_seeding_destroy(t->seeding);
    pthread_mutex_destroy(&t->lock);
    free(t->at);
    free(t);
}
