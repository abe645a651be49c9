/*
 * picture_bands.c - faults and notes in the picture. Faults of one kind at one place share a row: "cut mumbai" sixty times is one row with sixty
 * bars, and its name is said once. A tint behind the lanes repeats the bars of these rows.
 */
#include "sim/report/picture.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/report/html.h"
#include "sim/report/units.h"

/* Beyond this many rows the rest of a block is gathered in a last one. */
enum { ROWS_MAX = 14 };
/* Bars closer than this, in per cent of the axis, become one: nobody could tell them apart. */
static const double bar_gap = 0.12;

static bool word_starts(const char *text, const char *word)
{
    size_t len = strlen(word);
    return strncmp(text, word, len) == 0 && (text[len] == 0 || text[len] == ' ');
}

const char *sim_picture_family(const char *what)
{
    static const struct {
        const char *word, *family;
    } words[] = {
        {"cut", "network"},    {"flap", "network"},    {"delay", "network"},   {"lose", "network"},
        {"limit", "network"},  {"reset", "network"},   {"kill", "process"},    {"freeze", "process"},
        {"fence", "process"},  {"restart", "process"}, {"back", "process"},    {"restore", "process"},
        {"wipe", "process"},   {"retire", "process"},  {"readmit", "process"}, {"copy", "process"},
        {"second", "process"}, {"fill", "disk"},       {"fail", "disk"},       {"slow", "disk"},
        {"step", "clock"},     {"drift", "clock"},     {"swing", "clock"},     {"duplicate", "log"},
        {"redeliver", "log"},  {"truncate", "log"},    {"expire", "log"},      {"recreate", "log"},
        {"forge", "log"},      {"arm", "process"},     {"audit", "process"},   {"rehearse", "process"},
        {"void", "log"},       {"put", "log"},         {"import", "log"},      {"close", "log"},
        {"erase", "log"},      {"open", "log"},        {"delete", "log"},      {"join", "process"}};
    for (size_t i = 0; i < KD_COUNT(words); i++)
        if (word_starts(what, words[i].word)) return words[i].family;
    return "other";
}

static bool is_region(const sim_picture *p, const char *who)
{
    for (uint32_t i = 0; i < p->view.regions; i++)
        if (strcmp(who, sim_record_region(p->record, i)) == 0) return true;
    return false;
}

/* Does it belong to this region's block, or (NULL) to central and Kafka's? */
static bool belongs(const sim_picture *p, const char *who, const char *region)
{
    return region ? strcmp(who, region) == 0 : !is_region(p, who);
}

bool sim_picture_touched(const sim_picture *p, const char *region)
{
    for (uint32_t i = 0; i < p->view.faults; i++)
        if (belongs(p, p->view.bands[i].who, region)) return true;
    for (uint32_t i = 0; i < p->view.notes; i++)
        if (belongs(p, p->view.marks[i].who, region)) return true;
    return false;
}

/* ---- rows of bars ---- */

typedef struct {
    double from, to; /* per cent */
    uint64_t from_us, to_us;
    uint32_t times;
} bar;

static void put_bar(const sim_picture *p, const bar *b, const char *what, const char *class)
{
    char at[UNITS_TEXT_MAX], span[UNITS_TEXT_MAX];
    sim_units_moment(b->from_us, p->end_us, at);
    sim_units_span(b->to_us - b->from_us, span);
    sim_html_put(p->out, "<i class=\"%s %s\" style=\"left:%.2f%%;width:%.2f%%\" title=\"", class,
                 sim_picture_family(what), b->from, b->to - b->from);
    sim_html_text(p->out, what);
    sim_html_put(p->out, " at %s%s%s", at, b->to_us > b->from_us ? " for " : "",
                 b->to_us > b->from_us ? span : "");
    if (b->times > 1) sim_html_put(p->out, ", %u times", b->times);
    sim_html_put(p->out, "\"></i>");
}

/* All bands of the block that `wanted` takes, with close ones joined. */
static uint32_t put_bars(const sim_picture *p, const char *region, const char *what, const char *class)
{
    bar open = {0};
    uint32_t bands = 0;
    KD_ASSERT(p->view.bands || p->view.faults == 0);
    for (uint32_t i = 0; i < p->view.faults; i++) {
        const sim_record_band *f = &p->view.bands[i];
        if (!belongs(p, f->who, region) || (what && strcmp(f->what, what) != 0)) continue;
        bands++;
        double from = sim_picture_percent(p, f->from_us), to = sim_picture_percent(p, f->to_us);
        if (open.times && from <= open.to + bar_gap) {
            open.to = KD_MAX(open.to, to);
            open.to_us = KD_MAX(open.to_us, f->to_us);
            open.times++;
            continue;
        }
        if (open.times) put_bar(p, &open, what ? what : "more", class);
        open = (bar){from, to, f->from_us, f->to_us, 1};
    }
    if (open.times) put_bar(p, &open, what ? what : "more", class);
    return bands;
}

/* Is the band the first of its kind in this block? */
static bool begins_row(const sim_picture *p, uint32_t index, const char *region)
{
    const sim_record_band *f = &p->view.bands[index];
    if (!belongs(p, f->who, region)) return false;
    for (uint32_t i = 0; i < index; i++) {
        const sim_record_band *other = &p->view.bands[i];
        if (belongs(p, other->who, region) && strcmp(other->what, f->what) == 0) return false;
    }
    return true;
}

static uint32_t times_of(const sim_picture *p, const char *region, const char *what)
{
    uint32_t times = 0;
    for (uint32_t i = 0; i < p->view.faults; i++)
        times += belongs(p, p->view.bands[i].who, region) && strcmp(p->view.bands[i].what, what) == 0;
    return times;
}

/* The fault without the region's name, which heads the block: "cut mumbai up" is "cut up" in mumbai's block. */
static void put_what(const sim_picture *p, const char *region, const char *what)
{
    static const char *const before[] = {" of ", " "};
    char text[RECORD_TEXT_MAX], name[RECORD_NAME_MAX + 8];
    snprintf(text, sizeof text, "%s", what);
    for (size_t i = 0; region && i < KD_COUNT(before); i++) {
        snprintf(name, sizeof name, "%s%s", before[i], region);
        char *at = strstr(text, name);
        if (!at || (at[strlen(name)] != 0 && at[strlen(name)] != ' ')) continue;
        memmove(at, at + strlen(name), strlen(at + strlen(name)) + 1);
        break;
    }
    sim_html_text(p->out, text);
}

static void picture_bands_put_row(const sim_picture *p, const char *region, const char *what)
{
    uint32_t times = times_of(p, region, what);
    sim_html_put(p->out, "<div class=\"lane fault\"><div class=\"label\" title=\"");
    sim_html_text(p->out, what);
    sim_html_put(p->out, "\"><i class=\"key %s\"></i>", sim_picture_family(what));
    put_what(p, region, what);
    if (times > 1) sim_html_put(p->out, " <span>&#215;%u</span>", times);
    sim_html_put(p->out, "</div><div class=\"plot\">");
    put_bars(p, region, what, "bar");
    sim_html_put(p->out, "</div></div>\n");
}

static void put_rest(const sim_picture *p, const char *region, uint32_t kinds)
{
    sim_html_put(
        p->out,
        "<div class=\"lane fault\"><div class=\"label\"><i class=\"key other\"></i>all, with %u more kinds"
        "</div><div class=\"plot\">",
        kinds);
    put_bars(p, region, NULL, "bar");
    sim_html_put(p->out, "</div></div>\n");
}

void sim_picture_faults(const sim_picture *p, const char *region)
{
    uint32_t rows = 0;
    for (uint32_t i = 0; i < p->view.faults; i++) {
        if (!begins_row(p, i, region)) continue;
        if (rows < ROWS_MAX) picture_bands_put_row(p, region, p->view.bands[i].what);
        rows++;
    }
    if (rows > ROWS_MAX) put_rest(p, region, rows - ROWS_MAX);
}

/* ---- behind the lanes ---- */

void sim_picture_bands(const sim_picture *p, const char *region)
{
    for (uint32_t i = 0; i < p->view.faults; i++)
        if (begins_row(p, i, region)) put_bars(p, region, p->view.bands[i].what, "tint");
}

void sim_picture_downtime(const sim_picture *p, sim_picture_series s)
{
    for (uint32_t i = 0, end; i < s.count; i = end + 1) {
        for (end = i; end < s.count && s.points[end].down;) end++;
        if (end == i) continue;
        double from = sim_picture_percent(p, s.points[i].from_us),
               to = sim_picture_percent(p, s.points[end - 1].to_us);
        sim_html_put(p->out, "<i class=\"down\" style=\"left:%.2f%%;width:%.2f%%\" title=\"down\"></i>", from,
                     to - from);
    }
}

/* ---- notes ---- */

/* Where the next note of the block after `index` begins, in per cent: the text of this note may extend to there. */
static double next_note(const sim_picture *p, uint32_t index, const char *region)
{
    for (uint32_t i = index + 1; i < p->view.notes; i++)
        if (belongs(p, p->view.marks[i].who, region)) return sim_picture_percent(p, p->view.marks[i].at_us);
    return 100;
}

void sim_picture_notes(const sim_picture *p, const char *region)
{
    bool open = false;
    for (uint32_t i = 0; i < p->view.notes; i++) {
        const sim_record_mark *m = &p->view.marks[i];
        if (!belongs(p, m->who, region)) continue;
        if (!open)
            sim_html_put(p->out,
                         "<div class=\"lane notes\"><div class=\"label\">notes</div><div class=\"plot\">");
        open = true;
        double at = sim_picture_percent(p, m->at_us), room = next_note(p, i, region) - at;
        sim_html_put(p->out,
                     "<a class=\"note%s\" href=\"#note-%u\" style=\"left:%.2f%%;width:%.2f%%\" title=\"",
                     room < 3   ? " tight"
                     : room < 9 ? " narrow"
                                : "",
                     i + 1, at, room);
        sim_html_text(p->out, m->text);
        sim_html_put(p->out, "\"><b>%u</b> ", i + 1);
        sim_html_text(p->out, m->text);
        sim_html_put(p->out, "</a>");
    }
    if (open) sim_html_put(p->out, "</div></div>\n");
}
