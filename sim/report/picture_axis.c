/*
 * picture_axis.c - the axis of time: where a moment lies, its ticks, and the moments that go through all lanes.
 */
#include "sim/report/picture.h"

#include <inttypes.h>
#include <stdio.h>

#include "sim/report/html.h"
#include "sim/report/units.h"

enum { TICKS_WANTED = 8 };

double sim_picture_percent(const sim_picture *p, uint64_t at_us)
{
    return (double)KD_MIN(at_us, p->end_us) * 100 / (double)p->end_us;
}

/* "2:00"; "6 h" where all ticks are whole hours, for "6:00:00" is too wide for a phone. */
static void axis_tick_text(const sim_picture *p, uint64_t at_us, uint64_t step_us, char text[UNITS_TEXT_MAX])
{
    const uint64_t hour = 3600000000;
    if (at_us > 0 && step_us % hour == 0)
        snprintf(text, UNITS_TEXT_MAX, "%" PRIu64 " h", at_us / hour);
    else
        sim_units_moment(at_us, p->end_us, text);
}

/* A narrow screen leaves out every second tick. */
void sim_picture_axis(const sim_picture *p)
{
    uint64_t step = sim_units_time_step(p->end_us, TICKS_WANTED);
    sim_html_put(p->out, "<div class=\"lane axis\"><div class=\"label\">time</div><div class=\"plot\">");
    for (uint64_t at = 0, n = 0; at <= p->end_us; at += step, n++) {
        char text[UNITS_TEXT_MAX];
        axis_tick_text(p, at, step, text);
        double x = sim_picture_percent(p, at);
        sim_html_put(p->out, "<span class=\"tick%s%s\" style=\"left:%.2f%%\">%s</span>", n % 2 ? " odd" : "",
                     n == 0   ? " first"
                     : x > 96 ? " last"
                              : "",
                     x, text);
    }
    sim_html_put(p->out, "</div></div>\n");
}

/* ---- the moments that go through everything ---- */

typedef struct {
    double x; /* per cent of the axis */
    const char *class, *name;
} axis_moment;

enum { AXIS_MOMENTS = 3 };

static void axis_add(const sim_picture *p, axis_moment *list, uint32_t *count, uint64_t at_us,
                     const char *class, const char *name)
{
    if (at_us > p->end_us) return; /* the run was over before */
    list[(*count)++] = (axis_moment){sim_picture_percent(p, at_us), class, name};
}

static uint32_t axis_moments(const sim_picture *p, axis_moment list[AXIS_MOMENTS])
{
    const sim_report_facts *f = p->facts;
    const sim_recovery *r = &p->recovery;
    uint32_t count = 0;
    bool together = r->faulty && r->fault_end_us == f->length_us;
    bool stopped =
        f->verdict == SIM_VIOLATED && p->end_us < f->length_us; /* other faults may have followed */
    if (r->faulty && !stopped)
        axis_add(p, list, &count, r->fault_end_us, "heal",
                 together ? "faults end, users stop" : "last fault ends");
    if (f->length_us && f->length_us < p->end_us && !together)
        axis_add(p, list, &count, f->length_us, "stop", "users stop");
    if (f->verdict == SIM_VIOLATED && f->failed_us)
        axis_add(p, list, &count, f->failed_us, "failed", "violated here");
    return count;
}

static const char *axis_side(const axis_moment *m)
{
    return m->x > 70 ? " turn" : "";
}

void sim_picture_moments(const sim_picture *p)
{
    axis_moment list[AXIS_MOMENTS];
    uint64_t step = sim_units_time_step(p->end_us, TICKS_WANTED);
    for (uint64_t at = step; at < p->end_us; at += step)
        sim_html_put(p->out, "<span class=\"grid\" style=\"left:%.2f%%\"></span>",
                     sim_picture_percent(p, at));
    for (uint32_t i = 0, count = axis_moments(p, list); i < count; i++)
        sim_html_put(p->out, "<span class=\"moment %s\" style=\"left:%.2f%%\"></span>", list[i].class,
                     list[i].x);
}

/* Whether the names of both would overlap on a narrow screen, where a letter takes about this much of the axis. */
static bool axis_overlaps(const axis_moment *a, const axis_moment *b)
{
    const double letter = 2.6;
    double a_width = letter * (double)strlen(a->name), b_width = letter * (double)strlen(b->name);
    double a_from = *axis_side(a) ? a->x - a_width : a->x, b_from = *axis_side(b) ? b->x - b_width : b->x;
    return a_from < b_from + b_width && b_from < a_from + a_width;
}

/* Below every name before it that it would overlap. */
static uint32_t axis_row(const axis_moment *list, const uint32_t *rows, uint32_t index)
{
    uint32_t row = 0;
    for (uint32_t i = 0; i < index; i++)
        if (axis_overlaps(&list[i], &list[index])) row = KD_MAX(row, rows[i] + 1);
    return row;
}

void sim_picture_moment_names(const sim_picture *p)
{
    axis_moment list[AXIS_MOMENTS];
    uint32_t rows[AXIS_MOMENTS], last = 0, count = axis_moments(p, list);
    if (count == 0) return;
    for (uint32_t i = 0; i < count; i++) {
        rows[i] = axis_row(list, rows, i);
        last = KD_MAX(last, rows[i]);
    }
    sim_html_put(p->out,
                 "<div class=\"lane names\"><div class=\"label\"></div><div class=\"plot\" "
                 "style=\"height:%.1frem\">",
                 1.5 + 1.2 * last);
    for (uint32_t i = 0; i < count; i++)
        sim_html_put(
            p->out,
            "<span class=\"moment %s%s\" style=\"left:%.2f%%\"><b style=\"top:%.1frem\">%s</b></span>",
            list[i].class, axis_side(&list[i]), list[i].x, 0.1 + 1.2 * rows[i], list[i].name);
    sim_html_put(p->out, "</div></div>\n");
}
