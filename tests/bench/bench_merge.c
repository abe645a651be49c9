/*
 * bench_merge.c - central's merge against raw synced LevelDB get + put: uniform keys, 4000 operations per
 * commit, repeats.
 *
 *     bench_merge DIR [operations] [items] [repeats per mille]
 *
 * Both write in a second thread while the next commit is prepared. Afterwards the exact total is checked: a
 * merge that drops repeats or counts them twice is no merge. Last line: `bench_merge ops= raw_per_s=
 * merge_per_s= ratio= verdict=`.
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

static double now_s(void)
{
    return clock_s(CLOCK_MONOTONIC);
}

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

/* Draws likes, `repeats` in a thousand of which repeat an earlier one. Returns how many are distinct. */
static uint32_t draw(like *likes, uint32_t count, uint32_t items, uint32_t repeats)
{
    uint64_t random = 42;
    uint32_t distinct = 0;
    for (uint32_t i = 0; i < count; i++) {
        bool again = i > 0 && kd_random_next(&random) % 1000 < repeats;
        if (again)
            likes[i] = likes[kd_random_next(&random) % i];
        else
            likes[i] = (like){(uint32_t)(kd_random_next(&random) % items), ++distinct};
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

static double run_raw(const char *dir, const like *likes, uint32_t count)
{
    kd_leveldb *db = open_db(dir, "raw");
    kd_store store = kd_leveldb_store(db);
    kd_writes writes = {0};
    kd_buf key = {0}, value = {0};
    double from = now_s();
    for (uint32_t i = 0; i < count; i++) {
        kd_item item;
        char user[24];
        kd_buf_clear(&key);
        kd_buf_put_u8(&key, 'm');
        kd_bytes k = item_of(&item, likes[i].item), u = user_of(user, likes[i].user);
        kd_buf_put(&key, k.data, k.len);
        kd_buf_put(&key, u.data, u.len);
        store.get(store.ctx, kd_buf_view(&key), &value);
        kd_writes_put(&writes, kd_buf_view(&key), kd_bytes_str("0123456789"));
        if (i % PER_COMMIT != PER_COMMIT - 1 && i + 1 < count) continue;
        KD_ASSERT(kd_leveldb_write(db, &writes, true) == KD_OK);
        kd_writes_clear(&writes);
    }
    double took = now_s() - from;
    kd_leveldb_close(db);
    kd_writes_finish(&writes);
    kd_buf_finish(&key);
    kd_buf_finish(&value);
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

static double run_merge(const char *dir, const kd_buf *records, uint32_t count, uint64_t *total,
                        uint32_t items)
{
    kd_leveldb *db = open_db(dir, "merge");
    kd_store store = kd_leveldb_store(db);
    kd_counters counters = {.count = 1, .at = {{"like", 1, KD_SET}}};
    kd_central_config config = {
        .name = kd_bytes_str("bench"), .partitions = 1, .counters = &counters, .seed = 1};
    config.redo_bytes_max = 64 << 20;
    config.counts_cached_max = 1000000;
    bench b = {.gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0}};
    KD_ASSERT(kd_central_open(&config, &store, 1, 0, &b.c) == KD_OK);
    KD_ASSERT(kd_committer_create(&b.committer, db, on_done, &b.gate) == KD_OK);
    double from = now_s(), cpu = clock_s(CLOCK_THREAD_CPUTIME_ID);
    for (uint32_t i = 0; i < count; i++) {
        KD_ASSERT(kd_central_feed(b.c, kd_buf_view(&records[i]), i, 0) == KD_FED_MERGED);
        if (kd_central_gathered(b.c) >= PER_COMMIT - PER_BATCH / 2 || i + 1 == count) commit(&b);
    }
    while (b.ended < b.begun) end_one(&b);
    double took = now_s() - from;
    kd_committer_stats written = kd_committer_stats_get(b.committer);
    kd_central_stats stats;
    kd_central_get_stats(b.c, &stats);
    fprintf(stderr,
            "merge: %.2f s, core %.2f s CPU, writer %.2f s, %llu writes, %.1f bytes each, redo %.1f MB\n",
            took, clock_s(CLOCK_THREAD_CPUTIME_ID) - cpu, (double)written.sync_us / 1e6,
            (unsigned long long)written.writes, (double)written.bytes / (double)written.writes,
            (double)stats.redo_bytes / 1e6);
    *total = 0;
    for (uint32_t i = 0; i < items; i++) {
        uint64_t totals[KD_COUNTERS_MAX];
        kd_item item;
        KD_ASSERT(kd_central_totals(b.c, item_of(&item, i), totals) == KD_OK);
        *total += totals[0];
    }
    kd_committer_destroy(b.committer);
    kd_central_close(b.c);
    kd_leveldb_close(db);
    return took;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: bench_merge DIR [operations] [items] [repeats per mille]\n");
        return 2;
    }
    uint32_t count = argc > 2 ? (uint32_t)atoi(argv[2]) : 400000,
             items = argc > 3 ? (uint32_t)atoi(argv[3]) : 1000000;
    like *likes = kd_alloc(count * sizeof *likes);
    uint32_t distinct = draw(likes, count, items, argc > 4 ? (uint32_t)atoi(argv[4]) : 20);
    uint32_t batches = (count + PER_BATCH - 1) / PER_BATCH;
    kd_buf *records = kd_alloc(batches * sizeof *records);
    uint64_t digest = 0, total;
    for (uint32_t i = 0; i < batches; i++) {
        uint32_t from = i * PER_BATCH, n = KD_MIN(count - from, (uint32_t)PER_BATCH);
        seal(likes + from, n, i + 1, &digest, 1700000000000000ull + (uint64_t)i * 1000000, &records[i]);
    }
    double raw = run_raw(argv[1], likes, count), merge = run_merge(argv[1], records, batches, &total, items);
    bool exact = total == distinct;
    printf(
        "bench_merge ops=%u distinct=%u total=%llu raw_per_s=%.0f merge_per_s=%.0f ratio=%.2f verdict=%s\n",
        count, distinct, (unsigned long long)total, count / raw, count / merge, raw / merge,
        exact ? "exact" : "wrong");
    for (uint32_t i = 0; i < batches; i++) kd_buf_finish(&records[i]);
    free(records);
    free(likes);
    return exact ? 0 : 1;
}
