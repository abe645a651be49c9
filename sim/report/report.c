/*
 * report.c - the page: verdict and evidence, what the drill teaches, how to replay it, the picture, notes and figures.
 */
#include "sim/report/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/check/checkers.h"
#include "sim/report/html.h"
#include "sim/report/picture.h"
#include "sim/report/recovery.h"
#include "sim/report/style.h"
#include "sim/report/units.h"

static const char *const verdict_word[] = {
    [SIM_HELD] = "Held", [SIM_VIOLATED] = "Violated", [SIM_UNKNOWN] = "Unknown"};
/* A tick, a cross, a question mark; in a circle. */
static const char *const verdict_sign[] = {
    [SIM_HELD] = "M8 16.5l5.5 5.5L24.5 10.5",
    [SIM_VIOLATED] = "M10.5 10.5l11 11M21.5 10.5l-11 11",
    [SIM_UNKNOWN] = "M11.5 12.5a4.5 4.5 0 1 1 6.6 4c-1.4.8-2.1 1.7-2.1 3M16 23.3v.1",
};

static bool there(const char *text)
{
    return text && *text;
}

static void report_put_head(const sim_report_facts *f, kd_buf *out)
{
    const char *title = there(f->title) ? f->title : "drill";
    sim_html_put(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>");
    sim_html_text(out, title);
    sim_html_put(out, ": %s</title>\n<style>%s</style>\n</head>\n<body><main>\n",
                 sim_verdict_name(f->verdict), sim_report_style);
    sim_html_put(out, "<p class=\"kind\">Kudos partition drill");
    if (there(f->world)) sim_html_put(out, " &#183; ");
    sim_html_text(out, f->world);
    sim_html_put(out, " &#183; seed %" PRIu64 "</p>\n", f->seed);
    sim_html_element(out, "h1", NULL, title);
    if (there(f->teaches)) sim_html_element(out, "p", "teaches", f->teaches);
    sim_html_put(out, "\n");
}

/* ---- the verdict ---- */

static void put_held(const sim_record_view *v, const sim_report_facts *f, kd_buf *out)
{
    sim_recovery r = sim_recovery_find(v, f);
    char span[UNITS_TEXT_MAX];
    sim_html_put(out, "<p class=\"says\">Every acknowledged operation is counted, exactly once.");
    if (r.known && there(v->item)) {
        sim_units_span(r.within_us, span);
        sim_html_put(out, " Within %s of the end of the last fault, the count of ", span);
        sim_html_text(out, v->item);
        sim_html_put(out, " in every region held all that had been acknowledged until then.");
    }
    if (f->converged_us) {
        sim_units_span(f->converged_us, span);
        sim_html_put(out, " %s after the users stopped, central and all regions agreed on every count.",
                     span);
    }
    sim_html_put(out, "</p>\n");
}

/* A sentence, and behind it in brackets its technical position, which is printed smaller. */
static void put_evidence(const char *text, kd_buf *out)
{
    char sentence[1024];
    snprintf(sentence, sizeof sentence, "%s", text);
    size_t len = strlen(sentence);
    char *detail = len > 0 && sentence[len - 1] == ']' ? strrchr(sentence, '[') : NULL;
    if (detail == sentence) detail = NULL;
    if (detail) {
        sentence[len - 1] = 0;
        *detail++ = 0;
        if (sentence[strlen(sentence) - 1] == ' ') sentence[strlen(sentence) - 1] = 0;
    }
    sim_html_put(out, "<div class=\"evidence\">");
    sim_html_element(out, "p", NULL, sentence);
    if (detail) sim_html_element(out, "p", "detail", detail);
    sim_html_put(out, "</div>\n");
}

static void put_broken(const sim_report_facts *f, kd_buf *out)
{
    bool unknown = f->verdict == SIM_UNKNOWN;
    const char *promise = unknown ? NULL : sim_checker_promise(f->checker);
    sim_html_put(out, "<p class=\"says\">%s",
                 unknown ? "Too little happened to tell" : "A promise was broken");
    if (promise) {
        sim_html_put(out, ": ");
        sim_html_element(out, "em", NULL, promise);
    }
    if (there(f->checker)) {
        sim_html_put(out, unknown ? "; not met: " : ". Found by the checker ");
        sim_html_element(out, "strong", NULL, f->checker);
    }
    if (f->failed_us) {
        char at[UNITS_TEXT_MAX];
        sim_units_moment(f->failed_us, KD_MAX(f->length_us, f->failed_us), at);
        sim_html_put(out, ", at %s of the run", at);
    }
    sim_html_put(out, ".</p>\n");
    if (there(f->failure)) put_evidence(f->failure, out);
}

static void put_tile(kd_buf *out, const char *name, const char *value)
{
    sim_html_put(out, "<div>");
    sim_html_element(out, "dt", NULL, name);
    sim_html_element(out, "dd", NULL, value);
    sim_html_put(out, "</div>");
}

static void put_count_tile(kd_buf *out, const char *name, uint64_t n)
{
    char text[UNITS_TEXT_MAX];
    sim_units_count(n, text);
    put_tile(out, name, text);
}

static void put_tiles(const sim_record_view *v, const sim_report_facts *f, kd_buf *out)
{
    char text[UNITS_TEXT_MAX];
    sim_html_put(out, "<dl class=\"tiles\">");
    put_count_tile(out, "acknowledged", f->acks);
    /* Losses are counted at the end of a run only: a run that a violation stopped says nothing of them. */
    if (f->verdict != SIM_VIOLATED || f->lost || f->doubled) {
        put_count_tile(out, "lost", f->lost);
        put_count_tile(out, "counted twice", f->doubled);
    }
    put_count_tile(out, "faults", v->faults + v->faults_dropped);
    if (f->length_us) {
        sim_units_span(f->length_us, text);
        put_tile(out, "length of the drill", text);
    }
    sim_recovery r = sim_recovery_find(v, f);
    if (f->verdict == SIM_HELD && r.known) {
        sim_units_span(r.within_us, text);
        put_tile(out, "recovered within", text);
    }
    if (f->converged_us) {
        sim_units_span(f->converged_us, text);
        put_tile(out, "all agreed after", text);
    }
    sim_html_put(out, "</dl>\n");
}

/* The promise stands on the chip, for a pointer, and in the list below it, for a finger. */
static void put_chip(const char *name, kd_buf *out)
{
    const char *promise = sim_checker_promise(name);
    sim_html_put(out, promise ? "<li title=\"" : "<li>");
    sim_html_text(out, promise);
    if (promise) sim_html_put(out, "\">");
    sim_html_text(out, name);
    sim_html_put(out, "</li>");
}

static void put_promises(const sim_report_facts *f, kd_buf *out)
{
    sim_html_put(out, "<details class=\"promises\"><summary>What each of them watches</summary>\n<dl>");
    for (uint32_t i = 0; i < f->held_count; i++) {
        const char *promise = sim_checker_promise(f->held[i]);
        if (!promise) continue;
        sim_html_element(out, "dt", NULL, f->held[i]);
        sim_html_element(out, "dd", NULL, promise);
    }
    sim_html_put(out, "</dl></details>\n");
}

static void put_checkers(const sim_report_facts *f, kd_buf *out)
{
    if (f->held_count == 0) return;
    bool stopped = f->verdict == SIM_VIOLATED;
    sim_html_put(out, "<p class=\"dim more\">%s:</p><ul class=\"chips%s\">",
                 stopped ? "Other checkers, not broken until then" : "Checked and held",
                 stopped ? "" : " ticked");
    for (uint32_t i = 0; i < f->held_count; i++) put_chip(f->held[i], out);
    sim_html_put(out, "</ul>\n");
    put_promises(f, out);
}

static void report_put_verdict(const sim_record_view *v, const sim_report_facts *f, kd_buf *out)
{
    sim_html_put(
        out,
        "<section class=\"verdict %s\"><h2><svg viewBox=\"0 0 32 32\" aria-hidden=\"true\"><circle cx=\"16\" "
        "cy=\"16\" r=\"14\"/><path d=\"%s\"/></svg>%s</h2>\n",
        sim_verdict_name(f->verdict), verdict_sign[f->verdict], verdict_word[f->verdict]);
    if (f->verdict == SIM_HELD)
        put_held(v, f, out);
    else
        put_broken(f, out);
    put_tiles(v, f, out);
    put_checkers(f, out);
    sim_html_put(out, "</section>\n");
}

/* ---- below the picture ---- */

static void put_notes(const sim_record_view *v, uint64_t end_us, kd_buf *out)
{
    if (v->notes == 0) return;
    sim_html_put(out, "<h2>Notes</h2>\n<div class=\"scroll\"><table><thead><tr><th class=\"n\">no.</th><th "
                      "class=\"n\">time</th><th>who</th><th>what</th></tr></thead><tbody>\n");
    for (uint32_t i = 0; i < v->notes; i++) {
        char at[UNITS_TEXT_MAX];
        sim_units_moment(v->marks[i].at_us, end_us, at);
        sim_html_put(out, "<tr id=\"note-%u\"><td class=\"n\">%u</td><td class=\"n\">%s</td>", i + 1, i + 1,
                     at);
        sim_html_element(out, "td", NULL, v->marks[i].who);
        sim_html_element(out, "td", NULL, v->marks[i].text);
        sim_html_put(out, "</tr>\n");
    }
    sim_html_put(out, "</tbody></table></div>\n");
    if (v->notes_dropped) sim_html_put(out, "<p class=\"dim\">and %" PRIu64 " more</p>\n", v->notes_dropped);
}

static void report_put_number(kd_buf *out, uint64_t n)
{
    char text[UNITS_TEXT_MAX];
    sim_units_count(n, text);
    sim_html_element(out, "td", "n", n == UINT64_MAX ? "null" : text);
}

static void put_span(kd_buf *out, uint64_t us)
{
    char text[UNITS_TEXT_MAX];
    sim_units_span(us, text);
    sim_html_element(out, "td", "n", us == UINT64_MAX ? "null" : text);
}

static void report_put_region(const char *name, const sim_record_sample *s, kd_buf *out)
{
    sim_html_put(out, "<tr>");
    sim_html_element(out, "th", NULL, name);
    report_put_number(out, s->acked);
    report_put_number(out, s->refused);
    report_put_number(out, s->shown);
    report_put_number(out, s->pending);
    put_span(out, s->staleness_us);
    put_span(out, s->as_of_lag_us);
    report_put_number(out, s->outbox_batches);
    sim_html_element(out, "td", NULL, !s->up ? "down" : s->refusing ? "refuses writes" : "up");
    sim_html_put(out, "</tr>\n");
}

static void put_regions(const sim_drill_record *r, const sim_record_view *v, kd_buf *out)
{
    if (v->moments == 0 || v->regions == 0) return;
    const sim_record_sample *last = v->samples + (size_t)(v->moments - 1) * v->regions;
    sim_html_put(out, "<h2>At the end</h2>\n<div class=\"scroll\"><table><thead><tr><th>region</th>");
    static const char *const heads[] = {"acknowledged", "refused",      "count shown", "pending",
                                        "age",          "as_of behind", "outbox"};
    for (size_t i = 0; i < KD_COUNT(heads); i++) sim_html_element(out, "th", "n", heads[i]);
    sim_html_put(out, "<th>state</th></tr></thead><tbody>\n");
    for (uint32_t i = 0; i < v->regions; i++) report_put_region(sim_record_region(r, i), last + i, out);
    sim_html_put(out, "</tbody></table></div>\n");
    const sim_record_instant *end = &v->instants[v->moments - 1];
    if (!there(v->item)) return;
    char central[UNITS_TEXT_MAX], least[UNITS_TEXT_MAX], most[UNITS_TEXT_MAX];
    sim_units_count(end->central, central);
    sim_units_count(end->least, least);
    sim_units_count(end->most, most);
    bool down = end->central == UINT64_MAX;
    sim_html_put(out, "<p class=\"dim\">Central %s%s; the clients&#39; journal says %s",
                 down ? "is down" : "has ", down ? "" : central, least);
    if (end->most != end->least) sim_html_put(out, " to %s (answers that never arrived leave it open)", most);
    sim_html_put(out, ".</p>\n");
}

/* A number with its commas; anything else as it is. */
static void report_put_figure(const sim_report_figure *f, kd_buf *out)
{
    size_t digits = strspn(f->value, "0123456789");
    if (digits > 0 && digits < 19 && f->value[digits] == 0)
        put_count_tile(out, f->name, strtoull(f->value, NULL, 10));
    else
        put_tile(out, f->name, f->value);
}

static void put_figures(const sim_report_facts *f, kd_buf *out)
{
    if (f->figure_count == 0) return;
    sim_html_put(out, "<h2>Figures</h2>\n<dl class=\"figures\">");
    for (uint32_t i = 0; i < f->figure_count; i++) report_put_figure(&f->figures[i], out);
    sim_html_put(out, "</dl>\n");
}

static void put_foot(const sim_report_facts *f, kd_buf *out)
{
    if (there(f->scenario)) {
        sim_html_put(out, "<details><summary>The scenario</summary>\n");
        sim_html_element(out, "pre", NULL, f->scenario);
        sim_html_put(out, "</details>\n");
    }
    sim_html_put(out, "<footer>Written by kudos-sim ");
    sim_html_text(out, f->version);
    sim_html_put(
        out,
        ". The same scenario and the same seed give the same run; docs/drills.md tells how to read this page."
        "</footer>\n</main></body>\n</html>\n");
}

void sim_report_print(const sim_drill_record *r, const sim_report_facts *f, kd_buf *out)
{
    sim_record_view v = sim_record_look(r);
    uint64_t end_us = v.moments ? v.instants[v.moments - 1].at_us : f->length_us;
    report_put_head(f, out);
    report_put_verdict(&v, f, out);
    if (there(f->command)) {
        sim_html_put(out, "<h2>Replay</h2>\n");
        sim_html_element(out, "pre", "command", f->command);
    }
    sim_html_put(out, "<h2>The drill over time</h2>\n");
    sim_picture_print(r, f, out);
    put_notes(&v, end_us, out);
    put_regions(r, &v, out);
    put_figures(f, out);
    put_foot(f, out);
}

static int write_page(const kd_buf *page, const char *path)
{
    FILE *file = fopen(path, "wb");
    if (!file) return KD_EIO;
    bool ok = page->len == 0 || fwrite(page->data, 1, page->len, file) == page->len;
    return fclose(file) == 0 && ok ? KD_OK : KD_EIO;
}

/* Writes beside the file and renames, so that nobody ever finds half a page. */
static int replace_page(const kd_buf *page, const char *path, const char *beside)
{
    if (write_page(page, beside) == KD_OK && rename(beside, path) == 0) return KD_OK;
    int cause = errno;
    unlink(beside);
    errno = cause;
    return KD_EIO;
}

/* A device, a pipe or a link is written to; replacing it by rename would turn it into a file. */
static bool special(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

static void put_beside(const char *path, kd_buf *out)
{
    sim_html_put(out, "%s.part", path);
    kd_buf_put_u8(out, 0);
}

int sim_report_check(const char *path)
{
    if (special(path)) return access(path, W_OK) == 0 ? KD_OK : KD_EIO;
    kd_buf beside = {0}, nothing = {0};
    put_beside(path, &beside);
    int status = write_page(&nothing, (const char *)beside.data), cause = errno;
    if (status == KD_OK) unlink((const char *)beside.data);
    kd_buf_finish(&beside);
    errno = cause;
    return status;
}

int sim_report_write(const sim_drill_record *r, const sim_report_facts *facts, const char *path)
{
    kd_buf page = {0}, beside = {0};
    sim_report_print(r, facts, &page);
    put_beside(path, &beside);
    int status =
        special(path) ? write_page(&page, path) : replace_page(&page, path, (const char *)beside.data);
    kd_buf_finish(&beside);
    kd_buf_finish(&page);
    return status;
}
