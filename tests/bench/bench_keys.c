/*
 * bench_keys.c - what MACs cost: CPU to sign and to check a batch of 1000 likes, to sign a snapshot for 20 edges, and beside it to decode the batch.
 *
 *     bench_keys DIR [rounds]
 *
 * Last line: `bench_keys bytes= sign_us= check_us= snapshot_us= decode_us= verdict=`, the times for one record.
 */
#include "common/io/kafka/record_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "kudos/wire.h"

enum { LIKES = 1000, EDGES = 20, PATH_BYTES = 1024 };

#define TOPIC kd_bytes_str("kudos.likes.v1")

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static kd_record_keys *make_keys(const char *dir)
{
    char path[PATH_BYTES], error[256] = "";
    kd_record_keys *keys;
    snprintf(path, sizeof path, "%s/bench.keys", dir);
    FILE *f = fopen(path, "w");
    KD_ASSERT(f != NULL && fchmod(fileno(f), 0600) == 0);
    fprintf(f, "%d central %064d\n", EDGES + 1, EDGES + 1);
    for (int i = 1; i <= EDGES; i++) fprintf(f, "%d edge:edge-%d %064d\n", i, i, i);
    fclose(f);
    if (kd_record_keys_create(&keys, path, NULL, error, sizeof error) != KD_OK) {
        fprintf(stderr, "bench_keys: %s\n", error);
        exit(1);
    }
    return keys;
}

static void make_body(kd_buf *out)
{
    static kd_op ops[LIKES];
    static kd_item items[LIKES];
    static char users[LIKES][24];
    kd_body body = {.ops = ops, .op_count = LIKES};
    uint64_t random = 1;
    for (uint32_t i = 0; i < LIKES; i++) {
        char text[32];
        snprintf(text, sizeof text, "posts/%u", (unsigned)(kd_random_next(&random) % 100000));
        KD_ASSERT(kd_item_parse(&items[i], kd_bytes_str(text)) == KD_OK);
        snprintf(users[i], sizeof users[i], "%016u", (unsigned)i * 7919u);
        ops[i] =
            (kd_op){kd_item_key(&items[i]), kd_bytes_str(users[i]), 1700000000000000ull + i * 5000, 1, true};
    }
    kd_body_encode(&body, out);
}

static void make_batch(kd_buf *body, kd_buf *record)
{
    make_body(body);
    kd_batch b = {
        .edge = kd_bytes_str("edge-7"), .region = kd_bytes_str("r"), .at = {1, 1}, .body = kd_buf_view(body)};
    b.digest = kd_body_digest(b.body);
    kd_batch_encode(&b, record);
}

static void make_snapshot(kd_buf *record)
{
    kd_snapshot s = {.kind = KD_SNAPSHOT_DELTA, .epoch = 1, .version = 1, .parts = 1};
    kd_snapshot_encode(&s, record);
}

static double sign_us(kd_record_keys *keys, kd_bytes record, kd_buf *header, uint32_t rounds)
{
    double from = cpu_us();
    for (uint32_t i = 0; i < rounds; i++) kd_record_keys_sign(keys, TOPIC, 3, record, header);
    return (cpu_us() - from) / rounds;
}

static double check_us(kd_record_keys *keys, kd_bytes record, kd_bytes header, uint32_t rounds)
{
    double from = cpu_us();
    for (uint32_t i = 0; i < rounds; i++)
        KD_ASSERT(kd_record_keys_verify(keys, TOPIC, 3, record, header) == KD_MAC_GOOD);
    return (cpu_us() - from) / rounds;
}

static double decode_us(kd_bytes record, uint32_t rounds)
{
    double from = cpu_us();
    for (uint32_t i = 0; i < rounds; i++) {
        kd_batch b;
        kd_body body;
        KD_ASSERT(kd_batch_decode(record, &b) == KD_OK && kd_body_decode(b.body, &body) == KD_OK);
        kd_body_finish(&body);
    }
    return (cpu_us() - from) / rounds;
}

int main(int argc, char **argv)
{
    uint32_t rounds = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 5000;
    kd_buf body = {0}, batch = {0}, snapshot = {0}, header = {0}, many = {0};
    if (argc < 2 || rounds == 0) return 2;
    kd_record_keys *keys = make_keys(argv[1]);
    make_batch(&body, &batch);
    make_snapshot(&snapshot);
    double sign = sign_us(keys, kd_buf_view(&batch), &header, rounds);
    double check = check_us(keys, kd_buf_view(&batch), kd_buf_view(&header), rounds);
    double all = sign_us(keys, kd_buf_view(&snapshot), &many, rounds);
    double decode = decode_us(kd_buf_view(&batch), rounds);
    bool exact = header.len == 1 + KD_MAC_ENTRY && many.len == 1 + EDGES * KD_MAC_ENTRY;
    printf("bench_keys bytes=%zu sign_us=%.1f check_us=%.1f snapshot_us=%.1f decode_us=%.1f verdict=%s\n",
           batch.len, sign, check, all, decode, exact ? "exact" : "wrong");
    kd_record_keys_destroy(keys);
    kd_buf_finish(&body);
    kd_buf_finish(&batch);
    kd_buf_finish(&snapshot);
    kd_buf_finish(&header);
    kd_buf_finish(&many);
    return exact ? 0 : 1;
}
