/*
 * picture_lanes.c - the lanes of a region, and the columns that tell their figures.
 */
#include "sim/report/picture.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/report/html.h"
#include "sim/report/units.h"

/* Heights of the plots in pixels; also the heights of their SVG. */
enum { ANSWERS = 44, COUNTS = 92, LAGS = 64, OUTBOX = 36, CENTRAL = 64 };
/* Ages below this are all the same on the logarithmic axis. */
static const double lag_floor_us = 1e5;

/* A number that a point gives; NAN interrupts the line. */
typedef double (*value_fn)(const sim_series_point *p);

static double acked(const sim_series_point *p)
{
    return p->acked_per_s;
}
static double picture_lanes_refused(const sim_series_point *p)
{
    return p->refused_per_s;
}
static double shown(const sim_series_point *p)
{
    return p->gone || p->shown == UINT64_MAX ? (double)NAN : (double)p->shown;
}
static double least(const sim_series_point *p)
{
    return (double)p->least;
}
static double most(const sim_series_point *p)
{
    return (double)p->most;
}
/* While it is down nobody knows what it has. */
static double central(const sim_series_point *p)
{
    return p->central == UINT64_MAX ? (double)NAN : (double)p->central;
}
static double outbox(const sim_series_point *p)
{
    return p->gone ? (double)NAN : (double)p->outbox_batches;
}

static double lag(uint64_t us)
{
    return log10(KD_MAX((double)us, lag_floor_us) / lag_floor_us);
}
static double staleness(const sim_series_point *p)
{
    return p->gone ? (double)NAN : lag(p->staleness_us);
}
static double picture_lanes_as_of(const sim_series_point *p)
{
    return p->gone || p->as_of_lag_us == UINT64_MAX ? (double)NAN : lag(p->as_of_lag_us);
}

/* ---- the frame of a lane ---- */

static void open_lane(const sim_picture *p, const char *name, const char *class)
{
    sim_html_put(p->out, "<div class=\"lane\"><div class=\"label\"><b><i class=\"key %s\"></i>%s</b>", class,
                 name);
}

static void open_plot(const sim_picture *p, int height, const char *says)
{
    sim_html_put(p->out, "</div><div class=\"plot\" style=\"height:%dpx\">", height);
    sim_html_put(p->out,
                 "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"%s\">",
                 PICTURE_WIDTH, height, says);
}

static void close_plot(const sim_picture *p)
{
    sim_html_put(p->out, "</div></div>\n");
}

/* The value of an axis at `share` of its height. */
static void mark_scale(const sim_picture *p, double share, const char *text)
{
    sim_html_put(p->out, "<span class=\"scale%s\" style=\"bottom:%.1f%%\">", share < 1 ? "" : " top",
                 share * 100);
    sim_html_text(p->out, text);
    sim_html_put(p->out, "</span>");
}

/* ---- lines and areas ---- */

static double x_of(const sim_picture *p, uint64_t at_us)
{
    return sim_picture_percent(p, at_us) * PICTURE_WIDTH / 100;
}

static double y_of(double value, double top, int height)
{
    /* A pixel at both ends keeps the stroke inside. */
    return height - 1 - value / top * (height - 3);
}

static void picture_lanes_put_line(const sim_picture *p, sim_picture_series s, value_fn value, double top,
                                   int height, const char *class)
{
    sim_html_put(p->out, "<path class=\"%s\" d=\"", class);
    bool pen = false;
    for (uint32_t i = 0; i < s.count; i++) {
        double v = value(&s.points[i]);
        if (!isnan(v))
            sim_html_put(p->out, "%c%.1f %.1f", pen ? 'L' : 'M', x_of(p, s.points[i].to_us),
                         y_of(v, top, height));
        pen = !isnan(v);
    }
    sim_html_put(p->out, "\"/>");
}

/* Along the upper series and back along the lower. */
static void put_patch(const sim_picture *p, sim_picture_series s, value_fn upper, value_fn lower, double top,
                      int height)
{
    for (uint32_t i = 0; i < s.count; i++)
        sim_html_put(p->out, "%c%.1f %.1f", i ? 'L' : 'M', x_of(p, s.points[i].to_us),
                     y_of(upper(&s.points[i]), top, height));
    for (uint32_t i = s.count; i-- > 0;)
        sim_html_put(p->out, "L%.1f %.1f", x_of(p, s.points[i].to_us),
                     y_of(lower ? lower(&s.points[i]) : 0, top, height));
    sim_html_put(p->out, "Z");
}

/* Between two series, wherever the upper one has a value; lower NULL: down to 0. */
static void put_area(const sim_picture *p, sim_picture_series s, value_fn upper, value_fn lower, double top,
                     int height, const char *class)
{
    sim_html_put(p->out, "<path class=\"%s\" d=\"", class);
    for (uint32_t i = 0, end; i < s.count; i = end + 1) {
        for (end = i; end < s.count && !isnan(upper(&s.points[end]));) end++;
        if (end > i) put_patch(p, (sim_picture_series){s.points + i, end - i}, upper, lower, top, height);
    }
    sim_html_put(p->out, "\"/>");
}

/* Rates are true of their whole span: steps. */
static void put_steps(const sim_picture *p, sim_picture_series s, value_fn value, double top, int height,
                      const char *class)
{
    sim_html_put(p->out, "<path class=\"%s\" d=\"M0 %d", class, height - 1);
    for (uint32_t i = 0; i < s.count; i++)
        sim_html_put(p->out, "L%.1f %.1fH%.1f", x_of(p, s.points[i].from_us),
                     y_of(value(&s.points[i]), top, height), x_of(p, s.points[i].to_us));
    sim_html_put(p->out, "V%dZ\"/>", height - 1);
}

/* ---- the lanes ---- */

static void put_total(const sim_picture *p, const char *before, uint64_t n, const char *after)
{
    char text[UNITS_TEXT_MAX];
    sim_units_count(n, text);
    sim_html_put(p->out, "%s%s%s", before, text, after);
}

/* The top of an axis of rates: round, and at least one. */
static double round_top(double v)
{
    return (double)sim_units_round_up((uint64_t)ceil(v));
}

void sim_picture_answers(const sim_picture *p, uint32_t region, const sim_record_sample *last)
{
    sim_picture_series s;
    sim_series_point *points = sim_series_make(&p->view, region, PICTURE_RATES, &s.count);
    s.points = points;
    double top = round_top(p->tops.per_s);
    char scale[UNITS_TEXT_MAX];
    snprintf(scale, sizeof scale, "%.0f/s", top);
    open_lane(p, "acknowledged", "acks");
    put_total(p, "<small>", last->acked, " in all");
    if (last->refused) put_total(p, ", <em>", last->refused, " refused</em>");
    sim_html_put(p->out, "</small>");
    open_plot(p, ANSWERS, "operations acknowledged and refused each second");
    put_steps(p, s, acked, top, ANSWERS, "acks area");
    if (last->refused) put_steps(p, s, picture_lanes_refused, top, ANSWERS, "refused area");
    sim_html_put(p->out, "</svg>");
    mark_scale(p, 1, scale);
    close_plot(p);
    free(points);
}

static void put_truth(const sim_picture *p, sim_picture_series s, double top, int height)
{
    put_area(p, s, most, least, top, height, "truth area");
    picture_lanes_put_line(p, s, least, top, height, "truth line");
    picture_lanes_put_line(p, s, most, top, height, "truth line");
}

void sim_picture_counts(const sim_picture *p, sim_picture_series s, const sim_record_sample *last)
{
    double top = round_top((double)p->tops.count);
    char scale[UNITS_TEXT_MAX];
    sim_units_count((uint64_t)top, scale);
    open_lane(p, "count shown", "shown");
    if (last->shown == UINT64_MAX)
        sim_html_put(p->out, "<small>null at the end");
    else
        put_total(p, "<small>", last->shown, " at the end");
    put_total(p, ", ", last->pending, " pending</small>");
    open_plot(p, COUNTS, "the count that this region shows beside the true one");
    put_area(p, s, shown, least, top, COUNTS, "gap area");
    put_truth(p, s, top, COUNTS);
    picture_lanes_put_line(p, s, shown, top, COUNTS, "shown line");
    sim_html_put(p->out, "</svg>");
    mark_scale(p, 1, scale);
    close_plot(p);
}

void sim_picture_central_count(const sim_picture *p, sim_picture_series s)
{
    double top = round_top((double)p->tops.count);
    char scale[UNITS_TEXT_MAX];
    sim_units_count((uint64_t)top, scale);
    open_lane(p, "count at central", "central");
    if (s.count && s.points[s.count - 1].central == UINT64_MAX)
        sim_html_put(p->out, "<small>down at the end</small>");
    else if (s.count)
        put_total(p, "<small>", s.points[s.count - 1].central, " at the end</small>");
    open_plot(p, CENTRAL, "the count at central beside the true one");
    put_truth(p, s, top, CENTRAL);
    picture_lanes_put_line(p, s, central, top, CENTRAL, "central line");
    sim_html_put(p->out, "</svg>");
    mark_scale(p, 1, scale);
    close_plot(p);
}

/* Where as_of is null there is no line: say so instead. */
static void put_nulls(const sim_picture *p, sim_picture_series s)
{
    for (uint32_t i = 0, end; i < s.count; i = end + 1) {
        for (end = i; end < s.count && s.points[end].as_of_lag_us == UINT64_MAX;) end++;
        if (end == i) continue;
        double from = sim_picture_percent(p, s.points[i].from_us),
               to = sim_picture_percent(p, s.points[end - 1].to_us);
        sim_html_put(p->out, "<span class=\"null%s\" style=\"left:%.2f%%;width:%.2f%%\">%s</span>",
                     to - from < 25 ? " narrow" : "", from, to - from, to - from > 6 ? "as_of: null" : "");
    }
}

static void put_worst(const sim_picture *p, sim_picture_series s)
{
    uint64_t age = 0;
    for (uint32_t i = 0; i < s.count; i++) age = KD_MAX(age, s.points[i].staleness_us);
    char text[UNITS_TEXT_MAX];
    sim_units_span(age, text);
    sim_html_put(p->out, "<small>oldest %s</small>", text);
}

void sim_picture_lags(const sim_picture *p, sim_picture_series s)
{
    static const struct {
        uint64_t us;
        const char *text;
    } marks[] = {{1000000, "1 s"}, {60000000, "1 min"}, {3600000000, "1 h"}, {86400000000, "1 d"}};
    double top = lag(KD_MAX(p->tops.lag_us, 10000000u)) * 1.06;
    open_lane(p, "age", "age");
    sim_html_put(p->out, "<b><i class=\"key asof\"></i>as_of behind</b>");
    put_worst(p, s);
    open_plot(p, LAGS, "age of the count and how far as_of is behind, on a logarithmic axis");
    put_area(p, s, staleness, NULL, top, LAGS, "age area");
    picture_lanes_put_line(p, s, staleness, top, LAGS, "age line");
    picture_lanes_put_line(p, s, picture_lanes_as_of, top, LAGS, "asof line");
    sim_html_put(p->out, "</svg>");
    put_nulls(p, s);
    for (size_t i = 0; i < KD_COUNT(marks); i++) {
        double share = lag(marks[i].us) / top;
        if (share < 0.97)
            sim_html_put(p->out, "<span class=\"rule\" style=\"bottom:%.1f%%\"></span>", share * 100);
        if (share < 0.97) mark_scale(p, share, marks[i].text);
    }
    close_plot(p);
}

void sim_picture_outbox(const sim_picture *p, sim_picture_series s, const sim_record_sample *last)
{
    double top = round_top((double)p->tops.outbox);
    uint64_t peak = 0;
    for (uint32_t i = 0; i < s.count; i++) peak = KD_MAX(peak, s.points[i].outbox_batches);
    char scale[UNITS_TEXT_MAX];
    sim_units_count((uint64_t)top, scale);
    open_lane(p, "outbox, batches", "outbox");
    put_total(p, "<small>at most ", peak, ", ");
    put_total(p, "", last->outbox_batches, " at the end</small>");
    open_plot(p, OUTBOX, "batches that central has not confirmed");
    put_area(p, s, outbox, NULL, top, OUTBOX, "outbox area");
    picture_lanes_put_line(p, s, outbox, top, OUTBOX, "outbox line");
    sim_html_put(p->out, "</svg>");
    mark_scale(p, 1, scale);
    close_plot(p);
}

/* ---- figures under the pointer ---- */

static void picture_lanes_put_figure(const sim_picture *p, const char *name, uint64_t from, uint64_t to)
{
    char a[UNITS_TEXT_MAX], b[UNITS_TEXT_MAX];
    sim_units_count(from, a);
    sim_units_count(to, b);
    sim_html_put(p->out, from == to ? "%s %s<br/>" : "%s %s to %s<br/>", name, a, b);
}

static void put_state(const sim_picture *p, const sim_series_point *at)
{
    char text[UNITS_TEXT_MAX];
    if (at->shown == UINT64_MAX)
        sim_html_put(p->out, "shown null<br/>");
    else
        picture_lanes_put_figure(p, "shown", at->shown, at->shown);
    picture_lanes_put_figure(p, "pending", at->pending, at->pending);
    sim_units_span(at->staleness_us, text);
    sim_html_put(p->out, "age %s<br/>", text);
    bool null = at->as_of_lag_us == UINT64_MAX;
    if (!null) sim_units_span(at->as_of_lag_us, text);
    sim_html_put(p->out, "as_of %s%s<br/>outbox %" PRIu64, null ? "null" : text, null ? "" : " behind",
                 at->outbox_batches);
    if (at->refusing) sim_html_put(p->out, "<br/>refuses writes");
}

static void put_tip(const sim_picture *p, const sim_series_point *at)
{
    char text[UNITS_TEXT_MAX];
    sim_units_moment(at->to_us, p->end_us, text);
    sim_html_put(p->out, "<span><b>%s</b><br/>%.1f/s acknowledged<br/>", text, at->acked_per_s);
    if (at->refused_per_s > 0) sim_html_put(p->out, "%.1f/s refused<br/>", at->refused_per_s);
    picture_lanes_put_figure(p, "true", at->least, at->most);
    if (!at->gone) put_state(p, at);
    if (at->down) sim_html_put(p->out, at->gone ? "down" : "<br/>down for a while");
    sim_html_put(p->out, "</span>");
}

void sim_picture_columns(const sim_picture *p, uint32_t region)
{
    uint32_t count;
    sim_series_point *points = sim_series_make(&p->view, region, PICTURE_COLUMNS, &count);
    sim_html_put(p->out, "<div class=\"columns\" aria-hidden=\"true\">");
    for (uint32_t i = 0; i < count; i++) {
        double from = sim_picture_percent(p, points[i].from_us), to = sim_picture_percent(p, points[i].to_us);
        sim_html_put(p->out, "<i class=\"%s\" style=\"left:%.2f%%;width:%.2f%%\">",
                     from > 50 ? "col turn" : "col", from, to - from);
        put_tip(p, &points[i]);
        sim_html_put(p->out, "</i>");
    }
    sim_html_put(p->out, "</div>");
    free(points);
}
