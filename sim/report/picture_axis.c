/*
 * picture_axis.c - the axis of time: where a moment lies, its ticks, and the moments that go through all lanes.
 */
#include "sim/report/picture.h"

#include "sim/report/html.h"
#include "sim/report/units.h"

enum { TICKS_WANTED = 8 };

double sim_picture_percent(const sim_picture *p, uint64_t at_us)
{
    return (double)KD_MIN(at_us, p->end_us) * 100 / (double)p->end_us;
}

/* Ticks every second of which a narrow screen leaves out. */
void sim_picture_axis(const sim_picture *p)
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
void sim_picture_moments(const sim_picture *p)
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
void sim_picture_moment_names(const sim_picture *p)
{
    bool heals = p->facts->length_us && p->facts->length_us < p->end_us;
    bool fails = p->facts->verdict == SIM_VIOLATED && p->facts->failed_us;
    if (!heals && !fails) return;
    sim_html_put(p->out, "<div class=\"lane names\"><div class=\"label\"></div><div class=\"plot\">");
    if (heals) put_moment(p, p->facts->length_us, "heal", "faults end");
    if (fails) put_moment(p, p->facts->failed_us, "failed", "violated here");
    sim_html_put(p->out, "</div></div>\n");
}
