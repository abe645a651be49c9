/* test_http_tls_queue.c - whose TLS handshake is next, who is refused or displaced, and how much time handshakes have beside other work. */
#include "common/io/http/server/http_tls_queue.h"

#include <criterion/criterion.h>

enum { MAX = 6, MAX_PER_LINE = 4 };

static http_tls_queue queue;
static http_tls_line greedy, modest, third;
static http_tls_place g[8], m[8], t[8];
static http_tls_place *displaced;

static void setup(void)
{
    http_tls_queue_init(&queue, MAX, MAX_PER_LINE);
}

TestSuite(http_tls_queue, .init = setup);

static bool add(http_tls_line *line, http_tls_place *place)
{
    return http_tls_queue_add(&queue, line, place, &displaced);
}

Test(http_tls_queue, addresses_have_their_turns_one_after_the_other)
{
    for (int i = 0; i < 3; i++) cr_assert(add(&greedy, &g[i]));
    cr_assert(add(&modest, &m[0]));
    cr_expect_eq(http_tls_queue_take(&queue), &g[0]);
    cr_expect_eq(http_tls_queue_take(&queue), &m[0]);
    cr_expect_eq(http_tls_queue_take(&queue), &g[1]);
    cr_assert(add(&modest, &m[1]));
    cr_expect_eq(http_tls_queue_take(&queue), &g[2]);
    cr_expect_eq(http_tls_queue_take(&queue), &m[1]);
    cr_expect_null(http_tls_queue_take(&queue));
    cr_expect_eq(queue.count, 0);
}

Test(http_tls_queue, a_handshake_that_was_begun_goes_before_the_new_ones_of_its_address)
{
    cr_assert(add(&greedy, &g[0]));
    cr_expect_eq(http_tls_queue_take(&queue), &g[0]);
    for (int i = 1; i <= MAX_PER_LINE; i++) cr_assert(add(&greedy, &g[i]));
    cr_expect(add(&greedy, &g[0]), "though its line is full");
    cr_expect_eq(http_tls_queue_take(&queue), &g[0]);
    cr_expect_eq(http_tls_queue_take(&queue), &g[1]);
}

Test(http_tls_queue, an_address_has_so_many_places_and_no_more)
{
    for (int i = 0; i < MAX_PER_LINE; i++) cr_assert(add(&greedy, &g[i]));
    cr_expect(!add(&greedy, &g[4]));
    cr_expect_null(g[4].line);
    cr_expect(add(&modest, &m[0]), "others are none of its business");
}

Test(http_tls_queue, in_a_full_queue_the_newest_of_the_longest_line_gives_up_its_place)
{
    for (int i = 0; i < MAX_PER_LINE; i++) cr_assert(add(&greedy, &g[i]));
    for (int i = 0; i < 2; i++) cr_assert(add(&modest, &m[i]));
    cr_assert(add(&third, &t[0]));
    cr_expect_eq(displaced, &g[3]);
    cr_expect_null(g[3].line);
    cr_expect(!add(&greedy, &g[4]), "its own line is the longest");
    cr_expect(!add(&modest, &m[2]), "it would be as long as the longest");
    cr_expect(add(&third, &t[1]));
    cr_expect_eq(displaced, &g[2]);
    cr_expect_eq(queue.count, MAX);
}

Test(http_tls_queue, whoever_was_begun_is_not_displaced)
{
    for (int i = 0; i < 3; i++) cr_assert(add(&greedy, &g[i]));
    for (int i = 0; i < 3; i++) http_tls_queue_take(&queue);
    for (int i = 0; i < 3; i++) cr_assert(add(&greedy, &g[i]));
    for (int i = 0; i < 2; i++) cr_assert(add(&modest, &m[i]));
    cr_assert(add(&third, &t[0]));
    cr_expect(!add(&third, &t[1]));
    cr_expect_null(displaced);
}

Test(http_tls_queue, who_goes_away_leaves_no_trace)
{
    http_tls_queue_remove(&queue, &g[0]);
    for (int i = 0; i < 3; i++) cr_assert(add(&greedy, &g[i]));
    http_tls_queue_remove(&queue, &g[1]);
    http_tls_queue_remove(&queue, &g[0]);
    http_tls_queue_remove(&queue, &g[0]);
    cr_expect_eq(http_tls_queue_take(&queue), &g[2]);
    cr_expect_eq(greedy.count, 0);
    cr_expect_null(http_tls_queue_take(&queue));
}

Test(http_tls_queue, a_late_address_has_its_turns_when_no_other_waits)
{
    for (int i = 0; i < 3; i++) cr_assert(add(&greedy, &g[i]));
    http_tls_queue_set_late(&queue, &greedy, true);
    cr_assert(add(&modest, &m[0]));
    cr_assert(add(&modest, &m[1]));
    cr_expect_eq(http_tls_queue_take(&queue), &m[0]);
    cr_expect_not(http_tls_queue_late_next(&queue));
    cr_expect_eq(http_tls_queue_take(&queue), &m[1]);
    cr_expect(http_tls_queue_late_next(&queue));
    cr_expect_eq(http_tls_queue_take(&queue), &g[0]);
    cr_assert(add(&modest, &m[2]));
    cr_expect_not(http_tls_queue_late_next(&queue));
    http_tls_queue_set_late(&queue, &greedy, false);
    cr_expect_eq(http_tls_queue_take(&queue), &m[2]);
    cr_expect_eq(http_tls_queue_take(&queue), &g[1]);
    http_tls_queue_set_late(&queue, &greedy, true);
    http_tls_queue_remove(&queue, &g[2]);
    cr_expect_null(http_tls_queue_take(&queue));
    cr_expect_not(http_tls_queue_late_next(&queue));
}

Test(http_tls_queue, a_late_address_gives_up_its_place_like_others)
{
    for (int i = 0; i < MAX_PER_LINE; i++) cr_assert(add(&greedy, &g[i]));
    http_tls_queue_set_late(&queue, &greedy, true);
    for (int i = 0; i < 2; i++) cr_assert(add(&modest, &m[i]));
    cr_assert(add(&third, &t[0]));
    cr_expect_eq(displaced, &g[3]);
}

enum { NOW_MS = 1000000, LATE = HTTP_TLS_DEBT_LATE_MS / HTTP_TLS_DEBT_MS };

static http_tls_debts debts;

static void lose(uint64_t key, int64_t now_ms, int times)
{
    for (int i = 0; i < times; i++) http_tls_debts_note(&debts, key, now_ms);
}

Test(http_tls_debts, who_leaves_many_handshakes_is_late_until_they_are_forgiven)
{
    lose(7, NOW_MS, LATE);
    cr_expect(!http_tls_debts_late(&debts, 7, NOW_MS));
    lose(7, NOW_MS, 1);
    cr_expect(http_tls_debts_late(&debts, 7, NOW_MS));
    cr_expect(!http_tls_debts_late(&debts, 8, NOW_MS));
    cr_expect(!http_tls_debts_late(&debts, 7, NOW_MS + HTTP_TLS_DEBT_MS));
    lose(7, NOW_MS, 100000);
    cr_expect(!http_tls_debts_late(&debts, 7, NOW_MS + HTTP_TLS_DEBT_MAX_MS), "a debt is bounded");
}

Test(http_tls_debts, what_was_held_open_and_is_done_after_all_is_taken_back)
{
    lose(7, NOW_MS, LATE + 1);
    http_tls_debts_forgive(&debts, 8, NOW_MS);
    cr_expect(http_tls_debts_late(&debts, 7, NOW_MS), "another's");
    http_tls_debts_forgive(&debts, 7, NOW_MS);
    cr_expect(!http_tls_debts_late(&debts, 7, NOW_MS));
    for (int i = 0; i < 100; i++) http_tls_debts_forgive(&debts, 7, NOW_MS);
    lose(7, NOW_MS, LATE + 1);
    cr_expect(http_tls_debts_late(&debts, 7, NOW_MS), "nobody is paid in advance");
}

Test(http_tls_debts, who_leaves_few_a_second_is_never_late)
{
    for (int i = 0; i < 1000; i++) {
        lose(7, NOW_MS + i * HTTP_TLS_DEBT_MS, 1);
        cr_assert(!http_tls_debts_late(&debts, 7, NOW_MS + i * HTTP_TLS_DEBT_MS));
    }
}

Test(http_tls_debts, nobody_takes_the_place_of_one_who_owes)
{
    lose(7, NOW_MS, LATE + 1);
    lose(7 + HTTP_TLS_DEBTS, NOW_MS, LATE + 1);
    cr_expect(http_tls_debts_late(&debts, 7, NOW_MS));
    cr_expect(!http_tls_debts_late(&debts, 7 + HTTP_TLS_DEBTS, NOW_MS));
    lose(7 + HTTP_TLS_DEBTS, NOW_MS + HTTP_TLS_DEBT_MAX_MS, LATE + 1);
    cr_expect(http_tls_debts_late(&debts, 7 + HTTP_TLS_DEBTS, NOW_MS + HTTP_TLS_DEBT_MAX_MS));
}

/* Steps of step_us whenever they may run, beside clients who ask every asked_us (0: never), for so long. How much time the steps took. */
static int64_t used(int64_t step_us, int64_t asked_us, int64_t for_us, bool late)
{
    http_tls_share share = {0};
    int64_t total_us = 0, now_us = 1000000, end_us = now_us + for_us, next_us = now_us;
    while (now_us < end_us) {
        if (asked_us > 0 && now_us >= next_us) {
            http_tls_share_asked(&share, now_us);
            next_us = now_us + asked_us;
        }
        int64_t wait_us = http_tls_share_wait(&share, now_us);
        int64_t begin_us = now_us;
        now_us += wait_us == 0 ? step_us : KD_MIN(wait_us, asked_us > 0 ? asked_us : wait_us);
        if (wait_us > 0) continue;
        http_tls_share_use(&share, begin_us, now_us, late);
        total_us += step_us;
    }
    return total_us;
}

Test(http_tls_share, beside_clients_who_ask_handshakes_have_a_quarter_of_the_time)
{
    static const int64_t steps[] = {50, 300, 1500, 9000};
    for (size_t i = 0; i < KD_COUNT(steps); i++) {
        int64_t us = used(steps[i], 100, 10000000, false);
        cr_expect_leq(us, 10000000 / HTTP_TLS_SHARE + HTTP_TLS_SAVED_US + steps[i], "%lld", (long long)us);
        cr_expect_geq(us, 10000000 / HTTP_TLS_SHARE - 10000, "%lld", (long long)us);
    }
}

Test(http_tls_share, those_of_late_addresses_have_a_small_part_of_that)
{
    const int64_t part_us = 10000000 / (HTTP_TLS_SHARE * HTTP_TLS_LATE_TIMES);
    int64_t us = used(300, 100, 10000000, true);
    cr_expect_leq(us, part_us + HTTP_TLS_SAVED_US + 300, "%lld", (long long)us);
    cr_expect_geq(us, part_us - 10000, "%lld", (long long)us);
}

Test(http_tls_share, alone_they_have_all_of_it)
{
    cr_expect_geq(used(300, 0, 1000000, true), 1000000);
}

Test(http_tls_share, what_a_quiet_time_used_is_soon_forgiven)
{
    http_tls_share share = {0};
    for (int i = 0; i < 1000; i++) http_tls_share_use(&share, 1000000 + i * 1000, 1000900 + i * 1000, false);
    http_tls_share_asked(&share, 2000000);
    int64_t wait_us = http_tls_share_wait(&share, 2000000);
    cr_expect(wait_us > 0 && wait_us <= HTTP_TLS_SHARE * HTTP_TLS_OVERDRAWN_US);
    http_tls_share_asked(&share, 2000000 + HTTP_TLS_SHARE * HTTP_TLS_OVERDRAWN_US);
    cr_expect_leq(http_tls_share_wait(&share, 2000000 + HTTP_TLS_SHARE * HTTP_TLS_OVERDRAWN_US), 1);
}
