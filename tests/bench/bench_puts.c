/*
 * bench_puts.c - raw synced LevelDB puts: the cost of an edge's rows without anything above the store.
 *
 *     bench-puts DIR [puts] [items] [users] [group]
 *
 * Keys and values have the form and size of an edge's membership rows, in the order in which `kudos-sim load
 * --batch` likes: a user after the other, 200 items in a row each. Groups are written by one thread, one
 * synced write each, by the store that the edge uses. Last line: `bench-puts puts= per_s= cpu_us= verdict=`.
 */
#include "common/io/leveldb/leveldb_store.h"
#include "kudos/id.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BLOCK = 200, PARTITIONS = 8 };

typedef struct {
    uint32_t puts, items, users, group;
} plan;

static double clock_s(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint32_t number(int argc, char **argv, int at, uint32_t otherwise)
{
    long value = argc > at ? atol(argv[at]) : 0;
    return value > 0 ? (uint32_t)value : otherwise;
}

/* m part:2 counter:1 item ulen:1 user */
static void row_key(const plan *p, uint32_t n, kd_buf *key)
{
    uint32_t turn = n / BLOCK, block = turn / p->users % (p->items / BLOCK);
    char text[64];
    kd_item item;
    snprintf(text, sizeof text, "posts/c1.%u", block * BLOCK + n % BLOCK);
    KD_ASSERT(kd_item_parse(&item, kd_bytes_str(text)) == KD_OK);
    kd_bytes at = kd_item_key(&item);
    int len = snprintf(text, sizeof text, "u1.%010u", turn % p->users);
    kd_buf_clear(key);
    kd_buf_put_u8(key, 'm');
    kd_buf_put_be16(key, (uint16_t)kd_partition(at, PARTITIONS));
    kd_buf_put_u8(key, 1);
    kd_buf_put(key, at.data, at.len);
    kd_buf_put_u8(key, (uint8_t)len);
    kd_buf_put(key, text, (size_t)len);
}

static bool put_all(kd_leveldb *db, const plan *p)
{
    kd_writes writes = {0};
    kd_buf key = {0};
    bool good = true;
    for (uint32_t n = 0; n < p->puts && good; n++) {
        row_key(p, n, &key);
        kd_writes_put(&writes, kd_buf_view(&key), kd_bytes_str("123456789"));
        if (writes.count < p->group && n + 1 < p->puts) continue;
        good = kd_leveldb_write(db, &writes, true) == KD_OK;
        kd_writes_clear(&writes);
    }
    kd_writes_finish(&writes);
    kd_buf_finish(&key);
    return good;
}

static int count_row(void *arg, kd_bytes key, kd_bytes value)
{
    (void)key, (void)value;
    ++*(uint32_t *)arg;
    return 0;
}

int main(int argc, char **argv)
{
    const plan p = {number(argc, argv, 2, 1000000), number(argc, argv, 3, 100000),
                    number(argc, argv, 4, 2000), number(argc, argv, 5, 1000)};
    char error[256];
    kd_leveldb *db;
    if (argc < 2 || p.items < BLOCK) {
        fprintf(stderr, "usage: bench-puts DIR [puts] [items, 200 or more] [users] [group]\n");
        return 2;
    }
    if (kd_leveldb_open(&db, argv[1], &(kd_leveldb_options){.create = true}, error, sizeof error) != KD_OK) {
        fprintf(stderr, "bench-puts: %s\n", error);
        return 4;
    }
    double from = clock_s(CLOCK_MONOTONIC), cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID);
    bool good = put_all(db, &p);
    double took = clock_s(CLOCK_MONOTONIC) - from;
    cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    uint32_t rows = 0;
    kd_store store = kd_leveldb_store(db);
    kd_bytes all = {0};
    good = good && store.scan(store.ctx, all, all, count_row, &rows) == KD_OK && rows == p.puts;
    kd_leveldb_close(db);
    printf("bench-puts puts=%u per_s=%.0f cpu_us=%.2f verdict=%s\n", rows, p.puts / took, cpu / p.puts * 1e6,
           good ? "exact" : "wrong");
    return good ? 0 : 1;
}
