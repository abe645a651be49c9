/* The drill's smaller parts: metrics read, trees copied, power cut, programs run. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/drill/ask.h"
#include "sim/drill/files.h"
#include "sim/drill/power.h"
#include "sim/drill/program.h"

static char directory[64];

static void make_directory(void)
{
    snprintf(directory, sizeof directory, "/tmp/kudos-drill-test-XXXXXX");
    cr_assert_not_null(mkdtemp(directory));
}

static void remove_directory(void)
{
    sim_files_remove(directory);
}

static const char *at(const char *name)
{
    static char path[4][256];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", directory, name);
    return path[turn];
}

static void put(const char *name, const char *text)
{
    cr_assert_eq(sim_files_write(at(name), kd_bytes_str(text)), KD_OK);
}

static long size_of(const char *name)
{
    struct stat st;
    return stat(at(name), &st) == 0 ? (long)st.st_size : -1;
}

Test(drill_parts, a_series_is_summed_over_its_rows)
{
    static const char text[] =
        "# HELP a_total Words.\na_total{x=\"1\",s=\"0\"} 3\na_total{x=\"1\",s=\"1\"} 4\n"
        "a_total{x=\"12\"} 100\na_total_more 1000\nb 2.5\nb 7";
    kd_bytes all = kd_bytes_str(text);
    cr_assert_eq(sim_ask_metric(all, "a_total"), 107);
    cr_assert_eq(sim_ask_metric(all, "a_total{x=\"1\""), 7);
    cr_assert_eq(sim_ask_metric(all, "b"), 2.5); /* a line without its end may have lost digits */
    cr_assert_eq(sim_ask_metric(all, "none"), 0);
}

TestSuite(drill_files, .init = make_directory, .fini = remove_directory);

Test(drill_files, a_tree_is_copied_but_for_what_is_skipped)
{
    kd_buf text = {0};
    cr_assert_eq(sim_files_make(at("from/deep/er")), KD_OK);
    put("from/deep/er/file", "content");
    put("from/LOCK", "x");
    cr_assert_eq(sim_files_make(at("to/old")), KD_OK);
    cr_assert_eq(sim_files_copy(at("from"), at("to"), "LOCK"), KD_OK);
    cr_assert_eq(sim_files_read_end(at("to/deep/er/file"), 4, &text), KD_OK);
    cr_assert(kd_bytes_eq(kd_buf_view(&text), kd_bytes_str("tent")));
    cr_assert_eq(size_of("to/LOCK"), -1);
    cr_assert_eq(size_of("to/old"), -1);
    cr_assert_eq(sim_files_read_end(at("nothing"), 4, &text), KD_ENOTFOUND);
    cr_assert_eq(sim_files_copy(at("nothing"), at("to"), "LOCK"), KD_EIO);
    cr_assert_eq(sim_files_remove(at("nothing")), KD_OK);
    kd_buf_finish(&text);
}

static void append(const char *name, const char *text)
{
    FILE *f = fopen(at(name), "ae");
    cr_assert(f && fputs(text, f) >= 0);
    fclose(f);
}

Test(drill_files, a_power_cut_takes_what_was_not_synced)
{
    bool torn = false, clean = false;
    uint64_t random = 1;
    cr_assert_eq(sim_power_on(at("absent")), KD_OK);
    for (int i = 0; i < 20; i++) {
        cr_assert_eq(sim_files_remove(at("store")), KD_OK);
        cr_assert_eq(sim_files_make(at("store/shard-0")), KD_OK);
        put("store/shard-0/log", "durable");
        cr_assert_eq(sim_power_on(at("store")), KD_OK);
        append("store/shard-0/log", " and not yet");
        put("store/shard-0/new", "never synced");
        put("store/shard-0/named", "its directory was synced");
        put("store/shard-0/named.synced", "");
        cr_assert_eq(sim_power_cut(at("store"), &random), KD_OK);
        long left = size_of("store/shard-0/log");
        cr_assert(left >= 7 && left < 19);
        cr_assert_eq(size_of("store/shard-0/new"), -1);
        cr_assert(size_of("store/shard-0/named") >= 0);
        torn = torn || left > 7;
        clean = clean || left == 7;
    }
    cr_assert(torn && clean);
}

static void start(sim_program *p, struct event_base *base, const char *script)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    sim_program_init(p, base, "child", at("child.log"));
    cr_assert_eq(sim_program_start(p, &(sim_program_command){.argv = argv}), KD_OK);
}

/* Criterion's limit ends a test that would wait for ever. */
static void await(sim_program *p, struct event_base *base)
{
    for (int i = 0; i < 5000 && !sim_program_reap(p); i++) {
        event_base_loop(base, EVLOOP_NONBLOCK);
        usleep(1000); /* between two looks at a condition */
    }
    cr_assert_not(sim_program_running(p));
}

Test(drill_files, a_program_that_is_missing_is_told)
{
    struct event_base *base = event_base_new();
    const char *argv[] = {"/nowhere/at-all", NULL};
    sim_program p;
    sim_program_init(&p, base, "child", at("child.log"));
    cr_assert_eq(sim_program_start(&p, &(sim_program_command){.argv = argv}), KD_EIO);
    cr_assert_eq(errno, ENOENT);
    sim_program_finish(&p);
    event_base_free(base);
}

Test(drill_files, output_goes_to_the_log_and_the_end_is_told)
{
    struct event_base *base = event_base_new();
    kd_buf text = {0};
    char how[64];
    sim_program p;
    start(&p, base, "echo words; exit 3");
    await(&p, base);
    sim_program_describe(p.status, how, sizeof how);
    cr_assert_str_eq(how, "exit code 3");
    cr_assert_eq(sim_files_read_end(at("child.log"), 100, &text), KD_OK);
    cr_assert(kd_bytes_eq(kd_buf_view(&text), kd_bytes_str("words\n")));
    sim_program_finish(&p);
    kd_buf_finish(&text);
    event_base_free(base);
}

/* Its output goes through a pipe, so the limit on its files does not silence it. */
Test(drill_files, a_full_disk_befalls_files_and_not_the_log)
{
    struct event_base *base = event_base_new();
    kd_buf text = {0};
    char script[300];
    sim_program p;
    snprintf(script, sizeof script,
             "trap '' XFSZ; while ! [ -e %s ]; do :; done; echo 0123456789 >%s || echo full", at("go"),
             at("file"));
    start(&p, base, script);
    cr_assert_eq(sim_program_limit_files(&p, 8), KD_OK);
    put("go", "");
    await(&p, base);
    cr_assert_eq(sim_files_read_end(at("child.log"), 100, &text), KD_OK);
    kd_buf_put_u8(&text, 0);
    cr_assert(strstr((const char *)text.data, "full\n"), "%s", (const char *)text.data);
    sim_program_finish(&p);
    kd_buf_finish(&text);
    event_base_free(base);
}

Test(drill_files, a_stopped_program_is_ended_with_the_rest)
{
    struct event_base *base = event_base_new();
    sim_program p;
    start(&p, base, "exec sleep 1000");
    pid_t pid = p.pid;
    sim_program_stop(&p);
    cr_assert(p.stopped);
    sim_program_finish(&p);
    cr_assert_eq(kill(pid, 0), -1);
    event_base_free(base);
}
