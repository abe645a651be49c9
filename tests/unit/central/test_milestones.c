/* Milestones: what passes a threshold, that it does so once, and how its record comes to the topic. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/central_rig.h"

static const uint64_t noon = 20000 * RIG_DAY + RIG_DAY / 2;
static rig r;
static rig_edge a, b;

static void set_up(void)
{
    rig_init(&r);
    a = (rig_edge){.name = "edge-a", .region = "eu"};
    b = (rig_edge){.name = "edge-b", .region = "us"};
    r.config.thresholds = (kd_thresholds){3, {2, 3, 10}};
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
}

static void tear_down(void)
{
    rig_finish(&r);
}

TestSuite(milestones, .init = set_up, .fini = tear_down);

/* ---- what the topic gets ---- */

enum { TOLD_MAX = 4096 };
static char told[TOLD_MAX];

/* All records that the core gives, delivered: "id@count" with blanks between, and the record's version behind each where `label`. */
static const char *take(bool label)
{
    kd_buf record = {0};
    uint64_t version;
    told[0] = '\0';
    while (kd_central_milestones_next(r.c, &record, &version) == KD_OK) {
        kd_milestones m;
        cr_assert_eq(kd_milestones_decode(kd_buf_view(&record), &m), KD_OK);
        cr_assert(m.version == version && m.epoch == kd_central_epoch(r.c) && m.partition == 0);
        for (uint32_t i = 0; i < m.milestone_count; i++) {
            size_t at = strlen(told);
            snprintf(told + at, sizeof told - at, "%s%.*s@%llu", at ? " " : "", (int)m.milestones[i].id.len,
                     m.milestones[i].id.data, (unsigned long long)m.milestones[i].count);
            at = strlen(told);
            if (label)
                snprintf(told + at, sizeof told - at, "v%llu.%u", (unsigned long long)version, m.first + i);
        }
        kd_milestones_finish(&m);
    }
    kd_buf_finish(&record);
    return told;
}

static const char *told_now(void)
{
    rig_commit(&r);
    const char *what = take(false);
    kd_central_milestones_delivered(r.c);
    return what;
}

static void act(rig_edge *e, uint32_t user, uint64_t at, bool liked)
{
    cr_assert_eq(rig_one(&r, e, (rig_op){1, user, noon + at, RIG_LIKE, liked}), KD_FED_MERGED);
}

static void like(uint32_t user, uint64_t at)
{
    act(&a, user, at, true);
}

static void view(uint64_t amount)
{
    kd_buf record = {0};
    rig_seal(&a, NULL, 0, &(kd_sum){.item = rig_item(1), .amount = amount, .counter = RIG_VIEW}, 1, 1,
             &record);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_MERGED);
    kd_buf_finish(&record);
}

Test(milestones, a_count_that_reaches_a_threshold_passes_it)
{
    like(1, 1);
    cr_expect_str_eq(told_now(), "");
    like(2, 2);
    cr_expect_str_eq(told_now(), "1/posts/1/2@2");
    like(3, 3);
    like(4, 4);
    cr_expect_str_eq(told_now(), "1/posts/1/3@3", "the count is that behind the record that passed it");
    like(4, 5);
    cr_expect_str_eq(told_now(), "", "who likes already moves nothing");
}

Test(milestones, a_threshold_is_passed_once_whatever_is_withdrawn_and_liked_again)
{
    like(1, 1);
    like(2, 2);
    cr_expect_str_eq(told_now(), "1/posts/1/2@2");
    act(&a, 2, 3, false);
    cr_expect_str_eq(told_now(), "");
    like(2, 4);
    cr_expect_str_eq(told_now(), "");
    cr_assert_eq(rig_reopen(&r), KD_OK);
    act(&a, 2, 5, false);
    rig_commit(&r);
    like(3, 6);
    cr_expect_str_eq(told_now(), "", "the store remembers it over a start");
}

Test(milestones, a_sum_passes_all_thresholds_that_an_amount_lies_above)
{
    view(1);
    view(25);
    cr_expect_str_eq(told_now(), "9/posts/1/2@26 9/posts/1/3@26 9/posts/1/10@26");
}

Test(milestones, a_count_that_goes_over_a_threshold_and_back_in_one_commit_has_passed_it)
{
    like(1, 1);
    rig_commit(&r);
    like(2, 2);
    act(&a, 2, 3, false);
    cr_expect_str_eq(told_now(), "1/posts/1/2@2", "by the same user, whose row has not changed");
    cr_expect_eq(rig_total(&r, 1, 0), 1u);
    like(2, 4);
    like(3, 5);
    act(&a, 1, 6, false);
    cr_expect_str_eq(told_now(), "1/posts/1/3@3", "by different users");
}

Test(milestones, operations_of_one_record_happen_at_once)
{
    kd_buf record = {0};
    like(1, 1);
    rig_commit(&r);
    const rig_op ops[] = {{1, 0, noon + 2, RIG_LIKE, true}, {1, 1, noon + 3, RIG_LIKE, false}};
    rig_seal(&a, ops, 2, NULL, 0, noon, &record);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_MERGED);
    cr_expect_str_eq(told_now(), "");
    kd_buf_finish(&record);
}

Test(milestones, a_threshold_that_is_added_later_was_passed_silently_by_items_above_it)
{
    view(50);
    told_now();
    view(1); /* the commit that deletes what was told */
    rig_commit(&r);
    r.config.thresholds = (kd_thresholds){3, {2, 40, 60}};
    cr_assert_eq(rig_reopen(&r), KD_OK);
    view(8);
    cr_expect_str_eq(told_now(), "");
    view(1);
    cr_expect_str_eq(told_now(), "9/posts/1/60@60");
}

Test(milestones, without_thresholds_there_are_none_and_what_waited_goes)
{
    view(50);
    rig_commit(&r);
    cr_expect_gt(kd_central_unpublished_bytes(r.c), 0u);
    r.config.thresholds.count = 0;
    r.config.publish_changes = false;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    cr_expect_str_eq(told_now(), "");
    r.config.thresholds = (kd_thresholds){1, {2}};
    cr_assert_eq(rig_reopen(&r), KD_OK);
    cr_expect_str_eq(told_now(), "");
}

/* ---- from the commit to the topic ---- */

Test(milestones, a_start_hands_out_again_what_was_not_delivered_under_the_same_label)
{
    char first[TOLD_MAX];
    view(5);
    rig_commit(&r);
    view(5);
    rig_commit(&r);
    snprintf(first, sizeof first, "%s", take(true));
    cr_expect_not_null(strstr(first, " "), "two records: %s", first);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    cr_expect_str_eq(take(true), "", "not before its epoch is durable");
    rig_commit(&r);
    cr_expect_str_eq(take(true), first);
    kd_central_milestones_delivered(r.c);
    view(1); /* this commit deletes the rows */
    rig_commit(&r);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    cr_expect_str_eq(told_now(), "");
}

Test(milestones, a_commit_that_is_lost_loses_no_milestone)
{
    const kd_writes *writes;
    uint64_t version;
    view(5);
    cr_assert_eq(kd_central_commit_begin(r.c, &writes, &version), KD_OK);
    cr_expect_str_eq(take(false), "", "it is not durable");
    a.restarted = false;
    rig_edge before = a;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    before.last = (kd_position){0};
    before.incarnation = 0;
    a = before;
    view(5);
    cr_expect_str_eq(told_now(), "9/posts/1/2@5 9/posts/1/3@5");
}

Test(milestones, what_waits_for_the_topic_counts_as_unpublished)
{
    r.config.publish_changes = false;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    view(5);
    rig_commit(&r);
    rig_snapshot s;
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_OK);
        rig_snapshot_finish(&s);
    }
    cr_expect_gt(kd_central_unpublished_bytes(r.c), 0u);
    told_now();
    cr_expect_eq(kd_central_unpublished_bytes(r.c), 0u);
}

Test(milestones, more_than_a_record_holds_come_in_several)
{
    enum { ITEMS = KD_MILESTONES_RECORD_MAX + 10 };
    kd_sum *sums = kd_alloc(ITEMS * sizeof *sums);
    kd_buf record = {0};
    uint64_t version, versions[2];
    for (uint32_t i = 0; i < ITEMS; i++)
        sums[i] = (kd_sum){.item = rig_item(i), .amount = 2, .counter = RIG_VIEW};
    rig_seal(&a, NULL, 0, sums, ITEMS, 1, &record);
    cr_assert_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_MERGED);
    rig_commit(&r);
    uint32_t counts[2] = {0};
    for (uint32_t i = 0; kd_central_milestones_next(r.c, &record, &version) == KD_OK; i++) {
        kd_milestones m;
        cr_assert_lt(i, 2u);
        cr_assert_eq(kd_milestones_decode(kd_buf_view(&record), &m), KD_OK);
        cr_expect_eq(m.first, i * KD_MILESTONES_RECORD_MAX);
        counts[i] = m.milestone_count;
        versions[i] = version;
        kd_milestones_finish(&m);
    }
    cr_expect(counts[0] == KD_MILESTONES_RECORD_MAX && counts[1] == 10 && versions[0] == versions[1]);
    kd_buf_finish(&record);
    free(sums);
}

Test(milestones, a_row_of_thresholds_that_cannot_be_read_is_no_row_that_is_not_there)
{
    like(1, 1);
    like(2, 2);
    told_now();
    act(&a, 2, 3, false);
    rig_commit(&r);
    kd_writes w = {0};
    kd_buf key = {0};
    kd_buf_put(&key, "k\0\1", 3);
    kd_buf_put(&key, rig_item(1).data, rig_item(1).len);
    kd_writes_put(&w, kd_buf_view(&key), kd_bytes_str("short"));
    sim_disk_apply(r.disk, &w);
    like(2, 4);
    const kd_writes *writes;
    uint64_t version;
    cr_expect_eq(kd_central_commit_begin(r.c, &writes, &version), KD_EIO);
    kd_writes_finish(&w);
    kd_buf_finish(&key);
}

/* ---- a function of the log: against a model that takes record after record, however the records are cut into commits ---- */

enum { RECORDS = 60, USERS = 7, ITEMS = 3, OPS = 4 };

typedef struct {
    uint64_t stamp[ITEMS][USERS];
    bool liked[ITEMS][USERS], passed[ITEMS + 1][16];
    uint64_t count[ITEMS + 1];
} model;

static void model_told(model *m, uint32_t item, uint64_t was, char *out)
{
    static const uint64_t thresholds[] = {2, 3, 5};
    uint64_t highest = 0;
    for (uint64_t t = 1; t < 16; t++)
        if (m->passed[item][t]) highest = t;
    for (size_t i = 0; i < KD_COUNT(thresholds); i++) {
        uint64_t t = thresholds[i];
        if (t <= highest || was >= t || m->count[item] < t) continue;
        m->passed[item][t] = true;
        size_t at = strlen(out);
        snprintf(out + at, TOLD_MAX - at, " %s/posts/%u/%llu@%llu", item == ITEMS ? "9" : "1",
                 item == ITEMS ? 1 : item, (unsigned long long)t, (unsigned long long)m->count[item]);
    }
}

static void model_take(model *m, const rig_op *ops, uint32_t n, uint64_t views, char *out)
{
    uint64_t was[ITEMS + 1];
    memcpy(was, m->count, sizeof was);
    for (uint32_t i = 0; i < n; i++) {
        const rig_op *o = &ops[i];
        if (o->time_us <= m->stamp[o->item][o->user]) continue;
        m->count[o->item] += (uint64_t)o->liked - (uint64_t)m->liked[o->item][o->user];
        m->stamp[o->item][o->user] = o->time_us;
        m->liked[o->item][o->user] = o->liked;
    }
    m->count[ITEMS] += views;
    for (uint32_t item = 0; item <= ITEMS; item++) model_told(m, item, was[item], out);
}

/* One record with operations of some users, none twice on an item. */
static uint32_t draw_ops(uint64_t *random, rig_op *ops)
{
    uint32_t n = 0, want = (uint32_t)(kd_random_next(random) % (OPS + 1));
    bool used[ITEMS][USERS] = {{false}};
    for (uint32_t i = 0; i < want; i++) {
        uint32_t item = (uint32_t)(kd_random_next(random) % ITEMS),
                 user = (uint32_t)(kd_random_next(random) % USERS);
        if (used[item][user]) continue;
        used[item][user] = true;
        /* Some stamps come late: below those that are merged. No two are equal. */
        uint64_t at = noon + 1000 * (kd_random_next(random) % 500) + kd_random_next(random) % 1000;
        ops[n++] = (rig_op){item, user, at, RIG_LIKE, kd_random_next(random) % 5 < 3};
    }
    return n;
}

static int compare_words(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The words of a text in order: within a commit items are told in another order than records are read. */
static void sort_words(char *text)
{
    char *words[256], sorted[TOLD_MAX] = "";
    size_t n = 0;
    for (char *w = strtok(text, " "); w && n < 256; w = strtok(NULL, " ")) words[n++] = w;
    qsort(words, n, sizeof *words, compare_words);
    for (size_t i = 0; i < n; i++) {
        size_t at = strlen(sorted);
        snprintf(sorted + at, sizeof sorted - at, " %s", words[i]);
    }
    memcpy(text, sorted, sizeof sorted);
}

/* Ends the commits that were begun, up to `left`. */
static void end_commits(kd_writes (*held)[2], uint64_t *versions, uint32_t *under_way, uint32_t left)
{
    while (*under_way > left) {
        sim_disk_apply(r.disk, &(*held)[0]);
        cr_assert_eq(kd_central_commit_end(r.c, versions[0], KD_OK), KD_OK);
        kd_writes first = (*held)[0];
        (*held)[0] = (*held)[1];
        (*held)[1] = first;
        kd_writes_clear(&(*held)[1]);
        versions[0] = versions[1];
        --*under_way;
    }
}

static void run_log(uint64_t seed)
{
    static model m;
    char wanted[TOLD_MAX] = "", got[TOLD_MAX] = "";
    uint64_t random = seed, versions[2];
    kd_writes held[2] = {{.count = 0}, {.count = 0}};
    uint32_t under_way = 0;
    kd_buf record = {0};
    m = (model){0};
    for (uint32_t i = 0; i < RECORDS; i++) {
        rig_op ops[OPS];
        uint32_t n = draw_ops(&random, ops);
        uint64_t views = kd_random_next(&random) % 3 == 0;
        kd_sum sum = {.item = rig_item(1), .amount = views, .counter = RIG_VIEW};
        rig_edge *e = kd_random_next(&random) % 2 ? &a : &b;
        rig_seal(e, ops, n, &sum, (uint32_t)views, 1, &record);
        cr_assert_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_MERGED);
        model_take(&m, ops, n, views, wanted);
        if (kd_random_next(&random) % (1 + seed % 7) > 0) continue;
        end_commits(&held, versions, &under_way, (uint32_t)(kd_random_next(&random) % 2));
        const kd_writes *writes;
        cr_assert_eq(kd_central_commit_begin(r.c, &writes, &versions[under_way]), KD_OK);
        kd_buf_put(&held[under_way].buf, writes->buf.data, writes->buf.len);
        held[under_way].count = writes->count;
        under_way++;
    }
    end_commits(&held, versions, &under_way, 0);
    rig_commit(&r);
    snprintf(got, sizeof got, "%s", take(false));
    kd_central_milestones_delivered(r.c);
    sort_words(wanted);
    sort_words(got);
    cr_assert_str_eq(got, wanted, "seed %llu: it told%s, the model%s", (unsigned long long)seed, got, wanted);
    for (int i = 0; i < 2; i++) kd_writes_finish(&held[i]);
    kd_buf_finish(&record);
}

Test(milestones, however_records_are_cut_into_commits_the_same_is_passed)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        rig_finish(&r);
        set_up();
        r.config.thresholds = (kd_thresholds){3, {2, 3, 5}};
        cr_assert_eq(rig_reopen(&r), KD_OK);
        rig_commit(&r);
        run_log(seed);
    }
}
