/*
 * picture.c - the axis and the blocks, in the order of picture.h's drawing.
 */
#include "sim/report/picture.h"

#include <stdlib.h>

#include "sim/report/html.h"
#include "sim/report/units.h"

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
    sim_picture_moments(p);
    sim_html_put(p->out, "</div>\n");
    sim_picture_faults(p, NULL);
    sim_picture_notes(p, NULL);
    sim_picture_leaders(p);
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
    sim_picture_moments(p);
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
    p.recovery = sim_recovery_find(&p.view, facts);
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
    sim_picture_axis(&p);
    sim_picture_moment_names(&p);
    put_center(&p);
    for (uint32_t i = 0; i < p.view.regions; i++) picture_put_region(&p, i);
    sim_html_put(out, "</div>\n");
    if (p.view.faults_dropped)
        sim_html_put(out, "<p class=\"dim\">%llu more faults are not drawn.</p>\n",
                     (unsigned long long)p.view.faults_dropped);
}
