/*
 * picture_leaders.c - which member of central led each partition, as bands: a lane for each partition, a colour for each member. Where nobody led there is a gap.
 */
#include "sim/report/picture.h"

#include <stdio.h>

#include "sim/report/html.h"
#include "sim/report/units.h"

/* Partitions beyond these are counted alone; names in bands narrower than this, in per cent, would not be read; colours come round again. */
enum { LANES_MAX = 8, NAMED_MIN = 4, COLOURS = 5 };

/* The members, in the order in which they led first: a member's place is its colour. */
typedef struct {
    const char *names[KD_MEMBERS_MAX];
    uint32_t count;
} leaders;

static uint32_t leaders_number(const leaders *l, const char *who)
{
    uint32_t number = 0;
    while (number < l->count && strcmp(l->names[number], who) != 0) number++;
    return number;
}

static leaders leaders_of(const sim_picture *p)
{
    leaders l = {.count = 0};
    for (uint32_t i = 0; i < p->view.reigns; i++) {
        const char *who = p->view.leaders[i].who;
        if (*who != '\0' && l.count < KD_MEMBERS_MAX && leaders_number(&l, who) == l.count)
            l.names[l.count++] = who;
    }
    return l;
}

static uint64_t leaders_until(const sim_picture *p, uint32_t index)
{
    for (uint32_t i = index + 1; i < p->view.reigns; i++)
        if (p->view.leaders[i].partition == p->view.leaders[index].partition)
            return p->view.leaders[i].from_us;
    return p->end_us;
}

static void leaders_put_band(const sim_picture *p, const leaders *l, uint32_t index)
{
    const sim_record_reign *r = &p->view.leaders[index];
    char at[UNITS_TEXT_MAX], span[UNITS_TEXT_MAX];
    uint64_t to_us = leaders_until(p, index);
    double from = sim_picture_percent(p, r->from_us), to = sim_picture_percent(p, to_us);
    if (*r->who == '\0') return;
    sim_units_moment(r->from_us, p->end_us, at);
    sim_units_span(to_us - r->from_us, span);
    sim_html_put(p->out, "<b class=\"reign m%u\" style=\"left:%.2f%%;width:%.2f%%\" title=\"",
                 leaders_number(l, r->who) % COLOURS, from, to - from);
    sim_html_text(p->out, r->who);
    sim_html_put(p->out, " led from %s for %s\">", at, span);
    if (to - from >= NAMED_MIN) sim_html_text(p->out, r->who);
    sim_html_put(p->out, "</b>");
}

static void leaders_put_lane(const sim_picture *p, const leaders *l, uint32_t partition)
{
    sim_html_put(
        p->out,
        "<div class=\"lane fault\"><div class=\"label\">leader of partition %u</div><div class=\"plot\">",
        partition);
    for (uint32_t i = 0; i < p->view.reigns; i++)
        if (p->view.leaders[i].partition == partition) leaders_put_band(p, l, i);
    sim_html_put(p->out, "</div></div>\n");
}

void sim_picture_leaders(const sim_picture *p)
{
    uint32_t partitions = 0;
    const leaders l = leaders_of(p);
    for (uint32_t i = 0; i < p->view.reigns; i++)
        partitions = KD_MAX(partitions, p->view.leaders[i].partition + 1);
    for (uint32_t i = 0; i < KD_MIN(partitions, (uint32_t)LANES_MAX); i++) leaders_put_lane(p, &l, i);
    if (partitions > LANES_MAX)
        sim_html_put(p->out, "<div class=\"lane fault\"><div class=\"label\">and %u more</div></div>\n",
                     partitions - LANES_MAX);
}
