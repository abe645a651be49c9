/* test_sort.c - of each row the operation with the largest stamp is kept, and the rows are in the order of their keys. */
#include "central/core/sort.h"
#include "central/core/state.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

enum { EDGES = 3 };

static kd_central c;
static kd_gathered_op last[1000]; /* by user: what must be kept; key_len 0: nothing */

static void gather(kd_commit *k, uint32_t user, uint64_t time_us, uint16_t edge)
{
    char text[16];
    kd_gathered_op op = {.time_us = time_us, .edge = edge, .arrival = k->op_count};
    snprintf(text, sizeof text, "%u", user);
    op.key_at = (uint32_t)k->keys.len;
    kd_member_key_put(&k->keys, 1, kd_bytes_str("\5posts\1a"), kd_bytes_str(text));
    op.key_len = (uint16_t)(k->keys.len - op.key_at);
    k->ops = kd_grow(k->ops, k->op_count, &k->op_cap, sizeof *k->ops);
    k->ops[k->op_count++] = op;
    const kd_gathered_op *before = &last[user];
    /* the names of the edges are in the order of their indices */
    bool later = time_us > before->time_us || (time_us == before->time_us && edge >= before->edge);
    if (before->key_len == 0 || later) last[user] = op;
}

static void assert_kept(const kd_commit *k)
{
    uint32_t rows = 0;
    for (uint32_t user = 0; user < KD_COUNT(last); user++) rows += last[user].key_len > 0;
    cr_assert_eq(k->op_count, rows);
    for (uint32_t i = 0; i < k->op_count; i++) {
        const kd_gathered_op *op = &k->ops[i];
        kd_bytes key = kd_key_at(k, op->key_at, op->key_len);
        char text[16] = {0};
        kd_bytes item, user;
        uint8_t counter;
        kd_member_key_parse(key, &counter, &item, &user);
        memcpy(text, user.data, user.len);
        const kd_gathered_op *want = &last[atoi(text)];
        cr_assert(want->time_us == op->time_us && want->edge == op->edge && want->arrival == op->arrival);
        if (i > 0) cr_assert_lt(kd_bytes_cmp(kd_key_at(k, op[-1].key_at, op[-1].key_len), key), 0);
    }
}

/* Operations in ascending runs of `run` users; a run of 1 is no order at all. */
static void keep_of(uint32_t count, uint32_t users, uint32_t run)
{
    kd_commit k = {0};
    uint64_t random = count * 31 + users + run;
    uint32_t user = 0;
    memset(last, 0, sizeof last);
    for (uint32_t i = 0; i < count; i++) {
        user = i % run == 0 ? (uint32_t)(kd_random_next(&random) % users) : KD_MIN(user + 1, users - 1);
        gather(&k, user, 1 + kd_random_next(&random) % 4, (uint16_t)(kd_random_next(&random) % EDGES));
    }
    kd_sort_keep_last(&c, &k);
    assert_kept(&k);
    kd_commit_finish(&k);
}

Test(sort, keeps_the_largest_stamp_of_each_row)
{
    for (uint16_t e = 0; e < EDGES; e++) {
        c.edges[e].name_len = 1;
        c.edges[e].name[0] = (char)('a' + e);
    }
    for (uint32_t count = 0; count < 40; count++)
        for (uint32_t run = 1; run < 9; run++) keep_of(count, 12, run);
    const uint32_t runs[] = {1, 2, 3, 50, 999, 5000};
    for (uint32_t i = 0; i < KD_COUNT(runs); i++) {
        keep_of(5000, 1000, runs[i]);
        keep_of(300, 1000, runs[i]);
    }
    kd_sort_finish(&c.sort);
}
