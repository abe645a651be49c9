/*
 * The load: which likes are made, that none is made twice, and the account of them that --check holds against
 * the counts.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/users/load.h"
#include "sim/users/names.h"

/* 15: nine, the whole number next to its golden section, is no step that visits every user. */
enum { USERS = 15, ITEMS = 12, BATCH = 4 };

static sim_load_plan plan_of(sim_load_mode mode, uint64_t threads)
{
    sim_load_plan p = {.mode = mode,
                       .collection = "posts",
                       .users = USERS,
                       .items = ITEMS,
                       .threads = threads,
                       .batch_size = BATCH,
                       .seed = 5,
                       .check = true};
    sim_zipf_init(&p.zipf, ITEMS, 1);
    return p;
}

/* Every (user, item) that all workers make until they have no more, in `seen`; returns how many. */
static uint32_t make_all(const sim_load_plan *plan, sim_names *seen, sim_load_tally *tally)
{
    uint32_t made = 0;
    for (uint32_t i = 0; i < plan->threads * (plan->phones ? plan->connections : 1); i++) {
        sim_load_ops ops;
        sim_load_request r = {0};
        sim_load_ops_init(&ops, plan, i);
        while (sim_load_ops_next(&ops, &r)) {
            for (uint32_t k = 0; k < r.likes; k++, made++) {
                char item[KD_ITEM_KEY_MAX + 1], pair[512], quoted[KD_ITEM_KEY_MAX + 16];
                sim_load_item(plan, r.item + k, item);
                snprintf(pair, sizeof pair, "%.*s %s", (int)r.user_len, r.user, item);
                sim_names_add(seen, kd_bytes_str(pair));
                snprintf(quoted, sizeof quoted, r.body.len ? "\"%s\"" : "/v1/%s/like", item);
                const void *in = r.body.len ? (void *)r.body.data : r.path;
                cr_assert(memmem(in, r.body.len ? r.body.len : r.path_len, quoted, strlen(quoted)), "%s",
                          quoted);
            }
            sim_load_tally_note(tally, r.item, r.likes, true);
        }
        sim_load_ops_finish(&ops);
        kd_buf_finish(&r.body);
    }
    return made;
}

static void every_pair_of(sim_load_plan plan)
{
    sim_names seen = {0};
    sim_load_tally tally;
    sim_load_tally_init(&tally, ITEMS);
    uint32_t made = make_all(&plan, &seen, &tally);
    unsigned long long threads = plan.threads;
    cr_expect_eq(made, USERS * ITEMS, "%llu threads made %u", threads, made);
    cr_expect_eq(seen.count, made, "%llu threads: %u of %u differ", threads, seen.count, made);
    for (uint32_t i = 0; i < ITEMS; i++) cr_expect_eq(sim_load_tally_acked(&tally, i), USERS);
    sim_names_finish(&seen);
    sim_load_tally_finish(&tally);
    sim_zipf_finish(&plan.zipf);
}

static void every_pair_once(sim_load_mode mode, uint64_t threads)
{
    every_pair_of(plan_of(mode, threads));
}

Test(load_ops, likes_of_phones_are_every_pair_once_whatever_the_connections)
{
    for (uint64_t connections = 1; connections <= 5; connections++) {
        sim_load_plan plan = plan_of(KD_LOAD_LIKE, 3);
        plan.phones = 4;
        plan.connections = connections;
        every_pair_of(plan);
    }
}

Test(load_ops, a_phone_stays_with_its_user_for_some_likes_and_shows_his_token)
{
    sim_load_plan plan = plan_of(KD_LOAD_LIKE, 1);
    const char *fault, *path = "test_load.secret";
    FILE *f = fopen(path, "w");
    fputs("a secret of the tests, 32 bytes or more\n", f);
    fclose(f);
    plan.phones = 4;
    plan.connections = 3;
    cr_assert_eq(sim_load_tokens_make(&plan.tokens, path, plan.seed, USERS, &fault), KD_OK);
    remove(path);
    sim_load_ops ops;
    sim_load_request r = {0};
    sim_load_ops_init(&ops, &plan, 2);
    for (uint32_t like = 0; like < 5 * 4; like++) {
        uint32_t user = like / 4 * 3 + 2;
        char name[KD_LOAD_USER_MAX];
        cr_assert(sim_load_ops_next(&ops, &r));
        cr_expect_eq(r.user_len, sim_load_user(plan.seed, user, name));
        cr_expect(kd_bytes_eq(kd_bytes_of(r.user, r.user_len), kd_bytes_str(name)));
        cr_expect(kd_bytes_eq(r.token, sim_load_tokens_at(&plan.tokens, user)));
        cr_expect(memcmp(r.token.data, "Bearer ey", 9) == 0);
        cr_expect(r.stays && r.came == (like % 4 == 0));
    }
    cr_expect(!kd_bytes_eq(sim_load_tokens_at(&plan.tokens, 0), sim_load_tokens_at(&plan.tokens, 1)));
    sim_load_ops_finish(&ops);
    sim_load_tokens_finish(&plan.tokens);
    sim_zipf_finish(&plan.zipf);
}

Test(load_ops, likes_are_every_pair_once_whatever_the_threads)
{
    for (uint64_t threads = 1; threads <= 8; threads++) every_pair_once(KD_LOAD_LIKE, threads);
}

Test(load_ops, batches_are_every_pair_once_whatever_the_threads)
{
    for (uint64_t threads = 1; threads <= 8; threads++) every_pair_once(KD_LOAD_BATCH, threads);
}

Test(load_ops, seeds_to_be_checked_have_items_of_their_own)
{
    sim_load_plan a = {.collection = "posts", .seed = 1, .check = true}, b = a;
    char one[KD_ITEM_KEY_MAX + 1], other[KD_ITEM_KEY_MAX + 1];
    b.seed = 12;
    cr_assert_str_eq(sim_load_item(&a, 23, one), "posts/c1.23");
    cr_assert_str_eq(sim_load_item(&b, 3, other), "posts/c12.3");
    a.check = b.check = false;
    cr_assert_str_eq(sim_load_item(&a, 3, one), "posts/3");
    cr_assert_str_eq(sim_load_item(&b, 3, other), "posts/3");
}

Test(load_ops, keys_differ)
{
    sim_load_plan plan = plan_of(KD_LOAD_LIKE, 2);
    plan.keys = true;
    sim_names seen = {0};
    for (uint32_t i = 0; i < 2; i++) {
        sim_load_ops ops;
        sim_load_request r = {0};
        sim_load_ops_init(&ops, &plan, i);
        for (int k = 0; k < 5; k++) {
            cr_assert(sim_load_ops_next(&ops, &r));
            sim_names_add(&seen, kd_bytes_of(r.key, r.key_len));
        }
        sim_load_ops_finish(&ops);
    }
    cr_assert_eq(seen.count, 10);
    sim_names_finish(&seen);
    sim_zipf_finish(&plan.zipf);
}

/* ---- the account
 * ----------------------------------------------------------------------------------------------
 */

Test(load_tally, notes_merges_and_knows_what_was_touched)
{
    sim_load_tally a, b, none = {0};
    uint32_t count;
    sim_load_tally_init(&a, 5);
    sim_load_tally_init(&b, 5);
    sim_load_tally_note(&a, 1, 2, true);
    sim_load_tally_note(&b, 2, 1, true);
    sim_load_tally_note(&b, 4, 1, false);
    sim_load_tally_note(&none, 4, 1, false);
    sim_load_tally_merge(&a, &b);
    static const uint32_t acked[] = {0, 1, 2, 0, 0}, unsure[] = {0, 0, 0, 0, 1}, touched[] = {1, 2, 4};
    for (uint32_t i = 0; i < 5; i++) {
        cr_expect_eq(sim_load_tally_acked(&a, i), acked[i]);
        cr_expect_eq(sim_load_tally_unsure(&a, i), unsure[i]);
    }
    uint32_t *items = sim_load_tally_touched(&a, &count);
    cr_assert_eq(count, 3);
    cr_assert_arr_eq(items, touched, sizeof touched);
    free(items);
    sim_load_tally_finish(&a);
    sim_load_tally_finish(&b);
}

Test(load_tally, less_than_acknowledged_and_more_than_sent_is_wrong)
{
    static const struct {
        uint32_t acked, unsure;
        int64_t count;
        bool wrong;
    } cases[] = {{3, 0, 3, false}, {3, 0, 2, true}, {3, 0, 4, true},  {3, 2, 3, false}, {3, 2, 5, false},
                 {3, 2, 6, true},  {3, 2, 2, true}, {0, 1, 0, false}, {1, 0, -1, true}};
    for (size_t i = 0; i < KD_COUNT(cases); i++) {
        sim_load_tally t;
        sim_load_verdict v = {0};
        sim_load_tally_init(&t, 1);
        for (uint32_t k = 0; k < cases[i].acked; k++) sim_load_tally_note(&t, 0, 1, true);
        for (uint32_t k = 0; k < cases[i].unsure; k++) sim_load_tally_note(&t, 0, 1, false);
        sim_load_tally_judge(&t, 0, cases[i].count, &v);
        cr_expect_eq(v.wrong, cases[i].wrong, "case %zu", i);
        sim_load_tally_finish(&t);
    }
}

Test(load_tally, one_lost_and_one_doubled_do_not_cancel)
{
    sim_load_tally t;
    sim_load_verdict v = {0};
    sim_load_tally_init(&t, 3);
    for (uint32_t i = 0; i < 3; i++) sim_load_tally_note(&t, i, 1, true);
    sim_load_tally_judge(&t, 0, 1, &v);
    sim_load_tally_judge(&t, 1, 0, &v);
    sim_load_tally_judge(&t, 2, 2, &v);
    cr_assert_eq(v.counted, v.acked);
    cr_assert_eq(v.wrong, 2);
    cr_assert_eq(v.first, 1);
    cr_assert_eq(v.first_says, 0);
    cr_assert_eq(v.items, 3);
    sim_load_tally_finish(&t);
}

Test(load_answers, what_became_of_a_request_without_an_answer_is_said_in_words)
{
    sim_load_result r = {.requests = 23};
    kd_buf text = {0};
    r.answers[KD_LOAD_STATUS_OTHER] = 3;
    r.answers[200] = 17;
    r.answers[503] = 4;
    r.failed[-KD_ETIMEOUT] = 2;
    r.failed[-KD_EUNAVAILABLE] = 1;
    sim_load_put_answers(&r, &text);
    cr_expect(kd_bytes_eq(kd_buf_view(&text),
                          kd_bytes_str("answers=other:3,200:17,503:4,deadline-passed:2,connection-failed:1")),
              "%.*s", (int)text.len, (const char *)text.data);
    kd_buf_clear(&text);
    r = (sim_load_result){.failed[-KD_EUNAVAILABLE] = 512};
    sim_load_put_answers(&r, &text);
    cr_expect(kd_bytes_eq(kd_buf_view(&text), kd_bytes_str("answers=connection-failed:512")), "%.*s",
              (int)text.len, (const char *)text.data);
    kd_buf_finish(&text);
}
