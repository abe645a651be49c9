/* A store that followed leads (rule 32): the link, the lift, `previous`, the claim and its predecessor, the marker. */
#include <criterion/criterion.h>

#include "kudos/follow.h"
#include "tests/lib/central_rig.h"

static const uint64_t noon = 20000 * RIG_DAY + RIG_DAY / 2, second = 1000000;

static rig leader, follower, third;
static rig_edge a, b;
static kd_buf claimed, marked;
static uint64_t stores;

static void begin(rig *r, bool follows)
{
    rig_init(r);
    r->config.seed += ++stores; /* which makes it another store */
    if (follows) sim_disk_wipe(r->disk);
    r->now_us = noon + 3600 * second;
    rig_open_as(r, follows);
}

static void set_up(void)
{
    begin(&leader, false);
    begin(&follower, true);
    begin(&third, true);
    a = (rig_edge){.name = "edge-a", .region = "eu"};
    b = (rig_edge){.name = "edge-b", .region = "us"};
    claimed = marked = (kd_buf){.data = NULL};
}

static void tear_down(void)
{
    rig_finish(&leader);
    rig_finish(&follower);
    rig_finish(&third);
    kd_buf_finish(&claimed);
    kd_buf_finish(&marked);
}

TestSuite(promote, .init = set_up, .fini = tear_down);

static void feed_all(kd_bytes record)
{
    rig_feed(&leader, record);
    rig_feed(&follower, record);
    rig_feed(&third, record);
}

static void like_at(rig *only, uint32_t item, uint32_t user)
{
    kd_buf record = {0};
    const rig_op op = {item, user, noon + user, RIG_LIKE, true};
    rig_seal(&a, &op, 1, NULL, 0, noon, &record);
    if (only)
        rig_feed(only, kd_buf_view(&record));
    else
        feed_all(kd_buf_view(&record));
    kd_buf_finish(&record);
}

static void like(uint32_t item, uint32_t user)
{
    like_at(NULL, item, user);
}

/* The leader commits and publishes; its followers hear of it. The version. */
static uint64_t publish(rig *r)
{
    rig_snapshot s = {0};
    rig_commit(r);
    cr_assert_eq(rig_snapshot_take(r, r->now_us, &s), KD_OK);
    for (uint32_t i = 0; i < s.count; i++) {
        if (r != &follower) kd_central_compare(follower.c, &s.parts[i]);
        if (r != &third) kd_central_compare(third.c, &s.parts[i]);
    }
    uint64_t version = s.parts[0].version;
    rig_snapshot_finish(&s);
    return version;
}

static kd_promotion stage(const rig *r)
{
    return kd_central_promotion(r->c);
}

static void make_claim(rig *r)
{
    rig_commit(r);
    rig_open_as(r, false);
    cr_assert_eq(stage(r), KD_PROMOTION_READS);
    kd_central_read_to_end(r->c);
    kd_buf_clear(&claimed);
    kd_central_claim(r->c, r->now_us, &claimed);
}

static void mark(rig *r)
{
    cr_assert_eq(stage(r), KD_PROMOTION_MARKS);
    cr_assert_not(kd_central_durable(r->c));
    kd_buf_clear(&marked);
    kd_central_marker(r->c, r->now_us, &marked);
    cr_assert_eq(kd_central_hear(r->c, kd_buf_view(&marked), 0), KD_OK);
    cr_assert_eq(stage(r), KD_PROMOTION_LEADS);
    rig_commit(r);
    cr_assert(kd_central_durable(r->c));
}

static void promote(rig *r)
{
    make_claim(r);
    cr_assert_eq(rig_feed(r, kd_buf_view(&claimed)), KD_FED_CLAIM);
    rig_commit(r);
    mark(r);
}

static rig_snapshot first_snapshot(rig *r)
{
    rig_snapshot s = {0};
    cr_assert_eq(rig_snapshot_take(r, r->now_us, &s), KD_OK);
    return s;
}

static kd_chain_link last_link(const rig_snapshot *s)
{
    return s->parts[0].chain[s->parts[0].chain_count - 1];
}

Test(promote, what_was_published_and_agreed_is_history_of_the_new_leader)
{
    for (uint32_t i = 0; i < 9; i++) {
        like(i, i);
        if (i % 3 == 0) rig_commit(&leader);
    }
    uint64_t told = publish(&leader), epoch = kd_central_epoch(leader.c);
    rig_commit(&follower);
    like(1, 20);
    like(2, 21);
    promote(&follower);
    rig_snapshot s = first_snapshot(&follower);
    cr_assert_eq(last_link(&s).epoch, epoch);
    cr_assert_eq(last_link(&s).last, told);
    cr_assert_eq(s.parts[0].previous, told, "an edge that has it goes on without a gap");
    cr_assert_gt(s.parts[0].version, told);
    cr_assert_gt(s.parts[0].epoch, epoch);
    rig_snapshot_finish(&s);
}

Test(promote, the_first_snapshot_lists_all_that_changed_since_the_link)
{
    bool found[2] = {false};
    for (uint32_t i = 0; i < 5; i++) like(i, i);
    rig_commit(&follower);
    publish(&leader);
    like(7, 20);
    rig_commit(&follower);
    like(8, 21);
    rig_commit(&follower);
    promote(&follower);
    rig_snapshot s = first_snapshot(&follower);
    for (uint32_t i = 0; i < s.parts[0].item_count; i++)
        for (uint32_t n = 0; n < 2; n++) found[n] |= kd_bytes_eq(s.parts[0].items[i].item, rig_item(7 + n));
    cr_assert(found[0] && found[1]);
    rig_snapshot_finish(&s);
}

static void unlike(uint32_t item, uint32_t user)
{
    kd_buf record = {0};
    const rig_op op = {item, user, noon + second + user, RIG_LIKE, false};
    rig_seal(&b, &op, 1, NULL, 0, noon + second, &record);
    feed_all(kd_buf_view(&record));
    kd_buf_finish(&record);
}

static bool lists(const kd_snapshot *s, uint32_t item)
{
    bool found = false;
    for (uint32_t i = 0; i < s->item_count; i++) found |= kd_bytes_eq(s->items[i].item, rig_item(item));
    return found;
}

/* Edges have what the leader published in between. */
Test(promote, what_one_commit_of_the_follower_has_taken_back_is_listed_too)
{
    like(1, 1);
    rig_commit(&follower);
    publish(&leader);
    like(7, 20);
    publish(&leader); /* a like of item 7 */
    unlike(7, 20);
    like(8, 20);
    rig_commit(&follower); /* like and unlike in one commit: it moves no count */
    promote(&follower);
    rig_snapshot s = first_snapshot(&follower);
    cr_assert(lists(&s.parts[0], 8));
    cr_expect(lists(&s.parts[0], 7), "edges went on showing the like");
    rig_snapshot_finish(&s);
    rig_open_as(&follower, false);
    s = first_snapshot(&follower);
    cr_expect(lists(&s.parts[0], 7), "also after a restart");
    rig_snapshot_finish(&s);
}

Test(promote, what_the_leader_published_of_other_records_is_undone)
{
    like(1, 1);
    uint64_t agreed = publish(&leader);
    rig_commit(&follower);
    like_at(&leader, 2, 2); /* the log loses it */
    uint64_t lost = publish(&leader);
    a.last.seq--;
    kd_buf record = {0};
    rig_seal(&b, NULL, 0, NULL, 0, noon, &record);
    rig_feed(&follower, kd_buf_view(&record));
    kd_buf_finish(&record);
    kd_following f;
    kd_central_get_following(follower.c, &f);
    cr_assert_eq(f.state, KD_FOLLOWS_DIFFERS);
    promote(&follower);
    rig_snapshot s = first_snapshot(&follower);
    cr_assert_eq(last_link(&s).last, agreed);
    cr_assert_gt(s.parts[0].version, lost, "lifted above all that was told");
    rig_snapshot_finish(&s);
}

Test(promote, a_restart_in_between_forgets_nothing)
{
    for (uint32_t i = 0; i < 5; i++) like(i, i);
    rig_commit(&follower);
    uint64_t told = publish(&leader);
    rig_commit(&follower);
    like(7, 20);
    rig_open_as(&follower, true); /* what was not committed is read again */
    like_at(&follower, 7, 20);
    rig_commit(&follower);
    rig_open_as(&follower, true);
    promote(&follower);
    rig_open_as(&follower, false); /* before its first snapshot */
    cr_assert_eq(stage(&follower), KD_PROMOTION_LEADS);
    rig_snapshot s = first_snapshot(&follower);
    cr_assert_eq(s.parts[0].previous, told);
    cr_assert_eq(s.parts[0].chain[s.parts[0].chain_count - 2].last, told);
    rig_snapshot_finish(&s);
    rig_commit(&follower);
    like_at(&follower, 8, 30);
    rig_commit(&follower);
    s = first_snapshot(&follower);
    cr_assert_gt(s.parts[0].previous, told, "the one before it was published");
    rig_snapshot_finish(&s);
}

Test(promote, a_snapshot_that_was_heard_late_is_compared_after_a_restart)
{
    rig_snapshot s = {0};
    for (uint32_t i = 0; i < 5; i++) like(i, i);
    rig_commit(&leader);
    cr_assert_eq(rig_snapshot_take(&leader, noon, &s), KD_OK);
    like(6, 6);
    rig_commit(&follower);
    rig_open_as(&follower, true);
    kd_central_compare(follower.c, &s.parts[0]);
    kd_following f;
    kd_central_get_following(follower.c, &f);
    cr_assert_eq(f.state, KD_FOLLOWS_AGREED);
    rig_snapshot_finish(&s);
}

Test(promote, a_snapshot_of_which_a_part_is_missing_makes_no_link)
{
    rig_snapshot s = {0};
    like(1, 1);
    uint64_t told = publish(&leader);
    like(2, 2);
    rig_commit(&leader);
    rig_commit(&follower);
    cr_assert_eq(rig_snapshot_take(&leader, noon, &s), KD_OK);
    s.parts[0].parts = 2;
    kd_central_compare(follower.c, &s.parts[0]);
    s.parts[0].parts = 1;
    rig_snapshot_finish(&s);
    promote(&follower);
    s = first_snapshot(&follower);
    cr_assert_eq(last_link(&s).last, told);
    rig_snapshot_finish(&s);
}

Test(promote, the_old_leader_stops_and_follows_and_may_lead_again)
{
    kd_following f;
    for (uint32_t i = 0; i < 5; i++) like(i, i);
    publish(&leader);
    rig_commit(&follower);
    kd_buf own = {0};
    kd_central_claim(leader.c, noon, &own);
    feed_all(kd_buf_view(&own));
    kd_buf_finish(&own);
    publish(&leader);
    promote(&follower);
    cr_assert_eq(rig_feed(&leader, kd_buf_view(&claimed)), KD_FED_FENCED);
    rig_open_as(&leader, true);
    cr_assert_eq(rig_feed(&leader, kd_buf_view(&claimed)), KD_FED_CLAIM);
    rig_snapshot s = first_snapshot(&follower);
    kd_central_compare(leader.c, &s.parts[0]);
    kd_central_get_following(leader.c, &f);
    cr_assert_eq(f.state, KD_FOLLOWS_AGREED);
    uint64_t told = s.parts[0].version;
    rig_snapshot_finish(&s);
    rig_commit(&leader);
    promote(&leader);
    s = first_snapshot(&leader);
    cr_assert_eq(s.parts[0].previous, told);
    cr_assert_eq(last_link(&s).epoch, kd_central_epoch(follower.c));
    cr_assert_eq(last_link(&s).last, told);
    rig_snapshot_finish(&s);
}

Test(promote, of_two_that_claim_at_once_the_one_in_front_leads)
{
    kd_buf other = {0};
    like(1, 1);
    publish(&leader);
    rig_commit(&follower);
    rig_commit(&third);
    make_claim(&third);
    kd_buf_put(&other, claimed.data, claimed.len);
    make_claim(&follower);
    cr_assert_eq(rig_feed(&third, kd_buf_view(&claimed)), KD_FED_FENCED);
    cr_assert_eq(rig_feed(&follower, kd_buf_view(&claimed)), KD_FED_CLAIM);
    cr_assert_eq(rig_feed(&follower, kd_buf_view(&other)), KD_FED_CLAIM, "it supersedes nothing");
    rig_commit(&follower);
    mark(&follower);
    kd_buf_finish(&other);
}

Test(promote, a_claim_that_comes_late_stops_nobody)
{
    kd_buf late = {0};
    like(1, 1);
    publish(&leader);
    rig_commit(&follower);
    rig_commit(&third);
    third.hint += 1ull << 40; /* its clock is ahead: a higher epoch */
    make_claim(&third);
    kd_buf_put(&late, claimed.data, claimed.len);
    promote(&follower);
    cr_assert_eq(rig_feed(&follower, kd_buf_view(&late)), KD_FED_CLAIM);
    rig_commit(&follower);
    cr_assert_eq(rig_feed(&follower, kd_buf_view(&claimed)), KD_FED_CLAIM, "a copy of its own");
    kd_claim c, old;
    cr_assert_eq(kd_claim_decode(kd_buf_view(&late), &c), KD_OK);
    cr_assert_gt(c.epoch, kd_central_epoch(follower.c));
    old = (kd_claim){.epoch = c.epoch, .central = c.central, .at_us = c.at_us};
    kd_buf record = {0};
    kd_claim_encode(&old, &record);
    cr_assert_eq(rig_feed(&follower, kd_buf_view(&record)), KD_FED_FENCED,
                 "an older program names none: the highest epoch is in force");
    kd_buf_finish(&record);
    kd_buf_finish(&late);
}

Test(promote, a_leader_whose_claim_supersedes_nothing_claims_once_more)
{
    like(1, 1);
    publish(&leader);
    rig_commit(&follower);
    promote(&follower);
    kd_buf own = {0};
    leader.hint += 1ull << 40;
    rig_open_as(&leader, false); /* its own store: it leads at once, and has not read the other's claim */
    kd_central_claim(leader.c, noon, &own);
    cr_assert_eq(rig_feed(&leader, kd_buf_view(&claimed)), KD_FED_CLAIM);
    cr_assert_eq(rig_feed(&leader, kd_buf_view(&own)), KD_FED_CLAIM);
    cr_assert(kd_central_claim_again(leader.c));
    cr_assert_not(kd_central_claim_again(leader.c));
    cr_assert_eq(rig_feed(&follower, kd_buf_view(&own)), KD_FED_CLAIM);
    rig_commit(&leader);
    kd_buf_clear(&own);
    kd_central_claim(leader.c, noon, &own);
    cr_assert_eq(rig_feed(&leader, kd_buf_view(&own)), KD_FED_CLAIM);
    cr_assert_not(kd_central_claim_again(leader.c));
    cr_assert_eq(rig_feed(&follower, kd_buf_view(&own)), KD_FED_FENCED);
    kd_buf_finish(&own);
}

Test(promote, a_seeded_copy_is_another_store)
{
    kd_buf own = {0};
    kd_claim c, of_copy;
    like(1, 1);
    publish(&leader);
    kd_central_claim(leader.c, noon, &own);
    cr_assert_eq(kd_claim_decode(kd_buf_view(&own), &c), KD_OK);
    sim_disk_destroy(follower.disk);
    kd_central_close(follower.c);
    follower.c = NULL;
    follower.disk = sim_disk_clone(leader.disk);
    rig_open_as(&follower, true);
    make_claim(&follower);
    cr_assert_eq(kd_claim_decode(kd_buf_view(&claimed), &of_copy), KD_OK);
    cr_assert_neq(c.author, of_copy.author);
    cr_assert_gt(of_copy.epoch, c.epoch);
    kd_buf_finish(&own);
}

Test(promote, without_a_snapshot_that_agreed_the_versions_of_its_own_are_undone)
{
    for (uint32_t i = 0; i < 3; i++) like(i, i);
    rig_commit(&leader);
    uint64_t seed = kd_central_version(leader.c), epoch = kd_central_epoch(leader.c);
    sim_disk_destroy(follower.disk);
    kd_central_close(follower.c);
    follower.c = NULL;
    follower.disk = sim_disk_clone(leader.disk);
    rig_open_as(&follower, true);
    for (uint32_t i = 3; i < 9; i++) {
        like_at(&follower, i, i);
        rig_commit(&follower);
    }
    promote(&follower);
    rig_snapshot s = first_snapshot(&follower);
    cr_assert_eq(last_link(&s).epoch, epoch);
    cr_assert_eq(last_link(&s).last, seed, "what it began from is history of the leader, the rest is not");
    rig_snapshot_finish(&s);
}

/* ---- the changes topic ---- */

static uint32_t told_of(rig *r, uint64_t *version)
{
    uint32_t n = 0;
    uint64_t row;
    kd_buf record = {0};
    kd_changes told;
    *version = 0;
    while (kd_central_changes_next(r->c, &record, &row) == KD_OK) {
        cr_assert_eq(kd_changes_decode(kd_buf_view(&record), &told), KD_OK);
        cr_assert_neq(told.version, *version, "a label of its own");
        *version = told.version;
        n += told.change_count;
        kd_changes_finish(&told);
    }
    kd_buf_finish(&record);
    return n;
}

static void tell(rig *r)
{
    uint64_t version;
    told_of(r, &version);
    kd_central_changes_delivered(r->c, kd_central_version(r->c));
}

Test(promote, what_the_leader_published_and_had_not_told_is_told_by_the_next_one)
{
    uint64_t version, published;
    like(0, 0);
    rig_commit(&follower);
    publish(&leader);
    tell(&leader);
    like(1, 1);
    rig_commit(&follower);
    publish(&leader);
    like(2, 2);
    rig_commit(&follower);
    published = publish(&leader); /* edges show both, and it dies before it tells them */
    promote(&follower);
    uint32_t told = told_of(&follower, &version);
    cr_assert_eq(told, 2, "%u", told);
    cr_assert_gt(version, published, "under numbers that the leader before gave to nothing else");
}

Test(promote, what_the_leader_had_told_is_told_once)
{
    uint64_t version;
    like(0, 0);
    rig_commit(&follower);
    publish(&leader);
    tell(&leader);
    publish(&leader); /* of the same version: it says that all is told */
    promote(&follower);
    cr_assert_eq(told_of(&follower, &version), 0);
}

/* The leader told the like; the follower has like and unlike in one commit, which changed nothing. */
Test(promote, what_one_commit_of_the_follower_has_taken_back_is_told_by_the_next_leader)
{
    uint64_t version;
    like(0, 0);
    rig_commit(&follower);
    publish(&leader);
    tell(&leader);
    like(7, 20);
    publish(&leader);
    tell(&leader);
    unlike(7, 20);
    rig_commit(&follower);
    promote(&follower);
    cr_assert_eq(told_of(&follower, &version), 1, "the unlike");
}
