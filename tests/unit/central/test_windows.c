/* test_windows.c - whose read of a window of time is next, and how many wait. */
#include "central/io/api/windows.c"

#include <criterion/criterion.h>

static kd_api_windows w;
static kd_window_place places[KD_WINDOWS_WAIT_MAX + 1];

static void set_up(void)
{
    kd_api_windows_init(&w, 7);
    memset(places, 0, sizeof places);
}

TestSuite(windows, .init = set_up);

/* Begins what may begin; how many. */
static uint32_t begin(void)
{
    uint32_t n = 0;
    while (kd_api_windows_next(&w)) n++;
    return n;
}

Test(windows, few_are_under_way)
{
    for (int i = 0; i < 10; i++) cr_assert(kd_api_windows_wait(&w, &places[i], 1));
    cr_expect_eq(begin(), KD_WINDOWS_UNDER_WAY);
    kd_api_windows_done(&w, &places[0], 100);
    cr_expect_eq(begin(), 1);
}

Test(windows, who_asks_for_one_need_not_wait_for_all_of_another)
{
    for (int i = 0; i < 40; i++) cr_assert(kd_api_windows_wait(&w, &places[i], 1));
    cr_expect_eq(begin(), KD_WINDOWS_UNDER_WAY);
    cr_assert(kd_api_windows_wait(&w, &places[40], 2));
    uint32_t before = 0;
    for (;; before++) {
        kd_api_windows_done(&w, &places[0], 50000);
        if (kd_api_windows_next(&w) == &places[40]) break;
    }
    cr_expect_leq(before, 1u, "%u of the other one came first", before);
}

Test(windows, so_many_of_one_client_wait_and_so_many_in_all)
{
    uint32_t taken = 0;
    while (kd_api_windows_wait(&w, &places[taken], 1)) taken++;
    cr_expect_eq(taken, KD_WINDOWS_FLOW_MAX);
    for (uint64_t client = 2; taken < KD_WINDOWS_WAIT_MAX; client++)
        taken += kd_api_windows_wait(&w, &places[taken], client);
    uint32_t more = 0;
    for (uint64_t client = 5000; client < 6000; client++)
        more += kd_api_windows_wait(&w, &places[taken], client);
    cr_expect_eq(more, 0);
    kd_window_place *first = kd_api_windows_next(&w);
    cr_assert(first);
    kd_api_windows_done(&w, first, 0);
    uint64_t client = 9000;
    while (!kd_api_windows_wait(&w, &places[taken], client) && client < 10000) client++;
    cr_expect_lt(client, 10000u, "one that has begun leaves room");
}
