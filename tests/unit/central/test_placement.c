/* Which members lead and follow the partitions, and how many partitions move when a member comes or goes. */
#include <criterion/criterion.h>

#include <stdlib.h>

#include "kudos/placement.h"

enum { PARTITIONS = 64 };

static const char *const names[] = {"central-1", "central-2", "central-3", "central-4",
                                    "central-5", "central-6", "central-7", "central-8"};

static void place(uint32_t first, uint32_t count, const char *const *zones, uint32_t replicas, uint8_t *out)
{
    kd_placed members[KD_COUNT(names)];
    for (uint32_t i = 0; i < count; i++)
        members[i] = (kd_placed){kd_bytes_str(names[first + i]), kd_bytes_str(zones ? zones[i] : "")};
    kd_placement_make(members, count, PARTITIONS, replicas, out);
}

Test(placement, nobody_leads_more_than_his_share_and_nobody_is_left_out)
{
    for (uint32_t count = 1; count <= KD_COUNT(names); count++) {
        uint8_t out[PARTITIONS];
        uint32_t load[KD_COUNT(names)] = {0}, share = (PARTITIONS + count - 1) / count;
        place(0, count, NULL, 1, out);
        for (uint32_t p = 0; p < PARTITIONS; p++) load[out[p]]++;
        for (uint32_t m = 0; m < count; m++)
            cr_assert(load[m] >= 1 && load[m] <= share, "%u of %u", m, count);
    }
}

Test(placement, copies_are_of_members_that_differ)
{
    uint8_t out[PARTITIONS * 3];
    place(0, 5, NULL, 3, out);
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        const uint8_t *c = out + p * 3;
        cr_assert(c[0] != c[1] && c[1] != c[2] && c[0] != c[2]);
    }
    place(0, 2, NULL, 3, out); /* as many copies as there are members */
    for (uint32_t p = 0; p < PARTITIONS; p++) cr_assert_eq(out[p * 2] + out[p * 2 + 1], 1);
}

Test(placement, followers_sit_in_other_zones_where_there_are_some)
{
    static const char *const zones[] = {"a", "a", "b", "b", "c"}, *const two[] = {"a", "a", "a", "b"};
    uint8_t out[PARTITIONS * 3];
    place(0, 5, zones, 3, out);
    for (uint32_t p = 0; p < PARTITIONS; p++) {
        const char *z[3] = {zones[out[p * 3]], zones[out[p * 3 + 1]], zones[out[p * 3 + 2]]};
        cr_assert(strcmp(z[0], z[1]) && strcmp(z[1], z[2]) && strcmp(z[0], z[2]), "partition %u", p);
    }
    place(0, 4, two, 3, out); /* two zones for three copies: the first follower is in the other one */
    for (uint32_t p = 0; p < PARTITIONS; p++) cr_assert(strcmp(two[out[p * 3]], two[out[p * 3 + 1]]) != 0);
}

/* How many partitions another one leads, when the members are `count` from `first` on instead of `others` from 0 on. */
static uint32_t moved(uint32_t others, uint32_t first, uint32_t count)
{
    uint8_t before[PARTITIONS], after[PARTITIONS];
    uint32_t n = 0;
    place(0, others, NULL, 1, before);
    place(first, count, NULL, 1, after);
    for (uint32_t p = 0; p < PARTITIONS; p++) n += before[p] != after[p] + first;
    return n;
}

/* The share of the one who comes or goes has to move. That no member leads more than its share costs some more. */
Test(placement, who_comes_or_goes_moves_little_besides_his_own_share)
{
    for (uint32_t count = 2; count < KD_COUNT(names); count++) {
        uint32_t share = (PARTITIONS + count - 1) / count;
        uint32_t joined = moved(count, 0, count + 1), left = moved(count, 1, count - 1);
        cr_log_info("members=%u share=%u joined=%u left=%u", count, share, joined, left);
        cr_assert_leq(joined, share + share / 2, "%u members, one more: %u moved", count, joined);
        cr_assert_leq(left, share + share / 2, "%u members, one less: %u moved", count, left);
    }
}

Test(placement, it_depends_on_names_alone)
{
    uint8_t out[PARTITIONS], again[PARTITIONS];
    place(0, 4, NULL, 1, out);
    place(0, 4, NULL, 1, again);
    cr_assert_arr_eq(out, again, sizeof out);
}
