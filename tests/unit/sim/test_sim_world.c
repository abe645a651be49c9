/* The simulation as a whole: a seed is a run, a run without faults holds, every fault of the language does something, and what
 * befalls later changes nothing before. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

#include "sim/world/plants.h"
#include "sim/world/run.h"

#define PEOPLE                                                                                               \
    "teaches   nothing\nlength 40s\nheal 60s\nusers 40 items 12 rate 20/s zipf 1.1\nflush 200 ops 2s\n"

typedef struct {
    sim_result result;
    char *trace;
    size_t trace_len;
} outcome;

static void read_text(sim_scenario *s, const char *lines)
{
    char text[4096], error[SCENARIO_ERROR_MAX];
    snprintf(text, sizeof(text), "%s%s", PEOPLE, lines);
    int err = sim_scenario_parse(s, "test", kd_bytes_str(text), error);
    cr_assert_eq(err, KD_OK, "%s", error);
}

static sim_result play(const char *lines, uint64_t seed)
{
    sim_scenario s;
    sim_result r;
    read_text(&s, lines);
    sim_run(&(sim_options){.scenario = &s, .seed = seed}, &r);
    sim_scenario_finish(&s);
    return r;
}

static outcome play_traced(const char *lines, uint64_t seed)
{
    outcome o = {.trace = NULL};
    sim_scenario s;
    read_text(&s, lines);
    FILE *f = open_memstream(&o.trace, &o.trace_len);
    sim_run(&(sim_options){.scenario = &s, .seed = seed, .trace = f}, &o.result);
    fclose(f);
    sim_scenario_finish(&s);
    return o;
}

static bool same_trace(const sim_result *a, const sim_result *b)
{
    return memcmp(a->trace_sha256, b->trace_sha256, sizeof(a->trace_sha256)) == 0;
}

Test(sim_world, a_run_without_faults_holds)
{
    sim_result r = play("", 1);
    cr_assert_eq(r.verdict, SIM_HELD, "%s: %s", r.checker, r.failure);
    cr_assert_gt(r.acks, 600);
    cr_assert_gt(r.merges, 50);
    cr_assert_gt(r.checks, 1000);
    cr_assert_eq(r.kills + r.refused + r.undone + r.resent, 0);
    cr_assert_lt(r.converged_us, 20000000);
}

Test(sim_world, a_seed_is_a_run)
{
    const char *lines =
        "at 5s for 10s flap mumbai every 2s\nat 8s for 2s kill central\nat 10s for 5s copy virginia\n";
    sim_result a = play(lines, 7), b = play(lines, 7), c = play(lines, 8);
    cr_assert(same_trace(&a, &b));
    cr_assert_eq(a.events, b.events);
    cr_assert_not(same_trace(&a, &c));
}

Test(sim_world, a_record_does_not_change_a_run)
{
    static const char *const names[] = {"mumbai", "virginia", "singapore"};
    sim_scenario s;
    sim_result seen, unseen = play("at 5s for 10s cut mumbai\n", 3);
    read_text(&s, "at 5s for 10s cut mumbai\n");
    sim_drill_record *samples = sim_record_create(names, 3);
    sim_run(&(sim_options){.scenario = &s, .seed = 3, .record = samples}, &seen);
    cr_assert(same_trace(&seen, &unseen));
    sim_record_destroy(samples);
    sim_scenario_finish(&s);
}

/* A fault that changed what comes before it would make it impossible to reduce a failure. */
Test(sim_world, what_befalls_later_changes_nothing_before)
{
    outcome with = play_traced("at 20s for 5s kill mumbai\nat 22s truncate likes 3\n", 5),
            without = play_traced("", 5);
    size_t same = 0;
    while (same < with.trace_len && same < without.trace_len && with.trace[same] == without.trace[same])
        same++;
    while (same > 0 && with.trace[same - 1] != '\n') same--;
    cr_assert_eq(strtoull(with.trace + same, NULL, 10), 20000000);
    free(with.trace);
    free(without.trace);
}

/* Users who never meet the edge that is down go on as they would have. */
Test(sim_world, users_do_the_same_whatever_befalls_others)
{
    outcome with = play_traced("roam 0%\nat 5s for 20s kill mumbai\n", 5),
            without = play_traced("roam 0%\n", 5);
    uint32_t seen = 0;
    for (const char *line = without.trace; *line; line += strcspn(line, "\n") + 1) {
        size_t len = strcspn(line, "\n") + 1;
        if (!memmem(line, len, " singapore/", 11) || !memmem(line, len, " op ", 4)) continue;
        seen++;
        cr_assert(memmem(with.trace, with.trace_len, line, len), "%.*s", (int)len, line);
    }
    cr_assert_gt(seen, 100);
    free(with.trace);
    free(without.trace);
}

/* ---- every fault does something ---- */

typedef struct {
    const char *lines;
    /* Offset in sim_result of the figure that counts this fault; SIZE_MAX: only the trace shows it. */
    size_t counts;
} fault;

#define FIGURE(name) offsetof(sim_result, name)

static const fault faults[SCENARIO_KINDS] = {
    [SCENARIO_OPERATION] = {"at 3s ana likes posts/new at mumbai\nexpect posts/new like 1\nlost 0%\n",
                            SIZE_MAX},
    [SCENARIO_CUT] = {"at 5s for 20s cut mumbai\n", SIZE_MAX},
    [SCENARIO_FLAP] = {"at 5s for 20s flap mumbai every 2s\n", SIZE_MAX},
    [SCENARIO_DELAY] = {"at 5s for 20s delay mumbai 300ms +-250ms\n", SIZE_MAX},
    [SCENARIO_LOSS] = {"at 5s for 20s lose mumbai 30%\n", SIZE_MAX},
    [SCENARIO_BANDWIDTH] = {"at 5s for 20s limit mumbai 1KiB/s\n", SIZE_MAX},
    [SCENARIO_RESET] = {"at 7s reset mumbai\nat 8s reset mumbai\nat 9s reset mumbai\nat 10s reset mumbai\n",
                        SIZE_MAX},
    [SCENARIO_ANSWERS_LOST] = {"at 5s for 20s lose answers of mumbai 80%\n", SIZE_MAX},
    [SCENARIO_KILL] = {"at 5s for 5s kill mumbai\nat 15s for 3s kill central\nat 20s for 5s kill kafka\n",
                       FIGURE(kills)},
    [SCENARIO_KAFKA_GONE] = {"at 5s for 10s kill all of kafka\n", FIGURE(kills)},
    [SCENARIO_FENCE] =
        {"at 10s fence mumbai\nat 11s fence central\nat 12s fence virginia\nat 13s fence central\n"
         "at 14s fence mumbai\n",
         SIZE_MAX},
    [SCENARIO_FREEZE] = {"at 5s for 10s freeze central\nat 16s for 5s freeze mumbai\n", SIZE_MAX},
    [SCENARIO_RESTART] = {"at 5s restart mumbai\nat 10s restart central\n", SIZE_MAX},
    [SCENARIO_JOIN] = {"central a b c\nat 10s join c\n", SIZE_MAX},
    [SCENARIO_BACKUP] = {"at 5s back up central\nat 20s restore central\n", FIGURE(undone)},
    [SCENARIO_RESTORE] = {"at 5s back up central\nat 20s restore central\nat 30s restore central\n",
                          FIGURE(resent)},
    [SCENARIO_WIPE] = {"at 15s for 2s wipe mumbai\n", FIGURE(kills)},
    [SCENARIO_RETIRE] = {"at 10s for 20s cut mumbai from kafka\nat 12s retire mumbai\n", SIZE_MAX},
    [SCENARIO_READMIT] = {"at 5s retire mumbai\nat 25s readmit mumbai\n", SIZE_MAX},
    [SCENARIO_CLOSE] = {"at 10s close posts/0\n", FIGURE(refused)},
    [SCENARIO_OPEN] = {"at 10s close posts/0\nat 20s open posts/0\n", FIGURE(refused)},
    [SCENARIO_DELETE] = {"at 10s delete posts/0\n", FIGURE(refused)},
    [SCENARIO_COPY] = {"at 10s for 15s copy mumbai\n", SIZE_MAX},
    [SCENARIO_SECOND] = {"at 10s for 10s second central\n", FIGURE(undone)},
    [SCENARIO_DISK_FULL] = {"at 10s for 5s fill disk of mumbai\nat 20s for 5s fill disk of central\n",
                            FIGURE(kills)},
    [SCENARIO_SYNC_FAILS] = {"at 10s fail sync of mumbai\n", FIGURE(kills)},
    [SCENARIO_DISK_SLOW] = {"at 10s for 10s slow disk of mumbai 300ms\n", SIZE_MAX},
    [SCENARIO_READS_FAIL] = {"at 10s for 5s fail reads of mumbai\n", SIZE_MAX},
    [SCENARIO_CLOCK_STEP] = {"at 1s step clock of mumbai +900ms\n", FIGURE(refused)},
    [SCENARIO_CLOCK_DRIFT] = {"at 1s for 38s drift clock of mumbai 40000ppm\n", FIGURE(refused)},
    [SCENARIO_CLOCK_SWING] = {"at 1s for 38s swing clock of mumbai 700ms every 12s\n", FIGURE(refused)},
    [SCENARIO_LOG_DUPLICATES] = {"at 5s for 20s duplicate likes 60%\n", FIGURE(duplicates)},
    [SCENARIO_LOG_REDELIVERS] = {"at 25s redeliver likes 10\n", FIGURE(duplicates)},
    [SCENARIO_LOG_TRUNCATED] = {"at 25s truncate likes 6\nat 25s kill central\n", SIZE_MAX},
    [SCENARIO_LOG_EXPIRED] = {"at 25s expire likes 1\nat 25s kill central\n", SIZE_MAX},
    [SCENARIO_LOG_RECREATED] = {"at 25s recreate likes\nat 25s kill central\n", SIZE_MAX},
    [SCENARIO_LOG_FORGED] = {"at 10s forge epochs of mumbai\nat 20s wipe central\nat 20s recreate likes\n",
                             FIGURE(undone)},
    [SCENARIO_LOG_FORGED_AHEAD] = {"at 10s forge times of mumbai\n", SIZE_MAX},
    [SCENARIO_VOID] = {"at 20s void u1\n", SIZE_MAX},
    [SCENARIO_PUT_BACK] = {"at 15s void u1\nat 16s void u2\nat 30s put back u1\n", SIZE_MAX},
    [SCENARIO_ERASE] = {"at 20s erase u1\n", SIZE_MAX},
    [SCENARIO_IMPORT] =
        {"at 10s import 20 likes of posts/1\nat 20s void old-3\nat 21s import 5 views of posts/2\n",
         SIZE_MAX},
};

Test(sim_world, every_fault_is_felt_and_survived)
{
    sim_result quiet = play("", 11);
    for (uint32_t kind = 0; kind < SCENARIO_KINDS; kind++) {
        const fault *f = &faults[kind];
        if (!sim_scenario_simulated(kind)) continue;
        cr_assert(f->lines, "no test of %s", sim_scenario_kind_name(kind));
        sim_result r = play(f->lines, 11);
        cr_assert_eq(r.verdict, SIM_HELD, "%s: %s: %s", f->lines, r.checker, r.failure);
        cr_assert_not(same_trace(&quiet, &r), "%s changed nothing", f->lines);
        if (f->counts == SIZE_MAX) continue;
        uint64_t met, before;
        memcpy(&met, (const char *)&r + f->counts, sizeof(met));
        memcpy(&before, (const char *)&quiet + f->counts, sizeof(before));
        cr_assert_gt(met, before, "%s: not counted", f->lines);
    }
}

/* What befalls one of several centrals. "members" judges that no edge notices who leads. */
Test(sim_world, members_die_freeze_and_are_cut_off_and_the_others_go_on)
{
    static const char *const lines[] = {
        "at 8s for 10s kill a\n",
        "at 8s for 6s freeze b\nat 20s for 6s freeze a\n",
        "at 8s for 8s cut c from kafka\n",
        "at 8s for 8s cut b down from kafka\nat 20s for 5s kill c\n",
        "at 8s restart a\nat 20s restart b\nat 32s restart c\n",
        "at 8s for 3s wipe b\n",
        "at 8s for 4s kill a\nat 8s for 4s kill b\nat 8s for 4s kill c\n",
        "at 8s for 10s kill all of kafka\n",
        "at 8s for 8s fill disk of a\n",
    };
    for (size_t i = 0; i < KD_COUNT(lines); i++) {
        char text[200];
        snprintf(text, sizeof text, "central a b c\n%s", lines[i]);
        for (uint64_t seed = 1; seed <= 3; seed++) {
            sim_result r = play(text, seed);
            cr_assert_eq(r.verdict, SIM_HELD, "%s seed %d: %s: %s", lines[i], (int)seed, r.checker,
                         r.failure);
            cr_assert_eq(r.undone, 0u, "%s seed %d", lines[i], (int)seed);
        }
    }
}

/* Rows that are in memory are read all the same; how many are is drawn from the seed, so several seeds are played. */
Test(sim_world, what_cannot_be_read_is_an_error_and_nothing_else)
{
    uint64_t refused = 0;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        sim_result r = play("at 5s for 20s fail reads of mumbai\n", seed);
        cr_assert_eq(r.verdict, SIM_HELD, "seed %d: %s: %s", (int)seed, r.checker, r.failure);
        refused += r.refused;
    }
    cr_assert_gt(refused, 20);
}

Test(sim_world, the_log_position_is_checked)
{
    outcome o = play_traced("at 25s recreate likes\nat 25s kill central\n", 2);
    cr_assert(strstr(o.trace, "central/0 reads from -1, stored "), "a recreated log is read from its start");
    free(o.trace);
}

Test(sim_world, a_higher_claim_stops_central)
{
    outcome o = play_traced("at 10s for 10s second central\n", 2);
    const char *stop = strstr(o.trace, "central stops: fenced");
    cr_assert(stop);
    cr_assert(strstr(stop, " central starts"), "when the second one is gone it is started again");
    free(o.trace);
}

/* ---- verdicts ---- */

Test(sim_world, a_rule_that_is_broken_is_found)
{
    static const char *const names[] = {"DROP_CANCELLED", "MERGE_ANY_STAMP", "NO_SYNC", "PUBLISH_EARLY"};
    for (size_t i = 0; i < KD_COUNT(names); i++) {
        const sim_plant_name *p = sim_plant_find(names[i]);
        sim_scenario s;
        sim_result r;
        cr_assert(p);
        read_text(&s, "at 5s for 2s kill mumbai\nat 15s for 2s kill central\n");
        sim_run(&(sim_options){.scenario = &s,
                               .seed = 1,
                               .edge_plant = p->edge,
                               .central_plant = p->central,
                               .world_plant = p->world},
                &r);
        cr_assert_eq(r.verdict, SIM_VIOLATED, "%s", names[i]);
        cr_assert_gt(strlen(r.failure), 0);
        sim_scenario_finish(&s);
    }
}

Test(sim_world, a_need_that_is_not_met_is_unknown)
{
    sim_result r = play("need acks 1000000\n", 1);
    cr_assert_eq(r.verdict, SIM_UNKNOWN);
    cr_assert(strstr(r.failure, "1000000"), "%s", r.failure);
}

Test(sim_world, an_expectation_that_is_not_met_is_a_violation)
{
    sim_result r = play("lost 0%\nat 3s ana likes posts/new at mumbai\nexpect posts/new like 2\n", 1);
    cr_assert_eq(r.verdict, SIM_VIOLATED);
    cr_assert_str_eq(r.checker, "expected");
}
