/* test_ending.c - the watch over the end of a process: it ends the process, with the code, and names the part that hangs. */
#include "common/io/daemon/ending.h"

#include <criterion/criterion.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/io/loop/log.h"
#include "common/io/daemon/options_file.h"

/* A limit for the part that hangs, and none that is reached for those that come before. */
static const uint32_t *limits_of(kd_ending_part part)
{
    static uint32_t limits_ms[KD_ENDING_PARTS];
    for (int i = 0; i < KD_ENDING_PARTS; i++) limits_ms[i] = i == (int)part ? 50 : 60 * 1000;
    return limits_ms;
}

/* In a child that hangs for good in that part: what it wrote to its log, and its exit code. */
static int hang(kd_ending_part part, char *said, size_t size)
{
    int ends[2], status;
    cr_assert_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        kd_log_set_fd(ends[1]);
        kd_ending_begin(KD_EXIT_FAILED, limits_of(part));
        kd_ending_at(part);
        for (;;) pause();
    }
    close(ends[1]);
    ssize_t n = read(ends[0], said, size - 1);
    said[n > 0 ? n : 0] = '\0';
    close(ends[0]);
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(ending, the_log_names_what_hangs, .timeout = 30)
{
    static const struct {
        kd_ending_part part;
        const char *name;
    } parts[] = {{KD_ENDING_THREADS, "\"part\":\"threads\""},
                 {KD_ENDING_KAFKA, "\"part\":\"kafka\""},
                 {KD_ENDING_DISK, "\"part\":\"disk\""}};
    char said[KD_LOG_LINE_MAX];
    for (size_t i = 0; i < KD_COUNT(parts); i++) {
        cr_expect_eq(hang(parts[i].part, said, sizeof said), KD_EXIT_FAILED);
        cr_expect(strstr(said, "\"event\":\"stop-hangs\"") && strstr(said, parts[i].name), "%s", said);
    }
}

Test(ending, an_end_without_kafka_clients_keeps_its_code)
{
    cr_expect_eq(kd_ending_end(KD_EXIT_USAGE), KD_EXIT_USAGE);
}
