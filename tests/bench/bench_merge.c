/*
 * bench_merge.c - central's merge against raw synced LevelDB get + put: uniform keys, 16000 operations per
 * commit, repeats.
 *
 *     bench_merge DIR [operations] [items] [repeats per mille] [before] [write buffer, MiB] [indices] [peer]
 *
 * `before`: likes that both stores hold already, in pieces that are not measured. Both have the write buffer that
 * central has by default. `peer`: 0 leaves get and put out, whose figures are then 0. What comes from elsewhere is made before it is measured: records here, keys there. The
 * merge writes in a second thread while the next commit is prepared. Afterwards the exact total is checked: a merge
 * that drops repeats or counts them twice is no merge. Last line: `bench_merge ops= before= distinct= total=
 * raw_per_s= merge_per_s= raw_cpu_us= merge_cpu_us= core_cpu_us= raw_free= merge_free= ratio= verdict=`.
 *
 *     cpu_us   processor time of the process for an operation; core: of the thread that merges
 *     free     processors that nothing else had in the mean. The merge has two threads and LevelDB's own: where other
 *              work leaves one processor to it, it loses most of what the second thread gains
 */
#include "common/io/leveldb/committer.h"
#include "kudos/central.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    PER_COMMIT = 16000 /* central.commit_ops */,
    PER_BATCH = 1000,
    DEPTH = 2,
    WRITE_BUFFER_MIB = 8 /* central.write_buffer */
};

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

/* Processor time of the machine that did not stand idle, what its host took included. */
static double busy_s(void)
{
    enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, FIELDS };
    unsigned long long t[FIELDS] = {0};
    FILE *f = fopen("/proc/stat", "r");
    KD_ASSERT(f && fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[USER], &t[NICE], &t[SYSTEM],
                          &t[IDLE], &t[IOWAIT], &t[IRQ], &t[SOFTIRQ], &t[STEAL]) == FIELDS);
    fclose(f);
    unsigned long long ticks = t[USER] + t[NICE] + t[SYSTEM] + t[IRQ] + t[SOFTIRQ] + t[STEAL];
    return (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

/* Time by the clock; processor time of the process, of this thread and of the machine. */
typedef struct {
    double clock, cpu, own, busy;
} span;

static span span_begin(void)
{
    return (span){clock_s(CLOCK_MONOTONIC), clock_s(CLOCK_PROCESS_CPUTIME_ID),
                  clock_s(CLOCK_THREAD_CPUTIME_ID), busy_s()};
}

static span span_end(span from)
{
    span now = span_begin();
    return (span){now.clock - from.clock, now.cpu - from.cpu, now.own - from.own, now.busy - from.busy};
}

/* Likes come in pieces of `count`; the last one is measured. */
typedef struct {
    const char *dir;
    uint32_t count, items, repeats, pieces, buffer_mib;
    uint32_t indices; /* that the merge keeps besides; the peer keeps none */
    like *likes;      /* of the piece at hand */
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

static kd_leveldb *open_db(const plan *p, const char *name)
{
    char path[4096], err[256];
    kd_leveldb *db;
    const kd_leveldb_options options = {.create = true, .write_buffer_bytes = (size_t)p->buffer_mib << 20};
    snprintf(path, sizeof path, "%s/%s", p->dir, name);
    if (kd_leveldb_open(&db, path, &options, err, sizeof err) == KD_OK) return db;
    fprintf(stderr, "bench_merge: %s\n", err);
    exit(4);
}

/* The keys of a piece, each behind a byte with its length. */
static void put_keys(const plan *p, kd_buf *keys)
{
    kd_buf_clear(keys);
    for (uint32_t i = 0; i < p->count; i++) {
        kd_item item;
        char user[24];
        kd_bytes k = item_of(&item, p->likes[i].item), u = user_of(user, p->likes[i].user);
        kd_buf_put_u8(keys, (uint8_t)(1 + k.len + u.len));
        kd_buf_put_u8(keys, 'm');
        kd_buf_put(keys, k.data, k.len);
        kd_buf_put(keys, u.data, u.len);
    }
}

static void put_piece(kd_leveldb *db, const plan *p, kd_bytes keys)
{
    kd_store store = kd_leveldb_store(db);
    kd_writes writes = {0};
    kd_buf value = {0};
    kd_reader r = kd_reader_of(keys);
    for (uint32_t i = 0; i < p->count; i++) {
        kd_bytes key = kd_read_bytes(&r, kd_read_u8(&r));
        store.get(store.ctx, key, &value);
        kd_writes_put(&writes, key, kd_bytes_str("0123456789"));
        if (i % PER_COMMIT != PER_COMMIT - 1 && i + 1 < p->count) continue;
        KD_ASSERT(kd_leveldb_write(db, &writes, true) == KD_OK);
        kd_writes_clear(&writes);
    }
    kd_writes_finish(&writes);
    kd_buf_finish(&value);
}

static span run_raw(const plan *p)
{
    kd_leveldb *db = open_db(p, "raw");
    kd_buf keys = {0};
    span took = {0};
    for (uint32_t piece = 0; piece < p->pieces; piece++) {
        draw(p, piece);
        put_keys(p, &keys);
        span from = span_begin();
        put_piece(db, p, kd_buf_view(&keys));
        took = span_end(from);
    }
    kd_buf_finish(&keys);
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
    KD_ASSERT(kd_central_commit_begin(b->c, &writes, &version) == KD_OK && version == b->begun + 1);
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

static const char *const trending[] = {"*"}; /* central.trending */

static span run_merge(const plan *p, uint64_t *total, uint64_t *distinct)
{
    kd_leveldb *db = open_db(p, "merge");
    kd_store store = kd_leveldb_store(db);
    kd_counters counters = {.count = 1, .at = {{"like", 1, KD_SET}}};
    kd_central_config config = {
        .name = kd_bytes_str("bench"), .partitions = 1, .counters = &counters, .seed = 1};
    config.redo_bytes_max = 64 << 20;
    config.trending = trending;
    config.trending_count = KD_COUNT(trending);
    config.counts_cached_max = 1000000;
    config.indices = p->indices;
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

static double free_processors(span s)
{
    if (s.clock == 0) return 0; /* was not run */
    return (double)sysconf(_SC_NPROCESSORS_ONLN) - (s.busy - s.cpu) / s.clock;
}

static double rate_of(const plan *p, span s)
{
    return s.clock > 0 ? p->count / s.clock : 0;
}

static void tell_all(const plan *p, span raw, span merge, uint64_t distinct, uint64_t total)
{
    printf("bench_merge ops=%u before=%llu distinct=%llu total=%llu raw_per_s=%.0f merge_per_s=%.0f "
           "raw_cpu_us=%.3f "
           "merge_cpu_us=%.3f core_cpu_us=%.3f raw_free=%.2f merge_free=%.2f ratio=%.2f verdict=%s\n",
           p->count, (p->pieces - 1ull) * p->count, (unsigned long long)distinct, (unsigned long long)total,
           rate_of(p, raw), rate_of(p, merge), raw.cpu / p->count * 1e6, merge.cpu / p->count * 1e6,
           merge.own / p->count * 1e6, free_processors(raw), free_processors(merge), raw.clock / merge.clock,
           total == distinct ? "exact" : "wrong");
}

static uint32_t number(int argc, char **argv, int at, uint32_t otherwise)
{
    return argc > at ? (uint32_t)strtoul(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: bench_merge DIR [operations] [items] [repeats per mille] [before] [MiB] "
                        "[indices] [peer]\n");
        return 2;
    }
    plan p = {.dir = argv[1], .pieces = 1};
    p.count = number(argc, argv, 2, 400000);
    p.items = number(argc, argv, 3, 1000000);
    p.repeats = number(argc, argv, 4, 20);
    p.buffer_mib = number(argc, argv, 6, WRITE_BUFFER_MIB);
    p.indices = number(argc, argv, 7, 0);
    uint32_t before = number(argc, argv, 5, 0);
    if (p.count == 0 || p.items == 0) return 2;
    p.pieces += (before + p.count - 1) / p.count;
    p.likes = kd_alloc(p.count * sizeof *p.likes);
    uint64_t total, distinct = 0;
    bool peer = number(argc, argv, 8, 1);
    span raw = peer ? run_raw(&p) : (span){0}, merge = run_merge(&p, &total, &distinct);
    tell_all(&p, raw, merge, distinct, total);
    free(p.likes);
    return total == distinct ? 0 : 1;
}
