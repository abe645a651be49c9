/*
 * picture.c - the axis and the blocks, in the order of picture.h's drawing.
 */
#include "sim/report/picture.h"

#include <stdlib.h>

#include "sim/report/html.h"
#include "sim/report/units.h"

enum { TICKS_WANTED = 8 };

double sim_picture_percent(const sim_picture *p, uint64_t at_us)
{
    return (double)KD_MIN(at_us, p->end_us) * 100 / (double)p->end_us;
}

static void put_legend(const sim_picture *p)
{
    static const struct {
        const char *key, *text;
    } keys[] = {{"shown", "count shown"},
                {"truth", "true count, from the clients&#39; journal"},
                {"gap", "difference"},
                {"age", "age of the count"},
                {"asof", "as_of behind"},
                {"acks", "acknowledged"},
                {"refused", "refused"},
                {"outbox", "outbox"},
                {"network", "fault: network"},
                {"process", "process"},
                {"disk", "disk"},
                {"clock", "clock"},
                {"log", "log"},
                {"down", "down"}};
    sim_html_put(p->out, "<p class=\"legend\">");
    for (size_t i = 0; i < KD_COUNT(keys); i++)
        sim_html_put(p->out, "<span><i class=\"key %s\"></i>%s</span> ", keys[i].key, keys[i].text);
    sim_html_put(p->out, "</p>\n");
}

/* Ticks every second of which a narrow screen leaves out. */
static void put_axis(const sim_picture *p)
{
    uint64_t step = sim_units_time_step(p->end_us, TICKS_WANTED);
    sim_html_put(p->out, "<div class=\"lane axis\"><div class=\"label\">time</div><div class=\"plot\">");
    for (uint64_t at = 0, n = 0; at <= p->end_us; at += step, n++) {
        char text[UNITS_TEXT_MAX];
        sim_units_moment(at, p->end_us, text);
        double x = sim_picture_percent(p, at);
        sim_html_put(p->out, "<span class=\"tick%s%s\" style=\"left:%.2f%%\">%s</span>", n % 2 ? " odd" : "",
                     n == 0   ? " first"
                     : x > 96 ? " last"
                              : "",
                     x, text);
    }
    sim_html_put(p->out, "</div></div>\n");
}

static void put_moment(const sim_picture *p, uint64_t at_us, const char *class, const char *text)
{
    double x = sim_picture_percent(p, at_us);
    sim_html_put(p->out, "<span class=\"moment %s%s\" style=\"left:%.2f%%\"><b>%s</b></span>", class,
                 x > 70 ? " turn" : "", x, text);
}

/* What goes through all lanes of a block: grid, end of the faults, failure. */
static void put_moments(const sim_picture *p)
{
    uint64_t step = sim_units_time_step(p->end_us, TICKS_WANTED);
    for (uint64_t at = step; at < p->end_us; at += step)
        sim_html_put(p->out, "<span class=\"grid\" style=\"left:%.2f%%\"></span>",
                     sim_picture_percent(p, at));
    if (p->facts->length_us && p->facts->length_us < p->end_us)
        put_moment(p, p->facts->length_us, "heal", "");
    if (p->facts->verdict == SIM_VIOLATED && p->facts->failed_us)
        put_moment(p, p->facts->failed_us, "failed", "");
}

/* The strip under the axis that names the moments which go through everything. */
static void put_moment_names(const sim_picture *p)
{
    bool heals = p->facts->length_us && p->facts->length_us < p->end_us;
    bool fails = p->facts->verdict == SIM_VIOLATED && p->facts->failed_us;
    if (!heals && !fails) return;
    sim_html_put(p->out, "<div class=\"lane names\"><div class=\"label\"></div><div class=\"plot\">");
    if (heals) put_moment(p, p->facts->length_us, "heal", "faults end");
    if (fails) put_moment(p, p->facts->failed_us, "failed", "violated here");
    sim_html_put(p->out, "</div></div>\n");
}

static void open_block(const sim_picture *p, const char *name, const char *state)
{
    sim_html_put(p->out, "<section class=\"block\"><h3>");
    sim_html_text(p->out, name);
    if (state) sim_html_put(p->out, " <small>%s</small>", state);
    sim_html_put(p->out, "</h3>\n<div class=\"lanes\">");
}

static void put_center(const sim_picture *p)
{
    bool followed = *p->view.item && p->view.regions;
    if (!followed && !sim_picture_touched(p, NULL)) return;
    open_block(p, "central and Kafka", NULL);
    sim_html_put(p->out, "<div class=\"back\">");
    sim_picture_bands(p, NULL);
    put_moments(p);
    sim_html_put(p->out, "</div>\n");
    sim_picture_faults(p, NULL);
    sim_picture_notes(p, NULL);
    if (followed) {
        uint32_t count;
        sim_series_point *points = sim_series_make(&p->view, 0, PICTURE_POINTS, &count);
        sim_picture_central_count(p, (sim_picture_series){points, count});
        free(points);
    }
    sim_html_put(p->out, "</div></section>\n");
}

static void picture_put_region(const sim_picture *p, uint32_t region)
{
    const char *name = sim_record_region(p->record, region);
    const sim_record_sample *last =
        p->view.samples + (size_t)(p->view.moments - 1) * p->view.regions + region;
    uint32_t count;
    sim_series_point *points = sim_series_make(&p->view, region, PICTURE_POINTS, &count);
    sim_picture_series s = {points, count};
    open_block(p, name, !last->up ? "down at the end" : last->refusing ? "refuses writes at the end" : NULL);
    sim_html_put(p->out, "<div class=\"back\">");
    sim_picture_bands(p, name);
    sim_picture_downtime(p, s);
    put_moments(p);
    sim_html_put(p->out, "</div>\n");
    sim_picture_faults(p, name);
    sim_picture_notes(p, name);
    sim_html_put(p->out, "<div class=\"charts\">");
    sim_picture_answers(p, region, last);
    if (*p->view.item) sim_picture_counts(p, s, last);
    sim_picture_lags(p, s);
    sim_picture_outbox(p, s, last);
    sim_picture_columns(p, region);
    sim_html_put(p->out, "</div></div></section>\n");
    free(points);
}

static void raise_tops(const sim_picture *p, uint32_t wanted, sim_series_tops *tops)
{
    for (uint32_t i = 0; i < p->view.regions; i++) {
        uint32_t count;
        sim_series_point *points = sim_series_make(&p->view, i, wanted, &count);
        sim_series_raise(tops, points, count);
        free(points);
    }
}

/* Rates are drawn from wider points than the rest, and so are lower. */
static void find_tops(sim_picture *p)
{
    sim_series_tops rates = {0};
    raise_tops(p, PICTURE_RATES, &rates);
    raise_tops(p, PICTURE_POINTS, &p->tops);
    p->tops.per_s = rates.per_s;
}

void sim_picture_print(const sim_drill_record *r, const sim_report_facts *facts, kd_buf *out)
{
    sim_picture p = {.record = r, .facts = facts, .view = sim_record_look(r), .out = out};
    if (p.view.moments == 0) {
        sim_html_put(out, "<p>Nothing was recorded: the run ended before the first sample.</p>\n");
        return;
    }
    p.end_us = KD_MAX(p.view.instants[p.view.moments - 1].at_us, 1u);
    find_tops(&p);
    put_legend(&p);
    if (*p.view.item) {
        sim_html_put(out, "<p class=\"dim\">The counts are those of one item: ");
        sim_html_element(out, "code", NULL, p.view.item);
        sim_html_put(out, " (");
        sim_html_text(out, p.view.counter);
        sim_html_put(out, "). Touch or point at a lane to read its figures.</p>\n");
    }
    sim_html_put(out, "<div class=\"picture\">\n");
    put_axis(&p);
    put_moment_names(&p);
    put_center(&p);
    for (uint32_t i = 0; i < p.view.regions; i++) picture_put_region(&p, i);
    sim_html_put(out, "</div>\n");
    if (p.view.faults_dropped)
        sim_html_put(out, "<p class=\"dim\">%llu more faults are not drawn.</p>\n",
                     (unsigned long long)p.view.faults_dropped);
}
