/* test_slab.c - pieces of all sizes do not overlap, are zeroed when taken, and their memory goes to other sizes. */
#include "common/base/slab.h"

#include <criterion/criterion.h>

enum { MANY = 20000, SMALL = 48 };

typedef struct {
    uint8_t *at;
    size_t size;
    uint8_t mark;
} slab_piece;

static slab_piece slab_piece_take(kd_slab *s, size_t size, uint32_t i)
{
    slab_piece p = {kd_slab_take(s, size), size, (uint8_t)(1 + i % 250)};
    cr_assert_eq((uintptr_t)p.at % sizeof(uint64_t), 0);
    for (size_t at = 0; at < size; at++) cr_assert_eq(p.at[at], 0);
    memset(p.at, p.mark, size);
    return p;
}

static void slab_piece_give(kd_slab *s, const slab_piece *p)
{
    for (size_t at = 0; at < p->size; at++) cr_assert_eq(p->at[at], p->mark, "a neighbour wrote here");
    kd_slab_give(s, p->at, p->size);
}

Test(slab, pieces_of_any_size_are_apart_and_zeroed)
{
    static slab_piece pieces[MANY];
    kd_slab s = {0};
    uint64_t random = 1;
    for (uint32_t i = 0; i < MANY; i++)
        pieces[i] = slab_piece_take(&s, 1 + kd_random_next(&random) % KD_SLAB_MAX, i);
    for (uint32_t round = 0; round < 5 * MANY; round++) {
        uint32_t i = (uint32_t)(kd_random_next(&random) % MANY);
        slab_piece_give(&s, &pieces[i]);
        pieces[i] = slab_piece_take(&s, 1 + kd_random_next(&random) % KD_SLAB_MAX, round);
    }
    for (uint32_t i = 0; i < MANY; i++) slab_piece_give(&s, &pieces[i]);
    kd_slab_finish(&s);
}

Test(slab, a_piece_costs_little_more_than_it_holds)
{
    static slab_piece pieces[MANY];
    kd_slab s = {0};
    for (uint32_t i = 0; i < MANY; i++) pieces[i] = slab_piece_take(&s, SMALL, i);
    cr_expect_lt(kd_slab_bytes(&s), MANY * SMALL * 102 / 100 + 16 * 1024);
    for (uint32_t i = 0; i < MANY; i++) slab_piece_give(&s, &pieces[i]);
    kd_slab_finish(&s);
}

Test(slab, memory_of_one_size_goes_to_another)
{
    static slab_piece pieces[MANY];
    kd_slab s = {0};
    for (size_t size = 8; size <= KD_SLAB_MAX; size += 8) {
        for (uint32_t i = 0; i < MANY / size; i++) pieces[i] = slab_piece_take(&s, size, i);
        for (uint32_t i = 0; i < MANY / size; i++) slab_piece_give(&s, &pieces[i]);
    }
    cr_expect_leq(kd_slab_bytes(&s), KD_SLAB_MAX / 8 * 16 * 1024, "a chunk of each size is all that stays");
    kd_slab_finish(&s);
}
