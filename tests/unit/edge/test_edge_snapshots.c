/* What central says comes in at an edge: snapshots, answers, the overlay above them, and what is shown (rules 14, 17 to 19). */
#include <criterion/criterion.h>

#include <stdlib.h>

#include "tests/lib/edge_rig.h"

/* The edge knows item 1 with ten likes, fresh, at version 1 of epoch 1. */
static void known(edge_rig *r)
{
    er_init(r);
    cr_assert_eq(er_snapshot(r, &(er_word){.epoch = 1, .version = 1}), KD_SNAPSHOT_GAP,
                 "what came before was not seen");
    cr_assert_eq(er_read(r, &(er_word){.epoch = 1, .version = 1, .item = 1, .likes = 10}), KD_OK);
    cr_assert_eq(er_shown(r, 1, NULL), 10);
}

/* Likes item 1 and ships it: what applied has to name. */
static void shipped(edge_rig *r, uint32_t user, er_word *w)
{
    cr_assert_eq(er_like(r, 1, user), KD_OK);
    er_seal(r);
    er_ship(r);
    w->applied = r->batch.at;
    w->digest = r->batch.digest;
}

/* ---- what is shown ---- */

Test(edge_snapshots, tell_nothing_of_an_item_that_nobody_asked_for)
{
    edge_rig r;
    kd_view view;
    er_init(&r);
    er_snapshot(&r, &(er_word){.epoch = 1, .version = 1, .item = 5, .items = 3, .likes = 7});
    cr_assert_eq(kd_edge_view(r.e, rig_item(5), &view), KD_EAGAIN);
    cr_assert_not(view.known);
    cr_assert_eq(er_stats(&r).items, 0);
    er_finish(&r);
}

Test(edge_snapshots, say_how_old_and_how_complete_a_number_is)
{
    edge_rig r;
    kd_view view;
    known(&r);
    r.now_us += ER_SECOND;
    er_word w = {.epoch = 1, .version = 2, .previous = 1, .low_us = ER_START - ER_SECOND};
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    cr_assert_eq(kd_edge_view(r.e, rig_item(1), &view), KD_OK);
    cr_assert(view.known && view.fresh);
    cr_assert_eq(view.made_us, r.now_us);
    cr_assert_eq(view.as_of_us, w.low_us - r.config.drift_us);
    r.now_us += ER_SECOND;
    w.previous = 2;
    cr_assert_eq(er_snapshot(&r, &w), KD_HEARTBEAT);
    er_shown(&r, 1, &view);
    cr_assert_eq(view.made_us, r.now_us);
    er_finish(&r);
}

Test(edge_snapshots, a_number_is_never_shown_below_nothing)
{
    edge_rig r;
    known(&r);
    for (uint32_t user = 0; user < 3; user++) cr_assert_eq(er_like(&r, 1, user), KD_OK);
    for (uint32_t user = 0; user < 3; user++) cr_assert_eq(er_unlike(&r, 1, user), KD_OK);
    cr_assert_eq(er_unlike(&r, 1, 9), KD_OK);
    cr_assert_eq(er_snapshot(&r, &(er_word){.epoch = 1, .version = 2, .previous = 1, .item = 1, .items = 1}),
                 KD_INSTALLED);
    cr_assert_eq(er_shown(&r, 1, NULL), 0);
    er_seal(&r);
    er_ship(&r);
    er_word w = {.epoch = 1, .version = 3, .previous = 2, .applied = r.batch.at, .digest = r.batch.digest};
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    cr_assert_eq(er_unlike(&r, 1, 0), KD_OK, "known and not liked: nothing is taken away");
    cr_assert_eq(er_shown(&r, 1, NULL), 0);
    er_finish(&r);
}

/* ---- the overlay: never twice, never lost ---- */

Test(edge_snapshots, applied_ends_a_delta_with_the_number_that_holds_it)
{
    edge_rig r;
    kd_view view;
    known(&r);
    er_word w = {.epoch = 1, .version = 2, .previous = 1, .item = 1, .items = 1, .likes = 11};
    shipped(&r, 1, &w);
    cr_assert_eq(er_like(&r, 1, 2), KD_OK); /* in the next batch */
    cr_assert_eq(er_shown(&r, 1, &view), 12);
    cr_assert_eq(view.pending[ER_LIKE], 2);
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    cr_assert_eq(er_shown(&r, 1, &view), 12);
    cr_assert_eq(view.pending[ER_LIKE], 1);
    er_finish(&r);
}

Test(edge_snapshots, applied_ends_a_delta_also_where_nothing_changed_at_central)
{
    edge_rig r;
    kd_view view;
    known(&r);
    er_word w = {.epoch = 1, .version = 2, .previous = 1};
    shipped(&r, 1, &w); /* a like that central had by another edge */
    cr_assert_eq(er_shown(&r, 1, NULL), 11);
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    cr_assert_eq(er_shown(&r, 1, &view), 10);
    cr_assert_eq(view.pending[ER_LIKE], 0);
    er_finish(&r);
}

/* A like of item 1 is applied, and the number that holds it was missed. */
static er_word applied_behind_a_gap(edge_rig *r)
{
    known(r);
    er_word w = {.epoch = 1, .version = 5, .previous = 4};
    shipped(r, 1, &w);
    cr_assert_eq(er_snapshot(r, &w), KD_SNAPSHOT_GAP);
    return w;
}

Test(edge_snapshots, a_delta_outlives_its_batch_where_the_number_is_old)
{
    edge_rig r;
    kd_view view;
    er_word w = applied_behind_a_gap(&r);
    cr_assert_eq(kd_edge_view(r.e, rig_item(1), &view), KD_EAGAIN);
    cr_assert(view.known && !view.fresh);
    cr_assert_eq(view.count[ER_LIKE], 11, "a user's own like does not vanish from the old number");
    cr_assert_eq(kd_edge_outbox_batches(r.e), 0);
    w.item = 1;
    w.likes = 15;
    cr_assert_eq(er_read(&r, &w), KD_OK);
    cr_assert_eq(er_shown(&r, 1, &view), 15, "nor is it counted twice");
    cr_assert_eq(view.pending[ER_LIKE], 0);
    er_finish(&r);
}

Test(edge_snapshots, deltas_of_several_counters_outlive_their_batch)
{
    edge_rig r;
    kd_view view;
    known(&r);
    er_word w = {.epoch = 1, .version = 5, .previous = 4};
    kd_request save = er_request(1, 7);
    save.counter = ER_SAVE;
    cr_assert_eq(er_take(&r, &save), KD_OK);
    cr_assert_eq(er_view_add(&r, 1, 30), KD_OK);
    shipped(&r, 1, &w);
    cr_assert_eq(er_snapshot(&r, &w), KD_SNAPSHOT_GAP);
    cr_assert_eq(er_view_add(&r, 1, 3), KD_OK);
    cr_assert_eq(er_shown(&r, 1, &view), 11);
    cr_expect(view.count[ER_SAVE] == 1 && view.count[ER_VIEW] == 33);
    w.item = 1;
    w.likes = 15;
    cr_assert_eq(er_read(&r, &w), KD_OK);
    cr_assert_eq(er_shown(&r, 1, &view), 15);
    cr_expect(view.count[ER_SAVE] == 0 && view.count[ER_VIEW] == 3, "the last view is on its way");
    cr_expect(view.pending[ER_SAVE] == 0 && view.pending[ER_VIEW] == 1);
    er_finish(&r);
}

/* The entry moves when a count outgrows its place, and what is on its way moves along. */
Test(edge_snapshots, a_count_may_be_larger_than_32_bits)
{
    edge_rig r;
    kd_view view;
    known(&r);
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    er_seal(&r);
    cr_assert_eq(er_like(&r, 1, 2), KD_OK);
    er_word w = {.epoch = 1, .version = 2, .previous = 1, .item = 1, .items = 1, .likes = 5000000000};
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    cr_assert_eq(er_shown(&r, 1, &view), 5000000002);
    cr_assert_eq(view.pending[ER_LIKE], 2);
    er_seal(&r);
    w.version = 3, w.previous = 2, w.likes = 5000000001;
    er_ship(&r);
    w.applied = r.batch.at, w.digest = r.batch.digest;
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    cr_assert_eq(er_shown(&r, 1, &view), 5000000002);
    cr_assert_eq(view.pending[ER_LIKE], 1);
    cr_assert_eq(er_open(&r), KD_OK);
    er_commit(&r);
    er_finish(&r);
}

Test(edge_snapshots, many_kept_deltas_are_one)
{
    edge_rig r;
    kd_view view;
    er_init(&r);
    er_word w = {.epoch = 1, .version = 1};
    for (uint32_t user = 1; user <= 20; user++) { /* the item is unknown: nobody answers */
        shipped(&r, user, &w);
        w.previous = w.version++;
        er_snapshot(&r, &w);
    }
    er_shown(&r, 1, &view);
    cr_assert_eq(view.count[ER_LIKE], 20);
    cr_assert_eq(view.pending[ER_LIKE], 20);
    w.item = 1;
    w.likes = 23;
    cr_assert_eq(er_read(&r, &w), KD_OK);
    cr_assert_eq(er_shown(&r, 1, &view), 23);
    cr_assert_eq(view.pending[ER_LIKE], 0);
    er_finish(&r);
}

/* ---- gaps, ages, parts ---- */

Test(edge_snapshots, a_gap_makes_numbers_stale_until_they_are_read)
{
    edge_rig r;
    kd_view view;
    known(&r);
    uint64_t made = r.now_us;
    r.now_us += 60 * ER_SECOND;
    cr_assert_eq(er_snapshot(&r, &(er_word){.epoch = 1, .version = 9, .previous = 8}), KD_SNAPSHOT_GAP);
    cr_assert_eq(kd_edge_view(r.e, rig_item(1), &view), KD_EAGAIN);
    cr_assert_eq(view.made_us, made, "a stale number keeps its age");
    cr_assert_eq(er_snapshot(&r, &(er_word){.epoch = 1, .version = 10, .previous = 9}), KD_INSTALLED);
    cr_assert_eq(kd_edge_view(r.e, rig_item(1), &view), KD_EAGAIN, "following again does not make it fresh");
    cr_assert_eq(
        er_snapshot(&r,
                    &(er_word){.epoch = 1, .version = 11, .previous = 10, .item = 1, .items = 1, .likes = 4}),
        KD_INSTALLED);
    cr_assert_eq(kd_edge_view(r.e, rig_item(1), &view), KD_OK, "it was listed");
    cr_assert_eq(view.count[ER_LIKE], 4);
    er_finish(&r);
}

Test(edge_snapshots, a_number_that_missed_two_gaps_has_no_age_and_is_not_shown)
{
    edge_rig r;
    kd_view view;
    known(&r);
    cr_assert_eq(er_like(&r, 1, 1), KD_OK);
    cr_assert_eq(er_snapshot(&r, &(er_word){.epoch = 1, .version = 9, .previous = 8}), KD_SNAPSHOT_GAP);
    kd_edge_view(r.e, rig_item(1), &view);
    cr_assert(view.known && view.made_us > 0 && view.count[ER_LIKE] == 11);
    cr_assert_eq(er_snapshot(&r, &(er_word){.epoch = 1, .version = 19, .previous = 18}), KD_SNAPSHOT_GAP);
    cr_assert_eq(kd_edge_view(r.e, rig_item(1), &view), KD_EAGAIN);
    cr_assert(!view.known && view.told == 0 && view.made_us == 0 && view.as_of_us == 0);
    cr_assert_eq(view.pending[ER_LIKE], 1, "own operations are told");
    cr_assert_eq(er_read(&r, &(er_word){.epoch = 1, .version = 19, .item = 1, .likes = 20}), KD_OK);
    cr_assert_eq(er_shown(&r, 1, &view), 21);
    cr_assert(view.known);
    er_finish(&r);
}

Test(edge_snapshots, of_lower_versions_and_epochs_are_left)
{
    edge_rig r;
    known(&r);
    er_word w = {.epoch = 2,
                 .version = 5,
                 .previous = 1,
                 .item = 1,
                 .items = 1,
                 .likes = 20,
                 .chain = {{1, 1}},
                 .chain_count = 1};
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED, "the chain admits what is known here");
    cr_assert_eq(er_snapshot(&r, &(er_word){.epoch = 2, .version = 4, .previous = 3, .item = 1, .items = 1}),
                 KD_SNAPSHOT_OLD);
    cr_assert_eq(er_snapshot(&r, &(er_word){.epoch = 1, .version = 9, .previous = 5, .item = 1, .items = 1}),
                 KD_SNAPSHOT_OLD);
    cr_assert_eq(er_shown(&r, 1, NULL), 20);
    er_finish(&r);
}

Test(edge_snapshots, are_installed_when_all_parts_are_here_in_any_order)
{
    edge_rig r;
    known(&r);
    kd_edge_ask(r.e, rig_item(2));
    er_word first = {
        .epoch = 1, .version = 2, .previous = 1, .item = 1, .items = 1, .likes = 30, .part = 0, .parts = 3};
    er_word second = {
        .epoch = 1, .version = 2, .previous = 1, .item = 2, .items = 1, .likes = 40, .part = 1, .parts = 3};
    er_word third = {.epoch = 1, .version = 2, .previous = 1, .part = 2, .parts = 3};
    cr_assert_eq(er_snapshot(&r, &third), KD_PART);
    cr_assert_eq(er_snapshot(&r, &first), KD_PART);
    cr_assert_eq(er_snapshot(&r, &first), KD_PART, "twice is not two");
    er_word other = second;
    other.parts = 2;
    cr_assert_eq(er_snapshot(&r, &other), KD_PART, "of another set");
    cr_assert_eq(er_shown(&r, 1, NULL), 10, "nothing before the last");
    cr_assert_eq(er_snapshot(&r, &second), KD_INSTALLED);
    cr_assert_eq(er_shown(&r, 1, NULL), 30);
    cr_assert_eq(er_shown(&r, 2, NULL), 40);
    cr_assert_eq(er_snapshot(&r, &first), KD_HEARTBEAT, "late");
    er_finish(&r);
}

Test(edge_snapshots, a_set_that_is_overtaken_is_a_gap)
{
    edge_rig r;
    known(&r);
    er_word part = {
        .epoch = 1, .version = 2, .previous = 1, .item = 1, .items = 1, .likes = 30, .part = 0, .parts = 2};
    cr_assert_eq(er_snapshot(&r, &part), KD_PART);
    cr_assert_eq(er_snapshot(&r, &(er_word){.epoch = 1, .version = 3, .previous = 2}), KD_SNAPSHOT_GAP);
    part.part = 1;
    cr_assert_eq(er_snapshot(&r, &part), KD_SNAPSHOT_OLD);
    part = (er_word){.epoch = 1, .version = 5, .previous = 3, .part = 1, .parts = 2};
    cr_assert_eq(er_snapshot(&r, &part), KD_PART);
    part.version = 6;
    part.part = 0;
    cr_assert_eq(er_snapshot(&r, &part), KD_PART, "the newer set takes the place");
    part.part = 1;
    cr_assert_eq(er_snapshot(&r, &part), KD_INSTALLED);
    er_finish(&r);
}

/* All parts, from the first to the last; their bytes. */
static uint64_t give_parts(edge_rig *r, kd_snapshot *s)
{
    kd_buf record = {0};
    uint64_t bytes = 0;
    for (s->part = 0; s->part < s->parts; s->part++) {
        kd_buf_clear(&record);
        kd_snapshot_encode(s, &record);
        bytes += record.len;
        cr_assert_geq(kd_edge_snapshot(r->e, kd_buf_view(&record), r->offset++, r->now_us), 0);
    }
    kd_buf_finish(&record);
    return bytes;
}

/* As many parts as a snapshot may have, each as large as it may be. */
Test(edge_snapshots, parts_are_bounded_and_what_is_over_is_missed)
{
    edge_rig r;
    known(&r);
    kd_item *names = kd_alloc(KD_SNAPSHOT_ITEMS_MAX * sizeof *names);
    kd_item_counts *items = kd_alloc(KD_SNAPSHOT_ITEMS_MAX * sizeof *items);
    uint64_t random = 1;
    for (uint32_t i = 0; i < KD_SNAPSHOT_ITEMS_MAX; i++) {
        char id[KD_ID_MAX];
        for (int at = 0; at < KD_ID_MAX; at++) id[at] = (char)('a' + kd_random_next(&random) % 26);
        cr_assert_eq(kd_item_make(&names[i], kd_bytes_str("posts"), kd_bytes_of(id, sizeof id)), KD_OK);
        items[i] = (kd_item_counts){.item = kd_item_key(&names[i]), .count = 1, .at = {{ER_LIKE_ID, 1}}};
    }
    kd_snapshot s = {.kind = KD_SNAPSHOT_DELTA, .epoch = 1, .version = 2, .previous = 1, .items = items};
    s.item_count = KD_SNAPSHOT_ITEMS_MAX;
    s.parts = KD_SNAPSHOT_PARTS_MAX;
    cr_assert_gt(give_parts(&r, &s), (uint64_t)KD_ASSEMBLY_BYTES_MAX);
    cr_assert_eq(er_snapshot(&r, &(er_word){.epoch = 1, .version = 3, .previous = 2}), KD_SNAPSHOT_GAP);
    s.version = 4;
    s.previous = 3;
    s.parts = 50;
    for (; s.version < 8; s.previous = s.version++) give_parts(&r, &s);
    cr_assert_eq(er_stats(&r).snapshots, 4, "there is room again, and after each one");
    free(names);
    free(items);
    er_finish(&r);
}

Test(edge_snapshots, that_are_not_of_this_shard_or_not_well_formed_are_refused)
{
    edge_rig r;
    known(&r);
    kd_snapshot s = {
        .kind = KD_SNAPSHOT_DELTA, .partition = 1, .epoch = 1, .version = 2, .previous = 1, .parts = 1};
    kd_buf record = {0};
    kd_snapshot_encode(&s, &record);
    cr_assert_eq(kd_edge_snapshot(r.e, kd_buf_view(&record), 9, r.now_us), KD_EMISMATCH);
    record.len--;
    cr_assert_eq(kd_edge_snapshot(r.e, kd_buf_view(&record), 9, r.now_us), KD_EMALFORMED);
    kd_buf_finish(&record);
    er_finish(&r);
}

/* ---- over a restart (rule 18) ---- */

Test(edge_snapshots, numbers_version_and_applied_come_back_together)
{
    edge_rig r;
    kd_view view;
    known(&r);
    er_word w = {.epoch = 1, .version = 2, .previous = 1, .item = 1, .items = 1, .likes = 11};
    shipped(&r, 1, &w);
    cr_assert_eq(er_like(&r, 1, 2), KD_OK);
    er_commit(&r);
    for (int written = 0; written < 2;
         written++) { /* killed before, then after, the snapshot's group is written */
        cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
        if (written) {
            er_like(&r, 2, 2);
            er_commit(&r);
        }
        cr_assert_eq(er_shown(&r, 1, NULL), 12);
        cr_assert_eq(er_open(&r), KD_OK);
        er_shown(&r, 1, &view);
        cr_assert_eq(view.count[ER_LIKE], 12, "written: %d", written);
        cr_assert_eq(view.pending[ER_LIKE], written ? 1 : 2);
    }
    cr_assert_eq(kd_edge_counts_offset(r.e, 0), r.offset);
    cr_assert_eq(er_snapshot(&r, &(er_word){.epoch = 1, .version = 3, .previous = 2}), KD_INSTALLED);
    er_finish(&r);
}

Test(edge_snapshots, a_read_ahead_of_the_version_is_not_written)
{
    edge_rig r;
    known(&r);
    er_commit(&r);
    er_word w = {.epoch = 1, .version = 7, .item = 1, .likes = 11};
    shipped(&r, 1, &w);
    cr_assert_eq(er_read(&r, &w), KD_OK);
    cr_assert_eq(er_shown(&r, 1, NULL), 11, "the answer holds what its applied covers");
    cr_assert_eq(kd_edge_outbox_batches(r.e), 1, "applied itself comes with the snapshots");
    er_seal(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(er_shown(&r, 1, NULL), 11, "ten and the outbox's one, not eleven and one");
    er_word late = {.epoch = 1, .version = 3, .previous = 1, .item = 1, .items = 1, .likes = 10};
    cr_assert_eq(er_snapshot(&r, &late), KD_INSTALLED);
    cr_assert_eq(er_shown(&r, 1, NULL), 11);
    er_finish(&r);
}

/* ---- questions and answers (rule 19) ---- */

Test(edge_snapshots, a_question_is_asked_once)
{
    edge_rig r;
    known(&r);
    cr_assert_eq(kd_edge_ask(r.e, rig_item(3)), KD_OK);
    cr_assert_eq(kd_edge_ask(r.e, rig_item(3)), KD_EINFLIGHT);
    cr_assert_eq(kd_edge_answer(r.e, rig_item(3), (kd_bytes){0}, r.now_us), KD_EAGAIN);
    cr_assert_eq(kd_edge_ask(r.e, rig_item(3)), KD_OK);
    cr_assert_eq(kd_edge_answer(r.e, rig_item(4), (kd_bytes){0}, r.now_us), KD_EAGAIN, "not asked");
    er_word other = {.epoch = 1, .version = 1, .item = 4, .likes = 1};
    kd_edge_ask(r.e, rig_item(4));
    cr_assert_eq(er_answer(&r, &other), KD_OK);
    cr_assert_eq(er_answer(&r, &other), KD_EAGAIN, "answered already");
    er_finish(&r);
}

Test(edge_snapshots, the_higher_version_wins_whichever_comes_first)
{
    edge_rig r;
    known(&r);
    cr_assert_eq(kd_edge_ask(r.e, rig_item(2)), KD_OK);
    cr_assert_eq(
        er_snapshot(&r,
                    &(er_word){.epoch = 1, .version = 3, .previous = 1, .item = 2, .items = 1, .likes = 33}),
        KD_INSTALLED);
    cr_assert_eq(er_answer(&r, &(er_word){.epoch = 1, .version = 2, .item = 2, .likes = 22}), KD_OK);
    cr_assert_eq(er_shown(&r, 2, NULL), 33, "the delayed answer is older");
    cr_assert_eq(er_read(&r, &(er_word){.epoch = 1, .version = 6, .item = 2, .likes = 66}), KD_OK);
    cr_assert_eq(
        er_snapshot(&r,
                    &(er_word){.epoch = 1, .version = 5, .previous = 3, .item = 2, .items = 1, .likes = 55}),
        KD_INSTALLED);
    cr_assert_eq(er_shown(&r, 2, NULL), 66, "the read was ahead of the snapshot");
    cr_assert_eq(
        er_snapshot(&r,
                    &(er_word){.epoch = 1, .version = 7, .previous = 5, .item = 2, .items = 1, .likes = 77}),
        KD_INSTALLED);
    cr_assert_eq(er_shown(&r, 2, NULL), 77);
    er_finish(&r);
}

Test(edge_snapshots, an_answer_older_than_the_question_or_the_gap_is_thrown_away)
{
    edge_rig r;
    known(&r);
    cr_assert_eq(er_snapshot(&r, &(er_word){.epoch = 1, .version = 4, .previous = 1}), KD_INSTALLED);
    cr_assert_eq(er_read(&r, &(er_word){.epoch = 1, .version = 3, .item = 2, .likes = 5}), KD_EAGAIN,
                 "older than the question");
    cr_assert_eq(kd_edge_ask(r.e, rig_item(2)), KD_OK);
    cr_assert_eq(er_snapshot(&r, &(er_word){.epoch = 1, .version = 9, .previous = 8}), KD_SNAPSHOT_GAP);
    cr_assert_eq(er_answer(&r, &(er_word){.epoch = 1, .version = 6, .item = 2, .likes = 5}), KD_EAGAIN,
                 "younger than the question, from inside the gap");
    cr_assert_eq(er_read(&r, &(er_word){.epoch = 1, .version = 9, .item = 2, .likes = 5}), KD_OK);
    cr_assert_eq(er_read(&r, &(er_word){.epoch = 2, .version = 20, .item = 2, .likes = 50}), KD_EAGAIN,
                 "another epoch's");
    cr_assert_eq(er_shown(&r, 2, NULL), 5);
    cr_assert_eq(er_stats(&r).answers_thrown, 3);
    er_finish(&r);
}

Test(edge_snapshots, an_edge_that_heard_nothing_takes_up_the_history_with_an_answer)
{
    edge_rig r;
    kd_view view;
    er_init(&r);
    cr_assert_eq(er_read(&r, &(er_word){.epoch = 3, .version = 8, .item = 1, .likes = 9}), KD_OK);
    cr_assert_eq(kd_edge_view(r.e, rig_item(1), &view), KD_OK);
    cr_assert_eq(view.count[ER_LIKE], 9);
    cr_assert_eq(
        er_snapshot(&r,
                    &(er_word){.epoch = 3, .version = 9, .previous = 7, .item = 1, .items = 1, .likes = 12}),
        KD_INSTALLED);
    cr_assert_eq(er_shown(&r, 1, NULL), 12);
    er_finish(&r);
}

Test(edge_snapshots, an_answer_about_something_else_is_refused)
{
    edge_rig r;
    known(&r);
    kd_item_counts counts = {.item = rig_item(3)};
    kd_snapshot s = {.kind = KD_SNAPSHOT_READ,
                     .epoch = 1,
                     .version = 1,
                     .previous = 1,
                     .parts = 1,
                     .items = &counts,
                     .item_count = 1};
    kd_buf record = {0};
    kd_snapshot_encode(&s, &record);
    cr_assert_eq(kd_edge_ask(r.e, rig_item(2)), KD_OK);
    cr_assert_eq(kd_edge_answer(r.e, rig_item(2), kd_buf_view(&record), r.now_us), KD_EMISMATCH);
    cr_assert_eq(kd_edge_ask(r.e, rig_item(2)), KD_OK, "it may be asked for again");
    cr_assert_eq(kd_edge_answer(r.e, rig_item(2), kd_bytes_str("junk"), r.now_us), KD_EMALFORMED);
    cr_assert_eq(kd_edge_ask(r.e, rig_item(2)), KD_OK);
    kd_buf_finish(&record);
    er_finish(&r);
}

/* ---- eviction ---- */

Test(edge_snapshots, items_are_bounded_and_the_recent_ones_stay)
{
    edge_rig r;
    known(&r);
    r.config.items_max = 10;
    er_commit(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    er_word hot = {.epoch = 1, .version = 1, .item = 1, .likes = 10};
    uint32_t lost = 0;
    for (uint32_t item = 2; item < 400; item++) {
        cr_assert_eq(er_read(&r, &(er_word){.epoch = 1, .version = 1, .item = item, .likes = item}), KD_OK);
        bool gone =
            er_shown(&r, 1, NULL) != 10; /* wanted at every turn: a clock finds it unused now and then */
        lost += gone;
        if (gone) cr_assert_eq(er_read(&r, &hot), KD_OK);
        cr_assert_leq(er_stats(&r).items, 10);
    }
    cr_assert_lt(lost, 20, "%u times: without a second chance it is 40", lost);
    er_like(&r, 1, 1);
    er_commit(&r);
    cr_assert_eq(er_rows(&r, 'n'), 10, "rows go with their entries");
    r.config.items_max = 4;
    cr_assert_eq(er_open(&r), KD_OK);
    for (uint32_t item = 50; item < 70; item++) {
        cr_assert_eq(er_read(&r, &(er_word){.epoch = 1, .version = 1, .item = item, .likes = item}), KD_OK);
    }
    cr_assert_eq(er_stats(&r).items, 4, "a bound that was lowered is reached");
    er_finish(&r);
}

Test(edge_snapshots, an_item_that_is_asked_for_stays_until_the_answer)
{
    edge_rig r;
    er_init(&r);
    r.config.items_max = 1;
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(kd_edge_ask(r.e, rig_item(1)), KD_OK);
    cr_assert_eq(kd_edge_ask(r.e, rig_item(2)), KD_EFULL);
    cr_assert_eq(er_answer(&r, &(er_word){.epoch = 1, .version = 1, .item = 1, .likes = 3}), KD_OK);
    cr_assert_eq(er_shown(&r, 1, NULL), 3);
    cr_assert_eq(kd_edge_ask(r.e, rig_item(2)), KD_OK);
    er_finish(&r);
}

Test(edge_snapshots, an_item_with_a_kept_delta_may_be_evicted_and_is_read_again)
{
    edge_rig r;
    kd_view view;
    er_init(&r);
    r.config.items_max = 1;
    cr_assert_eq(er_open(&r), KD_OK);
    er_word w = {.epoch = 1, .version = 1, .item = 1, .likes = 6};
    shipped(&r, 1, &w);
    er_snapshot(&r, &w);
    cr_assert_eq(er_shown(&r, 1, NULL), 1);
    cr_assert_eq(er_like(&r, 2, 1), KD_OK);
    cr_assert_eq(kd_edge_view(r.e, rig_item(1), &view), KD_EAGAIN);
    cr_assert_eq(view.count[ER_LIKE], 0);
    er_seal(&r);
    er_ship(&r);
    w = (er_word){.epoch = 1, .version = 2, .previous = 1, .applied = r.batch.at, .digest = r.batch.digest};
    er_snapshot(&r, &w);
    w.item = 1;
    w.likes = 6;
    cr_assert_eq(er_read(&r, &w), KD_OK);
    cr_assert_eq(er_shown(&r, 1, &view), 6);
    cr_assert_eq(view.pending[ER_LIKE], 0);
    er_finish(&r);
}

/* ---- what the disk may hold (rules 17, 18) ---- */

Test(edge_snapshots, a_number_that_lacks_an_own_like_which_is_applied_does_not_come_back)
{
    edge_rig r;
    kd_view view;
    er_word w = applied_behind_a_gap(&r);
    cr_assert_eq(er_shown(&r, 1, NULL), 11, "kept beside the old number, in memory");
    er_seal(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(kd_edge_view(r.e, rig_item(1), &view), KD_EAGAIN);
    cr_assert_not(view.known, "ten, without the like that was answered");
    w.item = 1;
    w.likes = 11;
    cr_assert_eq(er_read(&r, &w), KD_OK);
    er_seal(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(er_shown(&r, 1, NULL), 11, "a number that holds it is written again");
    er_finish(&r);
}

Test(edge_snapshots, nor_does_one_whose_delta_a_read_had_ended_before_the_gap)
{
    edge_rig r;
    kd_view view;
    known(&r);
    er_commit(&r);
    er_word w = {.epoch = 1, .version = 7, .previous = 6, .item = 1, .likes = 11};
    shipped(&r, 1, &w);
    cr_assert_eq(er_read(&r, &w), KD_OK);
    cr_assert_eq(
        er_snapshot(
            &r,
            &(er_word){.epoch = 1, .version = 6, .previous = 5, .applied = w.applied, .digest = w.digest}),
        KD_SNAPSHOT_GAP);
    cr_assert_eq(er_shown(&r, 1, &view), 11);
    cr_assert(view.fresh);
    er_seal(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    kd_edge_view(r.e, rig_item(1), &view);
    cr_assert_not(view.known, "ten is what the disk had before the read");
    er_finish(&r);
}

Test(edge_snapshots, an_item_stays_whose_delta_a_read_has_ended_ahead_of_applied)
{
    edge_rig r;
    kd_view view;
    er_init(&r);
    r.config.items_max = 1;
    cr_assert_eq(er_open(&r), KD_OK);
    er_snapshot(&r, &(er_word){.epoch = 1, .version = 1});
    er_word w = {.epoch = 1, .version = 7, .item = 1, .likes = 11};
    shipped(&r, 1, &w);
    cr_assert_eq(er_read(&r, &w), KD_OK);
    cr_assert_eq(er_like(&r, 2, 1), KD_EFULL, "it would come back with a snapshot between, without the like");
    w = (er_word){.epoch = 1, .version = 8, .previous = 1, .applied = w.applied, .digest = w.digest};
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    cr_assert_eq(er_like(&r, 2, 1), KD_OK);
    kd_edge_view(r.e, rig_item(1), &view);
    cr_assert_not(view.known);
    er_finish(&r);
}

Test(edge_snapshots, a_delta_that_a_read_has_ended_counts_again_without_its_number)
{
    edge_rig r;
    kd_view view;
    known(&r);
    er_word w = {.epoch = 1, .version = 7, .item = 1, .likes = 11};
    shipped(&r, 1, &w);
    cr_assert_eq(er_read(&r, &w), KD_OK);
    er_shown(&r, 1, &view);
    cr_assert_eq(view.count[ER_LIKE], 11);
    cr_assert_eq(view.pending[ER_LIKE], 0);
    er_word back = {.epoch = 2, .version = 6, .previous = 1, .chain = {{1, 5}}, .chain_count = 1};
    cr_assert_eq(er_snapshot(&r, &back), KD_INSTALLED,
                 "put back to version 5: the edge goes on, the number does not");
    kd_edge_view(r.e, rig_item(1), &view);
    cr_assert_not(view.known);
    cr_assert_eq(view.pending[ER_LIKE], 1);
    back.item = 1;
    back.likes = 10;
    cr_assert_eq(er_read(&r, &back), KD_OK);
    cr_assert_eq(er_shown(&r, 1, NULL), 11, "central has not merged it, the outbox has it");
    back = (er_word){.epoch = 2,
                     .version = 7,
                     .previous = 6,
                     .applied = w.applied,
                     .digest = w.digest,
                     .item = 1,
                     .items = 1,
                     .likes = 11};
    cr_assert_eq(er_snapshot(&r, &back), KD_INSTALLED);
    er_shown(&r, 1, &view);
    cr_assert_eq(view.count[ER_LIKE], 11);
    cr_assert_eq(view.pending[ER_LIKE], 0);
    er_finish(&r);
}

Test(edge_snapshots, a_counter_that_is_new_makes_stored_numbers_unknown)
{
    edge_rig r;
    kd_view view;
    er_init(&r);
    r.counters.count = 1; /* likes alone */
    cr_assert_eq(er_open(&r), KD_OK);
    er_snapshot(&r, &(er_word){.epoch = 1, .version = 1});
    cr_assert_eq(er_read(&r, &(er_word){.epoch = 1, .version = 1, .item = 1, .likes = 10}), KD_OK);
    er_like(&r, 2, 1);
    er_seal(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(er_shown(&r, 1, NULL), 10);
    r.counters.count = 3;
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(kd_edge_view(r.e, rig_item(1), &view), KD_EAGAIN,
                 "no saves and no views, as fresh: who says so?");
    cr_assert_not(view.known);
    er_finish(&r);
}

/* ---- rows that ride along ---- */

Test(edge_snapshots, rows_that_ride_along_do_not_pile_up_without_operations)
{
    edge_rig r;
    known(&r);
    for (uint32_t item = 2; item < 800; item++)
        cr_assert_eq(er_read(&r, &(er_word){.epoch = 1, .version = 1, .item = item, .likes = 1}), KD_OK);
    cr_assert_eq(er_like(&r, 1, 1), KD_OK); /* something outstanding: no empty batch is sealed */
    er_seal(&r);
    er_word w = {.epoch = 1, .version = 1, .item = 1, .items = 799, .likes = 2};
    uint32_t snapshots = 0;
    while (!kd_edge_commit_wanted(r.e)) {
        w.previous = w.version++;
        cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
        kd_edge_tick(r.e, r.now_us);
        cr_assert_lt(++snapshots, 100);
    }
    cr_assert_gt(snapshots, 10, "but they need not ask at once");
    er_finish(&r);
}

/* ---- a counter is added while it runs ---- */

enum { CLAP = 3, CLAP_ID = 60 };

static void add_clap(edge_rig *r)
{
    r->counters.at[r->counters.count++] = (kd_counter){.name = "clap", .id = CLAP_ID, .kind = KD_SET};
    kd_edge_counters_add(r->e, &r->counters);
}

static int clap(edge_rig *r, uint32_t item, uint32_t user)
{
    kd_request rq = er_request(item, user);
    rq.counter = CLAP;
    return er_take(r, &rq);
}

Test(edge_counters, what_is_known_lacks_a_new_counter_until_central_is_read_again)
{
    edge_rig r;
    kd_view view;
    known(&r);
    cr_assert_eq(er_like(&r, 1, 1), KD_OK); /* on its way while the counter comes */
    cr_assert_eq(clap(&r, 1, 1), KD_EINVAL);
    add_clap(&r);
    cr_assert_eq(kd_edge_view(r.e, rig_item(1), &view), KD_EAGAIN,
                 "nobody has said how many claps there are");
    cr_assert_eq(view.count[ER_LIKE], 11);
    cr_assert_eq(view.told, CLAP, "the claps are no number to show");
    cr_assert_eq(clap(&r, 1, 1), KD_OK);
    cr_assert_eq(clap(&r, 2, 1), KD_OK, "an item that is new");
    kd_edge_view(r.e, rig_item(1), &view);
    cr_assert(view.count[CLAP] == 1 && view.pending[CLAP] == 1 && view.count[ER_LIKE] == 11);
    cr_assert_eq(er_read(&r, &(er_word){.epoch = 1, .version = 1, .item = 1, .likes = 10}), KD_OK);
    cr_assert_eq(kd_edge_view(r.e, rig_item(1), &view), KD_OK);
    cr_assert_eq(view.told, CLAP + 1);
    cr_assert(view.count[CLAP] == 1 && view.pending[CLAP] == 1 && view.count[ER_LIKE] == 11 &&
              view.pending[ER_LIKE] == 1);
    er_word w = {.epoch = 1, .version = 2, .previous = 1, .item = 1, .items = 1, .likes = 11};
    er_seal(&r);
    er_ship(&r);
    cr_assert_eq(r.body.op_count, 3);
    w.applied = r.batch.at;
    w.digest = r.batch.digest;
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    cr_assert_eq(er_shown(&r, 1, &view), 11);
    cr_assert(view.pending[ER_LIKE] == 0 && view.pending[CLAP] == 0);
    er_commit(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(er_shown(&r, 1, &view), 11, "the number on the disk names all counters");
    er_finish(&r);
}

Test(edge_counters, a_snapshot_brings_the_new_counter_of_the_items_that_it_lists)
{
    edge_rig r;
    kd_view view;
    known(&r);
    cr_assert_eq(er_read(&r, &(er_word){.epoch = 1, .version = 1, .item = 2, .likes = 5}), KD_OK);
    add_clap(&r);
    cr_assert_eq(
        er_snapshot(&r,
                    &(er_word){.epoch = 1, .version = 2, .previous = 1, .item = 1, .items = 1, .likes = 12}),
        KD_INSTALLED);
    cr_assert_eq(kd_edge_view(r.e, rig_item(1), &view), KD_OK);
    cr_assert_eq(view.count[ER_LIKE], 12);
    cr_assert_eq(kd_edge_view(r.e, rig_item(2), &view), KD_EAGAIN);
    cr_assert_eq(view.count[ER_LIKE], 5);
    er_commit(&r);
    cr_assert_eq(er_open(&r), KD_OK);
    cr_assert_eq(kd_edge_view(r.e, rig_item(1), &view), KD_OK);
    cr_assert_eq(kd_edge_view(r.e, rig_item(2), &view), KD_EAGAIN);
    er_finish(&r);
}

Test(edge_counters, many_items_are_widened_with_what_is_on_their_way)
{
    edge_rig r;
    enum { ITEMS = 300 };
    known(&r);
    for (uint32_t i = 0; i < ITEMS; i++) {
        cr_assert_eq(er_read(&r, &(er_word){.epoch = 1, .version = 1, .item = i, .likes = i}), KD_OK);
        for (uint32_t user = 0; user < i % 3; user++) cr_assert_eq(er_like(&r, i, user), KD_OK);
    }
    add_clap(&r);
    for (uint32_t i = 0; i < ITEMS; i += 2) cr_assert_eq(clap(&r, i, 7), KD_OK);
    for (uint32_t i = 0; i < ITEMS; i++) {
        kd_view view;
        if (i % 5 != 0)
            cr_assert_eq(er_read(&r, &(er_word){.epoch = 1, .version = 1, .item = i, .likes = i}), KD_OK);
        kd_edge_view(r.e, rig_item(i), &view);
        cr_assert_eq(view.count[ER_LIKE], i + i % 3, "item %u", i);
        cr_assert_eq(view.count[CLAP], i % 2 == 0, "item %u", i);
        cr_assert_eq(view.fresh, i % 5 != 0, "item %u", i);
    }
    er_seal(&r);
    er_ship(&r);
    er_word w = {.epoch = 1, .version = 2, .previous = 1, .applied = r.batch.at, .digest = r.batch.digest};
    cr_assert_eq(er_snapshot(&r, &w), KD_INSTALLED);
    er_finish(&r);
}

Test(edge_snapshots, an_epoch_that_nobody_could_outbid_is_not_followed)
{
    edge_rig r;
    er_init(&r);
    er_word w = {.epoch = KD_TIME_END_US - (1ull << 50), .version = 1};
    cr_expect_eq(er_snapshot(&r, &w), KD_EMALFORMED);
    w.epoch--;
    cr_expect_eq(er_snapshot(&r, &w), KD_SNAPSHOT_GAP);
    w.epoch += 1 << 20;
    cr_expect_geq(er_snapshot(&r, &w), 0, "central took an epoch above it");
    uint64_t followed = 0;
    for (int i = 0; i < 3000; i++) { /* step by step */
        w.epoch += 1 << 20;
        if (er_snapshot(&r, &w) >= 0) followed = w.epoch;
    }
    cr_expect_leq(followed, KD_TIME_END_US - (1ull << 50) + (1ull << 30));
    w.epoch = KD_TIME_END_US - 1;
    cr_expect_eq(er_snapshot(&r, &w), KD_EMALFORMED);
    er_finish(&r);
}
