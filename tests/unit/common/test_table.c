/* test_table.c - the hash table against a plain array as the model. */
#include "common/base/table.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

typedef struct {
    kd_table_entry head;
    uint32_t number;
    char key[16];
    uint32_t seen;
} thing;

static kd_bytes key_of(const void *entry)
{
    return kd_bytes_str(((const thing *)entry)->key);
}

static thing *make_things(uint32_t count)
{
    thing *things = kd_alloc(count * sizeof *things);
    for (uint32_t i = 0; i < count; i++) {
        things[i].number = i;
        snprintf(things[i].key, sizeof things[i].key, "item/%u", i);
    }
    return things;
}

static uint32_t walk(const kd_table *t)
{
    uint32_t count = 0;
    size_t cursor = 0;
    for (thing *x; (x = kd_table_next(t, &cursor)) != NULL; count++) x->seen++;
    return count;
}

Test(table, an_empty_table_answers_everything)
{
    kd_table t;
    kd_table_init(&t, key_of, 1);
    size_t cursor = 0;
    cr_assert_null(kd_table_find(&t, kd_bytes_str("a")));
    cr_assert_null(kd_table_remove(&t, kd_bytes_str("a")));
    cr_assert_null(kd_table_next(&t, &cursor));
    cr_assert_eq(kd_table_bytes(&t), 0);
    kd_table_finish(&t);
}

Test(table, an_entry_is_added_and_found_by_its_hash)
{
    kd_table t;
    kd_table_init(&t, key_of, 9);
    thing a = {.key = "here"};
    uint64_t hash = kd_table_hash(&t, kd_bytes_str("here"));
    kd_table_prefetch_hashed(&t, hash);
    cr_assert_null(kd_table_find_hashed(&t, kd_bytes_str("here"), hash));
    kd_table_add_hashed(&t, &a, hash);
    cr_assert_eq(t.count, 1);
    cr_assert_eq(kd_table_find_hashed(&t, kd_bytes_str("here"), hash), &a);
    cr_assert_eq(kd_table_find(&t, kd_bytes_str("here")), &a);
    cr_assert_null(kd_table_find_hashed(&t, kd_bytes_str("gone"), kd_table_hash(&t, kd_bytes_str("gone"))));
    cr_assert_eq(kd_table_remove(&t, kd_bytes_str("here")), &a);
    kd_table_finish(&t);
}

Test(table, put_returns_the_entry_that_it_replaces)
{
    kd_table t;
    kd_table_init(&t, key_of, 2);
    thing a = {.key = "same"}, b = {.key = "same"};
    cr_assert_null(kd_table_put(&t, &a));
    cr_assert_eq(kd_table_put(&t, &b), &a);
    cr_assert_eq(t.count, 1);
    cr_assert_eq(kd_table_find(&t, kd_bytes_str("same")), &b);
    cr_assert_eq(kd_table_remove(&t, kd_bytes_str("same")), &b);
    cr_assert_eq(t.count, 0);
    kd_table_finish(&t);
}

/* Random puts, removes and finds; each answer is compared with a flag per key. */
Test(table, agrees_with_a_model)
{
    enum { THINGS = 20000, STEPS = 600000 };
    for (uint64_t seed = 1; seed <= 3; seed++) {
        kd_table t;
        kd_table_init(&t, key_of, seed);
        thing *things = make_things(THINGS);
        bool *in = kd_alloc(THINGS);
        size_t count = 0;
        uint64_t random = seed;
        for (uint32_t step = 0; step < STEPS; step++) {
            /* phases of growing and shrinking */
            bool grow = step / 100000 % 2 == 0;
            thing *x = &things[kd_random_next(&random) % THINGS];
            uint64_t dice = kd_random_next(&random) % 8;
            if (dice == 0) {
                cr_assert_eq(kd_table_find(&t, key_of(x)), in[x->number] ? x : NULL);
            } else if ((dice < 6) == grow) {
                cr_assert_eq(kd_table_put(&t, x), in[x->number] ? x : NULL);
                count += !in[x->number];
                in[x->number] = true;
            } else {
                cr_assert_eq(kd_table_remove(&t, key_of(x)), in[x->number] ? x : NULL);
                count -= in[x->number];
                in[x->number] = false;
            }
            cr_assert_eq(t.count, count);
        }
        cr_assert_eq(walk(&t), count);
        for (uint32_t i = 0; i < THINGS; i++) cr_assert_eq(things[i].seen, in[i]);
        kd_table_finish(&t);
        free(things);
        free(in);
    }
}

Test(table, walks_each_entry_once_while_entries_are_removed)
{
    enum { THINGS = 50000 };
    kd_table t;
    kd_table_init(&t, key_of, 4);
    thing *things = make_things(THINGS);
    for (uint32_t i = 0; i < THINGS; i++) kd_table_put(&t, &things[i]);
    size_t cursor = 0;
    for (thing *x; (x = kd_table_next(&t, &cursor)) != NULL;) {
        x->seen++;
        if (x->number % 2 == 0) cr_assert_eq(kd_table_remove(&t, key_of(x)), x);
    }
    for (uint32_t i = 0; i < THINGS; i++) cr_assert_eq(things[i].seen, 1);
    cr_assert_eq(t.count, THINGS / 2);
    cursor = 0;
    for (thing *x; (x = kd_table_next(&t, &cursor)) != NULL;) kd_table_remove(&t, key_of(x));
    cr_assert_eq(t.count, 0);
    cr_assert_eq(kd_table_bytes(&t), 0, "an emptied table gives its memory back");
    kd_table_finish(&t);
    free(things);
}

/* A few entries that come and go must not make the table grow: removed slots are used again. */
Test(table, churn_does_not_grow_it)
{
    kd_table t;
    kd_table_init(&t, key_of, 5);
    thing *things = make_things(1000000);
    for (uint32_t i = 0; i < 1000000; i++) {
        kd_table_put(&t, &things[i]);
        if (i >= 100) kd_table_remove(&t, key_of(&things[i - 100]));
    }
    cr_assert_eq(t.count, 100);
    cr_assert_lt(kd_table_bytes(&t), 256 * 9 + 200);
    kd_table_finish(&t);
    free(things);
}

Test(table, stays_small)
{
    kd_table t;
    kd_table_init(&t, key_of, 6);
    thing *things = make_things(1000000);
    for (uint32_t i = 0; i < 1000000; i++) {
        kd_table_put(&t, &things[i]);
        if (i >= 10000 && i % 1000 == 0) cr_assert_leq(kd_table_bytes(&t), 17 * t.count);
    }
    kd_table_finish(&t);
    free(things);
}

/* Keys whose hashes begin alike, found by trying, so that they stay in one segment: splitting cannot part them, and the directory must stop
 * growing. */
Test(table, keys_that_hash_alike_do_not_grow_the_directory)
{
    enum { THINGS = 3000, ALIKE_BITS = 12 };
    kd_table t;
    kd_table_init(&t, key_of, 7);
    thing *things = kd_alloc(THINGS * sizeof *things);
    for (uint32_t found = 0, i = 0; found < THINGS; i++) {
        thing *x = &things[found];
        snprintf(x->key, sizeof x->key, "%u", i);
        if (XXH3_64bits_withSeed(x->key, strlen(x->key), 7) >> (64 - ALIKE_BITS) == 0) found++;
    }
    for (uint32_t i = 0; i < THINGS; i++) cr_assert_null(kd_table_put(&t, &things[i]));
    cr_assert_lt(t.depth, ALIKE_BITS - 2);
    cr_assert_lt(kd_table_bytes(&t), 40 * THINGS);
    for (uint32_t i = 0; i < THINGS; i++) cr_assert_eq(kd_table_find(&t, key_of(&things[i])), &things[i]);
    for (uint32_t i = 0; i < THINGS; i++) cr_assert_eq(kd_table_remove(&t, key_of(&things[i])), &things[i]);
    cr_assert_eq(t.count, 0);
    kd_table_finish(&t);
    free(things);
}
