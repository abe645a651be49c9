/* Snapshots and reads: what they follow, their parts, what they say of edges; the changes topic; members;
 * write-back. */
#include <criterion/criterion.h>

#include "kudos/forget.h"
#include "tests/lib/central_rig.h"

static const uint64_t noon = 20000 * RIG_DAY + RIG_DAY / 2;
static rig r;
static rig_edge a, b;
static rig_snapshot s;

static void set_up(void)
{
    rig_init(&r);
    a = (rig_edge){.name = "edge-a", .region = "eu"};
    b = (rig_edge){.name = "edge-b", .region = "us"};
}

static void tear_down(void)
{
    rig_finish(&r);
}

TestSuite(central_snapshot, .init = set_up, .fini = tear_down);

/* Likes of one user to items from..to-1 in batches, committed. */
static void like_items(uint32_t user, uint32_t from, uint32_t to)
{
    enum { PER_BATCH = 1000 };
    static rig_op ops[PER_BATCH];
    kd_buf record = {0};
    while (from < to) {
        uint32_t n = 0;
        for (; n < PER_BATCH && from < to; n++, from++)
            ops[n] = (rig_op){from, user, noon + user, RIG_LIKE, true};
        rig_seal(&a, ops, n, NULL, 0, noon, &record);
        cr_assert_eq(rig_feed(&r, kd_buf_view(&record)), KD_FED_MERGED);
    }
    rig_commit(&r);
    kd_buf_finish(&record);
}

static const kd_item_counts *find_item(const rig_snapshot *snap, uint32_t item)
{
    for (uint32_t p = 0; p < snap->count; p++)
        for (uint32_t i = 0; i < snap->parts[p].item_count; i++)
            if (kd_bytes_eq(snap->parts[p].items[i].item, rig_item(item))) return &snap->parts[p].items[i];
    return NULL;
}

Test(central_snapshot, comes_in_parts)
{
    like_items(1, 0, 2 * KD_SNAPSHOT_ITEMS_MAX + 1);
    cr_assert_eq(kd_central_dirty(r.c), 2u * KD_SNAPSHOT_ITEMS_MAX + 1);
    cr_assert_eq(rig_snapshot_take(&r, 77, &s), KD_OK);
    cr_assert_eq(s.count, 3u);
    for (uint32_t p = 0; p < 3; p++) {
        cr_assert_eq(s.parts[p].part, p);
        cr_assert_eq(s.parts[p].parts, 3u);
        cr_assert_eq(s.parts[p].version, kd_central_version(r.c));
        cr_assert_eq(s.parts[p].made_us, 77u);
        cr_assert_eq(s.parts[p].edge_count, 1u);
        cr_assert_eq(s.parts[p].item_count, p < 2 ? (uint32_t)KD_SNAPSHOT_ITEMS_MAX : 1u);
    }
    for (uint32_t i = 0; i < 2 * KD_SNAPSHOT_ITEMS_MAX + 1; i += 777) {
        const kd_item_counts *c = find_item(&s, i);
        cr_assert(c && c->count == 1 && c->at[0].counter == RIG_LIKE && c->at[0].value == 1);
    }
    rig_snapshot_finish(&s);
    cr_assert_eq(kd_central_dirty(r.c), 0u);
}

Test(central_snapshot, follows_the_one_before_and_beats_in_between)
{
    like_items(1, 0, 3);
    cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_OK);
    uint64_t first = s.parts[0].version;
    cr_assert_eq(s.parts[0].previous, 0u);
    cr_assert_eq(s.parts[0].kind, KD_SNAPSHOT_DELTA);
    rig_snapshot_finish(&s);
    cr_assert_eq(rig_snapshot_take(&r, 2, &s), KD_OK);
    cr_assert_eq(s.parts[0].version, first, "a heartbeat");
    cr_assert_eq(s.parts[0].previous, first);
    cr_assert_eq(s.parts[0].item_count, 0u);
    cr_assert_eq(s.parts[0].made_us, 2u);
    rig_snapshot_finish(&s);
    like_items(2, 1, 2);
    cr_assert_eq(rig_snapshot_take(&r, 3, &s), KD_OK);
    cr_assert_eq(s.parts[0].previous, first);
    cr_assert_gt(s.parts[0].version, first);
    cr_assert_eq(s.parts[0].item_count, 1u);
    cr_assert_eq(s.parts[0].items[0].at[0].value, 2u);
    rig_snapshot_finish(&s);
}

Test(central_snapshot, a_count_back_at_zero_is_told)
{
    like_items(1, 4, 5);
    cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_OK);
    rig_snapshot_finish(&s);
    rig_one(&r, &a, (rig_op){4, 1, noon + 9, RIG_LIKE, false});
    rig_commit(&r);
    cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_OK);
    const kd_item_counts *c = find_item(&s, 4);
    cr_assert(c && c->count == 0);
    rig_snapshot_finish(&s);
}

Test(central_snapshot, what_is_not_durable_is_not_shown)
{
    rig_one(&r, &a, (rig_op){1, 1, noon, RIG_LIKE, true});
    const kd_writes *w;
    uint64_t version;
    cr_assert_eq(kd_central_commit_begin(r.c, &w, &version), KD_OK);
    cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_OK);
    cr_assert_eq(s.parts[0].item_count, 0u);
    cr_assert_eq(s.parts[0].edge_count, 0u);
    cr_assert_lt(s.parts[0].version, version);
    rig_snapshot_finish(&s);
    kd_central_edge edge;
    cr_assert_eq(kd_central_edges(r.c, &edge, 1), 0u);
}

Test(central_snapshot, the_first_of_an_epoch_follows_the_last_one_published)
{
    like_items(1, 0, 2);
    cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_OK);
    uint64_t published = s.parts[0].version;
    rig_snapshot_finish(&s);
    like_items(2, 2, 3);
    cr_assert_eq(rig_snapshot_take(&r, 1, &s),
                 KD_OK); /* its predecessor is out; this one may be lost in the crash */
    rig_snapshot_finish(&s);
    like_items(3, 3, 4);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_OK);
    cr_assert_eq(s.parts[0].previous, published);
    cr_assert(!find_item(&s, 0) && !find_item(&s, 1) && find_item(&s, 2) && find_item(&s, 3));
    rig_snapshot_finish(&s);
}

Test(central_snapshot, low_watermark_is_that_of_the_slowest_edge)
{
    cr_assert_eq(kd_central_as_of_us(r.c), 0u, "nobody is known");
    rig_one(&r, &a, (rig_op){1, 1, noon + 5000000, RIG_LIKE, true});
    rig_commit(&r);
    cr_assert_eq(kd_central_as_of_us(r.c), noon + 5000000 - r.config.drift_us);
    kd_buf lost = {0};
    rig_op op = {1, 2, noon, RIG_LIKE, true};
    rig_seal(&b, &op, 1, NULL, 0, noon, &lost);
    cr_assert_eq(rig_one(&r, &b, (rig_op){1, 3, noon + 1000000, RIG_LIKE, true}), KD_FED_GAP);
    rig_commit(&r);
    cr_assert_eq(kd_central_as_of_us(r.c), 0u, "an edge is known whose likes are not here");
    cr_assert_eq(rig_feed(&r, kd_buf_view(&lost)), KD_FED_MERGED);
    rig_commit(&r);
    cr_assert_eq(kd_central_as_of_us(r.c), noon - r.config.drift_us);
    cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_OK);
    cr_assert_eq(s.parts[0].low_watermark_us, noon);
    cr_assert_eq(s.parts[0].stable_us, 0u);
    cr_assert_eq(s.parts[0].edge_count, 2u);
    cr_assert_eq(s.parts[0].edges[1].applied.seq, 1u);
    cr_assert_eq(s.parts[0].edges[1].watermark_us, noon);
    rig_snapshot_finish(&s);
    kd_buf_finish(&lost);
}

Test(central_snapshot, a_read_names_what_was_asked)
{
    like_items(1, 0, 3);
    rig_one(&r, &b, (rig_op){1, 2, noon, RIG_SAVE, true});
    rig_commit(&r);
    kd_buf record = {0};
    kd_bytes items[] = {rig_item(9), rig_item(1), rig_item(9)};
    kd_snapshot read;
    cr_assert_eq(kd_central_read(r.c, items, 3, kd_bytes_str("edge-b"), 5, &record), KD_OK);
    cr_assert_eq(kd_snapshot_decode(kd_buf_view(&record), &read), KD_OK);
    cr_assert_eq(read.kind, KD_SNAPSHOT_READ);
    cr_assert_eq(read.version, kd_central_version(r.c));
    cr_assert_eq(read.previous, read.version);
    cr_assert_eq(read.edge_count, 1u);
    cr_assert(kd_bytes_eq(read.edges[0].edge, kd_bytes_str("edge-b")));
    cr_assert_eq(read.item_count, 2u);
    cr_assert_eq(read.items[0].count, 2u);
    cr_assert_eq(read.items[1].count, 0u, "an unknown item");
    kd_snapshot_finish(&read);
    kd_bytes wrong = kd_bytes_str("no key");
    cr_assert_eq(kd_central_read(r.c, &wrong, 1, (kd_bytes){0}, 5, &record), KD_EINVAL);
    kd_buf_finish(&record);
}

/* ---- changes ---- */

static uint32_t drain(uint32_t *records)
{
    kd_buf record = {0};
    uint64_t version, before = 0;
    uint32_t changes = 0, next = 0;
    *records = 0;
    while (kd_central_changes_next(r.c, &record, &version) == KD_OK) {
        kd_changes c;
        cr_assert_eq(kd_changes_decode(kd_buf_view(&record), &c), KD_OK);
        cr_assert_eq(c.epoch, kd_central_epoch(r.c));
        if (version != before) next = 0;
        cr_assert_eq(c.first, next, "labels without a hole");
        next += c.change_count;
        before = version;
        changes += c.change_count;
        ++*records;
        kd_changes_finish(&c);
    }
    kd_buf_finish(&record);
    return changes;
}

Test(central_snapshot, changes_are_handed_out_until_delivered)
{
    uint32_t records;
    like_items(1, 0, 2500);
    uint64_t version = kd_central_version(r.c);
    cr_assert_eq(drain(&records), 2500u);
    cr_assert_eq(records, 3u);
    cr_assert_eq(drain(&records), 0u);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    cr_assert_eq(drain(&records), 2500u, "again after a restart");
    kd_central_changes_delivered(r.c, version);
    like_items(2, 0, 10);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    cr_assert_eq(drain(&records), 10u, "only those behind what was delivered");
}

static kd_store read_store; /* below the one that counts */
static uint32_t redo_reads;

static int counted_get(void *ctx, kd_bytes key, kd_buf *value)
{
    redo_reads += key.data[0] == 'r';
    return read_store.get(ctx, key, value);
}

Test(central_snapshot, a_redo_row_is_read_once_however_many_records_it_fills)
{
    uint32_t records;
    read_store = r.store;
    kd_store counting = r.store;
    counting.get = counted_get;
    kd_central_close(r.c);
    cr_assert_eq(kd_central_open(&r.config, &counting, r.hint++, r.now_us, &r.c), KD_OK);
    rig_commit(&r);
    like_items(1, 0, 2500);
    cr_assert_eq(drain(&records), 2500u);
    cr_assert_eq(records, 3u);
    cr_assert_eq(redo_reads, 1u, "%u", redo_reads);
}

Test(central_snapshot, a_version_is_delivered_with_its_last_record)
{
    kd_buf record = {0};
    uint64_t version;
    uint32_t records;
    like_items(1, 0, 2500);
    cr_assert_eq(kd_central_changes_next(r.c, &record, &version), KD_OK);
    kd_central_changes_delivered(r.c, version);
    like_items(2, 0, 1);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    cr_assert_eq(drain(&records), 2501u);
    kd_buf_finish(&record);
}

Test(central_snapshot, without_a_changes_topic_nothing_waits_for_it)
{
    r.config.publish_changes = false;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    like_items(1, 0, 10);
    uint32_t records;
    cr_assert_eq(drain(&records), 0u);
    r.config.publish_changes = true;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    cr_assert_eq(drain(&records), 0u, "it begins with what comes");
}

/* ---- redo and the cache stay bounded ---- */

Test(central_snapshot, counts_are_written_back_and_redo_goes)
{
    kd_central_stats stats;
    r.config.redo_bytes_max = 20000;
    r.config.counts_cached_max = 100;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    uint32_t records;
    for (uint32_t round = 0; round < 100; round++) {
        like_items(round, round * 20 % 3000, round * 20 % 3000 + 200);
        drain(&records);
        kd_central_changes_delivered(r.c, kd_central_version(r.c));
        cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_OK);
        rig_snapshot_finish(&s);
    }
    kd_central_get_stats(r.c, &stats);
    cr_assert_lt(stats.redo_bytes, 40000u);
    cr_assert_lt(stats.counts_cached, 3000u);
    cr_assert_eq(rig_reopen(&r), KD_OK);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < 3300; i++) {
        sum += rig_total(&r, i, 0);
        cr_assert(rig_sums_agree(&r, i));
    }
    cr_assert_eq(sum, 20000u);
    kd_central_get_stats(r.c, &stats);
    cr_assert_lt(stats.counts_cached, 2200u);
}

static uint64_t unpublished(void)
{
    kd_central_stats stats;
    kd_central_get_stats(r.c, &stats);
    cr_assert_eq(stats.unpublished_bytes, kd_central_unpublished_bytes(r.c));
    return stats.unpublished_bytes;
}

static void publish(void)
{
    cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_OK);
    rig_snapshot_finish(&s);
}

Test(central_snapshot, what_no_topic_has_taken_is_counted_until_both_have)
{
    uint32_t records;
    publish();
    publish();
    cr_assert_eq(unpublished(), 0u);
    like_items(1, 0, 100);
    uint64_t one = unpublished();
    cr_assert_gt(one, 1000u);
    like_items(2, 0, 100);
    cr_assert_gt(unpublished(), one + 1000);
    drain(&records);
    cr_assert_gt(unpublished(), one, "handed out is not delivered");
    kd_central_changes_delivered(r.c, kd_central_version(r.c));
    cr_assert_gt(unpublished(), one, "the counts are not published");
    publish();
    publish();
    cr_assert_eq(unpublished(), 0u, "of the one before is known that it is out");
    like_items(3, 0, 100);
    publish();
    publish();
    cr_assert_gt(unpublished(), 1000u, "and of these changes none is delivered");
    cr_assert_eq(rig_reopen(&r), KD_OK);
    cr_assert_gt(unpublished(), 1000u, "also after a restart");
    rig_commit(&r);
    drain(&records);
    kd_central_changes_delivered(r.c, kd_central_version(r.c));
    publish();
    publish();
    cr_assert_eq(unpublished(), 0u);
}

Test(central_snapshot, more_changes_than_a_snapshot_holds_are_a_gap)
{
    enum { MOST = KD_SNAPSHOT_ITEMS_MAX * KD_SNAPSHOT_PARTS_MAX };
    r.config.publish_changes = false;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    publish();
    like_items(1, 0, MOST + 1);
    cr_assert_eq(kd_central_dirty(r.c), UINT32_MAX);
    cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_OK);
    cr_assert_eq(s.count, 1u);
    cr_assert_eq(s.parts[0].item_count, 0u);
    cr_assert_eq(s.parts[0].previous, s.parts[0].version, "nobody's version comes before it");
    rig_snapshot_finish(&s);
    like_items(2, 0, 10);
    cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_OK);
    cr_assert_eq(s.parts[0].item_count, 10u);
    cr_assert_lt(s.parts[0].previous, s.parts[0].version);
    rig_snapshot_finish(&s);
}

Test(central_snapshot, clean_counts_are_dropped_and_read_again)
{
    kd_central_stats stats;
    r.config.redo_bytes_max = 0;
    r.config.counts_cached_max = 100;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    like_items(1, 0, 2000);
    for (uint32_t i = 0; i < 20; i++) like_items(2 + i, 0, 10);
    cr_assert_eq(rig_snapshot_take(&r, 1, &s), KD_OK);
    rig_snapshot_finish(&s);
    kd_central_get_stats(r.c, &stats);
    cr_assert_leq(stats.counts_cached, 120u);
    cr_assert_eq(rig_total(&r, 1999, 0), 1u);
    cr_assert_eq(rig_total(&r, 9, 0), 21u);
}

/* ---- members ---- */

typedef struct {
    uint32_t count, stop_at;
    uint8_t counter;
} member_count;

static int count_member(void *arg, const kd_member *m)
{
    member_count *n = arg;
    cr_assert(m->liked && m->counter == n->counter);
    cr_assert(kd_bytes_eq(m->edge, kd_bytes_str("edge-a")) && kd_bytes_eq(m->region, kd_bytes_str("eu")));
    cr_assert(m->time_us >= noon);
    n->count++;
    return n->stop_at && n->count == n->stop_at ? KD_EAGAIN : 0;
}

static void like_users(uint32_t item, uint32_t users)
{
    for (uint32_t u = 0; u < users; u++) rig_one(&r, &a, (rig_op){item, u, noon + u, RIG_LIKE, true});
    rig_commit(&r);
}

Test(central_snapshot, members_come_in_pages)
{
    like_users(1, 25);
    like_users(2, 3);
    rig_one(&r, &a, (rig_op){1, 7, noon + 100, RIG_LIKE, false});
    rig_commit(&r);
    member_count n = {.counter = RIG_LIKE};
    kd_buf next = {0};
    uint32_t pages = 0;
    do {
        cr_assert_eq(
            kd_central_members(r.c, RIG_LIKE, rig_item(1), kd_buf_view(&next), 10, count_member, &n, &next),
            KD_OK);
        pages++;
    } while (next.len > 0);
    cr_assert_eq(n.count, 24u);
    cr_assert_eq(pages, 3u);
    n = (member_count){.counter = RIG_LIKE};
    cr_assert_eq(kd_central_members(r.c, 0, (kd_bytes){0}, (kd_bytes){0}, 1000, count_member, &n, &next),
                 KD_OK);
    cr_assert_eq(n.count, 27u);
    cr_assert_eq(next.len, 0u);
    n = (member_count){.counter = RIG_LIKE, .stop_at = 2};
    cr_assert_eq(kd_central_members(r.c, 0, (kd_bytes){0}, (kd_bytes){0}, 1000, count_member, &n, &next),
                 KD_EAGAIN);
    n.stop_at = 0;
    cr_assert_eq(kd_central_members(r.c, 0, (kd_bytes){0}, kd_buf_view(&next), 1000, count_member, &n, &next),
                 KD_OK);
    cr_assert_eq(n.count, 27u);
    kd_buf_finish(&next);
}

static uint64_t seen_us;
static uint32_t stop_at_member;

static int see_member(void *arg, const kd_member *m)
{
    uint32_t *seen = arg;
    seen_us = m->time_us;
    return ++*seen == stop_at_member ? KD_EAGAIN : KD_OK;
}

Test(central_snapshot, of_a_list_of_users_those_who_like_an_item)
{
    like_users(1, 3);
    like_users(2, 9);
    rig_one(&r, &a, (rig_op){1, 1, noon + 100, RIG_LIKE, false});
    rig_commit(&r);
    char names[4][KD_ID_MAX];
    const uint32_t asked[] = {2, 1, 7, 0};
    kd_bytes users[4];
    for (uint32_t i = 0; i < KD_COUNT(asked); i++) {
        kd_bytes user = rig_user(asked[i]); /* of a static buffer */
        memcpy(names[i], user.data, user.len);
        users[i] = kd_bytes_of(names[i], user.len);
    }
    uint32_t seen = 0;
    cr_assert_eq(kd_central_among(r.c, 0, rig_item(1), users, 4, see_member, &seen), KD_OK);
    cr_expect_eq(seen, 2u); /* 2 and 0: 1 took it back, 7 likes another item */
    seen = 0, stop_at_member = 1;
    cr_expect_eq(kd_central_among(r.c, 0, rig_item(1), users, 4, see_member, &seen), KD_EAGAIN);
    cr_expect_eq(seen, 1u);
    cr_expect_eq(kd_central_among(r.c, KD_COUNTERS_MAX, rig_item(1), users, 4, see_member, &seen), KD_EINVAL);
}

static uint32_t likers_of(uint32_t user)
{
    uint32_t seen = 0;
    kd_bytes users[] = {rig_user(user)};
    cr_assert_eq(kd_central_among(r.c, 0, rig_item(1), users, 1, see_member, &seen), KD_OK);
    return seen;
}

Test(central_snapshot, a_list_of_users_is_asked_in_the_state_that_the_counts_show)
{
    like_users(1, 2);
    rig_one(&r, &a, (rig_op){1, 0, noon + 100, RIG_LIKE, false});
    rig_one(&r, &a, (rig_op){1, 5, noon + 101, RIG_LIKE, true});
    const kd_writes *w;
    uint64_t version, totals[KD_COUNTERS_MAX];
    cr_assert_eq(kd_central_commit_begin(r.c, &w, &version), KD_OK);
    sim_disk_apply(r.disk, w); /* the rows are there, and the commit has not ended */
    cr_assert_eq(kd_central_totals(r.c, rig_item(1), totals), KD_OK);
    cr_expect_eq(totals[0], 2u);
    cr_expect_eq(likers_of(0), 1u);
    cr_expect_eq(seen_us, noon);
    cr_expect_eq(likers_of(1), 1u);
    cr_expect_eq(likers_of(5), 0u);
    cr_assert_eq(kd_central_commit_end(r.c, version, KD_OK), KD_OK);
    cr_expect_eq(likers_of(0), 0u);
    cr_expect_eq(likers_of(5), 1u);
}

Test(central_snapshot, a_page_over_many_unlikes_is_cut_short)
{
    for (uint32_t u = 0; u < 3000; u++) rig_one(&r, &a, (rig_op){1, u, noon + u, RIG_LIKE, u == 2999});
    rig_commit(&r);
    member_count n = {.counter = RIG_LIKE};
    kd_buf next = {0};
    cr_assert_eq(kd_central_members(r.c, RIG_LIKE, rig_item(1), (kd_bytes){0}, 1, count_member, &n, &next),
                 KD_OK);
    cr_assert_eq(n.count, 0u);
    cr_assert_gt(next.len, 0u);
    while (next.len > 0)
        cr_assert_eq(
            kd_central_members(r.c, RIG_LIKE, rig_item(1), kd_buf_view(&next), 1, count_member, &n, &next),
            KD_OK);
    cr_assert_eq(n.count, 1u);
    kd_buf_finish(&next);
}

/* ---- what an edge asks central to have ---- */

Test(central_snapshot, is_complete_when_the_edges_that_a_user_spoke_at_are_merged_up_to_there)
{
    uint32_t eu = kd_seen_edge(kd_bytes_str("edge-a")), us = kd_seen_edge(kd_bytes_str("edge-b"));
    rig_one(&r, &a, (rig_op){1, 1, noon, RIG_LIKE, true});
    rig_one(&r, &b, (rig_op){2, 2, noon + 50, RIG_LIKE, true});
    const kd_seen nothing = {.rest_us = 0}, of_a = {.at = {{noon, eu, 1}}},
                  later = {.at = {{noon + 1, eu, 1}}}, of_both = {.at = {{noon + 50, us, 1}, {noon, eu, 1}}},
                  unheard = {.at = {{1, 12345, 1}}}, of_any = {.rest_us = noon},
                  of_any_later = {.rest_us = noon + 1};
    cr_expect_not(kd_central_complete(r.c, &of_a), "not committed");
    rig_commit(&r);
    cr_expect(kd_central_complete(r.c, &nothing));
    cr_expect(kd_central_complete(r.c, &of_a));
    cr_expect_not(kd_central_complete(r.c, &later));
    cr_expect(kd_central_complete(r.c, &of_both));
    cr_expect_not(kd_central_complete(r.c, &unheard));
    cr_expect(kd_central_complete(r.c, &of_any));
    cr_expect_not(kd_central_complete(r.c, &of_any_later), "of all edges the one that is furthest behind");
    cr_assert_eq(rig_decide(&r, KD_DECIDED_RETIRE, kd_bytes_str("edge-a"), NULL), KD_OK);
    rig_commit(&r);
    cr_expect(kd_central_complete(r.c, &later), "nothing is awaited of an edge that is gone for good");
}

/* ---- a counter that central did not have for a while ---- */

static bool read_anew(void)
{
    cr_assert_eq(rig_snapshot_take(&r, 5, &s), KD_OK);
    bool anew = s.parts[0].previous == s.parts[0].version;
    rig_snapshot_finish(&s);
    return anew;
}

Test(central_snapshot, when_a_counter_comes_back_the_edges_read_all_anew)
{
    uint64_t at = noon;
    rig_one(&r, &a, (rig_op){1, 1, at++, RIG_LIKE, true});
    rig_commit(&r);
    cr_expect_not(read_anew());
    r.counters.count--; /* started without the last one */
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_one(&r, &a, (rig_op){1, 2, at++, RIG_LIKE, true});
    rig_commit(&r);
    cr_expect_not(read_anew());
    r.counters.count++;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    cr_expect(read_anew());
    rig_one(&r, &a, (rig_op){1, 3, at++, RIG_LIKE, true});
    rig_commit(&r);
    cr_expect_not(read_anew(), "once");
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    cr_expect_not(read_anew(), "nor after a start with the same counters");
}

Test(central_snapshot, a_counter_that_is_added_while_nothing_happens_waits_for_a_version)
{
    r.counters.count--;
    cr_assert_eq(rig_reopen(&r), KD_OK);
    rig_commit(&r);
    read_anew();
    uint64_t version = kd_central_version(r.c);
    r.counters.count++;
    cr_expect(read_anew(), "of a version that all edges have: a heartbeat");
    rig_commit(&r);
    cr_expect_gt(kd_central_version(r.c), version);
    cr_expect(read_anew());
    rig_one(&r, &a, (rig_op){1, 1, noon, RIG_LIKE, true});
    rig_commit(&r);
    cr_expect_not(read_anew());
}
