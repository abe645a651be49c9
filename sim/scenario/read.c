/*
 * read.c - a scenario from its text, in two passes: directives first, because events name edges, then events. The first error ends the reading with
 * file, line, reason and what is allowed there.
 */
#include "sim/scenario/language.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/conf/ini.h"

typedef struct {
    sim_scenario *s;
    kd_bytes text, rest;
    uint32_t line;
    uint32_t seen[32]; /* line of each directive, 0: not yet */
    sim_scenario_words words;
} reader;

/* Adds the form to what was refused. */
static bool refuse_form(sim_scenario_words *w, const sim_form *f)
{
    if (w->reason[0] == '\0') sim_words_refuse(w, "a word is missing");
    kd_buf syntax = {0};
    sim_form_put_syntax(f, &syntax);
    size_t used = strlen(w->reason);
    snprintf(w->reason + used, sizeof w->reason - used, " (the form is: %.*s)",
             KD_PRINT(kd_buf_view(&syntax)));
    kd_buf_finish(&syntax);
    return false;
}

static bool read_named(sim_scenario_words *w, const sim_form *f, void *base, uint32_t *used)
{
    kd_bytes word = sim_words_take(w);
    char shown[KD_TEXT_SHOWN_MAX];
    for (uint32_t i = 0; i < sim_form_parts(f); i++) {
        const sim_form_part *p = &f->parts[i];
        if (p->kind == PART_WORD || !p->word || !sim_word_is(word, p->word)) continue;
        if (*used & (1u << i)) return sim_words_refuse(w, "%s stands here twice", p->word);
        *used |= 1u << i;
        return sim_part_read(w, p, base);
    }
    return sim_words_refuse(w, "\"%s\" does not belong here", kd_text_shown(word, shown));
}

static bool read_in_order(sim_scenario_words *w, const sim_form *f, void *base)
{
    for (uint32_t i = 0; i < sim_form_parts(f); i++) {
        const sim_form_part *p = &f->parts[i];
        if (f->any_order && p->kind != PART_WORD && p->word) break;
        if (p->word && !sim_word_is(sim_words_peek(w), p->word))
            return sim_words_refuse(w, "the word %s is missing", p->word);
        if (p->word) sim_words_take(w);
        if (!sim_part_read(w, p, base)) return false;
    }
    return true;
}

static void clear_named(const sim_form *f, void *base)
{
    for (uint32_t i = 0; i < sim_form_parts(f); i++) {
        const sim_form_part *p = &f->parts[i];
        if (p->kind != PART_WORD && p->word) memset((char *)base + p->offset, 0, p->size);
    }
}

/* Fills *base from the words; false with a reason. All words must be used. */
static bool form_read(sim_scenario_words *w, const sim_form *f, void *base)
{
    if (f->sparse) clear_named(f, base);
    bool ok = read_in_order(w, f, base);
    uint32_t used = 0;
    while (ok && f->any_order && w->rest.len > 0) ok = read_named(w, f, base, &used);
    char shown[KD_TEXT_SHOWN_MAX];
    if (ok && w->rest.len > 0)
        ok = sim_words_refuse(w, "\"%s\" is too much", kd_text_shown(sim_words_peek(w), shown));
    return ok || refuse_form(w, f);
}

/* ---- lines ---- */

static bool line_clean(sim_scenario_words *w, kd_bytes line)
{
    if (line.len > LINE_MAX_BYTES)
        return sim_words_refuse(w, "the line is longer than %d bytes", LINE_MAX_BYTES);
    for (size_t i = 0; i < line.len; i++) {
        uint8_t c = line.data[i];
        if (c == 0) return sim_words_refuse(w, "the line holds a NUL byte");
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return sim_words_refuse(w, "the line holds a control character");
    }
    return true;
}

/* The next line that says something, without comment and outer blanks; false at the end or where it is not clean. */
static bool next_line(reader *r)
{
    while (r->rest.len > 0) {
        const uint8_t *feed = memchr(r->rest.data, '\n', r->rest.len);
        size_t len = feed ? (size_t)(feed - r->rest.data) : r->rest.len, eaten = len + (feed != NULL);
        kd_bytes line = kd_bytes_of(r->rest.data, len), head, tail;
        r->rest = kd_bytes_of(r->rest.data + eaten, r->rest.len - eaten);
        r->line++;
        if (len > 0 && line.data[len - 1] == '\r') line.len--;
        if (!line_clean(&r->words, line)) return false;
        line = kd_ini_split(line, '#', &head, &tail) ? head : kd_text_trim(line);
        r->words.rest = line;
        if (line.len > 0) return true;
    }
    return false;
}

static void rewind_text(reader *r)
{
    bool mark = r->text.len >= 3 && memcmp(r->text.data, "\xEF\xBB\xBF", 3) == 0;
    r->rest = mark ? kd_bytes_of(r->text.data + 3, r->text.len - 3) : r->text;
    r->line = 0;
}

static bool is_event(const sim_scenario_words *w)
{
    kd_bytes first = sim_words_peek(w);
    return sim_word_is(first, "at") || sim_word_is(first, "every");
}

/* ---- what the scenario is ---- */

static bool refuse_directive(sim_scenario_words *w)
{
    char shown[KD_TEXT_SHOWN_MAX];
    kd_buf names = {0};
    for (size_t i = 0; i < sim_scenario_directive_count; i++)
        kd_text_printf(&names, "%s, ", sim_scenario_directives[i].form.parts[0].word);
    sim_words_refuse(w, "\"%s\" begins no line; these do: %.*sat, every",
                     kd_text_shown(sim_words_peek(w), shown), KD_PRINT(kd_buf_view(&names)));
    kd_buf_finish(&names);
    return false;
}

static bool read_expectation(reader *r, const sim_directive *d)
{
    sim_scenario *s = r->s;
    sim_scenario_expectation e = {.line = r->line};
    if (!form_read(&r->words, &d->form, &e)) return false;
    if (s->expectation_count == EXPECTATIONS_MAX)
        return sim_words_refuse(&r->words, "there are more than %d expectations", EXPECTATIONS_MAX);
    for (uint32_t i = 0; i < s->expectation_count; i++) {
        const sim_scenario_expectation *other = &s->expectations[i];
        if (other->counter == e.counter && strcmp(other->item, e.item) == 0)
            return sim_words_refuse(&r->words, "that is expected already in line %u", other->line);
    }
    s->expectations =
        kd_grow(s->expectations, s->expectation_count, &s->expectation_cap, sizeof *s->expectations);
    s->expectations[s->expectation_count++] = e;
    return true;
}

static bool read_directive(reader *r)
{
    KD_ASSERT(sim_scenario_directive_count <= KD_COUNT(r->seen));
    kd_bytes name = sim_words_peek(&r->words);
    for (size_t i = 0; i < sim_scenario_directive_count; i++) {
        const sim_directive *d = &sim_scenario_directives[i];
        if (!sim_word_is(name, d->form.parts[0].word)) continue;
        if (d->expects) return read_expectation(r, d);
        if (r->seen[i] > 0)
            return sim_words_refuse(&r->words, "%s stands already in line %u", d->form.parts[0].word,
                                    r->seen[i]);
        r->seen[i] = r->line;
        return form_read(&r->words, &d->form, r->s);
    }
    return refuse_directive(&r->words);
}

static bool read_directives(reader *r)
{
    rewind_text(r);
    while (next_line(r))
        if (!is_event(&r->words) && !read_directive(r)) return false;
    if (r->words.reason[0] != '\0') return false;
    for (size_t i = 0; i < sim_scenario_directive_count; i++) {
        if (!sim_scenario_directives[i].required || r->seen[i] > 0) continue;
        r->line = 1;
        return sim_words_refuse(&r->words, "a line \"%s ...\" is missing: %s",
                                sim_scenario_directives[i].form.parts[0].word,
                                sim_scenario_directives[i].form.help);
    }
    return true;
}

/* ---- events ---- */

typedef struct {
    uint64_t from, to, every, lasts;
} timing;

static bool take_time(sim_scenario_words *w, const char *name, uint64_t least, uint64_t *us)
{
    const sim_form_part time = {.kind = PART_DURATION, .min = least, .max = 30 * 86400000000ull};
    if (!sim_word_is(sim_words_peek(w), name)) return true;
    sim_words_take(w);
    return sim_part_duration(w, &time, us);
}

static bool read_timing(reader *r, timing *t)
{
    sim_scenario_words *w = &r->words;
    uint64_t length = r->s->length_us;
    bool every = sim_word_is(sim_words_peek(w), "every");
    *t = (timing){.to = length};
    bool ok = every ? take_time(w, "every", 1000, &t->every) : take_time(w, "at", 0, &t->from);
    if (ok && every) {
        t->from = t->every;
        ok = take_time(w, "from", 0, &t->from) && take_time(w, "to", 0, &t->to);
    }
    ok = ok && take_time(w, "for", 1, &t->lasts);
    if (!ok) return false;
    if (t->from > length || t->to > length) return sim_words_refuse(w, "that is after the end (see length)");
    if (t->from == length)
        return sim_words_refuse(w, "that is the end (see length); nothing happens any more");
    if (t->to < t->from) return sim_words_refuse(w, "it ends before it begins");
    return true;
}

/* How many of the form's literal words the line begins with. */
static uint32_t match(const sim_scenario_words *line, const sim_form *f)
{
    sim_scenario_words w = *line;
    uint32_t n = 0, all = sim_form_prefix(f);
    while (n < all && sim_word_is(sim_words_take(&w), f->parts[n].word)) n++;
    return n;
}

static bool refuse_event(sim_scenario_words *w)
{
    char shown[KD_TEXT_SHOWN_MAX];
    kd_buf names = {0};
    for (uint32_t i = 0; i < SCENARIO_KINDS; i++)
        if (i != SCENARIO_OPERATION)
            kd_text_printf(&names, "%s, ", sim_scenario_kind_name((sim_scenario_kind)i));
    kd_bytes word = sim_words_peek(w);
    sim_words_refuse(
        w,
        "\"%s\" is nothing that happens; these do: %.*sor USER likes|unlikes|saves|unsaves|views "
        "ITEM at EDGE",
        kd_text_shown(word, shown), KD_PRINT(kd_buf_view(&names)));
    kd_buf_finish(&names);
    return false;
}

/* The form with the most literal words; SCENARIO_KINDS with a reason when there is none. */
static sim_scenario_kind find_form(sim_scenario_words *w)
{
    uint32_t best = SCENARIO_KINDS, most = 0, near = SCENARIO_KINDS;
    for (uint32_t i = 0; i < SCENARIO_KINDS; i++) {
        const sim_form *f = &sim_scenario_event_forms[i].form;
        uint32_t n = match(w, f);
        if (n > 0 && n < sim_form_prefix(f)) near = i;
        if (n < sim_form_prefix(f) || n <= most) continue;
        best = i;
        most = n;
    }
    if (best < SCENARIO_KINDS) return (sim_scenario_kind)best;
    sim_scenario_words second = *w;
    sim_words_take(&second);
    if (sim_verb_of(sim_words_peek(&second))) return SCENARIO_OPERATION;
    if (near == SCENARIO_KINDS)
        refuse_event(w);
    else
        refuse_form(w, &sim_scenario_event_forms[near].form);
    return SCENARIO_KINDS;
}

static bool sim_read_append(reader *r, const sim_scenario_event *e)
{
    sim_scenario *s = r->s;
    if (s->event_count == SCENARIO_EVENTS_MAX)
        return sim_words_refuse(&r->words, "there are more than %d events", SCENARIO_EVENTS_MAX);
    s->events = kd_grow(s->events, s->event_count, &s->event_cap, sizeof *s->events);
    s->events[s->event_count++] = *e;
    sim_scenario_settle(&s->events[s->event_count - 1]);
    return true;
}

/* One event, or one for each member of the zone that it befalls. */
static bool sim_read_append_all(reader *r, const sim_scenario_event *e)
{
    const sim_scenario *s = r->s;
    if (e->who > WHO_ZONE_0) return sim_read_append(r, e);
    const char *zone = s->zones[WHO_ZONE_0 - e->who];
    for (uint32_t i = 0; i < s->member_count; i++) {
        sim_scenario_event one = *e;
        one.who = sim_scenario_member(i);
        if (strcmp(s->zones[i], zone) == 0 && !sim_read_append(r, &one)) return false;
    }
    return true;
}

static bool read_event(reader *r)
{
    timing t;
    if (!read_timing(r, &t)) return false;
    sim_scenario_kind kind = find_form(&r->words);
    if (kind == SCENARIO_KINDS) return false;
    const sim_event_form *f = &sim_scenario_event_forms[kind];
    sim_scenario_event e = {
        .kind = kind, .who = f->who, .peer = SCENARIO_NOBODY, .for_us = t.lasts, .line = r->line};
    if (!form_read(&r->words, &f->form, &e)) return false;
    if (f->span == SPAN_ONCE && t.lasts > 0)
        return sim_words_refuse(&r->words, "that happens at once and takes no \"for\"");
    for (e.at_us = t.from; e.at_us <= t.to && e.at_us < r->s->length_us; e.at_us += t.every) {
        if (!sim_read_append_all(r, &e)) return false;
        if (t.every == 0) break;
    }
    return true;
}

static int sim_read_by_time(const void *a, const void *b)
{
    const sim_scenario_event *x = a, *y = b;
    if (x->at_us != y->at_us) return x->at_us < y->at_us ? -1 : 1;
    if (x->line != y->line) return x->line < y->line ? -1 : 1;
    return x->who > y->who ? -1 : x->who < y->who;
}

static bool read_events(reader *r)
{
    rewind_text(r);
    while (next_line(r))
        if (is_event(&r->words) && !read_event(r)) return false;
    if (r->words.reason[0] != '\0') return false;
    /* A line makes at most one event of a moment for each process, so these three order all events without ties. */
    if (r->s->event_count > 0) qsort(r->s->events, r->s->event_count, sizeof *r->s->events, sim_read_by_time);
    return true;
}

static uint32_t seen_line(const reader *r, const char *name)
{
    for (size_t i = 0; i < sim_scenario_directive_count; i++)
        if (strcmp(sim_scenario_directives[i].form.parts[0].word, name) == 0) return r->seen[i];
    return 0;
}

static bool sim_read_check(reader *r)
{
    sim_scenario_lines lines = {seen_line(r, "mix"), seen_line(r, "shards"), seen_line(r, "viral"),
                                seen_line(r, "central")};
    if (!lines.shards) r->s->shards = KD_MIN(r->s->shards, r->s->partitions); /* nobody asked for more */
    return sim_scenario_check(r->s, &lines, &r->line, &r->words);
}

int sim_scenario_parse(sim_scenario *s, const char *name, kd_bytes text, char error[SCENARIO_ERROR_MAX])
{
    sim_scenario_init(s);
    reader r = {.s = s, .text = text, .words = {.s = s}};
    if (text.len > FILE_MAX_BYTES)
        sim_words_refuse(&r.words, "the file is longer than %d bytes", FILE_MAX_BYTES);
    else if (read_directives(&r) && read_events(&r) && sim_read_check(&r))
        return KD_OK;
    snprintf(error, SCENARIO_ERROR_MAX, "%.200s:%u: %s", name, KD_MAX(r.line, 1u), r.words.reason);
    sim_scenario_finish(s);
    return KD_EINVAL;
}

static int read_file(const char *path, kd_buf *text)
{
    FILE *f = fopen(path, "rb");
    if (!f) return errno;
    char chunk[65536];
    size_t n;
    errno = 0;
    while (text->len <= FILE_MAX_BYTES && (n = fread(chunk, 1, sizeof chunk, f)) > 0)
        kd_buf_put(text, chunk, n);
    int err = ferror(f) ? (errno ? errno : EIO) : 0;
    fclose(f);
    return err;
}

int sim_scenario_read(sim_scenario *s, const char *path, char error[SCENARIO_ERROR_MAX])
{
    kd_buf text = {0};
    int status = KD_EIO, err = read_file(path, &text);
    if (err == 0)
        status = sim_scenario_parse(s, path, kd_buf_view(&text), error);
    else {
        snprintf(error, SCENARIO_ERROR_MAX, "%.200s: cannot be read: %s", path, strerror(err));
        *s = (sim_scenario){0};
    }
    kd_buf_finish(&text);
    return status;
}
