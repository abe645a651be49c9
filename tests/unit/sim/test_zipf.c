/*
 * Zipf's law by the alias table: each rank as often as its share says.
 */
#include <criterion/criterion.h>
#include <math.h>

#include "sim/users/zipf.h"

enum { RANKS = 12, DRAWS = 400000 };

static void follows(double s)
{
    static uint32_t seen[RANKS];
    sim_zipf z;
    uint64_t random = 7;
    double sum = 0;
    memset(seen, 0, sizeof seen);
    sim_zipf_init(&z, RANKS, s);
    for (int i = 0; i < DRAWS; i++) {
        uint32_t rank = sim_zipf_pick(&z, &random);
        cr_assert_lt(rank, RANKS);
        seen[rank]++;
    }
    for (int i = 0; i < RANKS; i++) sum += pow(i + 1.0, -s);
    for (int i = 0; i < RANKS; i++) {
        double wanted = DRAWS * pow(i + 1.0, -s) / sum;
        cr_expect_lt(fabs(seen[i] - wanted), 5 * sqrt(wanted), "s %.1f, rank %d: %u, not %.0f", s, i, seen[i],
                     wanted);
    }
    sim_zipf_finish(&z);
}

Test(zipf, every_rank_has_its_share)
{
    follows(0);
    follows(0.5);
    follows(1);
    follows(2);
}

Test(zipf, one_rank)
{
    sim_zipf z;
    uint64_t random = 7;
    sim_zipf_init(&z, 1, 1.5);
    for (int i = 0; i < 100; i++) cr_assert_eq(sim_zipf_pick(&z, &random), 0);
    sim_zipf_finish(&z);
}
