/*
 * The language of scenarios: what was printed reads back as the same value; what is wrong is named by file, line and what is allowed.
 */
#include <criterion/criterion.h>

#include <stdio.h>

#include "sim/scenario/points.h"
#include "sim/scenario/scenario.h"

static int parse(sim_scenario *s, const char *text, char *error)
{
    return sim_scenario_parse(s, "drill", kd_bytes_str(text), error);
}

static void refused(const char *text, const char *wanted)
{
    sim_scenario s;
    char error[SCENARIO_ERROR_MAX] = "";
    cr_assert_eq(parse(&s, text, error), KD_EINVAL, "accepted: %s", text);
    cr_assert(strstr(error, wanted), "\"%s\" does not say \"%s\"", error, wanted);
    cr_assert_null(s.events);
}

static sim_scenario accepted(const char *text)
{
    sim_scenario s;
    char error[SCENARIO_ERROR_MAX] = "";
    cr_assert_eq(parse(&s, text, error), KD_OK, "%s", error);
    return s;
}

static char *printed(const sim_scenario *s)
{
    kd_buf out = {0};
    sim_scenario_print(s, &out);
    kd_buf_put_u8(&out, 0);
    return (char *)out.data;
}

/* ---- round trip ---- */

static uint64_t below(uint64_t *random, uint64_t n)
{
    return kd_random_next(random) % n;
}

static void draw_users(sim_scenario *s, uint64_t *random)
{
    sim_scenario_users *u = &s->users;
    u->users = (uint32_t)below(random, 1000);
    u->items = 1 + (uint32_t)below(random, 100);
    u->per_second = (double)below(random, 200000) / 1000;
    u->zipf = (double)below(random, 3000) / 1000;
    u->viral_percent = (uint32_t)below(random, 101);
    u->viral_from_us = below(random, s->length_us);
    u->like_percent = (uint32_t)below(random, 101);
    u->view_percent = 100 - u->like_percent;
    u->unlike_percent = u->save_percent = 0;
    u->roam_percent = (uint32_t)below(random, 101);
    u->tokens = below(random, 2);
    u->strange_percent = (uint32_t)below(random, 101);
    s->needs.gaps = below(random, 3);
    s->forget_rows_us = below(random, 3);
    s->forget_tombstones_us = below(random, 3) * 1000000;
    s->backups_none = below(random, 2);
    s->room_items = (uint32_t)below(random, 3);
    s->room_keys = (uint32_t)below(random, 3);
}

static const int everybody[] = {0, 1, 2, SCENARIO_CENTRAL, SCENARIO_KAFKA};

static void draw_log(sim_scenario_event *e, uint64_t *random)
{
    e->who = SCENARIO_KAFKA;
    e->topic = below(random, 2) ? SCENARIO_LIKES : SCENARIO_COUNTS;
    if (e->kind != SCENARIO_LOG_RECREATED) e->amount = 1 + (int64_t)below(random, 100);
    if (e->kind != SCENARIO_LOG_DUPLICATES) e->for_us = 0;
}

static void draw_link(sim_scenario_event *e, uint64_t *random)
{
    if (e->kind != SCENARIO_RESET) e->way = (sim_scenario_way)below(random, 3);
    if (below(random, 2)) e->peer = e->who == SCENARIO_CENTRAL ? SCENARIO_KAFKA : SCENARIO_CENTRAL;
    if (e->kind == SCENARIO_FLAP) e->period_us = 1000 + below(random, 100000);
    if (e->kind == SCENARIO_DELAY) e->spread_us = below(random, 100000);
    if (e->kind == SCENARIO_DELAY || e->kind == SCENARIO_LOSS || e->kind == SCENARIO_BANDWIDTH)
        e->amount = 1 + (int64_t)below(random, 100);
}

static void draw_clock(sim_scenario_event *e, uint64_t *random)
{
    e->amount = 1 + (int64_t)below(random, 500000);
    if (e->kind == SCENARIO_CLOCK_SWING) e->period_us = 1000 + below(random, 1000000);
    if (e->kind != SCENARIO_CLOCK_SWING && below(random, 2)) e->amount = -e->amount;
}

static void draw_operation(sim_scenario_event *e, uint64_t *random)
{
    static const struct {
        kd_verb verb;
        uint32_t counter;
    } verbs[] = {{KD_LIKE, SCENARIO_LIKE}, {KD_UNLIKE, SCENARIO_SAVE}, {KD_ADD, SCENARIO_VIEW}};
    uint64_t i = below(random, KD_COUNT(verbs));
    e->verb = verbs[i].verb;
    e->counter = verbs[i].counter;
    if (e->verb == KD_ADD) e->amount = 1 + (int64_t)below(random, KD_AMOUNT_MAX);
    e->who = (int)below(random, 3);
    e->for_us = 0;
    snprintf(e->user, sizeof e->user, "u%u", (unsigned)below(random, 50));
    snprintf(e->item, sizeof e->item, "posts/%u", (unsigned)below(random, 9));
}

static void draw_order(sim_scenario_event *e, uint64_t *random)
{
    e->who = SCENARIO_CENTRAL;
    if (e->kind == SCENARIO_IMPORT) {
        e->amount = 1 + (int64_t)below(random, SCENARIO_IMPORT_MAX);
        snprintf(e->item, sizeof e->item, "posts/%u", (unsigned)below(random, 9));
    } else {
        snprintf(e->user, sizeof e->user, "u%u", (unsigned)below(random, 50));
    }
}

static bool edges_only(sim_scenario_kind kind)
{
    return kind == SCENARIO_COPY || kind == SCENARIO_RETIRE || kind == SCENARIO_READMIT ||
           kind == SCENARIO_READS_FAIL || kind == SCENARIO_LOG_FORGED || kind == SCENARIO_LOG_FORGED_AHEAD;
}

static sim_scenario_event draw_event(uint64_t *random, uint64_t length_us)
{
    sim_scenario_event e = {.at_us = below(random, length_us), .peer = SCENARIO_NOBODY};
    do e.kind = (sim_scenario_kind)below(random, SCENARIO_KINDS);
    while (e.kind == SCENARIO_RESTORE || e.kind == SCENARIO_JOIN);
    e.for_us = below(random, 2) ? 1 + below(random, 100000000) : 0;
    e.who = everybody[below(random, e.kind == SCENARIO_KILL ? 5 : edges_only(e.kind) ? 3 : 4)];
    if (e.kind == SCENARIO_ANSWERS_LOST) e.who = 1, e.amount = 100;
    if (e.kind == SCENARIO_SECOND) e.who = SCENARIO_CENTRAL;
    if (e.kind == SCENARIO_KAFKA_GONE) e.who = SCENARIO_KAFKA;
    if (e.kind == SCENARIO_DISK_SLOW) e.amount = 5000;
    if (e.kind == SCENARIO_OPERATION) draw_operation(&e, random);
    if (e.kind >= SCENARIO_CUT && e.kind <= SCENARIO_RESET) draw_link(&e, random);
    if (e.kind >= SCENARIO_CLOCK_STEP && e.kind <= SCENARIO_CLOCK_SWING) draw_clock(&e, random);
    if (e.kind >= SCENARIO_VOID && e.kind <= SCENARIO_IMPORT) draw_order(&e, random);
    if (e.kind == SCENARIO_ARM) e.point = KD_POINT_AFTER_SYNC, e.amount = 1 + (int64_t)below(random, 20);
    if (e.kind > SCENARIO_ARM) e.who = SCENARIO_CENTRAL;
    if (e.kind >= SCENARIO_LOG_DUPLICATES && e.kind <= SCENARIO_LOG_RECREATED) draw_log(&e, random);
    bool once = e.kind == SCENARIO_RESET || e.kind == SCENARIO_RESTART || e.kind == SCENARIO_BACKUP ||
                e.kind == SCENARIO_SYNC_FAILS || e.kind == SCENARIO_FENCE || e.kind == SCENARIO_RETIRE ||
                e.kind == SCENARIO_READMIT || e.kind == SCENARIO_LOG_FORGED ||
                e.kind == SCENARIO_LOG_FORGED_AHEAD || sim_scenario_about_item(e.kind) ||
                (e.kind >= SCENARIO_VOID && e.kind != SCENARIO_ARM);
    if (sim_scenario_about_item(e.kind)) {
        e.who = SCENARIO_CENTRAL;
        snprintf(e.item, sizeof e.item, "posts/%u", (unsigned)below(random, 9));
    }
    if (once) e.for_us = 0;
    return e;
}

static void same_events(const sim_scenario *a, const sim_scenario *b)
{
    cr_assert_eq(a->event_count, b->event_count);
    for (uint32_t i = 0; i < a->event_count; i++) {
        const sim_scenario_event *x = &a->events[i], *y = &b->events[i];
        cr_assert(x->at_us == y->at_us && x->for_us == y->for_us && x->kind == y->kind && x->who == y->who &&
                      x->peer == y->peer && x->way == y->way && x->topic == y->topic &&
                      x->amount == y->amount && x->spread_us == y->spread_us &&
                      x->period_us == y->period_us && x->point == y->point && x->verb == y->verb &&
                      x->counter == y->counter && strcmp(x->user, y->user) == 0 &&
                      strcmp(x->item, y->item) == 0,
                  "event %u", i);
    }
}

static void same(const sim_scenario *a, const sim_scenario *b)
{
    cr_assert_str_eq(a->teaches, b->teaches);
    cr_assert_eq(memcmp(a->edges, b->edges, sizeof a->edges), 0);
    cr_assert_eq(a->member_count, b->member_count);
    cr_assert_eq(memcmp(a->members, b->members, sizeof a->members), 0);
    cr_assert_eq(memcmp(a->zones, b->zones, sizeof a->zones), 0);
    cr_assert(a->edge_count == b->edge_count && a->partitions == b->partitions && a->shards == b->shards);
    cr_assert(a->length_us == b->length_us && a->heal_us == b->heal_us && a->drift_us == b->drift_us);
    cr_assert(a->flush_ops == b->flush_ops && a->flush_interval_us == b->flush_interval_us);
    cr_assert(a->snapshot_interval_us == b->snapshot_interval_us && a->outbox_bytes == b->outbox_bytes);
    cr_assert(a->users.per_second == b->users.per_second && a->users.zipf == b->users.zipf);
    cr_assert(a->users.viral_from_us == b->users.viral_from_us && a->users.tokens == b->users.tokens &&
              a->users.strange_percent == b->users.strange_percent);
    cr_assert(a->users.users == b->users.users && a->users.items == b->users.items);
    cr_assert(a->users.like_percent == b->users.like_percent && a->needs.gaps == b->needs.gaps);
    cr_assert(a->forget_rows_us == b->forget_rows_us && a->forget_tombstones_us == b->forget_tombstones_us &&
              a->backups_none == b->backups_none);
    cr_assert(a->room_items == b->room_items && a->room_keys == b->room_keys);
    same_events(a, b);
}

Test(scenario, printed_reads_back)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        uint64_t random = seed;
        sim_scenario s, twin;
        char error[SCENARIO_ERROR_MAX];
        sim_scenario_init(&s);
        free(s.teaches);
        s.teaches = strdup("What was printed reads back.");
        s.length_us = 1000000 + below(&random, 1000000000);
        s.outbox_bytes = 4096 + below(&random, 1u << 30);
        draw_users(&s, &random);
        for (uint64_t n = below(&random, 60); n > 0; n--) {
            sim_scenario_event e = draw_event(&random, s.length_us);
            sim_scenario_add(&s, &e);
        }
        char *text = printed(&s), *again;
        cr_assert_eq(parse(&twin, text, error), KD_OK, "seed %lu: %s\n%s", (unsigned long)seed, error, text);
        same(&s, &twin);
        cr_assert_str_eq(text, again = printed(&twin));
        free(text);
        free(again);
        sim_scenario_finish(&s);
        sim_scenario_finish(&twin);
    }
}

/* ---- the value ---- */

Test(scenario, events_stay_in_order_of_time)
{
    sim_scenario s, copy;
    sim_scenario_init(&s);
    static const uint64_t at[] = {5, 1, 5, 3, 5};
    for (int i = 0; i < 5; i++)
        sim_scenario_add(&s, &(sim_scenario_event){
                                 .at_us = at[i], .kind = SCENARIO_CUT, .amount = i, .peer = SCENARIO_NOBODY});
    static const int64_t order[] = {1, 3, 0, 2, 4};
    for (int i = 0; i < 5; i++) cr_assert_eq(s.events[i].amount, order[i]);
    sim_scenario_copy(&copy, &s);
    sim_scenario_remove(&s, 1);
    cr_assert_eq(s.event_count, 4);
    cr_assert_eq(s.events[1].amount, 0);
    cr_assert_eq(copy.event_count, 5);
    cr_assert_eq(copy.events[1].amount, 3);
    sim_scenario_add(&copy, &copy.events[0]);
    cr_assert_eq(copy.events[1].amount, 1);
    sim_scenario_finish(&s);
    sim_scenario_finish(&copy);
}

Test(scenario, what_returns_does_so_after_a_second)
{
    sim_scenario s = accepted("teaches x\nat 1s kill mumbai\nat 2s cut mumbai\n");
    cr_assert_eq(s.events[0].for_us, 1000000);
    cr_assert_eq(s.events[1].for_us, 0);
    sim_scenario_finish(&s);
}

/* ---- reading ---- */

Test(scenario, reads_what_operators_write)
{
    sim_scenario s = accepted("\xEF\xBB\xBFteaches A cut heals. # so it is hoped\r\n\r\n"
                              "  length\t15m   # long enough\r\nedges a b\r\n"
                              "at 10m for 2m cut b up from central # one way\r\n"
                              "at 3s ana views posts/1 7 at a\r\n"
                              "mix like 50 view 50\nusers 7 zipf 0.5\n"
                              "every 5m from 1m to 12m for 30s flap a every 5s\n");
    cr_assert_str_eq(s.teaches, "A cut heals.");
    cr_assert_eq(s.length_us, 900000000);
    cr_assert_eq(s.edge_count, 2);
    cr_assert_eq(s.users.unlike_percent, 0, "what the mix does not name is not done");
    cr_assert_eq(s.users.users, 7);
    cr_assert_eq(s.users.items, 20, "what users does not name is as by default");
    cr_assert_eq(s.event_count, 5);
    static const uint64_t at_s[] = {3, 60, 360, 600, 660};
    for (int i = 0; i < 5; i++) cr_assert_eq(s.events[i].at_us, at_s[i] * 1000000);
    const sim_scenario_event *view = &s.events[0], *cut = &s.events[3];
    cr_assert(view->kind == SCENARIO_OPERATION && view->verb == KD_ADD && view->amount == 7 &&
              view->who == 0);
    cr_assert(cut->who == 1 && cut->way == SCENARIO_UP && cut->peer == SCENARIO_CENTRAL);
    cr_assert_eq(cut->line, 5);
    sim_scenario_finish(&s);
}

Test(scenario, one_partition_has_one_shard_unless_asked)
{
    sim_scenario s;
    char error[SCENARIO_ERROR_MAX];
    cr_assert_eq(sim_scenario_parse(&s, "drill", kd_bytes_str("teaches x\npartitions 1\n"), error), KD_OK,
                 "%s", error);
    cr_assert_eq(s.shards, 1);
    sim_scenario_finish(&s);
}

Test(scenario, the_longer_form_wins)
{
    sim_scenario s = accepted("teaches x\nat 1s lose answers of mumbai 20%\nat 2s lose mumbai 20%\n"
                              "at 3s redeliver likes 3\nat 4s redeliverer likes posts/1 at mumbai\n");
    cr_assert_eq(s.events[0].kind, SCENARIO_ANSWERS_LOST);
    cr_assert_eq(s.events[1].kind, SCENARIO_LOSS);
    cr_assert_eq(s.events[2].kind, SCENARIO_LOG_REDELIVERS);
    cr_assert_eq(s.events[3].kind, SCENARIO_OPERATION);
    sim_scenario_finish(&s);
}

Test(scenario, names_what_is_wrong)
{
    refused("", "drill:1: a line \"teaches ...\" is missing");
    refused("teaches\n", "drill:1: the text is missing");
    refused("teaches x\nteaches y\n", "drill:2: teaches stands already in line 1");
    refused("teaches x\nlength 5\n",
            "drill:2: \"5\" is not a time with its unit (us, ms, s, m, h, d) from 1ms to 30d");
    refused("teaches x\nlength\n",
            "drill:2: a time with its unit (us, ms, s, m, h, d) from 1ms to 30d is missing");
    refused("teaches x\nlength 18446744073709551615d\n", "is not a time");
    refused("teaches x\nroam 101%\n", "\"101%\" is not a share in per cent from 0% to 100%");
    refused("teaches x\nroam 10\n", "is not a share in per cent");
    refused("teaches x\nmix like 50 view 40\n", "drill:2: the parts of the mix are together 90, not 100");
    refused("teaches x\nmix like 50 like 50\n", "like stands here twice");
    refused("teaches x\nusers 5 rate 3\n", "from 0/s to 1000000/s");
    refused("teaches x\nusers 5 zipf 1.2345\n", "three digits behind the point");
    refused("teaches x\nusers 5 fish 3\n", "\"fish\" does not belong here (the form is: users N [items N]");
    refused("teaches x\nflush 100 1s\n", "the word ops is missing (the form is: flush N ops TIME)");
    refused("teaches x\noutbox 64MB\n", "a size with its unit (B, KiB, MiB, GiB)");
    refused("teaches x\nroom items 0\n", "\"0\" is not a whole number from 1 to 1000000000");
    refused("teaches x\nroom 3 items\n", "\"3\" does not belong here (the form is: room [items N] [keys N])");
    refused("teaches x\ntokens perhaps\n", "\"perhaps\" is not yes or no");
    refused("teaches x\nedges a b a\n", "the edge a is named twice");
    refused("teaches x\nedges a central\n", "is not a name for an edge");
    refused("teaches x\nedges a b c d e f g h i\n", "there are at most 8 edges");
    refused("teaches x\nshards 3\npartitions 2\n", "drill:2: there are more shards (3) than partitions (2)");
    refused("teaches x\nviral 10% from 2h\n", "drill:2: that is after the end");
    refused("teaches x\nfoo\n", "\"foo\" begins no line; these do: teaches, edges");
    refused("teaches x\nexpect posts/1 like 2\nexpect posts/1 like 3\n",
            "drill:3: that is expected already in line 2");
}

Test(scenario, members_of_central_print_and_read_back)
{
    sim_scenario s = accepted(
                     "teaches x\ncentral a:north b:north c\nat 1s kill b\nat 2s for 3s cut a up from kafka\n"
                     "at 3s cut mumbai from c\nat 4s restart a\nat 5s join c\n"),
                 twin;
    char error[SCENARIO_ERROR_MAX], *text = printed(&s);
    cr_assert_eq(s.member_count, 3);
    cr_assert_str_eq(s.zones[1], "north");
    cr_assert_eq(s.events[0].who, sim_scenario_member(1));
    cr_assert(sim_scenario_begins(&s, 1) && !sim_scenario_begins(&s, 2));
    cr_assert_eq(parse(&twin, text, error), KD_OK, "%s\n%s", error, text);
    same(&s, &twin);
    free(text);
    sim_scenario_finish(&s);
    sim_scenario_finish(&twin);
}

Test(scenario, what_befalls_a_zone_befalls_each_of_its_members)
{
    sim_scenario s = accepted("teaches x\ncentral a:north b:south c:north\nat 1s for 5s kill zone north\n");
    cr_assert_eq(s.event_count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        cr_assert_eq(s.events[i].who, sim_scenario_member(2 * i));
        cr_assert(s.events[i].kind == SCENARIO_KILL && s.events[i].for_us == 5000000);
    }
    sim_scenario_finish(&s);
}

Test(scenario, names_what_is_wrong_with_members)
{
    refused("teaches x\ncentral a b a\n", "drill:2: the member a is named twice");
    refused("teaches x\ncentral a b c d e f\n", "there are at most 5 members");
    refused("teaches x\ncentral a:\n", "a name for a zone: up to 31 of a-z, 0-9, . _ - is missing");
    refused("teaches x\ncentral a zone\n", "\"zone\" is not a name for a member of central");
    refused("teaches x\nedges a b\ncentral b c\n", "drill:3: b is a member of central, and an edge");
    refused("teaches x\nat 1s join c\n", "central has no members here");
    refused("teaches x\ncentral a b\nat 1s join d\n", "\"d\" is not a member of central: they are a, b");
    refused("teaches x\ncentral a b\nat 1s kill d\n", "members of central are a, b");
    refused("teaches x\ncentral a:x b\nat 1s kill zone y\n", "\"y\" is not a zone of a member");
    refused("teaches x\ncentral a b\nat 1s kill central\n", "\"kill\" needs a central alone");
    refused("teaches x\ncentral a b\nat 1s step clock of a +1s\n", "\"step clock\" does not befall a member");
    refused("teaches x\ncentral a b\nat 1s cut a from b\n", "there is no link from a to b");
    refused("teaches x\ncentral a b\nat 1s kill b\nat 2s join b\n",
            "drill:4: b joins here, but something befalls");
    refused("teaches x\ncentral a\nat 1s join a\n", "all members join later");
}

Test(scenario, names_what_is_wrong_with_events)
{
    refused("teaches x\nat 1s cut paris\n",
            "\"paris\" is not there: the edges are mumbai, virginia, singapore");
    refused("teaches x\nat 1s cut\n", "a name is missing; the edges are mumbai");
    refused("teaches x\nat 1s copy central\n", "\"central\" is not there");
    refused("teaches x\nat 1s cut mumbai from virginia\n", "there is no link from mumbai to virginia");
    refused("teaches x\nat 1s cut mumbai sideways\n",
            "\"sideways\" is too much (the form is: cut EDGE|central");
    refused("teaches x\nat 2m kill mumbai\n", "drill:2: that is after the end");
    refused("teaches x\nlength 9s\nat 9s kill mumbai\n", "drill:3: that is the end (see length)");
    refused("teaches x\nat 1s for 5s reset mumbai\n", "happens at once and takes no \"for\"");
    refused("teaches x\nat 1s explode mumbai\n", "\"explode\" is nothing that happens; these do: cut, flap");
    refused("teaches x\nat 1s fill mumbai\n", "the form is: fill disk of EDGE|central");
    refused("teaches x\nat 1s lose mumbai 10\n", "is not a share in per cent");
    refused("teaches x\nat 1s duplicate saves 10%\n", "\"saves\" is not a topic: likes or counts");
    refused("teaches x\nat 1s drift clock of mumbai 3s\n",
            "a rate in parts per million from -500000ppm to 500000ppm");
    refused("teaches x\nat 1s ana likes posts at mumbai\n", "\"posts\" is not an item such as posts/1");
    refused("teaches x\nat 1s ana likes posts/1 at delhi\n", "\"delhi\" is not there");
    refused("teaches x\nat 1s ana views posts/1 at mumbai\n", "a whole number from 1 to 1000");
    refused("teaches x\nat 1s restore central\n", "nothing of central was backed up before");
    refused("teaches x\nat 1s arm mumbai noon 1\n", "\"noon\" is not a point");
    refused("teaches x\nat 1s arm mumbai before-commit 1\n",
            "mumbai never passes the point before-commit (central: ");
    refused("teaches x\nat 1s erase\n", "the form is: erase USER");
    refused("teaches x\ndecides yes\nat 1s erase ana\n",
            "drill:3: the operator has orders by name, or decides");
    refused("teaches x\nevery 1s from 1s to 52s erase ana\n", "there are more than 50 erasures");
    refused("teaches x\nevery 1s from 1s to 52s void ana\n", "there are more than 50 voids");
    refused("teaches x\nevery 1ms kill mumbai\nevery 1ms kill mumbai\n",
            "drill:3: there are more than 100000 events");
    refused("teaches x\nevery 1s from 5s to 3s kill mumbai\n", "it ends before it begins");
}

Test(scenario, refuses_bytes_that_are_no_text)
{
    sim_scenario s;
    char error[SCENARIO_ERROR_MAX];
    static const char nul[] = "teaches x\nlength 5\0m\n";
    cr_assert_eq(sim_scenario_parse(&s, "drill", kd_bytes_of(nul, sizeof nul - 1), error), KD_EINVAL);
    cr_assert(strstr(error, "drill:2: the line holds a NUL byte"));
    refused("teaches \x1b[2J\n", "the line holds a control character");
    char *line = calloc(1, 3000);
    memset(line, 'x', 2999);
    refused(line, "the line is longer than 1024 bytes");
    free(line);
}

Test(scenario, reads_a_file_or_says_why_not)
{
    sim_scenario s;
    char error[SCENARIO_ERROR_MAX];
    cr_assert_eq(sim_scenario_read(&s, "/nowhere/drill", error), KD_EIO);
    cr_assert_str_eq(error, "/nowhere/drill: cannot be read: No such file or directory");
    cr_assert_eq(sim_scenario_read(&s, "/", error), KD_EIO);
    cr_assert_eq(sim_scenario_read(&s, "/dev/zero", error), KD_EINVAL);
    cr_assert(strstr(error, "the file is longer than"));
}
