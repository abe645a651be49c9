/* test_log.c - lines are JSON, whole, bounded in length and number, and never hold their caller up. */
#include "common/io/loop/log.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

static int ends[2];

static void open_pipe(void)
{
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    cr_assert_eq(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    kd_log_set_fd(ends[1]);
}

TestSuite(log, .init = open_pipe);

static char text[1 << 17];

/* All that is in the pipe; returns the number of lines, each checked to be JSON. */
static size_t read_lines(void)
{
    size_t len = 0, lines = 0;
    ssize_t got;
    while ((got = read(ends[0], text + len, sizeof text - 1 - len)) > 0) len += (size_t)got;
    text[len] = 0;
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1, lines++) {
        json_t *read = json_loadb(line, (size_t)(end - line), 0, NULL);
        cr_assert_not_null(read, "%.200s", line);
        cr_assert(end + 1 - line <= KD_LOG_LINE_MAX);
        json_decref(read);
    }
    return lines;
}

Test(log, a_line_has_time_level_event_and_fields)
{
    KD_LOG(KD_INFO, "edge-started", KD_STR("edge", "m\"1\n"), KD_U64("incarnation", INT64_MAX),
           KD_I64("left", -3), KD_BOOL("ok", true), KD_BYTES("raw", kd_bytes_of("ab", 1)), KD_ERR(KD_EIO),
           KD_STR("none", NULL));
    KD_LOG(KD_WARN, "nothing-more");
    KD_LOG(KD_DEBUG, "not-shown");
    cr_expect_eq(read_lines(), 2);
    cr_expect_eq(strncmp(text, "{\"time\":\"20", 11), 0);
    cr_expect_eq(strncmp(text + 35, "Z\",\"level\":\"info\",\"event\":\"edge-started\",", 41), 0, "%s", text);
    cr_expect_not_null(
        strstr(text, "\"edge\":\"m\\\"1\\n\",\"incarnation\":9223372036854775807,\"left\":-3,\"ok\":true,"
                     "\"raw\":\"a\",\"error\":\"storage error\",\"none\":\"\"}\n"));
    kd_log_set_level(KD_ERROR);
    KD_LOG(KD_WARN, "not-shown");
    cr_expect_eq(read_lines(), 0);
}

static void one_site(void)
{
    KD_LOG(KD_ERROR, "flood");
}

Test(log, a_flood_is_bounded_and_counted)
{
    for (int i = 0; i < 10000; i++) one_site();
    size_t lines = read_lines();
    cr_expect(lines >= KD_LOG_BURST && lines <= 3 * KD_LOG_BURST, "%zu",
              lines); /* a second may have passed or two */
    cr_expect_eq(kd_log_dropped() + lines, 10000);
    KD_LOG(KD_ERROR, "another-site");
    cr_expect_eq(read_lines(), 1);
}

Test(log, what_does_not_fit_is_left_out)
{
    static char long_text[5000];
    memset(long_text, 1, 700); /* six bytes each when escaped */
    KD_LOG(KD_INFO, "long", KD_STR("a", "1"), KD_STR("b", long_text), KD_STR("c", "2"));
    memset(long_text, 'x', sizeof long_text - 1);
    KD_LOG(KD_INFO, "longer", KD_STR("a", "1"), KD_STR("b", long_text));
    cr_expect_eq(read_lines(), 2);
    cr_expect_not_null(strstr(text, "\"event\":\"long\",\"a\":\"1\",\"truncated\":true}"));
    cr_expect_not_null(strstr(text, "\"event\":\"longer\",\"a\":\"1\",\"truncated\":true}"));
}

static void many_sites(int i)
{
    kd_log_site site = {0};
    const kd_log_field fields[] = {KD_I64("i", i)};
    kd_log_write(&site, KD_INFO, "filler", fields, 1);
}

Test(log, a_line_that_does_not_wait_is_written_or_refused, .timeout = 20)
{
    const kd_log_field fields[] = {KD_I64("i", 1)};
    size_t taken = 0;
    while (kd_log_try(KD_INFO, "try", fields, 1)) taken++;
    cr_expect(taken > KD_LOG_BURST, "%zu: it has no bound of its own", taken);
    cr_expect_eq(kd_log_dropped(), 0);
    cr_expect_eq(read_lines(), taken);
    cr_expect(kd_log_try(KD_INFO, "try", fields, 1));
    cr_expect_eq(read_lines(), 1);
}

Test(log, a_reader_that_hangs_costs_lines_not_time, .timeout = 20)
{
    for (int i = 0; i < 20000; i++) many_sites(i);
    cr_expect(kd_log_dropped() > 10000);
    read_lines();
    KD_LOG(KD_INFO, "again");
    cr_expect_eq(read_lines(), 1);
}
