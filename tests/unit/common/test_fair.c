/* test_fair.c - turns for made-up arrivals: shares, waits, debts. */
#include "common/base/fair.h"

#include <criterion/criterion.h>

enum { QUANTUM = 100, ENTRIES = 20, FLOWS = 40 };

typedef struct {
    kd_fair_flow flow;
    kd_fair_entry entries[ENTRIES];
    uint64_t served; /* units */
    uint64_t turns[ENTRIES];
} client;

static kd_fair fair;
static client clients[FLOWS];

static void setup(void)
{
    memset(clients, 0, sizeof clients);
    kd_fair_init(&fair, QUANTUM);
    for (int i = 0; i < FLOWS; i++) kd_fair_flow_init(&clients[i].flow);
}

TestSuite(fair, .init = setup);

static void arrive(int i, int entries)
{
    for (int e = 0; e < entries; e++) kd_fair_wait(&fair, &clients[i].flow, &clients[i].entries[e], false);
}

/* One turn: whose it was. */
static int turn(uint64_t units, kd_fair_entry **entry)
{
    *entry = kd_fair_next(&fair);
    for (int i = 0; *entry && i < FLOWS; i++) {
        client *c = &clients[i];
        if (*entry < c->entries || *entry >= c->entries + ENTRIES) continue;
        kd_fair_charge(&c->flow, units);
        c->served += units;
        c->turns[*entry - c->entries]++;
        return i;
    }
    return -1;
}

/* So many turns of who always wants the next one: at the same cost for all entries of a client. */
static void play(int turns, const uint64_t *units)
{
    for (int t = 0; t < turns; t++) {
        kd_fair_entry *entry = kd_fair_next(&fair);
        cr_assert(entry);
        int i = (int)(((uint8_t *)entry - (uint8_t *)clients) / (ptrdiff_t)sizeof(client));
        kd_fair_charge(&clients[i].flow, units[i]);
        clients[i].served += units[i];
        clients[i].turns[entry - clients[i].entries]++;
        kd_fair_wait(&fair, &clients[i].flow, entry, false);
    }
}

Test(fair, nobody_waits_and_nobody_is_next)
{
    cr_expect(!kd_fair_waits(&fair) && kd_fair_all_owe(&fair));
    cr_expect_null(kd_fair_next(&fair));
}

Test(fair, an_entry_waits_once)
{
    arrive(0, 1);
    arrive(0, 1);
    cr_expect(kd_fair_waits(&fair));
    cr_expect_eq(kd_fair_next(&fair), &clients[0].entries[0]);
    cr_expect_null(kd_fair_next(&fair));
}

Test(fair, shares_are_those_of_flows_whatever_they_have_entries)
{
    const uint64_t units[] = {30, 30, 30};
    arrive(0, 1);
    arrive(1, 10);
    arrive(2, 20);
    play(3000, units);
    for (int i = 0; i < 3; i++) cr_expect(clients[i].served > 29000 && clients[i].served < 31000);
}

Test(fair, shares_are_of_work_and_not_of_turns)
{
    const uint64_t units[] = {5, 250};
    arrive(0, 1);
    arrive(1, 5);
    play(20000, units);
    cr_expect(clients[0].served * 10 > clients[1].served * 9 &&
                  clients[0].served * 9 < clients[1].served * 10,
              "%llu and %llu", (unsigned long long)clients[0].served, (unsigned long long)clients[1].served);
}

Test(fair, the_entries_of_a_flow_take_turns)
{
    const uint64_t units[] = {40, 40};
    arrive(0, 20);
    arrive(1, 1);
    play(4000, units);
    for (int e = 1; e < ENTRIES; e++)
        cr_expect(clients[0].turns[e] + 1 >= clients[0].turns[0] &&
                  clients[0].turns[e] <= clients[0].turns[0] + 1);
}

Test(fair, who_asks_for_little_comes_before_who_owes)
{
    kd_fair_entry *entry;
    for (int i = 1; i < FLOWS; i++) arrive(i, 5);
    for (int i = 1; i < FLOWS; i++) turn(300, &entry);
    clients[0].flow.credit = QUANTUM;
    arrive(0, 1);
    cr_expect(!kd_fair_all_owe(&fair));
    cr_expect_eq(turn(1, &entry), 0);
    cr_expect(kd_fair_all_owe(&fair));
}

Test(fair, a_flow_with_one_entry_waits_for_one_turn_of_each_other_flow_at_most)
{
    uint64_t units[FLOWS];
    for (int i = 0; i < FLOWS; i++) units[i] = 120;
    for (int i = 1; i < FLOWS; i++) arrive(i, 20);
    play(1000, units);
    arrive(0, 1); /* a newcomer */
    for (int t = 0; t <= 2 * FLOWS && clients[0].served == 0; t++) play(1, units);
    cr_expect_gt(clients[0].served, 0);
}

Test(fair, who_owes_much_is_served_all_the_same)
{
    const uint64_t units[] = {20, 20};
    arrive(0, 1);
    arrive(1, 1);
    kd_fair_charge(&clients[1].flow, 5000);
    play(200, units);
    cr_expect_eq(clients[1].served, 0, "it has had its share before");
    play(400, units);
    cr_expect_gt(clients[1].served, 2000);
}

Test(fair, a_debt_costs_nothing_while_nobody_else_waits)
{
    kd_fair_entry *entry;
    kd_fair_charge(&clients[0].flow, 5000);
    arrive(0, 1);
    cr_expect_eq(turn(1, &entry), 0);
}

Test(fair, little_work_that_always_comes_back_starves_nobody)
{
    const uint64_t units[] = {1, 200};
    arrive(0, 20);
    kd_fair_charge(&clients[1].flow, 200);
    arrive(1, 1);
    play(4 * QUANTUM, units);
    cr_expect_gt(clients[1].served, 0);
}

static int entry_next(void)
{
    return (int)(kd_fair_next(&fair) - clients[0].entries);
}

Test(fair, a_light_entry_waits_for_one_heavy_one_and_starves_none)
{
    enum { LIGHT = 17 };
    for (int e = 0; e < ENTRIES; e++)
        kd_fair_wait(&fair, &clients[0].flow, &clients[0].entries[e], e < LIGHT);
    const int turns[] = {LIGHT, 0, LIGHT + 1, 1, LIGHT + 2, 2, 3};
    for (size_t t = 0; t < KD_COUNT(turns); t++) cr_expect_eq(entry_next(), turns[t]);
}

Test(fair, a_light_entry_that_leaves_keeps_no_turn)
{
    kd_fair_wait(&fair, &clients[0].flow, &clients[0].entries[0], true);
    kd_fair_wait(&fair, &clients[0].flow, &clients[0].entries[1], false);
    kd_fair_forget(&clients[0].entries[1]);
    cr_expect_eq(entry_next(), 0);
    cr_expect(!kd_fair_waits(&fair));
}

Test(fair, who_leaves_is_not_next)
{
    arrive(0, 2);
    kd_fair_forget(&clients[0].entries[0]);
    kd_fair_forget(&clients[0].entries[0]);
    cr_expect_eq(kd_fair_next(&fair), &clients[0].entries[1]);
    cr_expect(!kd_fair_waits(&fair));
}
