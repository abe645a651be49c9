/* test_pool.c - pieces do not overlap, are zeroed when taken, and are used again before more memory is allocated. */
#include "common/base/pool.h"

#include <criterion/criterion.h>

enum { SIZE = 20, MANY = 2000 };

Test(pool, pieces_are_apart_and_zeroed)
{
    static uint8_t *pieces[MANY];
    kd_pool p;
    kd_pool_init(&p, SIZE);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < MANY; i++) {
            pieces[i] = kd_pool_take(&p);
            for (int at = 0; at < SIZE; at++) cr_assert_eq(pieces[i][at], 0);
            memset(pieces[i], 1 + i % 250, SIZE);
        }
        for (int i = 0; i < MANY; i++) {
            for (int at = 0; at < SIZE; at++)
                cr_assert_eq(pieces[i][at], 1 + i % 250, "a neighbour wrote here");
            kd_pool_give(&p, pieces[i]);
        }
    }
    kd_pool_finish(&p);
}

Test(pool, a_piece_given_back_is_taken_first)
{
    kd_pool p;
    kd_pool_init(&p, 1);
    void *a = kd_pool_take(&p), *b = kd_pool_take(&p);
    cr_assert_eq((uintptr_t)b % sizeof(void *), 0);
    kd_pool_give(&p, a);
    cr_assert_eq(kd_pool_take(&p), a);
    cr_assert_neq(kd_pool_take(&p), b);
    kd_pool_finish(&p);
}
