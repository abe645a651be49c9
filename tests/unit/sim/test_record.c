/*
 * test_record.c - the record's bounds and the page made of it.
 */
#include <criterion/criterion.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/report/html.h"
#include "sim/report/picture.h"
#include "sim/report/recovery.h"
#include "sim/report/report.h"
#include "sim/report/series.h"
#include "sim/report/terminal.h"
#include "sim/report/units.h"
#include "sim/scenario/scenario.h"

static const char *const names[] = {"mumbai", "virginia"};

/* What the world does: a sample whenever one is wanted. acked counts one each 100 ms. */
static sim_drill_record *recorded(uint64_t length_us)
{
    sim_drill_record *r = sim_record_create(names, 2);
    sim_record_follow(r, "posts/1", "like");
    for (uint64_t t = 0; t <= length_us; t += 100000) {
        if (t < sim_record_next_us(r)) continue;
        sim_record_sample s[2] = {{.up = true, .acked = t / 100000, .as_of_lag_us = UINT64_MAX},
                                  {.up = t < length_us / 2, .staleness_us = t}};
        sim_record_moment(r, t, t, t + 1, t, s);
    }
    return r;
}

Test(record, keeps_every_sample_of_a_short_run)
{
    sim_drill_record *r = recorded(10000000);
    sim_record_view v = sim_record_look(r);
    cr_assert_eq(v.moments, 101);
    cr_assert_eq(v.instants[100].at_us, 10000000);
    cr_assert_eq(v.samples[100 * 2].acked, 100);
    sim_record_destroy(r);
}

Test(record, a_long_run_fits_by_thinning_evenly)
{
    sim_drill_record *r = recorded(86400000000u);
    sim_record_view v = sim_record_look(r);
    cr_assert_leq(v.moments, RECORD_MOMENTS_MAX);
    cr_assert_geq(v.moments, RECORD_MOMENTS_MAX / 2);
    cr_assert_eq(v.instants[0].at_us, 0);
    uint64_t gap = v.instants[1].at_us;
    for (uint32_t m = 1; m < v.moments; m++) {
        cr_assert_eq(v.instants[m].at_us - v.instants[m - 1].at_us, gap, "at %u", m);
        cr_assert_eq(v.samples[2 * m].acked, v.instants[m].at_us / 100000, "both regions move along");
        cr_assert_eq(v.samples[2 * m + 1].staleness_us, v.instants[m].at_us);
    }
    sim_record_destroy(r);
}

Test(record, faults_are_ordered_and_bounded_and_lose_their_timing)
{
    sim_drill_record *r = sim_record_create(names, 2);
    sim_record_fault(r, 500, 400, "mumbai", "at 2m for 10m cut mumbai up");
    sim_record_fault(r, 100, 200, "kafka", "at 1m truncate likes 10");
    sim_record_view v = sim_record_look(r);
    cr_assert_str_eq(v.bands[0].what, "truncate likes 10");
    cr_assert_str_eq(v.bands[1].what, "cut mumbai up");
    cr_assert_eq(v.bands[1].to_us, 500, "a band does not end before it begins");
    for (uint32_t i = 0; i < RECORD_FAULTS_MAX; i++)
        sim_record_fault(r, 1000, 1000, "central", "kill central");
    v = sim_record_look(r);
    cr_assert_eq(v.faults, RECORD_FAULTS_MAX);
    cr_assert_eq(v.faults_dropped, 2);
    sim_record_destroy(r);
}

Test(record, notes_are_bounded_and_cut)
{
    sim_drill_record *r = sim_record_create(names, 2);
    char text[2 * RECORD_TEXT_MAX];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    for (uint32_t i = 0; i < RECORD_NOTES_MAX + 3; i++) sim_record_note(r, i, "central", text);
    sim_record_view v = sim_record_look(r);
    cr_assert_eq(v.notes, RECORD_NOTES_MAX);
    cr_assert_eq(v.notes_dropped, 3);
    cr_assert_eq(strlen(v.marks[0].text), RECORD_TEXT_MAX - 1);
    sim_record_destroy(r);
}

Test(record, who_leads_is_kept_where_it_is_news_and_bounded)
{
    sim_drill_record *r = recorded(1000000);
    sim_record_leader(r, 100, 0, "a");
    sim_record_leader(r, 200, 1, "b");
    sim_record_leader(r, 300, 0, "a");
    sim_record_leader(r, 400, 0, NULL);
    sim_record_leader(r, 500, 0, NULL);
    sim_record_view v = sim_record_look(r);
    cr_assert_eq(v.reigns, 3);
    cr_expect_str_eq(v.leaders[0].who, "a");
    cr_expect_str_eq(v.leaders[1].who, "b");
    cr_expect(v.leaders[2].from_us == 400 && v.leaders[2].who[0] == '\0');
    for (uint64_t t = 0; t < RECORD_REIGNS_MAX; t++) sim_record_leader(r, 1000 + t, 0, t % 2 ? "a" : "b");
    cr_expect_eq(sim_record_look(r).reigns, (uint32_t)RECORD_REIGNS_MAX);
    sim_record_destroy(r);
}

Test(series, gathers_rates_and_keeps_the_worst)
{
    sim_drill_record *r = recorded(100000000);
    sim_record_view v = sim_record_look(r);
    uint32_t count;
    sim_series_point *p = sim_series_make(&v, 0, 10, &count);
    cr_assert_eq(count, 10);
    cr_assert_float_eq(p[5].acked_per_s, 10, 1e-9);
    cr_assert_eq(p[9].to_us, 100000000);
    cr_assert_eq(p[3].as_of_lag_us, UINT64_MAX);
    free(p);
    p = sim_series_make(&v, 1, 10, &count);
    cr_assert(!p[0].down && !p[0].gone);
    cr_assert_eq(p[3].staleness_us, p[3].to_us, "the worst of a growing age is the last");
    cr_assert(p[9].down && p[9].gone);
    cr_assert_eq(p[9].staleness_us, 0, "what is down shows nothing");
    free(p);
    sim_record_destroy(r);
}

Test(units, say_times_and_counts)
{
    char text[UNITS_TEXT_MAX];
    static const struct {
        uint64_t us;
        const char *text;
    } spans[] = {{0, "0"},           {500, "0.5 ms"},       {840000, "840 ms"},      {1550000, "1.5 s"},
                 {59999999, "59 s"}, {125000000, "2m 05s"}, {12000000000, "3h 20m"}, {90000000000, "1d 1h"}};
    for (size_t i = 0; i < KD_COUNT(spans); i++) {
        sim_units_span(spans[i].us, text);
        cr_assert_str_eq(text, spans[i].text);
    }
    sim_units_count(1234567, text);
    cr_assert_str_eq(text, "1,234,567");
    sim_units_count(UINT64_MAX, text);
    cr_assert_str_eq(text, "18,446,744,073,709,551,615");
    sim_units_moment(5400000000, 7200000000, text);
    cr_assert_str_eq(text, "1:30:00");
}

Test(units, an_axis_has_few_round_steps)
{
    static const uint64_t ends[] = {1, 700000, 9000000, 60000000, 960000000, 86400000000, 2592000000000};
    for (size_t i = 0; i < KD_COUNT(ends); i++) {
        uint64_t step = sim_units_time_step(ends[i], 8);
        cr_assert_gt(step, 0);
        cr_assert_leq(ends[i] / step, 8, "%" PRIu64, ends[i]);
    }
    cr_assert_eq(sim_units_time_step(960000000, 8), 120000000);
    cr_assert_eq(sim_units_round_up(0), 1);
    cr_assert_eq(sim_units_round_up(21), 30);
    cr_assert_eq(sim_units_round_up(801), 1000);
    cr_assert_eq(sim_units_round_up(200), 200);
}

static void cr_assert_escaped(const char *text, const char *expected)
{
    kd_buf out = {0};
    sim_html_text(&out, text);
    kd_buf_put_u8(&out, 0);
    cr_assert_str_eq((char *)out.data, expected);
    kd_buf_finish(&out);
}

Test(html, escapes_foreign_text)
{
    cr_assert_escaped("<b a=\"1\" c='2'>&amp;</b>",
                      "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;&lt;/b&gt;");
    cr_assert_escaped("\x01 \x7f \xc3\xa4 \xe2\x9c\x93 \xf0\x9f\x91\x8d",
                      "\xef\xbf\xbd \x7f \xc3\xa4 \xe2\x9c\x93 "
                      "\xf0\x9f\x91\x8d");
    cr_assert_escaped("\xff\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    cr_assert_escaped("cut \xe2\x9c", "cut \xef\xbf\xbd\xef\xbf\xbd");
    cr_assert_escaped("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    cr_assert_escaped("\xef\xbf\xbe", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

/* Every element that is opened is closed, in order; attributes are quoted. Enough of XML for a page of our own. */
static void cr_assert_balanced(const char *page)
{
    const char *open[64];
    size_t len[64], depth = 0;
    for (const char *p = strchr(page, '<'); p; p = strchr(p + 1, '<')) {
        if (p[1] == '!') continue;
        const char *end = strchr(p, '>');
        cr_assert(end);
        size_t name = strcspn(p + 1, " />");
        if (p[1] == '/') {
            size_t closes = (size_t)(end - p) - 2;
            cr_assert(depth > 0 && len[depth - 1] == closes && memcmp(open[depth - 1], p + 2, closes) == 0,
                      "%.60s", p);
            depth--;
        } else if (end[-1] != '/') {
            cr_assert(depth < 64);
            open[depth] = p + 1;
            len[depth++] = name;
        }
        p = end - 1;
    }
    cr_assert_eq(depth, 0);
}

static char *page_of(const sim_drill_record *r, const sim_report_facts *f)
{
    kd_buf out = {0};
    sim_report_print(r, f, &out);
    kd_buf_put_u8(&out, 0);
    return (char *)out.data;
}

static const char *const evil = "</style><script>alert('x')</script>";

Test(report, every_fault_of_the_language_has_a_colour)
{
    for (sim_scenario_kind kind = SCENARIO_CUT; kind < SCENARIO_KINDS; kind++)
        cr_assert_str_neq(sim_picture_family(sim_scenario_kind_name(kind)), "other", "%s",
                          sim_scenario_kind_name(kind));
}

Test(report, is_well_formed_with_foreign_text_everywhere)
{
    const char *regions[] = {evil, "virginia"};
    sim_drill_record *r = sim_record_create(regions, 2);
    sim_record_follow(r, evil, evil);
    sim_record_sample s[2] = {{.up = true}, {.refusing = true}};
    sim_record_moment(r, 0, 0, 0, 0, s);
    sim_record_moment(r, 1000000, 0, 0, 0, s);
    sim_record_fault(r, 0, 500000, evil, evil);
    sim_record_note(r, 700000, evil, evil);
    sim_report_figure figure = {evil, evil};
    for (int verdict = SIM_HELD; verdict <= SIM_UNKNOWN; verdict++) {
        sim_report_facts f = {.title = evil,
                              .teaches = evil,
                              .world = evil,
                              .command = evil,
                              .version = evil,
                              .scenario = evil,
                              .verdict = (sim_verdict)verdict,
                              .checker = evil,
                              .failure = evil,
                              .failed_us = 600000,
                              .length_us = 900000,
                              .converged_us = 1,
                              .figures = &figure,
                              .figure_count = 1,
                              .held = &evil,
                              .held_count = 1};
        char *page = page_of(r, &f);
        cr_assert_null(strstr(page, "<script"));
        cr_assert_null(strstr(page, "http"), "nothing from elsewhere");
        cr_assert_balanced(page);
        free(page);
    }
    sim_record_destroy(r);
}

Test(report, says_the_verdict_and_why)
{
    sim_drill_record *r = recorded(2000000);
    sim_report_facts f = {.title = "t",
                          .verdict = SIM_VIOLATED,
                          .checker = "as-of",
                          .failure = "u7 is missing",
                          .failed_us = 1000000};
    char *page = page_of(r, &f);
    cr_assert(strstr(page, "Violated") && strstr(page, "as-of") && strstr(page, "u7 is missing"));
    cr_assert(strstr(page, "violated here"));
    free(page);
    f.verdict = SIM_HELD;
    page = page_of(r, &f);
    cr_assert(strstr(page, "Held") && !strstr(page, "u7 is missing") && !strstr(page, "violated here"));
    free(page);
    sim_record_destroy(r);
}

/* Both regions stand still at `until`; from then on their counts are complete up to half a second ago. */
static sim_drill_record *recovering(uint64_t until_us, uint64_t end_us)
{
    sim_drill_record *r = sim_record_create(names, 2);
    sim_record_follow(r, "posts/1", "like");
    for (uint64_t t = 0; t <= end_us; t += 100000) {
        sim_record_sample s = {.up = true, .as_of_lag_us = t < until_us ? t : 500000};
        sim_record_moment(r, t, t, t, t, (sim_record_sample[]){s, s});
    }
    return r;
}

Test(recovery, is_measured_from_the_end_of_the_last_fault)
{
    sim_drill_record *r = recovering(4000000, 9000000);
    sim_report_facts f = {.length_us = 8000000, .converged_us = 1000000};
    sim_record_view v = sim_record_look(r);
    cr_assert_not(sim_recovery_find(&v, &f).faulty);
    sim_record_fault(r, 1000000, 2000000, "mumbai", "cut mumbai");
    sim_record_fault(r, 1000000, 3000000, "mumbai", "slow disk of mumbai 100ms");
    v = sim_record_look(r);
    sim_recovery found = sim_recovery_find(&v, &f);
    cr_assert(found.faulty && found.known);
    cr_assert_eq(found.fault_end_us, 3000000);
    cr_assert_eq(found.within_us, 1000000, "as_of passes 3 s when the regions go on, at 4 s");
    char *page = page_of(r, &f);
    cr_assert(strstr(page, "Within 1.0 s of the end of the last fault"));
    cr_assert(strstr(page, "last fault ends") && strstr(page, "users stop"));
    cr_assert_balanced(page);
    free(page);
    sim_record_destroy(r);
}

Test(recovery, is_bounded_by_the_agreement_at_the_end)
{
    sim_drill_record *r = recovering(UINT64_MAX, 9000000);
    sim_record_fault(r, 1000000, 90000000, "mumbai", "cut mumbai");
    sim_report_facts f = {.length_us = 8000000, .converged_us = 1000000};
    sim_record_view v = sim_record_look(r);
    sim_recovery found = sim_recovery_find(&v, &f);
    cr_assert_eq(found.fault_end_us, 8000000, "faults end with the drill");
    cr_assert(found.known && found.within_us == 1000000);
    f.converged_us = 0;
    cr_assert_not(sim_recovery_find(&v, &f).known);
    sim_record_destroy(r);
}

Test(report, a_violation_is_a_sentence_with_its_position_in_small_print)
{
    sim_drill_record *r = recorded(2000000);
    const char *held[] = {"identity", "no such checker"};
    sim_report_facts f = {.verdict = SIM_VIOLATED, .checker = "freed", .held = held, .held_count = 2};
    f.failure = "mumbai deletes a batch [of two], it may be lost [batch 1/2, partition 3]";
    char *page = page_of(r, &f);
    cr_assert(strstr(page, "<p>mumbai deletes a batch [of two], it may be lost</p>"));
    cr_assert(strstr(page, "<p class=\"detail\">batch 1/2, partition 3</p>"));
    cr_assert(strstr(page, "an edge deletes a batch only when"), "what the checker watches");
    cr_assert(strstr(page, "<li title=\"the alarm &quot;two processes"), "escaped");
    cr_assert(strstr(page, "<li>no such checker</li>"));
    cr_assert_balanced(page);
    free(page);
    sim_record_destroy(r);
}

Test(report, tells_figures_and_a_central_that_is_down)
{
    sim_drill_record *r = sim_record_create(names, 2);
    sim_record_sample s[2] = {{.up = true, .shown = 4321}, {.up = false}};
    sim_report_figure figures[] = {{"events", "1234567"}, {"trace", "12ab"}};
    sim_report_facts f = {.figures = figures, .figure_count = 2};
    sim_record_follow(r, "posts/1", "like");
    sim_record_moment(r, 0, 9, 9, 5, s);
    sim_record_moment(r, 1000000, 9, 10, UINT64_MAX, s);
    char *page = page_of(r, &f);
    cr_assert(strstr(page, "1,234,567") && strstr(page, ">12ab<") && strstr(page, "4,321 at the end"));
    cr_assert(strstr(page, "Central is down; the clients&#39; journal says 9 to 10"));
    cr_assert_null(strstr(page, "18,446"), "that is no count");
    cr_assert_null(strstr(page, "nan"));
    free(page);
    sim_record_destroy(r);
}

Test(report, shows_who_led_each_partition_as_bands)
{
    sim_drill_record *r = recorded(10000000);
    sim_report_facts f = {.verdict = SIM_HELD};
    sim_record_leader(r, 1000000, 0, "a");
    sim_record_leader(r, 4000000, 0, NULL);
    sim_record_leader(r, 6000000, 0, "b");
    sim_record_leader(r, 1000000, 1, "b");
    char *page = page_of(r, &f);
    cr_expect(strstr(page, "leader of partition 0") && strstr(page, "leader of partition 1"));
    cr_expect(strstr(page, "title=\"a led from") && strstr(page, "title=\"b led from"));
    const char *a = strstr(page, "reign m0"), *b = strstr(page, "reign m1");
    cr_expect(a && b, "each has a colour");
    cr_assert_balanced(page);
    free(page);
    sim_record_destroy(r);
}

Test(report, a_run_without_samples_has_a_page)
{
    sim_drill_record *r = sim_record_create(NULL, 0);
    sim_report_facts f = {.verdict = SIM_UNKNOWN};
    char *page = page_of(r, &f);
    cr_assert(strstr(page, "Nothing was recorded"));
    cr_assert_balanced(page);
    free(page);
    sim_record_destroy(r);
}

Test(report, is_written_whole_or_not_at_all)
{
    sim_drill_record *r = recorded(1000000);
    sim_report_facts f = {.title = "t"};
    cr_assert_eq(sim_report_write(r, &f, "/nowhere/at/all.html"), KD_EIO);
    char path[] = "/tmp/kudos-report-XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
    cr_assert_eq(sim_report_write(r, &f, path), KD_OK);
    cr_assert_eq(unlink(path), 0);
    sim_record_destroy(r);
}

Test(report, what_is_no_file_is_written_to_and_stays)
{
    sim_drill_record *r = recorded(1000000);
    sim_report_facts f = {.title = "t"};
    char dir[] = "/tmp/kudos-report-XXXXXX", to[64], link[64];
    struct stat st;
    cr_assert(mkdtemp(dir));
    snprintf(to, sizeof(to), "%s/page.html", dir);
    snprintf(link, sizeof(link), "%s/link.html", dir);
    cr_assert_eq(symlink("page.html", link), 0);
    cr_assert_eq(sim_report_write(r, &f, link), KD_OK);
    cr_assert(lstat(link, &st) == 0 && S_ISLNK(st.st_mode));
    cr_assert(stat(to, &st) == 0 && st.st_size > 0);
    unlink(link);
    unlink(to);
    cr_assert_eq(rmdir(dir), 0);
    sim_record_destroy(r);
}

Test(report, whether_it_can_be_written_is_told_before)
{
    char dir[] = "/tmp/kudos-report-XXXXXX", path[64];
    cr_assert(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/page.html", dir);
    cr_assert_eq(sim_report_check("/nowhere/at/all.html"), KD_EIO);
    cr_assert_eq(sim_report_check(path), KD_OK);
    cr_assert_eq(rmdir(dir), 0, "asking leaves nothing behind");
}

Test(terminal, tells_regions_faults_and_verdict)
{
    sim_drill_record *r = recorded(2000000);
    sim_record_fault(r, 0, 1000000, "mumbai", "cut mumbai");
    sim_record_fault(r, 1000000, 1500000, "mumbai", "cut mumbai");
    sim_report_facts f = {.title = "t",
                          .verdict = SIM_UNKNOWN,
                          .checker = "acks",
                          .failure = "20 of 500",
                          .figures = (sim_report_figure[]){{"gaps", "17"}},
                          .figure_count = 1};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    sim_terminal_summary(out, r, &f);
    fclose(out);
    cr_assert(strstr(text, "cut mumbai  (2 times)"));
    cr_assert(strstr(text, "virginia") && strstr(text, "down") && strstr(text, "null"));
    cr_assert(strstr(text, "unknown: acks") && strstr(text, "20 of 500"));
    cr_assert(strstr(text, "gaps 17\n"));
    free(text);
    sim_record_destroy(r);
}
