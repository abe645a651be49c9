/*
 * print.c - a scenario as its text, and the language as help.
 */
#include "sim/scenario/language.h"

#include <math.h>

#include "sim/scenario/points.h"

static uint64_t number_of(const sim_form_part *p, const void *base)
{
    uint64_t value = 0;
    memcpy(&value, (const char *)base + p->offset, p->size);
    return value;
}

static void put_duration(kd_buf *out, uint64_t us)
{
    if (us == 0)
        kd_text_printf(out, "0s");
    else
        kd_text_put_duration(out, us);
}

static void print_put_signed(const sim_form_part *p, const void *base, kd_buf *out)
{
    int64_t value;
    memcpy(&value, (const char *)base + p->offset, sizeof value);
    kd_text_printf(out, value < 0 ? "-" : "+");
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    if (p->kind == PART_SIGNED)
        kd_text_printf(out, "%llu%s", (unsigned long long)size, p->unit);
    else
        put_duration(out, size);
}

static void put_real(const sim_form_part *p, const void *base, kd_buf *out)
{
    double real;
    memcpy(&real, (const char *)base + p->offset, sizeof real);
    uint64_t thousandths = (uint64_t)llround(real * 1000);
    kd_text_printf(out, "%llu", (unsigned long long)(thousandths / 1000));
    char digits[8] = ".";
    for (uint64_t left = thousandths % 1000, i = 1, scale = 100; left > 0; left %= scale, scale /= 10, i++)
        digits[i] = (char)('0' + left / scale);
    kd_text_printf(out, "%s%s", digits[1] ? digits : "", p->unit);
}

/* Characters that would end the line or begin a comment become blanks. */
static void print_put_line(const char *text, kd_buf *out)
{
    for (size_t i = 0; i < LINE_MAX_BYTES - sizeof "teaches" && text[i] != '\0'; i++) {
        bool plain = (uint8_t)text[i] >= 0x20 && text[i] != '#' && text[i] != 0x7F;
        kd_buf_put_u8(out, plain ? (uint8_t)text[i] : ' ');
    }
}

static const char *verb_shown(const sim_scenario_event *e)
{
    for (size_t i = 0; i < sim_scenario_verb_count; i++)
        if (sim_scenario_verbs[i].verb == e->verb && sim_scenario_verbs[i].counter == e->counter)
            return sim_scenario_verbs[i].word;
    KD_ASSERT(!"a verb that the counter does not know");
    return "";
}

static void print_put_edges(const sim_scenario *s, kd_buf *out)
{
    for (uint32_t i = 0; i < s->edge_count; i++) kd_text_printf(out, "%s%s", i > 0 ? " " : "", s->edges[i]);
}

static void print_put_members(const sim_scenario *s, kd_buf *out)
{
    for (uint32_t i = 0; i < s->member_count; i++)
        kd_text_printf(out, "%s%s%s%s", i > 0 ? " " : "", s->members[i], s->zones[i][0] ? ":" : "",
                       s->zones[i]);
}

static void put_value(const sim_scenario *s, const sim_form_part *p, const void *base, kd_buf *out)
{
    const void *field = (const char *)base + p->offset;
    switch (p->kind) {
    case PART_NUMBER:
    case PART_VIEWS:
        kd_text_printf(out, "%llu%s", (unsigned long long)number_of(p, base), p->unit ? p->unit : "");
        break;
    case PART_SIGNED:
    case PART_SIGNED_DURATION:
        print_put_signed(p, base, out);
        break;
    case PART_REAL:
        put_real(p, base, out);
        break;
    case PART_YES:
        kd_text_printf(out, *(const bool *)field ? "yes" : "no");
        break;
    case PART_BACKUPS:
        kd_text_printf(out, *(const bool *)field ? "none" : "kept");
        break;
    case PART_TEXT:
        print_put_line(*(char *const *)field, out);
        break;
    case PART_EDGES:
        print_put_edges(s, out);
        break;
    case PART_MEMBERS:
        print_put_members(s, out);
        break;
    case PART_DURATION:
        put_duration(out, number_of(p, base));
        break;
    case PART_SPREAD:
        kd_text_printf(out, "+-");
        put_duration(out, number_of(p, base));
        break;
    case PART_SIZE:
        kd_text_put_size(out, number_of(p, base));
        kd_text_printf(out, "%s", p->unit ? p->unit : "");
        break;
    case PART_EDGE:
    case PART_MEMBER:
    case PART_PROCESS:
    case PART_ANYBODY:
        kd_text_printf(out, "%s", sim_scenario_who(s, *(const int *)field));
        break;
    case PART_WAY:
        kd_text_printf(out, ((const sim_scenario_event *)base)->way == SCENARIO_UP ? "up" : "down");
        break;
    case PART_PEER:
        kd_text_printf(out, "from %s", sim_scenario_who(s, *(const int *)field));
        break;
    case PART_TOPIC:
        kd_text_printf(out, ((const sim_scenario_event *)base)->topic == SCENARIO_LIKES ? "likes" : "counts");
        break;
    case PART_POINT:
        kd_text_printf(out, "%s", sim_point_name((uint32_t)number_of(p, base)));
        break;
    case PART_USER:
    case PART_ITEM:
        kd_text_printf(out, "%s", (const char *)field);
        break;
    case PART_VERB:
        kd_text_printf(out, "%s", verb_shown(base));
        break;
    case PART_COUNTER:
        kd_text_printf(out, "%s", sim_scenario_counters.at[number_of(p, base)].name);
        break;
    case PART_IMPORTED:
        kd_text_printf(out, "%ss", sim_scenario_counters.at[number_of(p, base)].name);
        break;
    case PART_WORD:
        break;
    }
}

/* Whether the part has the value that its absence means, so that it is left out. */
static bool is_absent(const sim_form *f, const sim_form_part *p, const void *base)
{
    const sim_scenario_event *e = base;
    switch (p->kind) {
    case PART_SPREAD:
        return number_of(p, base) == 0;
    case PART_WAY:
        return e->way == SCENARIO_BOTH;
    case PART_PEER:
        return e->peer == SCENARIO_NOBODY;
    case PART_VIEWS:
        return e->verb != KD_ADD;
    default:
        return f->sparse && p->kind != PART_WORD && p->word && number_of(p, base) == 0;
    }
}

/* A value of the form, as text. */
static void form_print(const sim_scenario *s, const sim_form *f, const void *base, kd_buf *out)
{
    const char *between = "";
    for (uint32_t i = 0; i < sim_form_parts(f); i++) {
        const sim_form_part *p = &f->parts[i];
        if (is_absent(f, p, base)) continue;
        kd_text_printf(out, "%s%s%s", between, p->word ? p->word : "",
                       p->word && p->kind != PART_WORD ? " " : "");
        put_value(s, p, base, out);
        between = " ";
    }
}

void sim_scenario_event_print(const sim_scenario *s, const sim_scenario_event *event, kd_buf *out)
{
    kd_text_printf(out, "at ");
    put_duration(out, event->at_us);
    if (event->for_us > 0) {
        kd_text_printf(out, " for ");
        put_duration(out, event->for_us);
    }
    kd_text_printf(out, "  ");
    form_print(s, &sim_scenario_event_forms[event->kind].form, event, out);
}

/* A directive that has its default value is left out, unless it is `always` printed. */
static void print_directive(const sim_scenario *s, const sim_scenario *usual, const sim_directive *d,
                            kd_buf *out)
{
    kd_buf line = {0}, by_default = {0};
    form_print(s, &d->form, s, &line);
    form_print(usual, &d->form, usual, &by_default);
    if (d->always || !kd_bytes_eq(kd_buf_view(&line), kd_buf_view(&by_default))) {
        kd_buf_put(out, line.data, line.len);
        kd_buf_put_u8(out, '\n');
    }
    kd_buf_finish(&line);
    kd_buf_finish(&by_default);
}

void sim_scenario_print(const sim_scenario *s, kd_buf *out)
{
    sim_scenario usual;
    sim_scenario_init(&usual);
    for (size_t i = 0; i < sim_scenario_directive_count; i++) {
        const sim_directive *d = &sim_scenario_directives[i];
        if (!d->expects) print_directive(s, &usual, d, out);
        for (uint32_t k = 0; d->expects && k < s->expectation_count; k++) {
            form_print(s, &d->form, &s->expectations[k], out);
            kd_buf_put_u8(out, '\n');
        }
    }
    for (uint32_t i = 0; i < s->event_count; i++) {
        sim_scenario_event_print(s, &s->events[i], out);
        kd_buf_put_u8(out, '\n');
    }
    sim_scenario_finish(&usual);
}

static void print_put_help(const sim_form *f, const char *before, const char *span, kd_buf *out)
{
    kd_buf syntax = {0};
    sim_form_put_syntax(f, &syntax);
    kd_text_printf(out, "  %s%.*s\n        %s%s\n", before, KD_PRINT(kd_buf_view(&syntax)), f->help, span);
    kd_buf_finish(&syntax);
}

void sim_scenario_language(kd_buf *out)
{
    static const char *const spans[] = {[SPAN_ONCE] = "",
                                        [SPAN_LASTS] = "; for TIME, or to the end",
                                        [SPAN_RETURNS] = "; for TIME, or a second"};
    kd_text_printf(out, "A scenario is a text of lines; # begins a comment. A time or a size says its unit\n"
                        "(" KD_TEXT_DURATION_UNITS "; " KD_TEXT_SIZE_UNITS ").\n\nWhat it is:\n");
    for (size_t i = 0; i < sim_scenario_directive_count; i++)
        print_put_help(&sim_scenario_directives[i].form, "", "", out);
    kd_text_printf(
        out,
        "\nWhat happens: at TIME [for TIME], or every TIME [from TIME] [to TIME] [for TIME], and then\n");
    for (uint32_t i = 0; i < SCENARIO_KINDS; i++)
        print_put_help(&sim_scenario_event_forms[i].form, "", spans[sim_scenario_event_forms[i].span], out);
}
