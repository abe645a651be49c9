/*
 * Who leads what, and when that changes: several members, each with its own view, over a topic of heartbeats and a log of claims that are simulated
 * here in a few lines. A claim always wins; who leads and reads the claim of another one follows. A follower agrees a second later.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

#include "kudos/members.h"

enum { MEMBERS = 4, PARTITIONS = 12, STEP_US = 250000, SECOND_US = 1000000 };

typedef struct {
    char name[KD_NAME_MAX + 1];
    kd_members *members; /* NULL: it does not run */
    kd_held_state state[PARTITIONS];
    uint64_t epoch[PARTITIONS], since_us[PARTITIONS], stalled_us[PARTITIONS];
    uint64_t beat_us, offset_us; /* its clock is the world's plus this */
    bool empty;                  /* its stores were empty when it began */
    bool newer;                  /* it waits for a newer program wherever it is wrong */
    bool frozen, cut;            /* it does nothing; it neither reads nor writes the topics */
    bool deaf_to[MEMBERS];       /* heartbeats of these are not read */
} process;

static process processes[MEMBERS];
static uint64_t now_us, claims, claims_of[PARTITIONS], epoch;
static uint32_t leader_of[PARTITIONS]; /* by the log; MEMBERS: nobody */
static uint32_t expected, replicas;
static uint64_t agrees_us; /* how long a follower takes to agree */

static void start_(uint32_t i, bool empty)
{
    process *p = &processes[i];
    uint64_t offset_us = p->offset_us;
    *p = (process){.empty = empty, .offset_us = offset_us};
    snprintf(p->name, sizeof p->name, "central-%u", i + 1);
    p->members = kd_members_create(&(kd_members_config){.name = kd_bytes_str(p->name),
                                                        .run = now_us + i + 1,
                                                        .started_us = now_us,
                                                        .partitions = PARTITIONS,
                                                        .expected = expected,
                                                        .replicas = replicas,
                                                        .seed = i + 7});
    for (uint32_t q = 0; q < PARTITIONS; q++) p->state[q] = empty ? KD_HELD_NONE : KD_HELD_UNPROVEN;
}

static void kill_(uint32_t i)
{
    kd_members_destroy(processes[i].members);
    processes[i].members = NULL;
}

static void set_up(void)
{
    memset(processes, 0, sizeof processes);
    now_us = 1000000 * (uint64_t)SECOND_US;
    claims = epoch = 0;
    memset(claims_of, 0, sizeof claims_of);
    for (uint32_t q = 0; q < PARTITIONS; q++) leader_of[q] = MEMBERS;
    expected = 3;
    replicas = 2;
    agrees_us = SECOND_US;
}

static void tear_down(void)
{
    for (uint32_t i = 0; i < MEMBERS; i++) kill_(i);
}

TestSuite(members, .init = set_up, .fini = tear_down);

static uint64_t clock_of(const process *p)
{
    return now_us + p->offset_us;
}

static void become(process *p, uint32_t q, kd_held_state state)
{
    p->state[q] = state;
    p->since_us[q] = now_us;
    kd_members_hold(p->members, q, &(kd_members_own){state, p->epoch[q], 0, p->stalled_us[q], p->newer},
                    clock_of(p));
}

static void claim(uint32_t i, uint32_t q)
{
    leader_of[q] = i;
    processes[i].epoch[q] = ++epoch;
    claims++;
    claims_of[q]++;
    become(&processes[i], q, KD_HELD_LEADS);
}

static void obey(uint32_t i, uint32_t q)
{
    process *p = &processes[i];
    kd_members_decision d = kd_members_decide(p->members, q, clock_of(p));
    bool follows = p->state[q] != KD_HELD_NONE && p->state[q] != KD_HELD_LEADS;
    if (d.wish == KD_WISH_NONE && follows) become(p, q, KD_HELD_NONE);
    if (d.wish == KD_WISH_FOLLOW && p->state[q] == KD_HELD_NONE)
        become(p, q, p->empty ? KD_HELD_EMPTY : KD_HELD_UNPROVEN);
    if (d.wish == KD_WISH_LEAD && follows && !p->cut) claim(i, q);
    if (d.wish == KD_WISH_HAND_OVER && p->state[q] == KD_HELD_LEADS) become(p, q, KD_HELD_UNPROVEN);
}

/* What it learns of the log. A leader that lives publishes, and followers agree with that. */
static void read_log(process *p, uint32_t q)
{
    uint32_t leader = leader_of[q], i = (uint32_t)(p - processes);
    if (p->cut) return;
    if (leader < MEMBERS) p->epoch[q] = processes[leader].epoch[q];
    if (p->state[q] == KD_HELD_LEADS && leader != i) become(p, q, KD_HELD_UNPROVEN);
    bool compares = p->state[q] == KD_HELD_EMPTY || p->state[q] == KD_HELD_UNPROVEN;
    bool led = leader < MEMBERS && processes[leader].members && !processes[leader].frozen &&
               processes[leader].state[q] == KD_HELD_LEADS;
    if (compares && led && now_us - p->since_us[q] >= agrees_us) become(p, q, KD_HELD_AGREED);
}

static void deliver(uint32_t from, const kd_heartbeat *h)
{
    for (uint32_t i = 0; i < MEMBERS; i++) {
        process *p = &processes[i];
        if (p->members && !p->frozen && !p->cut && !p->deaf_to[from])
            kd_members_heard(p->members, h, clock_of(p));
    }
}

static void beat(uint32_t i)
{
    process *p = &processes[i];
    kd_heartbeat h;
    if (p->cut || now_us < p->beat_us) return;
    p->beat_us = now_us + KD_MEMBERS_BEAT_US;
    kd_members_beat(p->members, now_us, &h);
    deliver(i, &h);
}

static void step_one(uint32_t i)
{
    process *p = &processes[i];
    if (!p->members || p->frozen) return;
    for (uint32_t q = 0; q < PARTITIONS; q++) {
        read_log(p, q);
        kd_members_hold(p->members, q,
                        &(kd_members_own){p->state[q], p->epoch[q], 0, p->stalled_us[q], p->newer},
                        clock_of(p));
        obey(i, q);
    }
    beat(i);
}

static void run_us(uint64_t us)
{
    for (uint64_t end = now_us + us; now_us < end; now_us += STEP_US)
        for (uint32_t i = 0; i < MEMBERS; i++) step_one(i);
}

static void run(uint32_t seconds)
{
    run_us(seconds * (uint64_t)SECOND_US);
}

static uint32_t leads(uint32_t i)
{
    uint32_t n = 0;
    for (uint32_t q = 0; q < PARTITIONS; q++)
        n += leader_of[q] == i && processes[i].members && processes[i].state[q] == KD_HELD_LEADS;
    return n;
}

static uint32_t led(void)
{
    return leads(0) + leads(1) + leads(2) + leads(3);
}

static uint32_t holding(uint32_t i, kd_held_state state)
{
    uint32_t n = 0;
    for (uint32_t q = 0; q < PARTITIONS; q++) n += processes[i].state[q] == state;
    return n;
}

static void start_three(void)
{
    for (uint32_t i = 0; i < 3; i++) start_(i, true);
    run(20);
    cr_assert_eq(led(), PARTITIONS);
    cr_assert_eq(claims, PARTITIONS, "nothing was claimed twice");
}

Test(members, a_new_group_shares_the_partitions_and_each_has_one_follower)
{
    start_three();
    for (uint32_t i = 0; i < 3; i++) cr_assert(leads(i) == PARTITIONS / 3);
    cr_assert_eq(holding(0, KD_HELD_AGREED) + holding(1, KD_HELD_AGREED) + holding(2, KD_HELD_AGREED),
                 PARTITIONS);
    run(600);
    cr_assert_eq(claims, PARTITIONS, "nothing moves without a cause");
}

Test(members, one_alone_leads_after_it_has_listened)
{
    expected = replicas = 1;
    start_(0, true);
    run(3);
    cr_assert_eq(leads(0), PARTITIONS);
}

Test(members, one_of_three_with_a_store_waits_for_the_others_and_then_leads_alone)
{
    start_(0, false);
    run(7);
    cr_assert_eq(led(), 0);
    cr_assert_eq(kd_members_decided(processes[0].members, 0).why, KD_WHY_GATHERS);
    run(4);
    cr_assert_eq(leads(0), PARTITIONS);
}

Test(members, one_that_waits_for_a_newer_program_says_so_and_takes_nothing_over)
{
    start_three();
    processes[1].newer = true;
    for (uint32_t q = 0; q < PARTITIONS; q++)
        if (processes[1].state[q] == KD_HELD_AGREED) become(&processes[1], q, KD_HELD_WRONG);
    uint32_t led_before = leads(1), told = 0;
    run(3);
    for (uint32_t q = 0; q < PARTITIONS; q++)
        told += kd_members_decided(processes[1].members, q).why == KD_WHY_NEWER;
    cr_assert(told > 0);
    kill_(0);
    kill_(2);
    run(20);
    cr_assert_eq(leads(1), led_before, "what it waits for it does not lead");
}

Test(members, the_partitions_of_a_dead_member_are_led_again_within_ten_seconds_and_no_others_move)
{
    start_three();
    kill_(1);
    run(10);
    cr_assert_eq(leads(0) + leads(2), PARTITIONS);
    cr_assert_eq(claims, PARTITIONS + PARTITIONS / 3, "those of the dead one, once each");
}

Test(members, who_comes_back_follows_first_and_then_gets_its_share_again)
{
    start_three();
    kill_(1);
    run(10);
    start_(1, false);
    run(3);
    cr_assert_eq(leads(1), 0);
    run(120);
    cr_assert_eq(led(), PARTITIONS);
    cr_assert_eq(leads(1), PARTITIONS / 3);
    cr_assert_eq(claims, PARTITIONS + 2 * PARTITIONS / 3, "there and back, not %lu", (unsigned long)claims);
}

Test(members, who_stops_for_good_is_replaced_by_new_followers)
{
    start_three();
    kill_(1);
    run(120);
    cr_assert_eq(holding(0, KD_HELD_AGREED) + holding(2, KD_HELD_AGREED), PARTITIONS,
                 "two members, two copies of everything");
}

Test(members, a_new_member_warms_up_before_anything_moves_to_it)
{
    start_three();
    start_(3, true);
    for (uint32_t s = 0; s < 60; s++) {
        run(1);
        cr_assert_geq(led(), PARTITIONS - 3, "of each member one partition at a time");
    }
    run(60);
    cr_assert_eq(leads(3), PARTITIONS / 4);
    cr_assert_leq(claims - PARTITIONS, PARTITIONS / 4 + 2, "%lu moved", (unsigned long)claims - PARTITIONS);
    for (uint32_t i = 0; i < MEMBERS; i++) cr_assert_leq(leads(i), PARTITIONS / 4);
}

Test(members, a_frozen_member_is_replaced_and_takes_nobody_for_dead_when_it_goes_on)
{
    start_three();
    processes[0].frozen = true;
    run(10);
    cr_assert_eq(leads(1) + leads(2), PARTITIONS);
    run(10);
    uint64_t before = claims;
    processes[0].frozen = false;
    run(4);
    cr_assert_eq(claims, before, "it claimed nothing back");
    cr_assert_eq(leads(0), 0, "it read the claims, and follows");
}

Test(members, clocks_that_jump_kill_nobody)
{
    start_three();
    processes[0].offset_us += 3600 * (uint64_t)SECOND_US;
    run(5);
    processes[1].offset_us -= 100 * (uint64_t)SECOND_US;
    run(30);
    cr_assert_eq(claims, PARTITIONS);
}

Test(members, who_is_cut_off_decides_nothing_and_the_others_go_on_without_it)
{
    start_three();
    processes[2].cut = true;
    run(10);
    cr_assert_eq(leads(0) + leads(1), PARTITIONS);
    cr_assert_eq(holding(2, KD_HELD_LEADS), PARTITIONS / 3, "it cannot know better");
    for (uint32_t q = 0; q < PARTITIONS; q++)
        cr_assert_eq(kd_members_decided(processes[2].members, q).why == KD_WHY_LEADS, false);
    run(30);
    uint64_t before = claims;
    processes[2].cut = false;
    run(4);
    cr_assert_eq(claims, before);
    cr_assert_eq(holding(2, KD_HELD_LEADS), 0);
}

Test(members, three_that_see_different_members_do_not_take_over_from_each_other_for_ever)
{
    start_three();
    processes[0].deaf_to[1] = processes[1].deaf_to[2] = processes[2].deaf_to[0] = true;
    run(600); /* each of the three: after 10, 20, 40, 80 and then each 160 seconds, or half of that */
    for (uint32_t q = 0; q < PARTITIONS; q++) cr_assert_leq(claims_of[q], 1 + 3 * 9, "partition %u", q);
    memset(claims_of, 0, sizeof claims_of);
    run(600);
    for (uint32_t q = 0; q < PARTITIONS; q++) cr_assert_leq(claims_of[q], 3 * 7, "partition %u", q);
    for (uint32_t i = 0; i < 3; i++) memset(processes[i].deaf_to, 0, sizeof processes[i].deaf_to);
    run(400);
    uint64_t before = claims;
    cr_assert_eq(led(), PARTITIONS);
    run(100);
    cr_assert_eq(claims, before, "they see each other, and it is quiet");
}

Test(members, a_member_that_comes_and_goes_drags_less_and_less_with_it)
{
    start_three();
    uint64_t before = claims, first = 0, last = 0;
    for (uint32_t n = 0; n < 10; n++) {
        kill_(1);
        run(6);
        start_(1, false);
        run(30);
        if (n == 0) first = claims - before;
        last = claims - before;
        before = claims;
    }
    cr_assert_gt(first, 0);
    cr_assert_eq(last, 0, "%lu claims in its tenth return", (unsigned long)last);
    cr_assert_eq(led(), PARTITIONS);
}

Test(members, an_empty_member_takes_nothing_over_while_one_that_has_the_state_lives)
{
    expected = 1; /* started by mistake, with a configuration of one */
    start_(0, false);
    run(5);
    cr_assert_eq(leads(0), PARTITIONS);
    agrees_us = 1000 * (uint64_t)SECOND_US;
    start_(1, true);
    run(60);
    cr_assert_eq(leads(0), PARTITIONS);
    cr_assert_eq(claims, PARTITIONS);
    cr_assert_eq(kd_members_with_state(processes[1].members), 1, "central-1, in its own numbers");
}

Test(members, nor_when_the_one_it_saw_lead_dies_before_it_agreed_with_it)
{
    expected = 2;
    start_(0, false);
    run(12);
    cr_assert_eq(leads(0), PARTITIONS);
    agrees_us = 1000 * (uint64_t)SECOND_US;
    start_(1, true);
    run(30);
    cr_assert_eq(holding(1, KD_HELD_EMPTY), PARTITIONS);
    kill_(0);
    run(100);
    cr_assert_eq(leads(1), 0);
    kd_members_decision d = kd_members_decided(processes[1].members, 0);
    cr_assert_eq(d.why, KD_WHY_EMPTY);
    cr_assert(kd_bytes_eq(d.whom, kd_bytes_str("central-1")), "it says whose state it is");
    start_(0, false);
    run(20);
    cr_assert_eq(led(), PARTITIONS);
}

/* Nobody was ever seen to lead, and all expected members live. */
static void empty_beside_waiting(bool they_die)
{
    for (uint32_t i = 0; i < 2; i++) {
        start_(i, false);
        processes[i].newer = true;
        for (uint32_t q = 0; q < PARTITIONS; q++) become(&processes[i], q, KD_HELD_WRONG);
    }
    start_(2, true);
    run(12);
    for (uint32_t i = 0; i < 2 && they_die; i++) kill_(i);
    run(they_die ? 20 : 100);
    cr_assert_gt(holding(2, KD_HELD_EMPTY), 0);
    cr_assert_eq(leads(2), 0);
    uint32_t q = 0;
    while (processes[2].state[q] != KD_HELD_EMPTY) q++;
    kd_members_decision d = kd_members_decided(processes[2].members, q);
    cr_assert_eq(d.why, KD_WHY_EMPTY);
    cr_assert(kd_bytes_eq(d.whom, kd_bytes_str("central-1")), "it says who has the state");
    run(100);
    cr_assert_eq(leads(2), 0);
}

Test(members, an_empty_member_does_not_lead_where_all_that_have_the_state_wait_for_a_newer_program)
{
    empty_beside_waiting(false);
}

Test(members, nor_when_these_are_dead)
{
    empty_beside_waiting(true);
}

Test(members, a_leader_that_publishes_nothing_is_superseded_though_it_lives)
{
    start_three();
    uint32_t q = 0;
    while (leader_of[q] != 0) q++;
    for (uint32_t i = 1; i < 3; i++) processes[i].stalled_us[q] = KD_MEMBERS_STALL_US;
    run(1);
    cr_assert_neq(leader_of[q], 0);
    cr_assert_eq(claims, PARTITIONS + 1);
}

/* A successor that took over a moment ago has heard no snapshot since before the death: that silence was the dead one's. */
Test(members, a_new_leader_is_not_superseded_for_the_silence_of_the_one_before)
{
    start_three();
    uint32_t q = 0;
    while (leader_of[q] != 0) q++;
    kill_(0);
    run(4);
    uint32_t next = leader_of[q];
    cr_assert_neq(next, 0);
    run(1);
    for (uint32_t i = 1; i < 3; i++) processes[i].stalled_us[q] = KD_MEMBERS_STALL_US;
    run(3);
    cr_assert_eq(leader_of[q], next, "it has led for some four seconds");
    for (uint32_t i = 1; i < 3; i++)
        if (i != next) processes[i].state[q] = KD_HELD_AGREED;
    run(4);
    cr_assert_neq(leader_of[q], next, "it has published nothing for five");
}

Test(members, a_partition_is_led_again_as_soon_at_the_fifth_death_as_at_the_first)
{
    start_three();
    for (uint32_t n = 0; n < 5; n++) {
        kill_(1);
        run(5);
        cr_assert_eq(led(), PARTITIONS, "death %u", n + 1);
        start_(1, false);
        for (uint32_t seconds = 0; leads(1) == 0 && seconds < 400; seconds++) run(1);
        cr_assert_gt(leads(1), 0);
    }
}

/* Of three each has been overrun a moment ago but the one that dies. */
Test(members, who_was_overrun_does_not_wait_where_nobody_leads_and_nobody_publishes)
{
    replicas = 3;
    start_three();
    uint32_t q = 0;
    while (leader_of[q] != 0) q++;
    run(20);
    for (uint32_t n = 0; n < 4; n++) {
        claim(1 - n % 2, q);
        run(1);
    }
    claim(2, q);
    run(1);
    kill_(2);
    run(6);
    cr_assert_eq(leader_of[q], 2, "it may live, and not be heard");
    for (uint32_t i = 0; i < 2; i++) processes[i].stalled_us[q] = KD_MEMBERS_STALL_US;
    run(1);
    cr_assert_neq(leader_of[q], 2);
}

Test(members, who_stops_lets_go_of_all_and_the_next_in_line_does_not_wait)
{
    start_three();
    kd_heartbeat h;
    kd_members_leave(processes[0].members);
    run(1);
    cr_assert_eq(leads(0), PARTITIONS / 3, "it serves until it is done");
    kd_members_let_go(processes[0].members);
    kd_members_beat(processes[0].members, now_us, &h);
    deliver(0, &h);
    kill_(0);
    run_us(2 * STEP_US);
    cr_assert_eq(leads(1) + leads(2), PARTITIONS);
}

Test(members, of_two_with_one_name_the_later_one_ends)
{
    start_(0, true);
    run(5);
    kd_heartbeat h;
    kd_members *twin = kd_members_create(&(kd_members_config){.name = kd_bytes_str("central-1"),
                                                              .run = 99,
                                                              .started_us = now_us,
                                                              .partitions = PARTITIONS,
                                                              .expected = 3,
                                                              .replicas = 2});
    kd_members_beat(processes[0].members, now_us, &h);
    cr_assert_eq(kd_members_heard(twin, &h, now_us), KD_HEARD_OTHER, "perhaps its last word");
    kd_members_beat(processes[0].members, now_us + KD_MEMBERS_SILENCE_US + SECOND_US, &h);
    cr_assert_eq(kd_members_heard(twin, &h, now_us), KD_HEARD_TWIN);
    kd_members_beat(twin, now_us, &h);
    cr_assert_eq(kd_members_heard(processes[0].members, &h, now_us), KD_HEARD_OTHER);
    kd_members_destroy(twin);
}

/* Whoever can write to the topic, without a key, too, can repeat what was said on it. */
Test(members, the_farewell_of_an_earlier_process_does_not_take_a_living_member_for_gone)
{
    start_three();
    kd_heartbeat farewell;
    kd_members_let_go(processes[0].members);
    kd_members_beat(processes[0].members, now_us, &farewell);
    deliver(0, &farewell);
    kill_(0);
    run(2);
    start_(0, false);
    run(30);
    uint32_t led = leads(0);
    uint64_t claimed = claims;
    cr_assert_gt(led, 0);
    farewell.member = kd_bytes_str("central-1");
    farewell.url = farewell.zone = (kd_bytes){0};
    for (uint32_t n = 0; n < 20; n++) {
        deliver(0, &farewell);
        run_us(3 * STEP_US); /* at all times between its heartbeats */
    }
    cr_assert_eq(leads(0), led);
    cr_assert_eq(claims, claimed, "nobody takes anything over");
}

Test(members, what_processes_that_ended_have_said_makes_no_dead_member_live)
{
    kd_heartbeat said[2];
    static kd_held held[2][PARTITIONS];
    start_three();
    for (uint32_t n = 0; n < 2; n++) {
        run(20);
        kd_members_beat(processes[0].members, now_us, &said[n]);
        memcpy(held[n], said[n].held, sizeof(kd_held) * said[n].held_count);
        said[n].held = held[n];
        said[n].member = kd_bytes_str("central-1");
        said[n].url = said[n].zone = (kd_bytes){0};
        kill_(0);
        run(1);
        start_(0, false);
    }
    run(20);
    kill_(0);
    for (uint32_t n = 0; n < 80; n++) {
        deliver(0, &said[n % 2]);
        run(1);
    }
    cr_assert_eq(leads(1) + leads(2), PARTITIONS);
    cr_assert_eq(kd_members_count(processes[1].members), 2, "it was forgotten, and stays so");
}

Test(members, who_is_not_known_has_to_speak_of_now)
{
    start_(0, true);
    run(5);
    kd_heartbeat h = {.member = kd_bytes_str("central-2"), .run = 1, .seq = 1, .partitions = PARTITIONS};
    h.at_us = now_us - KD_MEMBERS_GONE_US - 2 * SECOND_US;
    cr_assert_eq(kd_members_heard(processes[0].members, &h, now_us), KD_HEARD_OLD);
    cr_assert_eq(kd_members_count(processes[0].members), 1);
    h.at_us = now_us - KD_MEMBERS_GONE_US / 2;
    cr_assert_eq(kd_members_heard(processes[0].members, &h, now_us), KD_HEARD_OTHER,
                 "its clock is a little behind");
}

Test(members, who_has_another_number_of_partitions_is_no_member)
{
    start_(0, true);
    const kd_heartbeat h = {.member = kd_bytes_str("stranger"), .run = 1, .seq = 1, .partitions = 5};
    cr_assert_eq(kd_members_heard(processes[0].members, &h, now_us), KD_HEARD_STRANGER);
    cr_assert_eq(kd_members_count(processes[0].members), 1);
}

Test(members, there_are_no_more_than_there_is_room_for)
{
    start_(0, true);
    for (uint32_t i = 1; i <= KD_MEMBERS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%u", i);
        const kd_heartbeat h = {
            .member = kd_bytes_str(name), .run = i, .seq = 1, .at_us = now_us, .partitions = PARTITIONS};
        cr_assert_eq(kd_members_heard(processes[0].members, &h, now_us),
                     i < KD_MEMBERS_MAX ? KD_HEARD_OTHER : KD_HEARD_FULL);
    }
    cr_assert_eq(kd_members_count(processes[0].members), KD_MEMBERS_MAX);
}
