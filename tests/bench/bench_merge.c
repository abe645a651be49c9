/*
 * bench_merge.c - central's merge against raw synced LevelDB get + put: uniform keys, 4000 operations per
 * commit, repeats.
 *
 *     bench_merge DIR [operations] [items] [repeats per mille] [before]
 *
 * `before`: likes that both stores hold already, in pieces that are not measured. The merge writes in a second
 * thread while the next commit is prepared. Afterwards the exact total is checked: a merge that drops repeats or
 * counts them twice is no merge. Last line: `bench_merge ops= before= raw_per_s= merge_per_s= raw_cpu_us=
 * merge_cpu_us= ratio= verdict=`, processor time of the process for an operation.
 */
#include "common/io/leveldb/committer.h"
#include "kudos/central.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PER_COMMIT = 4000, PER_BATCH = 1000, DEPTH = 2 };

typedef struct {
    uint32_t item, user;
} like;

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    uint64_t done;
} gate;

static double clock_s(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Time by the clock, and processor time of the process. */
typedef struct {
    double clock, cpu;
} span;

static span span_begin(void)
{
    return (span){clock_s(CLOCK_MONOTONIC), clock_s(CLOCK_PROCESS_CPUTIME_ID)};
}

static span span_end(span from)
{
    span now = span_begin();
    return (span){now.clock - from.clock, now.cpu - from.cpu};
}

/* Likes come in pieces of `count`; the last one is measured. */
typedef struct {
    const char *dir;
    uint32_t count, items, repeats, pieces;
    like *likes; /* of the piece at hand */
} plan;

static void on_done(void *arg, uint64_t id, int err)
{
    gate *g = arg;
    KD_ASSERT(err == KD_OK);
    pthread_mutex_lock(&g->lock);
    g->done = id;
    pthread_cond_signal(&g->wake);
    pthread_mutex_unlock(&g->lock);
}

static void await(gate *g, uint64_t id)
{
    pthread_mutex_lock(&g->lock);
    while (g->done < id) pthread_cond_wait(&g->wake, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

static kd_bytes item_of(kd_item *item, uint32_t n)
{
    char text[32];
    snprintf(text, sizeof text, "posts/%u", n);
    KD_ASSERT(kd_item_parse(item, kd_bytes_str(text)) == KD_OK);
    return kd_item_key(item);
}

static kd_bytes user_of(char *text, uint32_t n)
{
    return kd_bytes_of(text, (size_t)snprintf(text, 24, "%016u", n));
}

/* Draws the likes of a piece, `repeats` in a thousand of which repeat an earlier one of it. Returns how many are distinct. */
static uint32_t draw(const plan *p, uint32_t piece)
{
    uint64_t random = 42 + piece;
    uint32_t distinct = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        bool again = i > 0 && kd_random_next(&random) % 1000 < p->repeats;
        if (again)
            p->likes[i] = p->likes[kd_random_next(&random) % i];
        else
            p->likes[i] =
                (like){(uint32_t)(kd_random_next(&random) % p->items), piece * p->count + ++distinct};
    }
    return distinct;
}

static kd_leveldb *open_db(const char *dir, const char *name)
{
    char path[4096], err[256];
    kd_leveldb *db;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (kd_leveldb_open(&db, path, &(kd_leveldb_options){.create = true}, err, sizeof err) == KD_OK)
        return db;
    fprintf(stderr, "bench_merge: %s\n", err);
    exit(4);
}

static void put_piece(kd_leveldb *db, const plan *p)
{
    kd_store store = kd_leveldb_store(db);
    kd_writes writes = {0};
    kd_buf key = {0}, value = {0};
    for (uint32_t i = 0; i < p->count; i++) {
        kd_item item;
        char user[24];
        kd_buf_clear(&key);
        kd_buf_put_u8(&key, 'm');
        kd_bytes k = item_of(&item, p->likes[i].item), u = user_of(user, p->likes[i].user);
        kd_buf_put(&key, k.data, k.len);
        kd_buf_put(&key, u.data, u.len);
        store.get(store.ctx, kd_buf_view(&key), &value);
        kd_writes_put(&writes, kd_buf_view(&key), kd_bytes_str("0123456789"));
        if (i % PER_COMMIT != PER_COMMIT - 1 && i + 1 < p->count) continue;
        KD_ASSERT(kd_leveldb_write(db, &writes, true) == KD_OK);
        kd_writes_clear(&writes);
    }
    kd_writes_finish(&writes);
    kd_buf_finish(&key);
    kd_buf_finish(&value);
}

static span run_raw(const plan *p)
{
    kd_leveldb *db = open_db(p->dir, "raw");
    span took = {0};
    for (uint32_t piece = 0; piece < p->pieces; piece++) {
        draw(p, piece);
        span from = span_begin();
        put_piece(db, p);
        took = span_end(from);
    }
    kd_leveldb_close(db);
    return took;
}

/* ---- the merge ---- */

static int compare_likes(const void *left, const void *right)
{
    const like *a = left, *b = right;
    if (a->item != b->item) return a->item < b->item ? -1 : 1;
    return a->user < b->user ? -1 : a->user > b->user;
}

/* One batch of distinct likes; repeats inside it are dropped as an edge does. */
static void seal(const like *likes, uint32_t count, uint64_t seq, uint64_t *digest, uint64_t time_us,
                 kd_buf *record)
{
    static like sorted[PER_BATCH];
    static kd_op ops[PER_BATCH];
    static kd_item items[PER_BATCH];
    static char users[PER_BATCH][24];
    memcpy(sorted, likes, count * sizeof *likes);
    qsort(sorted, count, sizeof *sorted, compare_likes);
    kd_body body = {.ops = ops};
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0 && compare_likes(&sorted[i - 1], &sorted[i]) == 0) continue;
        uint32_t n = body.op_count++;
        ops[n] = (kd_op){item_of(&items[n], sorted[i].item), user_of(users[n], sorted[i].user), time_us + i,
                         1, true};
    }
    kd_buf bytes = {0};
    kd_body_encode(&body, &bytes);
    kd_batch b = {.edge = kd_bytes_str("edge"),
                  .region = kd_bytes_str("eu"),
                  .at = {1, seq},
                  .body = kd_buf_view(&bytes)};
    if (seq > 1) b.after = (kd_position){1, seq - 1};
    b.after_digest = *digest;
    b.digest = *digest = kd_body_digest(b.body);
    kd_batch_encode(&b, record);
    kd_buf_finish(&bytes);
}

typedef struct {
    kd_central *c;
    kd_committer *committer;
    gate gate;
    uint64_t ended, begun;
    uint64_t fed, digest; /* batches, and the digest of the last one */
} bench;

static void end_one(bench *b)
{
    await(&b->gate, b->ended + 1);
    KD_ASSERT(kd_central_commit_end(b->c, ++b->ended, KD_OK) == KD_OK);
}

static void commit(bench *b)
{
    const kd_writes *writes;
    uint64_t version;
    if (b->begun - b->ended == DEPTH) end_one(b);
    KD_ASSERT(kd_central_commit_begin(b->c, 0, &writes, &version) == KD_OK && version == b->begun + 1);
    b->begun = version;
    kd_committer_submit(b->committer, writes, version);
}

/* When the batch was made; central quarantines what is ahead of its clock. */
static uint64_t batch_us(uint64_t seq)
{
    return 1700000000000000ull + seq * 1000000;
}

/* The records of a piece, batches_of(p) of them. */
static void seal_piece(bench *b, const plan *p, kd_buf *records)
{
    for (uint32_t from = 0, i = 0; from < p->count; from += PER_BATCH, i++) {
        uint64_t seq = b->fed + i + 1;
        kd_buf_clear(&records[i]);
        seal(p->likes + from, KD_MIN(p->count - from, (uint32_t)PER_BATCH), seq, &b->digest, batch_us(seq),
             &records[i]);
    }
}

static uint32_t batches_of(const plan *p)
{
    return (p->count + PER_BATCH - 1) / PER_BATCH;
}

static span merge_piece(bench *b, const kd_buf *records, uint32_t count)
{
    span from = span_begin();
    for (uint32_t i = 0; i < count; i++) {
        uint64_t seq = ++b->fed;
        KD_ASSERT(kd_central_feed(b->c, kd_buf_view(&records[i]), (int64_t)seq - 1, batch_us(seq)) ==
                  KD_FED_MERGED);
        if (kd_central_gathered(b->c) >= PER_COMMIT - PER_BATCH / 2 || i + 1 == count) commit(b);
    }
    while (b->ended < b->begun) end_one(b);
    return span_end(from);
}

/* Adds the distinct likes of all pieces to *distinct. */
static span merge_pieces(bench *b, const plan *p, uint64_t *distinct)
{
    uint32_t batches = batches_of(p);
    kd_buf *records = kd_alloc(batches * sizeof *records);
    span took = {0};
    for (uint32_t piece = 0; piece < p->pieces; piece++) {
        *distinct += draw(p, piece);
        seal_piece(b, p, records);
        took = merge_piece(b, records, batches);
    }
    for (uint32_t i = 0; i < batches; i++) kd_buf_finish(&records[i]);
    free(records);
    return took;
}

static uint64_t total_of(const bench *b, uint32_t items)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < items; i++) {
        uint64_t totals[KD_COUNTERS_MAX];
        kd_item item;
        KD_ASSERT(kd_central_totals(b->c, item_of(&item, i), totals) == KD_OK);
        total += totals[0];
    }
    return total;
}

static void tell(const bench *b, span took)
{
    kd_committer_stats written = kd_committer_stats_get(b->committer);
    kd_central_stats stats;
    kd_central_get_stats(b->c, &stats);
    fprintf(stderr, "merge: %.2f s, %.2f s CPU, writer %.2f s, %llu writes, %.1f bytes each, redo %.1f MB\n",
            took.clock, took.cpu, (double)written.sync_us / 1e6, (unsigned long long)written.writes,
            (double)written.bytes / (double)written.writes, (double)stats.redo_bytes / 1e6);
}

static span run_merge(const plan *p, uint64_t *total, uint64_t *distinct)
{
    kd_leveldb *db = open_db(p->dir, "merge");
    kd_store store = kd_leveldb_store(db);
    kd_counters counters = {.count = 1, .at = {{"like", 1, KD_SET}}};
    kd_central_config config = {
        .name = kd_bytes_str("bench"), .partitions = 1, .counters = &counters, .seed = 1};
    config.redo_bytes_max = 64 << 20;
    config.counts_cached_max = 1000000;
    bench b = {.gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0}};
    KD_ASSERT(kd_central_open(&config, &store, 1, 0, &b.c) == KD_OK);
    KD_ASSERT(kd_committer_create(&b.committer, db, on_done, &b.gate) == KD_OK);
    span took = merge_pieces(&b, p, distinct);
    tell(&b, took);
    *total = total_of(&b, p->items);
    kd_committer_destroy(b.committer);
    kd_central_close(b.c);
    kd_leveldb_close(db);
    return took;
}

static uint32_t number(int argc, char **argv, int at, uint32_t otherwise)
{
    return argc > at ? (uint32_t)strtoul(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: bench_merge DIR [operations] [items] [repeats per mille] [before]\n");
        return 2;
    }
    plan p = {
        argv[1], number(argc, argv, 2, 400000), number(argc, argv, 3, 1000000), number(argc, argv, 4, 20), 1,
        NULL};
    uint32_t before = number(argc, argv, 5, 0);
    if (p.count == 0 || p.items == 0) return 2;
    p.pieces += (before + p.count - 1) / p.count;
    p.likes = kd_alloc(p.count * sizeof *p.likes);
    uint64_t total, distinct = 0;
    span raw = run_raw(&p), merge = run_merge(&p, &total, &distinct);
    bool exact = total == distinct;
    printf("bench_merge ops=%u before=%llu distinct=%llu total=%llu raw_per_s=%.0f merge_per_s=%.0f "
           "raw_cpu_us=%.3f merge_cpu_us=%.3f ratio=%.2f verdict=%s\n",
           p.count, (p.pieces - 1ull) * p.count, (unsigned long long)distinct, (unsigned long long)total,
           p.count / raw.clock, p.count / merge.clock, raw.cpu / p.count * 1e6, merge.cpu / p.count * 1e6,
           raw.clock / merge.clock, exact ? "exact" : "wrong");
    free(p.likes);
    return exact ? 0 : 1;
}
