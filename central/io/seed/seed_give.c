/* seed_give.c - see the header. */
#include "central/io/seed/seed_give.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "central/io/backup/object_pack.h"
#include "common/io/loop/clock.h"
#include "common/io/loop/log.h"

enum { LOOK_US = 1000000, NAP_US = 20000, RETRY_AFTER_S = 1, SAME_COSTS = 8 /* one in so many bytes */ };

/* A copy that is being given. */
typedef struct {
    uint64_t id; /* 0: the place is free */
    uint32_t partition;
    char member[KD_NAME_MAX + 1];
    kd_leveldb_snapshot *snapshot; /* NULL: the worker is being asked for it */
    uint64_t begun_us, used_us, whole;
} seed_place;

struct kd_seed_giver {
    const kd_central_settings *settings;
    kd_worker *workers;
    kd_loop *loop, *home;
    kd_timer look;
    atomic_bool ends;
    atomic_uint open;
    atomic_ullong sent;
    /* of its thread */
    seed_place places[KD_SEED_GIVEN_MAX];
    uint64_t free_at_us; /* when the rate has room again */
    kd_buf rows, end, packed;
};

/* A request on its way; freed behind its answer. */
typedef struct {
    kd_post post;
    kd_seed_giver *giver;
    kd_http_request *req;
    kd_seed_question question;
    void (*done)(void *arg);
    void *arg;
    kd_leveldb_snapshot *snapshot; /* from the worker; NULL: it has none to give */
    kd_buf answer;
    kd_problem problem;
    const char *why; /* NULL: `answer` is sent */
} seed_asked;

/* ---- the answer ---- */

static void seed_on_home(kd_post *post)
{
    seed_asked *a = KD_CONTAINER(post, seed_asked, post);
    const kd_http_field fields[] = {{"content-type", kd_bytes_str("application/octet-stream")},
                                    {"cache-control", kd_bytes_str("no-store")}};
    if (a->why)
        kd_http_respond_problem(a->req, a->problem, a->why, NULL,
                                kd_problem_status(a->problem) == 503 ? RETRY_AFTER_S : 0);
    else
        kd_http_respond(a->req, 200, fields, KD_COUNT(fields), kd_buf_view(&a->answer));
    a->done(a->arg);
    kd_buf_finish(&a->answer);
    free(a);
}

static void seed_go_home(seed_asked *a)
{
    a->post.fn = seed_on_home;
    kd_loop_post(a->giver->home, &a->post);
}

static void seed_refuse(seed_asked *a, kd_problem problem, const char *why)
{
    a->problem = problem;
    a->why = why;
    seed_go_home(a);
}

/* ---- copies ---- */

static void seed_free_place(kd_seed_giver *g, seed_place *p, const char *why)
{
    if (p->snapshot)
        KD_LOG(KD_INFO, "seed-given-ended", KD_U64("partition", p->partition), KD_STR("member", p->member),
               KD_STR("why", why), KD_U64("ms", (kd_clock_mono_us() - p->begun_us) / 1000));
    kd_leveldb_snapshot_release(p->snapshot);
    *p = (seed_place){.id = 0};
    atomic_fetch_sub(&g->open, 1);
}

static void seed_run_look(void *arg)
{
    kd_seed_giver *g = arg;
    uint64_t now = kd_clock_mono_us();
    kd_timer_set(&g->look, LOOK_US);
    for (uint32_t i = 0; i < KD_SEED_GIVEN_MAX; i++) {
        seed_place *p = &g->places[i];
        if (!p->snapshot) continue;
        if (now - p->used_us > KD_SEED_IDLE_US)
            seed_free_place(g, p, "nothing was asked of it any more");
        else if (now - p->begun_us > KD_SEED_HELD_US)
            seed_free_place(g, p, "it was held for too long");
    }
}

static seed_place *seed_find(kd_seed_giver *g, uint64_t id, uint32_t partition)
{
    for (uint32_t i = 0; i < KD_SEED_GIVEN_MAX; i++)
        if (g->places[i].id == id && g->places[i].partition == partition) return &g->places[i];
    return NULL;
}

/* A member that begins anew has lost what it had begun. NULL: there is no room. */
static seed_place *seed_find_room(kd_seed_giver *g, kd_bytes member)
{
    for (uint32_t i = 0; i < KD_SEED_GIVEN_MAX; i++) {
        seed_place *p = &g->places[i];
        if (p->snapshot && kd_bytes_eq(kd_bytes_str(p->member), member))
            seed_free_place(g, p, "its member began another one");
    }
    for (uint32_t i = 0; i < KD_SEED_GIVEN_MAX; i++)
        if (g->places[i].id == 0) return &g->places[i];
    return NULL;
}

/* ---- a chunk ---- */

/* What goes out, and what was read for nothing, is paid for; the next one waits. Not while the program stops. */
static void seed_pay(kd_seed_giver *g, uint64_t bytes)
{
    uint64_t now;
    while ((now = kd_clock_mono_us()) < g->free_at_us && !atomic_load(&g->ends))
        usleep((useconds_t)KD_MIN(g->free_at_us - now, (uint64_t)NAP_US));
    g->free_at_us = KD_MAX(g->free_at_us, now) + bytes * 1000000 / g->settings->seed_rate;
    atomic_fetch_add(&g->sent, bytes);
}

static int seed_cut_for(kd_seed_giver *g, seed_place *p, const kd_seed_question *q, kd_seed_chunk *chunk)
{
    const kd_store store = kd_leveldb_snapshot_store(p->snapshot);
    *chunk = (kd_seed_chunk){.seed = p->id, .whole = p->whole};
    int err = kd_seed_cut(&store, q->after, &g->rows, &g->end, &chunk->last);
    if (err != KD_OK) return err;
    crypto_generichash(chunk->digest, KD_BACKUP_DIGEST, g->rows.data, g->rows.len, NULL, 0);
    chunk->end = kd_buf_view(&g->end);
    chunk->done = chunk->last ? p->whole : kd_leveldb_snapshot_size(p->snapshot, chunk->end);
    chunk->same = q->has && memcmp(q->digest, chunk->digest, KD_BACKUP_DIGEST) == 0;
    kd_buf_clear(&g->packed);
    if (!chunk->same) kd_object_pack(kd_buf_view(&g->rows), &g->packed);
    chunk->packed = kd_buf_view(&g->packed);
    return KD_OK;
}

static void seed_give(seed_asked *a, seed_place *p)
{
    kd_seed_giver *g = a->giver;
    kd_seed_chunk chunk;
    p->used_us = kd_clock_mono_us();
    int err = seed_cut_for(g, p, &a->question, &chunk);
    if (err == KD_OK) kd_seed_chunk_put(&a->answer, &chunk);
    if (err == KD_OK && a->answer.len > KD_SEED_CHUNK_MAX) err = KD_ETOOBIG;
    if (err != KD_OK) {
        seed_free_place(g, p, kd_strerror(err));
        seed_refuse(a, err == KD_ETOOBIG ? KD_PROBLEM_FORBIDDEN : KD_PROBLEM_STORAGE_FAILED,
                    err == KD_ETOOBIG ? "a row is too large to be given: restore a backup there"
                                      : "the store could not be read");
        return;
    }
    seed_pay(g, a->answer.len + (chunk.same ? g->rows.len / SAME_COSTS : 0));
    p->used_us = kd_clock_mono_us();
    if (chunk.last) seed_free_place(g, p, "it was given whole");
    seed_go_home(a);
}

/* ---- a new copy ---- */

/* Back from the worker. */
static void seed_on_snapshot(kd_post *post)
{
    seed_asked *a = KD_CONTAINER(post, seed_asked, post);
    kd_seed_giver *g = a->giver;
    seed_place *p = seed_find(g, a->question.seed, a->question.partition);
    KD_ASSERT(p);
    if (!a->snapshot) {
        seed_free_place(g, p, "");
        seed_refuse(a, KD_PROBLEM_CENTRAL_UNAVAILABLE,
                    "this member is not known to have the partition's state");
        return;
    }
    p->snapshot = a->snapshot;
    p->begun_us = kd_clock_mono_us();
    p->whole = kd_leveldb_snapshot_size(p->snapshot, kd_bytes_str("\xff"));
    KD_LOG(KD_INFO, "seed-given", KD_U64("partition", p->partition), KD_STR("member", p->member),
           KD_U64("bytes", p->whole));
    seed_give(a, p);
}

static bool seed_has_state(const kd_tenure *t)
{
    if (!kd_tenure_held(t) || t->fenced || t->halted) return false;
    return kd_tenure_follows(t) ? t->follows && kd_tenure_answers(t) == KD_OK : true;
}

/* On the worker's thread: no store is closed between the look at it and the snapshot, and none that a snapshot reads is closed. */
static void seed_on_worker(kd_post *post)
{
    seed_asked *a = KD_CONTAINER(post, seed_asked, post);
    kd_seed_giver *g = a->giver;
    const uint32_t partition = a->question.partition;
    const kd_tenure *t = kd_worker_tenure(&g->workers[partition % g->settings->workers], partition);
    if (seed_has_state(t)) a->snapshot = kd_leveldb_snapshot_take(t->db);
    a->post.fn = seed_on_snapshot;
    kd_loop_post(g->loop, &a->post);
}

static void seed_begin(seed_asked *a)
{
    kd_seed_giver *g = a->giver;
    kd_seed_question *q = &a->question;
    seed_place *p = seed_find_room(g, q->member);
    if (!p) {
        seed_refuse(a, KD_PROBLEM_OVERLOADED, "this member gives as many copies as it may");
        return;
    }
    *p = (seed_place){.partition = q->partition, .used_us = kd_clock_mono_us()};
    while (p->id == 0) randombytes_buf(&p->id, sizeof p->id);
    snprintf(p->member, sizeof p->member, "%.*s", (int)q->member.len, (const char *)q->member.data);
    atomic_fetch_add(&g->open, 1);
    q->seed = p->id;
    a->post.fn = seed_on_worker;
    kd_loop_post(g->workers[q->partition % g->settings->workers].loop, &a->post);
}

static void seed_on_ask(kd_post *post)
{
    seed_asked *a = KD_CONTAINER(post, seed_asked, post);
    seed_place *p = a->question.seed ? seed_find(a->giver, a->question.seed, a->question.partition) : NULL;
    if (atomic_load(&a->giver->ends))
        seed_refuse(a, KD_PROBLEM_CENTRAL_UNAVAILABLE, "this member stops");
    else if (a->question.seed == 0)
        seed_begin(a);
    else if (p && p->snapshot)
        seed_give(a, p);
    else
        seed_refuse(a, KD_PROBLEM_NOT_FOUND, "this copy was let go of: begin another one");
}

void kd_seed_giver_ask(kd_seed_giver *g, kd_http_request *req, const kd_seed_question *question,
                       void (*done)(void *arg), void *arg)
{
    seed_asked *a = kd_alloc(sizeof *a);
    *a = (seed_asked){
        .post.fn = seed_on_ask, .giver = g, .req = req, .question = *question, .done = done, .arg = arg};
    kd_loop_post(g->loop, &a->post);
}

/* ---- letting go ---- */

typedef struct {
    kd_post post;
    kd_seed_giver *giver;
    uint32_t partition;
} seed_let_go_post;

static void seed_on_let_go(kd_post *post)
{
    seed_let_go_post *l = KD_CONTAINER(post, seed_let_go_post, post);
    for (uint32_t i = 0; i < KD_SEED_GIVEN_MAX; i++) {
        seed_place *p = &l->giver->places[i];
        if (p->snapshot && p->partition == l->partition)
            seed_free_place(l->giver, p, "this member lets the partition go");
    }
    free(l);
}

void kd_seed_giver_let_go(kd_seed_giver *g, uint32_t partition)
{
    seed_let_go_post *l = kd_alloc(sizeof *l);
    *l = (seed_let_go_post){.post.fn = seed_on_let_go, .giver = g, .partition = partition};
    kd_loop_post(g->loop, &l->post);
}

/* ---- life ---- */

int kd_seed_giver_create(kd_seed_giver **giver, const kd_central_settings *settings, kd_worker *workers,
                         kd_loop *home, char *error)
{
    kd_seed_giver *g = kd_alloc(sizeof *g);
    *giver = NULL;
    g->settings = settings;
    g->workers = workers;
    g->home = home;
    int err = kd_loop_create(&g->loop, "seed-give");
    if (err == KD_OK) {
        kd_timer_init(&g->look, g->loop, seed_run_look, g);
        kd_timer_set(&g->look, LOOK_US);
        err = kd_loop_start(g->loop);
    }
    if (err == KD_OK) {
        *giver = g;
        return KD_OK;
    }
    snprintf(error, KD_OPTIONS_ERROR_MAX, "no thread gives copies to other members");
    if (g->loop) kd_timer_finish(&g->look);
    kd_loop_destroy(g->loop);
    free(g);
    return err;
}

void kd_seed_giver_end(kd_seed_giver *g)
{
    if (g) atomic_store(&g->ends, true);
}

kd_seed_given kd_seed_giver_get(const kd_seed_giver *g)
{
    return (kd_seed_given){.bytes = atomic_load(&g->sent), .open = atomic_load(&g->open)};
}

void kd_seed_giver_destroy(kd_seed_giver *g)
{
    if (!g) return;
    kd_seed_giver_end(g);
    kd_loop_stop(g->loop);
    kd_loop_join(g->loop);
    kd_timer_finish(&g->look);
    for (uint32_t i = 0; i < KD_SEED_GIVEN_MAX; i++)
        if (g->places[i].id != 0) seed_free_place(g, &g->places[i], "this member stops");
    kd_loop_destroy(g->loop);
    kd_buf_finish(&g->rows);
    kd_buf_finish(&g->end);
    kd_buf_finish(&g->packed);
    free(g);
}
