/* The journal of a drill: told cases, and random journals against every pair of attempts compared. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

#include "sim/check/journal.h"

enum { D = 500000, SECOND = 1000000, MUMBAI = 0, VIRGINIA = 1, LIKE = 0, VIEW = 2 };

static uint32_t try_at(sim_journal *j, uint32_t edge, kd_verb verb, uint64_t at)
{
    sim_journal_attempt a = {
        .user = 1, .item = 2, .edge = edge, .counter = LIKE, .verb = verb, .first_us = at};
    if (verb == KD_ADD) a.counter = VIEW;
    a.amount = verb == KD_ADD ? 5 : 0;
    return sim_journal_attempted(j, &a);
}

static uint32_t done_at(sim_journal *j, uint32_t edge, kd_verb verb, uint64_t at)
{
    uint32_t id = try_at(j, edge, verb, at);
    sim_journal_acked(j, id, at + 5000);
    return id;
}

static sim_oracle_verdict verdict(const sim_journal *j)
{
    return sim_journal_pair(j, LIKE, 2, 1, UINT64_MAX, NULL);
}

Test(journal, an_answered_like_must_be_there_and_an_unanswered_one_may)
{
    sim_journal *j = sim_journal_create(D, true);
    cr_assert_eq(verdict(j), ORACLE_MUST_NOT);
    uint32_t id = try_at(j, MUMBAI, KD_LIKE, SECOND);
    cr_assert_eq(verdict(j), ORACLE_MAY);
    sim_journal_acked(j, id, 2 * SECOND);
    cr_assert_eq(verdict(j), ORACLE_MUST);
    cr_assert_eq(sim_journal_acks(j), 1);
    sim_journal_destroy(j);
}

Test(journal, with_a_token_the_last_answer_decides_without_one_only_beyond_two_d)
{
    for (int tokens = 0; tokens < 2; tokens++) {
        sim_journal *j = sim_journal_create(D, tokens);
        done_at(j, MUMBAI, KD_LIKE, SECOND);
        done_at(j, VIRGINIA, KD_UNLIKE, SECOND + 100000);
        cr_assert_eq(verdict(j), tokens ? ORACLE_MUST_NOT : ORACLE_MAY);
        done_at(j, VIRGINIA, KD_LIKE, 9 * SECOND);
        cr_assert_eq(verdict(j), ORACLE_MUST);
        sim_journal_destroy(j);
    }
}

Test(journal, what_was_answered_well_before_its_item_was_closed_must_count_and_later_words_need_not)
{
    sim_journal *j = sim_journal_create(D, true);
    done_at(j, MUMBAI, KD_LIKE, SECOND);
    cr_expect(!sim_journal_may_be_closed(j, 2));
    sim_journal_closed(j, 2, 20 * SECOND);
    cr_expect(sim_journal_may_be_closed(j, 2));
    cr_assert_eq(verdict(j), ORACLE_MUST);
    done_at(j, MUMBAI, KD_UNLIKE, 30 * SECOND);
    cr_assert_eq(verdict(j), ORACLE_MAY, "the like stands where the unlike was left out");
    done_at(j, MUMBAI, KD_LIKE, 40 * SECOND);
    cr_assert_eq(verdict(j), ORACLE_MAY);
    sim_journal_closed(j, 2, 0);
    cr_assert_eq(verdict(j), ORACLE_MAY, "deleted: nothing must be there");
    sim_journal_destroy(j);
}

Test(journal, at_one_edge_the_order_is_known_without_a_token)
{
    sim_journal *j = sim_journal_create(D, false);
    done_at(j, MUMBAI, KD_LIKE, SECOND);
    done_at(j, MUMBAI, KD_UNLIKE, SECOND + 100000);
    cr_assert_eq(verdict(j), ORACLE_MUST_NOT);
    sim_journal_destroy(j);
}

Test(journal, an_unanswered_attempt_may_have_come_after_until_two_d_lie_between)
{
    sim_journal *j = sim_journal_create(D, true);
    try_at(j, VIRGINIA, KD_UNLIKE, SECOND);
    done_at(j, MUMBAI, KD_LIKE, SECOND + 900000);
    cr_assert_eq(verdict(j), ORACLE_MAY);
    done_at(j, MUMBAI, KD_LIKE, 5 * SECOND);
    cr_assert_eq(verdict(j), ORACLE_MUST);
    sim_journal_destroy(j);
}

Test(journal, a_retry_much_later_may_be_stamped_anew)
{
    sim_journal *j = sim_journal_create(D, true);
    uint32_t lost = try_at(j, VIRGINIA, KD_UNLIKE, SECOND);
    done_at(j, MUMBAI, KD_LIKE, 5 * SECOND);
    cr_assert_eq(verdict(j), ORACLE_MUST);
    sim_journal_retried(j, lost, 9 * SECOND);
    cr_assert_eq(verdict(j), ORACLE_MAY);
    sim_journal_acked(j, lost, 9 * SECOND + 1);
    cr_assert_eq(verdict(j), ORACLE_MAY, "whether its key was recognised is not known");
    sim_journal_destroy(j);
}

Test(journal, what_waited_before_a_frozen_edge_may_be_stamped_when_it_thaws)
{
    sim_journal *j = sim_journal_create(D, true);
    try_at(j, VIRGINIA, KD_UNLIKE, SECOND);
    done_at(j, MUMBAI, KD_LIKE, 5 * SECOND);
    sim_journal_thawed(j, MUMBAI, 0, 60 * SECOND);
    sim_journal_thawed(j, VIRGINIA, 2 * SECOND, 60 * SECOND);
    cr_assert_eq(verdict(j), ORACLE_MUST);
    sim_journal_thawed(j, VIRGINIA, SECOND, 60 * SECOND);
    cr_assert_eq(verdict(j), ORACLE_MAY);
    sim_journal_destroy(j);
}

Test(journal, an_excused_answer_is_an_attempt_and_gives_back_what_it_overruled)
{
    sim_journal *j = sim_journal_create(D, true);
    done_at(j, MUMBAI, KD_LIKE, SECOND);
    done_at(j, VIRGINIA, KD_UNLIKE, 9 * SECOND);
    cr_assert_eq(verdict(j), ORACLE_MUST_NOT);
    sim_journal_excuse_edge(j, MUMBAI, 0, UINT64_MAX);
    cr_assert_eq(verdict(j), ORACLE_MUST_NOT, "of another edge");
    sim_journal_excuse_edge(j, VIRGINIA, 0, 9 * SECOND - 1);
    cr_assert_eq(verdict(j), ORACLE_MUST_NOT, "asked after that");
    sim_journal_excuse_edge(j, VIRGINIA, 0, UINT64_MAX);
    cr_assert_eq(verdict(j), ORACLE_MAY);
    sim_journal_destroy(j);
}

Test(journal, an_answer_on_its_way_is_excused_with_the_disk_of_its_edge)
{
    sim_journal *j = sim_journal_create(D, true);
    uint32_t id = try_at(j, MUMBAI, KD_LIKE, SECOND);
    sim_journal_excuse_edge(j, MUMBAI, 0, SECOND);
    sim_journal_acked(j, id, SECOND + 5000);
    cr_assert_eq(verdict(j), ORACLE_MAY);
    sim_journal_destroy(j);
}

Test(journal, what_was_only_refused_did_not_happen)
{
    sim_journal *j = sim_journal_create(D, true);
    uint32_t id = try_at(j, MUMBAI, KD_LIKE, SECOND), sum = try_at(j, MUMBAI, KD_ADD, SECOND);
    uint64_t least, most;
    sim_journal_bounds(j, VIEW, 2, &least, &most);
    cr_assert(least == 0 && most == 5);
    sim_journal_refused(j, id);
    sim_journal_refused(j, sum);
    sim_journal_bounds(j, VIEW, 2, &least, &most);
    cr_assert(verdict(j) == ORACLE_MUST_NOT && most == 0);
    sim_journal_retried(j, id, 2 * SECOND);
    sim_journal_retried(j, sum, 2 * SECOND);
    sim_journal_acked(j, sum, 3 * SECOND);
    sim_journal_bounds(j, VIEW, 2, &least, &most);
    cr_assert(verdict(j) == ORACLE_MAY && least == 5 && most == 5);
    sim_journal_excuse(j, sum);
    sim_journal_bounds(j, VIEW, 2, &least, &most);
    cr_assert(least == 0 && most == 5);
    sim_journal_destroy(j);
}

Test(journal, what_an_operator_decided_about_may_be_liked_or_not_whatever_was_answered)
{
    bool settled;
    uint64_t least, most;
    sim_journal *j = sim_journal_create(D, true);
    done_at(j, MUMBAI, KD_LIKE, SECOND);
    sim_journal_ordered(j, LIKE, 2, 1, false);
    sim_journal_ordered(j, LIKE, 2, 7, true); /* a pair that no user named */
    done_at(j, MUMBAI, KD_LIKE, 2 * SECOND);
    cr_assert_eq(sim_journal_pair(j, LIKE, 2, 1, UINT64_MAX, &settled), ORACLE_MAY);
    cr_assert_not(settled);
    sim_journal_bounds(j, LIKE, 2, &least, &most);
    cr_assert(least == 0 && most == 2);
    cr_assert(sim_journal_pair_imported(j, LIKE, 2, 7) && !sim_journal_pair_imported(j, LIKE, 2, 1));
    sim_journal_destroy(j);
}

Test(journal, settled_tells_whether_all_that_may_win_was_answered_before)
{
    sim_journal *j = sim_journal_create(D, true);
    bool settled;
    done_at(j, MUMBAI, KD_LIKE, SECOND);
    sim_journal_pair(j, LIKE, 2, 1, SECOND + 5000, &settled);
    cr_assert_not(settled);
    sim_journal_pair(j, LIKE, 2, 1, SECOND + 5001, &settled);
    cr_assert(settled);
    try_at(j, MUMBAI, KD_LIKE, 2 * SECOND);
    sim_journal_pair(j, LIKE, 2, 1, UINT64_MAX, &settled);
    cr_assert_not(settled);
    done_at(j, MUMBAI, KD_LIKE, 9 * SECOND);
    sim_journal_pair(j, LIKE, 2, 1, UINT64_MAX, &settled);
    cr_assert(settled, "what nobody answered was overruled");
    sim_journal_destroy(j);
}

/* ---- random journals ------------------------------------------------------------------------------------------ */

enum { USERS = 3, ITEMS = 2, EDGES = 3, STEPS = 60 };

typedef struct {
    sim_journal_attempt a;
    uint32_t open;
} known;

static bool sure(const sim_journal_attempt *a)
{
    return a->acked_us != 0 && !a->excused;
}

static bool surely_before(const sim_journal_attempt *a, const sim_journal_attempt *b, bool tokens)
{
    uint64_t end = KD_MAX(a->acked_us, a->issued_us);
    if (end + 2 * D + 10000 < b->first_us) return true;
    return sure(a) && a->id < b->id && end <= b->first_us && (tokens || a->edge == b->edge);
}

static sim_oracle_verdict brute(const known *at, uint32_t count, uint32_t item, uint32_t user, bool tokens)
{
    bool like = false, not = false, certain = false;
    for (uint32_t i = 0; i < count; i++) {
        const sim_journal_attempt *a = &at[i].a;
        if (a->item != item || a->user != user || (at[i].open == 0 && a->acked_us == 0)) continue;
        certain |= sure(a);
        bool may = true;
        for (uint32_t k = 0; k < count; k++) {
            const sim_journal_attempt *b = &at[k].a;
            if (b->item == item && b->user == user && sure(b) && surely_before(a, b, tokens)) may = false;
        }
        if (may && a->verb == KD_LIKE) like = true;
        if (may && a->verb == KD_UNLIKE) not = true;
    }
    not |= !certain;
    return !like ? ORACLE_MUST_NOT : not ? ORACLE_MAY : ORACLE_MUST;
}

typedef struct {
    sim_journal *j;
    known at[STEPS];
    uint32_t count;
    uint64_t now, random;
} play;

static void step(play *p)
{
    uint64_t r = kd_random_next(&p->random);
    p->now += r % 4 == 0 ? 0 : (r >> 8) % (r % 5 == 0 ? 3000000 : 200000);
    known *k = p->count ? &p->at[(r >> 32) % p->count] : NULL;
    switch (k ? (r >> 4) % 8 : 0) {
    case 5:
        sim_journal_retried(p->j, k->a.id, p->now);
        k->a.issued_us = p->now;
        k->open++;
        break;
    case 6:
        if (k->open == 0) break;
        sim_journal_refused(p->j, k->a.id);
        k->open--;
        break;
    case 7:
        if ((r >> 16) % 3) break;
        sim_journal_excuse(p->j, k->a.id);
        k->a.excused = true;
        break;
    case 3:
    case 4:
        if (k->open == 0) break;
        sim_journal_acked(p->j, k->a.id, p->now);
        if (k->a.acked_us == 0) k->a.acked_us = p->now;
        break;
    default: {
        sim_journal_attempt a = {.user = (uint32_t)(r >> 40) % USERS, .item = (uint32_t)(r >> 44) % ITEMS};
        a.edge = (uint32_t)(r >> 48) % EDGES;
        a.verb = (r >> 52) % 2 ? KD_LIKE : KD_UNLIKE;
        a.first_us = a.issued_us = p->now;
        a.id = sim_journal_attempted(p->j, &a);
        p->at[p->count++] = (known){a, 1};
    }
    }
}

typedef struct {
    uint64_t next, seen;
} visit;

static void in_order(void *arg, uint32_t counter, uint32_t item, uint32_t user, sim_oracle_verdict v)
{
    visit *seen = arg;
    (void)v;
    uint64_t key = ((uint64_t)counter << 60 | (uint64_t)item << 32 | user) + 1;
    cr_assert_gt(key, seen->next);
    seen->next = key;
    seen->seen++;
}

static void compare(const play *p, bool tokens, uint64_t seed)
{
    for (uint32_t item = 0; item < ITEMS; item++) {
        uint64_t must = 0, may = 0, least, most;
        for (uint32_t user = 0; user < USERS; user++) {
            sim_oracle_verdict want = brute(p->at, p->count, item, user, tokens);
            cr_assert_eq(sim_journal_pair(p->j, LIKE, item, user, 0, NULL), want, "seed %lu", seed);
            must += want == ORACLE_MUST;
            may += want != ORACLE_MUST_NOT;
        }
        sim_journal_bounds(p->j, LIKE, item, &least, &most);
        cr_assert(least == must && most == may, "seed %lu", seed);
    }
}

Test(journal, random_journals_agree_with_all_pairs_compared)
{
    for (uint64_t seed = 0; seed < 3000; seed++) {
        bool tokens = seed % 2;
        play p = {.j = sim_journal_create(D, tokens), .now = SECOND, .random = seed};
        for (uint32_t n = 0; n < STEPS; n++) {
            step(&p);
            compare(&p, tokens, seed);
        }
        visit seen = {0};
        sim_journal_pairs(p.j, in_order, &seen);
        cr_assert_leq(seen.seen, USERS * ITEMS);
        sim_journal_destroy(p.j);
    }
}

Test(journal, a_hot_pair_costs_no_more_than_a_cold_one)
{
    sim_journal *j = sim_journal_create(D, true);
    for (uint32_t i = 0; i < 200000; i++)
        done_at(j, i % 3, i % 2 ? KD_LIKE : KD_UNLIKE, SECOND + i * 10000ull);
    cr_assert_eq(verdict(j), ORACLE_MUST);
    cr_assert_eq(sim_journal_count(j), 200000);
    sim_journal_destroy(j);
}

Test(journal, a_sum_that_was_set_aside_may_be_missing)
{
    sim_journal *j = sim_journal_create(D, true);
    uint64_t least, most;
    done_at(j, MUMBAI, KD_ADD, SECOND);
    done_at(j, MUMBAI, KD_ADD, SECOND);
    sim_journal_set_aside(j, VIEW, 2, 5);
    sim_journal_bounds(j, VIEW, 2, &least, &most);
    cr_assert(least == 5 && most == 10, "[%lu, %lu]", least, most);
    cr_assert_eq(sim_journal_aside(j, VIEW, 2), 5u);
    sim_journal_set_aside(j, VIEW, 2, 50);
    sim_journal_bounds(j, VIEW, 2, &least, &most);
    cr_assert(least == 0 && most == 10, "[%lu, %lu]", least, most);
    cr_assert(sim_journal_sums_hold(j));
    sim_journal_destroy(j);
}

Test(journal, a_request_whose_key_is_forgotten_may_count_twice)
{
    sim_journal *j = sim_journal_create(D, true);
    uint64_t least, most;
    /* Long before its key was forgotten: no request of it can come again. */
    done_at(j, MUMBAI, KD_ADD, SECOND);
    try_at(j, VIRGINIA, KD_ADD, SECOND);
    sim_journal_keys_forgotten(j, MUMBAI, 100ull * SECOND);
    sim_journal_bounds(j, VIEW, 2, &least, &most);
    cr_assert(least == 5 && most == 10, "[%lu, %lu]", least, most);
    try_at(j, MUMBAI, KD_ADD, 90ull * SECOND);
    done_at(j, MUMBAI, KD_ADD, 99ull * SECOND); /* just before: a second request of it may still come */
    uint32_t refused = try_at(j, MUMBAI, KD_ADD, 99ull * SECOND);
    sim_journal_refused(j, refused);
    sim_journal_keys_forgotten(j, MUMBAI, 100ull * SECOND);
    sim_journal_bounds(j, VIEW, 2, &least, &most);
    cr_assert(least == 10 && most == 30, "[%lu, %lu]", least, most);
    sim_journal_destroy(j);
}
