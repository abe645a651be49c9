/*
 * The live line: what it says, what it leaves out where there is no room, and what it takes from metrics.
 */
#include <criterion/criterion.h>

#include "sim/replay/replay_line.h"

static char out[KD_REPLAY_LINE_SIZE];
static const sim_replay_now under_way = {
    .phase = KD_REPLAY_SENDING,
    .events = 500000,
    .acked = 210544,
    .likes_per_s = 31204,
    .retries = 12,
    .backlog = {.sealed = 1512,
                .merged = 1498,
                .waiting = 14,
                .waiting_bytes = 96211,
                .edge = true,
                .central = true},
};

static const char *line(const sim_replay_now *now, uint32_t columns)
{
    memset(out, '#', sizeof out);
    sim_replay_line(now, columns, out);
    return out;
}

Test(replay_line, sending)
{
    cr_assert_str_eq(line(&under_way, UINT32_MAX),
                     "sending 42.1 %  31204 likes/s  batches 1512 sealed 1498 merged  lag 14  96 KB  "
                     "210544 of 500000  12 retries");
}

Test(replay_line, a_common_terminal_has_room_for_what_matters)
{
    cr_assert_str_eq(line(&under_way, 79),
                     "sending 42.1 %  31204 likes/s  batches 1512 sealed 1498 merged  lag 14  96 KB");
}

Test(replay_line, never_wider_than_asked_and_never_half_a_part)
{
    char whole[KD_REPLAY_LINE_SIZE];
    sim_replay_line(&under_way, UINT32_MAX, whole);
    for (uint32_t columns = 0; columns < 200; columns++) {
        const char *text = line(&under_way, columns);
        size_t len = strlen(text);
        cr_assert_leq(len, columns);
        cr_assert_eq(strncmp(whole, text, len), 0);
        if (len >= 14) cr_assert(whole[len] == '\0' || strncmp(whole + len, "  ", 2) == 0, "%s", text);
    }
    cr_assert_str_eq(line(&under_way, 7), "sending");
}

Test(replay_line, the_highest_numbers_fit_the_buffer)
{
    sim_replay_now n = under_way;
    n.events = n.acked = n.likes_per_s = n.retries = UINT64_MAX / 1000;
    n.backlog.sealed = n.backlog.merged = n.backlog.waiting = n.backlog.waiting_bytes = UINT64_MAX;
    cr_assert_lt(strlen(line(&n, UINT32_MAX)), KD_REPLAY_LINE_SIZE);
    cr_assert(strncmp(out, "sending 100.0 %", 15) == 0);
}

Test(replay_line, nobody_asked_nothing_said)
{
    sim_replay_now n = under_way;
    n.backlog = (sim_replay_backlog){.partial = true};
    cr_assert_str_eq(line(&n, UINT32_MAX), "sending 42.1 %  31204 likes/s  210544 of 500000  12 retries");
    n.backlog = (sim_replay_backlog){.central = true, .merged = 3};
    cr_assert_str_eq(line(&n, 50), "sending 42.1 %  31204 likes/s  batches 3 merged");
    n.backlog = (sim_replay_backlog){.edge = true, .sealed = 3, .partial = true};
    cr_assert_str_eq(line(&n, 60), "sending 42.1 %  31204 likes/s  batches 3 sealed  lag 0+?");
}

Test(replay_line, convergence)
{
    sim_replay_now n = {.phase = KD_REPLAY_CONVERGING, .items = 4001, .exact = 4000, .waited_us = 1299999};
    cr_assert_str_eq(line(&n, 79), "converging  1.2 s");
    n.judged = true;
    n.pending = 9;
    cr_assert_str_eq(line(&n, 79), "converging 99.9 %  1.2 s  9 pending");
    n.trouble = "edge 2: unavailable";
    cr_assert_str_eq(line(&n, 79), "converging 99.9 %  1.2 s  edge 2: unavailable  9 pending");
    n = (sim_replay_now){.phase = KD_REPLAY_CONVERGED, .items = 1, .exact = 1, .judged = true};
    cr_assert_str_eq(line(&n, 79), "converged 100.0 %  0.0 s");
    n.phase = KD_REPLAY_APART;
    n.exact = 0;
    cr_assert_str_eq(line(&n, 79), "not converged 0.0 %  0.0 s");
}

/* ---- metrics
 * --------------------------------------------------------------------------------------------------
 */

static const char edge_text[] = "# HELP kudos_edge_batches_sealed_total Batches sealed.\n"
                                "# TYPE kudos_edge_batches_sealed_total counter\n"
                                "kudos_edge_batches_sealed_total{empty=\"false\"} 120\n"
                                "kudos_edge_batches_sealed_total{empty=\"true\"} 7\n"
                                "kudos_edge_outbox_batches 4\n"
                                "kudos_edge_outbox_bytes 5120\n";
static const char central_text[] = "kudos_central_batches_total{result=\"duplicate\"} 9\n"
                                   "kudos_central_batches_total{result=\"merged\"} 99\n";

Test(replay_backlog, series)
{
    static const struct {
        const char *text, *series;
        bool found;
        uint64_t value;
    } cases[] = {
        {"a 1\nab 2\n", "ab", true, 2},
        {"ab 2\na 1\n", "a", true, 1},
        {"a{x=\"1\"} 3\n", "a", false, 0},
        {"xa 1\n", "a", false, 0},
        {"a 1", "a", false, 0},
        {"a 1.5\n", "a", false, 0},
        {"a -1\n", "a", false, 0},
        {"a \n", "a", false, 0},
        {"a\n", "a", false, 0},
        {"", "a", false, 0},
        {"a 0\n", "a", true, 0},
        {"a 99999999999999999999\n", "a", false, 0},
        {"a{x=\"1\"} 3\n", "a{x=\"1\"}", true, 3},
    };
    for (size_t i = 0; i < KD_COUNT(cases); i++) {
        uint64_t value = 0;
        bool found = sim_replay_series(kd_bytes_str(cases[i].text), cases[i].series, &value);
        cr_expect_eq(found, cases[i].found, "%s", cases[i].text);
        if (found) cr_expect_eq(value, cases[i].value, "%s", cases[i].text);
    }
}

Test(replay_backlog, edges_and_central_are_summed)
{
    sim_replay_backlog sum = {0};
    sim_replay_backlog edge = sim_replay_backlog_of(kd_bytes_str(edge_text));
    sim_replay_backlog central = sim_replay_backlog_of(kd_bytes_str(central_text));
    sim_replay_backlog other = sim_replay_backlog_of(kd_bytes_str("up 1\n"));
    cr_assert(edge.edge && !edge.central && central.central && !central.edge && !other.edge &&
              !other.central);
    sim_replay_backlog_add(&sum, &edge);
    sim_replay_backlog_add(&sum, &edge);
    sim_replay_backlog_add(&sum, &central);
    sim_replay_backlog_add(&sum, &other);
    cr_assert(sum.edge && sum.central && !sum.partial);
    cr_assert_eq(sum.sealed, 240);
    cr_assert_eq(sum.waiting, 8);
    cr_assert_eq(sum.waiting_bytes, 10240);
    cr_assert_eq(sum.merged, 99);
}
