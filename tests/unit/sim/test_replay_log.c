/*
 * The reader of logs and the oracle, against the figures that are published with the real log.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

#include "sim/replay/replay_oracle.h"

static sim_replay_log rlog;
static char error[KD_LINE_FILE_ERROR_MAX];

static void accepts(const char *line, const char *user, const char *item, bool liked)
{
    const char *why;
    cr_assert_eq(sim_replay_log_line(&rlog, kd_bytes_str(line), "posts", &why), KD_OK, "%s: %s", line, why);
    const sim_replay_event *e = &rlog.events[rlog.count - 1];
    cr_assert_str_eq(sim_names_at(&rlog.users, e->user), user);
    cr_assert_str_eq(sim_names_at(&rlog.items, e->item), item);
    cr_assert_eq(e->liked, liked);
}

static void refuses(const char *line, const char *reason)
{
    const char *why;
    uint32_t before = rlog.count;
    cr_assert_eq(sim_replay_log_line(&rlog, kd_bytes_str(line), "posts", &why), KD_EMALFORMED, "%s", line);
    cr_assert(strstr(why, reason) != NULL, "%s: %s", line, why);
    cr_assert_eq(rlog.count, before);
}

static const char *scratch(const char *content, size_t len, size_t keep_of_gzip)
{
    static char name[] = "/tmp/kudos-replay-XXXXXX";
    int fd = mkstemp(name);
    cr_assert(fd >= 0);
    if (keep_of_gzip == 0) {
        cr_assert_eq(write(fd, content, len), (ssize_t)len);
    } else {
        gzFile out = gzdopen(dup(fd), "wb");
        gzwrite(out, content, (unsigned)len);
        gzclose(out);
        cr_assert_eq(ftruncate(fd, (off_t)keep_of_gzip), 0);
    }
    close(fd);
    return name;
}

Test(replay_log, lines)
{
    accepts("1700000000000\tu1\tp1\t1", "u1", "posts/p1", true);
    accepts("0\tu1\treels/p1\t-1", "u1", "reels/p1", false);
    accepts("5\ta b\tx%2F\t1", "a=20b", "posts/x=252F", true);
    accepts("5\t\xc3\xa9\tr/a/b\t1", "=C3=A9", "r/a=2Fb", true);
    accepts("5\ta=20b\tp1\t1", "a=3D20b", "posts/p1", true);
    cr_assert_eq(rlog.users.count, 4);
    cr_assert_eq(rlog.items.count, 4);
}

Test(replay_log, wrong_lines_are_named)
{
    char line[1024];
    refuses("", "four fields");
    refuses("1\tu\tp", "four fields");
    refuses("1\tu\tp\t1\t", "four fields");
    refuses("1 u p 1", "four fields");
    refuses("\tu\tp\t1", "time");
    refuses("-1\tu\tp\t1", "time");
    refuses("1x\tu\tp\t1", "time");
    refuses("1234567890123456\tu\tp\t1", "time");
    refuses("1\t\tp\t1", "user");
    refuses("1\tu\t\t1", "item");
    refuses("1\tu\tposts/\t1", "item");
    refuses("1\tu\t/p\t1", "collection");
    refuses("1\tu\tPosts/p\t1", "collection");
    refuses("1\tu\tp\t0", "op");
    refuses("1\tu\tp\t+1", "op");
    refuses("1\tu\tp\t1\r", "op");
    snprintf(line, sizeof line, "1\t%0129d\tp\t1", 7);
    refuses(line, "user");
    snprintf(line, sizeof line, "1\tu\t%0129d\t1", 7);
    refuses(line, "item");
}

Test(replay_log, a_wrong_line_of_a_file_has_its_number)
{
    const char text[] = "1\tu\tp\t1\n2\tu\tp\t-1\n3\tu\tp\t2\n";
    const char *file = scratch(text, sizeof text - 1, 0);
    cr_assert_eq(sim_replay_log_load(&rlog, file, "posts", error), KD_EMALFORMED);
    cr_assert(strstr(error, ":3: the op") != NULL, "%s", error);
    unlink(file);
}

Test(replay_log, the_last_newline_may_be_missing_but_no_line_may_be_endless)
{
    static char text[3 * KD_LINE_FILE_LINE_MAX];
    const char *file = scratch("1\tu\tp\t1\n2\tu\tp\t-1", 16, 0);
    cr_assert_eq(sim_replay_log_load(&rlog, file, "posts", error), KD_OK, "%s", error);
    cr_assert_eq(rlog.count, 2);
    FILE *out = fopen(file, "wb");
    memset(text, 'x', sizeof text);
    cr_assert_eq(fwrite(text, sizeof text, 1, out), 1);
    fclose(out);
    cr_assert_eq(sim_replay_log_load(&rlog, file, "posts", error), KD_EMALFORMED);
    cr_assert(strstr(error, ":1: the line is too long") != NULL, "%s", error);
    unlink(file);
}

Test(replay_log, a_truncated_gzip_file_is_not_taken_for_a_whole_one)
{
    kd_buf text = {0};
    uint64_t random = 1;
    for (int i = 0; i < 20000; i++) {
        char line[64];
        int n =
            snprintf(line, sizeof line, "%d\tu%llu\tp\t1\n", i, (unsigned long long)kd_random_next(&random));
        kd_buf_put(&text, line, (size_t)n);
    }
    const char *file = scratch((const char *)text.data, text.len, 100000);
    cr_assert_neq(sim_replay_log_load(&rlog, file, "posts", error), KD_OK);
    cr_assert(strstr(error, file) != NULL, "%s", error);
    unlink(file);
    kd_buf_finish(&text);
}

Test(replay_log, missing_file)
{
    cr_assert_eq(sim_replay_log_load(&rlog, "/nonexistent/log", "posts", error), KD_EIO);
    cr_assert(strstr(error, "No such file") != NULL, "%s", error);
}

Test(replay_oracle, the_last_event_of_a_pair_wins)
{
    const char *why;
    const char *const lines[] = {"1\ta\tp\t1", "1\ta\tp\t1",  "2\tb\tp\t1", "3\ta\tp\t-1",
                                 "4\ta\tp\t1", "5\tb\tp\t-1", "6\tc\tq\t-1"};
    for (size_t i = 0; i < KD_COUNT(lines); i++) {
        cr_assert_eq(sim_replay_log_line(&rlog, kd_bytes_str(lines[i]), "posts", &why), KD_OK);
    }
    sim_replay_oracle o;
    sim_replay_oracle_init(&o, &rlog);
    cr_assert_eq(o.counts[0], 1);
    cr_assert_eq(o.counts[1], 0);
    cr_assert_eq(o.pairs, 1);
    cr_assert_eq(o.repeated_likes, 1);
    cr_assert_eq(o.likes_again, 1);
    cr_assert_eq(o.unlikes, 2);
    cr_assert_eq(o.idle_unlikes, 1);
    sim_replay_oracle_finish(&o);
}

Test(replay_oracle, the_top_is_by_count_and_then_by_name)
{
    const char *why;
    const char *const lines[] = {"1\ta\tm\t1", "1\ta\tz\t1", "1\ta\tb\t1",
                                 "1\ta\tx\t1", "2\tb\tx\t1", "3\ta\tn\t-1"};
    static const char *const wanted[] = {"posts/x", "posts/b", "posts/m", "posts/z", "posts/n"};
    for (size_t i = 0; i < KD_COUNT(lines); i++) {
        cr_assert_eq(sim_replay_log_line(&rlog, kd_bytes_str(lines[i]), "posts", &why), KD_OK);
    }
    sim_replay_oracle o;
    sim_replay_oracle_init(&o, &rlog);
    for (uint32_t n = 0; n <= 6; n++) {
        uint32_t top[6], count = sim_replay_oracle_top(&o, &rlog, top, n);
        cr_assert_eq(count, KD_MIN(n, 5u));
        for (uint32_t i = 0; i < count; i++) cr_expect_str_eq(sim_names_at(&rlog.items, top[i]), wanted[i]);
    }
    sim_replay_oracle_finish(&o);
}

Test(replay_oracle, the_real_log_gives_the_published_figures)
{
    cr_assert_eq(sim_replay_log_load(&rlog, "sim/data/polis.tsv.gz", "posts", error), KD_OK, "%s", error);
    sim_replay_oracle o;
    sim_replay_oracle_init(&o, &rlog);
    cr_expect_eq(rlog.count, 269103);
    cr_expect_eq(o.likes, 158874);
    cr_expect_eq(o.first_likes, 157681);
    cr_expect_eq(o.repeated_likes, 1185);
    cr_expect_eq(o.unlikes, 41);
    cr_expect_eq(o.likes_again, 8);
    cr_expect_eq(o.idle_unlikes, 110188);
    cr_expect_eq(o.pairs, 157648);
    cr_expect_eq(o.liked_items, 2752);
    cr_expect_eq(o.naive_wrong, 493);
    static const struct {
        const char *item;
        uint64_t count;
    } best[] = {{"posts/vtaiwan.uberx:16", 689},
                {"posts/vtaiwan.uberx:7", 683},
                {"posts/vtaiwan.uberx:40", 616},
                {"posts/vtaiwan.uberx:8", 582},
                {"posts/vtaiwan.uberx:3", 550}};
    uint32_t top[KD_COUNT(best)];
    cr_assert_eq(sim_replay_oracle_top(&o, &rlog, top, KD_COUNT(best)), KD_COUNT(best));
    for (size_t i = 0; i < KD_COUNT(best); i++) {
        cr_expect_str_eq(sim_names_at(&rlog.items, top[i]), best[i].item);
        cr_expect_eq(o.counts[top[i]], best[i].count);
    }
    sim_replay_oracle_finish(&o);
}
