/*
 * parts.c - reads the value of one part. Every refusal names what was found and what is allowed.
 */
#include "sim/scenario/language.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/scenario/points.h"

static bool sim_parts_is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

kd_bytes sim_words_peek(const sim_scenario_words *w)
{
    size_t n = 0;
    while (n < w->rest.len && !sim_parts_is_blank(w->rest.data[n])) n++;
    return kd_bytes_of(w->rest.data, n);
}

kd_bytes sim_words_take(sim_scenario_words *w)
{
    kd_bytes word = sim_words_peek(w);
    size_t n = word.len;
    while (n < w->rest.len && sim_parts_is_blank(w->rest.data[n])) n++;
    w->rest = kd_bytes_of(w->rest.data + n, w->rest.len - n);
    return word;
}

bool sim_words_refuse(sim_scenario_words *w, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(w->reason, sizeof w->reason, format, args);
    va_end(args);
    return false;
}

bool sim_word_is(kd_bytes word, const char *text)
{
    return kd_bytes_eq(word, kd_bytes_str(text));
}

const sim_verb_word *sim_verb_of(kd_bytes word)
{
    for (size_t i = 0; i < sim_scenario_verb_count; i++)
        if (sim_word_is(word, sim_scenario_verbs[i].word)) return &sim_scenario_verbs[i];
    return NULL;
}

/* "x" is not <what>, or: <what> is missing. */
static bool refuse_word(sim_scenario_words *w, kd_bytes word, const char *what)
{
    char shown[KD_TEXT_SHOWN_MAX];
    if (word.len == 0) return sim_words_refuse(w, "%s is missing", what);
    return sim_words_refuse(w, "\"%s\" is not %s", kd_text_shown(word, shown), what);
}

static void sim_parts_put_bound(const sim_form_part *p, kd_buf *out, uint64_t bound)
{
    if (p->kind == PART_REAL)
        kd_text_printf(out, "%.10g%s", (double)bound / 1000, p->unit);
    else if (p->kind == PART_SIZE)
        kd_text_put_size(out, bound);
    else if (p->kind == PART_NUMBER || p->kind == PART_VIEWS || p->kind == PART_SIGNED)
        kd_text_printf(out, "%llu%s", (unsigned long long)bound, p->unit ? p->unit : "");
    else
        kd_text_put_duration(out, bound);
}

static bool refuse_amount(sim_scenario_words *w, const sim_form_part *p, kd_bytes word, const char *what)
{
    kd_buf allowed = {0};
    kd_text_printf(&allowed, "%s from ", what);
    if (p->kind == PART_SIGNED || p->kind == PART_SIGNED_DURATION) {
        kd_text_printf(&allowed, "-");
        sim_parts_put_bound(p, &allowed, p->max);
    } else {
        sim_parts_put_bound(p, &allowed, p->min);
    }
    kd_text_printf(&allowed, " to ");
    sim_parts_put_bound(p, &allowed, p->max);
    kd_buf_put_u8(&allowed, 0);
    refuse_word(w, word, (const char *)allowed.data);
    kd_buf_finish(&allowed);
    return false;
}

static void sim_parts_set_number(const sim_form_part *p, void *base, uint64_t value)
{
    KD_ASSERT(p->size == sizeof(uint32_t) || p->size == sizeof(uint64_t));
    memcpy((char *)base + p->offset, &value, p->size); /* the first bytes are the low ones (kudos/base.h) */
}

static bool sim_parts_within(const sim_form_part *p, uint64_t value)
{
    return value >= p->min && value <= p->max;
}

static kd_bytes without_unit(kd_bytes word, const char *unit)
{
    size_t n = unit ? strlen(unit) : 0;
    bool there = n <= word.len && memcmp(word.data + word.len - n, unit ? unit : "", n) == 0;
    return there ? kd_bytes_of(word.data, word.len - n) : kd_bytes_of(word.data, 0);
}

static bool sim_parts_read_number(sim_scenario_words *w, const sim_form_part *p, void *base)
{
    kd_bytes word = sim_words_take(w), digits = without_unit(word, p->unit);
    uint64_t value;
    if (!kd_text_number(digits, &value) || !sim_parts_within(p, value)) {
        char what[64];
        bool share = p->unit && strcmp(p->unit, "%") == 0;
        snprintf(what, sizeof what, share ? "a share in per cent" : "a whole number");
        return refuse_amount(w, p, word, what);
    }
    sim_parts_set_number(p, base, value);
    return true;
}

/* Takes + or - off the word: -1 or 1. */
static int64_t take_sign(kd_bytes *word)
{
    bool sign = word->len > 0 && (word->data[0] == '+' || word->data[0] == '-');
    int64_t factor = sign && word->data[0] == '-' ? -1 : 1;
    if (sign) *word = kd_bytes_of(word->data + 1, word->len - 1);
    return factor;
}

static bool read_signed(sim_scenario_words *w, const sim_form_part *p, void *base)
{
    kd_bytes word = sim_words_take(w), number = word;
    int64_t factor = take_sign(&number);
    uint64_t value;
    if (p->kind == PART_SIGNED_DURATION) {
        if (!kd_text_duration(number, &value) || !sim_parts_within(p, value))
            return refuse_amount(w, p, word, "a time with its unit (" KD_TEXT_DURATION_UNITS ") and sign,");
    } else {
        number = without_unit(number, p->unit);
        if (!kd_text_number(number, &value) || !sim_parts_within(p, value))
            return refuse_amount(w, p, word, "a rate in parts per million");
    }
    sim_parts_set_number(p, base, (uint64_t)(factor * (int64_t)value));
    return true;
}

/* Digits, and up to three behind a point, as thousandths. */
static bool take_thousandths(kd_bytes text, uint64_t *value)
{
    uint64_t whole, behind = 0, scale = 1000;
    if (!kd_text_take_number(&text, &whole) || whole > UINT32_MAX) return false;
    if (text.len > 0) {
        if (text.data[0] != '.' || text.len < 2 || text.len > 4) return false;
        for (size_t i = 1; i < text.len; i++) scale /= 10;
        text = kd_bytes_of(text.data + 1, text.len - 1);
        if (!kd_text_take_number(&text, &behind) || text.len > 0) return false;
    }
    *value = whole * 1000 + behind * scale;
    return true;
}

static bool read_real(sim_scenario_words *w, const sim_form_part *p, void *base)
{
    kd_bytes word = sim_words_take(w);
    uint64_t value;
    if (!take_thousandths(without_unit(word, p->unit), &value) || !sim_parts_within(p, value))
        return refuse_amount(w, p, word, "a number with at most three digits behind the point");
    double real = (double)value / 1000;
    memcpy((char *)base + p->offset, &real, sizeof real);
    return true;
}

bool sim_part_duration(sim_scenario_words *w, const sim_form_part *p, uint64_t *us)
{
    kd_bytes word = sim_words_take(w);
    if (kd_text_duration(word, us) && sim_parts_within(p, *us)) return true;
    return refuse_amount(w, p, word, "a time with its unit (" KD_TEXT_DURATION_UNITS ")");
}

static bool read_duration(sim_scenario_words *w, const sim_form_part *p, void *base)
{
    uint64_t us;
    if (!sim_part_duration(w, p, &us)) return false;
    sim_parts_set_number(p, base, us);
    return true;
}

static bool read_spread(sim_scenario_words *w, const sim_form_part *p, void *base)
{
    kd_bytes word = sim_words_peek(w);
    uint64_t us;
    if (word.len < 2 || memcmp(word.data, "+-", 2) != 0) return true;
    if (!kd_text_duration(kd_bytes_of(word.data + 2, word.len - 2), &us) || us == 0 ||
        !sim_parts_within(p, us))
        return refuse_word(w, word, "a spread such as +-50ms");
    sim_words_take(w);
    sim_parts_set_number(p, base, us);
    return true;
}

static bool read_size(sim_scenario_words *w, const sim_form_part *p, void *base)
{
    kd_bytes word = sim_words_take(w);
    uint64_t bytes;
    if (!kd_text_size(without_unit(word, p->unit), &bytes) || !sim_parts_within(p, bytes))
        return refuse_amount(w, p, word,
                             p->unit ? "a size with its unit (" KD_TEXT_SIZE_UNITS ") and /s,"
                                     : "a size with its unit (" KD_TEXT_SIZE_UNITS ")");
    sim_parts_set_number(p, base, bytes);
    return true;
}

static bool read_yes(sim_scenario_words *w, const sim_form_part *p, void *base)
{
    kd_bytes word = sim_words_take(w);
    bool yes = sim_word_is(word, "yes");
    if (!yes && !sim_word_is(word, "no")) return refuse_word(w, word, "yes or no");
    memcpy((char *)base + p->offset, &yes, sizeof yes);
    return true;
}

static bool read_backups(sim_scenario_words *w, const sim_form_part *p, void *base)
{
    kd_bytes word = sim_words_take(w);
    bool none = sim_word_is(word, "none");
    if (!none && !sim_word_is(word, "kept")) return refuse_word(w, word, "kept or none");
    memcpy((char *)base + p->offset, &none, sizeof none);
    return true;
}

static bool sim_parts_read_text(sim_scenario_words *w, const sim_form_part *p, void *base)
{
    if (w->rest.len == 0) return sim_words_refuse(w, "the text is missing");
    char *text = kd_alloc(w->rest.len + 1), **field = (char **)((char *)base + p->offset);
    memcpy(text, w->rest.data, w->rest.len);
    w->rest.len = 0;
    free(*field);
    *field = text;
    return true;
}

static int edge_named(const sim_scenario *s, kd_bytes name)
{
    for (uint32_t i = 0; i < s->edge_count; i++)
        if (sim_word_is(name, s->edges[i])) return (int)i;
    return SCENARIO_NOBODY;
}

/* Names that mean something else where an event names a process. */
static bool process_name_valid(kd_bytes name)
{
    static const char *const taken[] = {"central", "kafka", "answers", "nobody", "zone"};
    bool valid = kd_name_valid(name) && name.len < SCENARIO_NAME_MAX;
    for (size_t i = 0; i < KD_COUNT(taken); i++) valid = valid && !sim_word_is(name, taken[i]);
    return valid;
}

static bool edge_name_valid(sim_scenario_words *w, kd_bytes name)
{
    if (!process_name_valid(name))
        return refuse_word(
            w, name,
            "a name for an edge: up to 31 of a-z, 0-9, . _ -, not central, kafka, answers, nobody, zone");
    if (edge_named(w->s, name) >= 0)
        return sim_words_refuse(w, "the edge %.*s is named twice", KD_PRINT(name));
    return true;
}

static bool sim_parts_read_edges(sim_scenario_words *w)
{
    sim_scenario *s = w->s;
    s->edge_count = 0;
    memset(s->edges, 0, sizeof s->edges);
    do {
        kd_bytes name = sim_words_take(w);
        if (!edge_name_valid(w, name)) return false;
        if (s->edge_count == SCENARIO_EDGES_MAX)
            return sim_words_refuse(w, "there are at most %d edges", SCENARIO_EDGES_MAX);
        memcpy(s->edges[s->edge_count++], name.data, name.len);
    } while (w->rest.len > 0);
    return true;
}

/* ---- members of central ---- */

static int member_named(const sim_scenario *s, kd_bytes name)
{
    for (uint32_t i = 0; i < s->member_count; i++)
        if (sim_word_is(name, s->members[i])) return sim_scenario_member(i);
    return SCENARIO_NOBODY;
}

/* The first member of that zone, which stands for all of them. */
static int zone_named(const sim_scenario *s, kd_bytes zone)
{
    for (uint32_t i = 0; i < s->member_count; i++)
        if (zone.len > 0 && sim_word_is(zone, s->zones[i])) return WHO_ZONE_0 - (int)i;
    return SCENARIO_NOBODY;
}

static bool member_valid(sim_scenario_words *w, kd_bytes name, kd_bytes zone, bool zoned)
{
    if (!process_name_valid(name))
        return refuse_word(w, name,
                           "a name for a member of central: up to 31 of a-z, 0-9, . _ -, not central, kafka, "
                           "answers, nobody, zone");
    if (zoned && (!kd_name_valid(zone) || zone.len >= SCENARIO_NAME_MAX))
        return refuse_word(w, zone, "a name for a zone: up to 31 of a-z, 0-9, . _ -");
    if (member_named(w->s, name) != SCENARIO_NOBODY)
        return sim_words_refuse(w, "the member %.*s is named twice", KD_PRINT(name));
    if (w->s->member_count == SCENARIO_MEMBERS_MAX)
        return sim_words_refuse(w, "there are at most %d members of central", SCENARIO_MEMBERS_MAX);
    return true;
}

static bool sim_parts_read_members(sim_scenario_words *w)
{
    sim_scenario *s = w->s;
    do {
        kd_bytes word = sim_words_take(w), zone = {0};
        const uint8_t *colon = word.len > 0 ? memchr(word.data, ':', word.len) : NULL;
        size_t len = colon ? (size_t)(colon - word.data) : word.len;
        kd_bytes name = kd_bytes_of(word.data, len);
        if (colon) zone = kd_bytes_of(colon + 1, word.len - len - 1);
        if (!member_valid(w, name, zone, colon != NULL)) return false;
        memcpy(s->members[s->member_count], name.data, name.len);
        if (zone.len > 0) memcpy(s->zones[s->member_count], zone.data, zone.len);
        s->member_count++;
    } while (w->rest.len > 0);
    return true;
}

static void put_members(const sim_scenario *s, kd_buf *out)
{
    for (uint32_t i = 0; i < s->member_count; i++)
        kd_text_printf(out, "%s%s", i > 0 ? ", " : "", s->members[i]);
}

static bool refuse_member(sim_scenario_words *w, kd_bytes word)
{
    kd_buf names = {0};
    if (w->s->member_count == 0)
        return sim_words_refuse(w, "central has no members here (a line \"central a b c\" names them)");
    kd_text_printf(&names, "a member of central: they are ");
    put_members(w->s, &names);
    kd_buf_put_u8(&names, 0);
    refuse_word(w, word, (const char *)names.data);
    kd_buf_finish(&names);
    return false;
}

static bool read_member(sim_scenario_words *w, const sim_form_part *p, void *base)
{
    kd_bytes word = sim_words_take(w);
    int who = member_named(w->s, word);
    if (who == SCENARIO_NOBODY) return refuse_member(w, word);
    memcpy((char *)base + p->offset, &who, sizeof who);
    return true;
}

static bool read_zone(sim_scenario_words *w, const sim_form_part *p, void *base)
{
    kd_bytes word = sim_words_take(w);
    int who = zone_named(w->s, word);
    if (who == SCENARIO_NOBODY)
        return refuse_word(w, word, "a zone of a member (a line \"central a:north b:south\" names them)");
    memcpy((char *)base + p->offset, &who, sizeof who);
    return true;
}

static bool refuse_who(sim_scenario_words *w, const sim_form_part *p, kd_bytes word)
{
    kd_buf names = {0};
    kd_text_printf(&names, "there: the edges are ");
    for (uint32_t i = 0; i < w->s->edge_count; i++)
        kd_text_printf(&names, "%s%s", i > 0 ? ", " : "", w->s->edges[i]);
    kd_text_printf(&names, "%s",
                   p->kind == PART_EDGE      ? ""
                   : p->kind == PART_PROCESS ? "; central goes too"
                                             : "; central and kafka go too");
    if (p->kind != PART_EDGE && w->s->member_count > 0) {
        kd_text_printf(&names, "; members of central are ");
        put_members(w->s, &names);
    }
    kd_buf_put_u8(&names, 0);
    if (word.len == 0)
        sim_words_refuse(w, "a name is missing; %s", (const char *)names.data + strlen("there: "));
    else
        refuse_word(w, word, (const char *)names.data);
    kd_buf_finish(&names);
    return false;
}

static bool read_who(sim_scenario_words *w, const sim_form_part *p, void *base)
{
    kd_bytes word = sim_words_take(w);
    int who = edge_named(w->s, word);
    if ((p->kind == PART_PROCESS || p->kind == PART_ANYBODY) && sim_word_is(word, "zone"))
        return read_zone(w, p, base);
    if (p->kind != PART_EDGE && who == SCENARIO_NOBODY) who = member_named(w->s, word);
    if (p->kind != PART_EDGE && sim_word_is(word, "central")) who = SCENARIO_CENTRAL;
    if (p->kind != PART_EDGE && p->kind != PART_PROCESS && sim_word_is(word, "kafka")) who = SCENARIO_KAFKA;
    if (who == SCENARIO_NOBODY) return refuse_who(w, p, word);
    memcpy((char *)base + p->offset, &who, sizeof who);
    return true;
}

/* Edges have no links among them, and central's are to edges and Kafka. */
static bool read_peer(sim_scenario_words *w, const sim_form_part *p, void *base)
{
    sim_scenario_event *e = base;
    if (!sim_word_is(sim_words_peek(w), "from")) return true;
    sim_words_take(w);
    if (!read_who(w, p, base)) return false;
    bool central = e->who < 0 && e->who != SCENARIO_KAFKA,
         to_central = e->peer < 0 && e->peer != SCENARIO_KAFKA;
    bool linked = central ? !to_central : e->peer < 0;
    return linked ||
           sim_words_refuse(w,
                            "there is no link from %s to %s: edges have links to central and kafka, "
                            "central to edges and kafka",
                            sim_scenario_who(w->s, e->who), sim_scenario_who(w->s, e->peer));
}

static bool read_way(sim_scenario_words *w, void *base)
{
    sim_scenario_event *e = base;
    kd_bytes word = sim_words_peek(w);
    e->way = sim_word_is(word, "up")     ? SCENARIO_UP
             : sim_word_is(word, "down") ? SCENARIO_DOWN
                                         : SCENARIO_BOTH;
    if (e->way != SCENARIO_BOTH) sim_words_take(w);
    return true;
}

static bool read_topic(sim_scenario_words *w, void *base)
{
    kd_bytes word = sim_words_take(w);
    bool counts = sim_word_is(word, "counts");
    ((sim_scenario_event *)base)->topic = counts ? SCENARIO_COUNTS : SCENARIO_LIKES;
    return counts || sim_word_is(word, "likes") || refuse_word(w, word, "a topic: likes or counts");
}

static bool read_imported(sim_scenario_words *w, void *base)
{
    kd_bytes word = sim_words_take(w);
    bool views = sim_word_is(word, "views");
    ((sim_scenario_event *)base)->counter = views ? SCENARIO_VIEW : SCENARIO_LIKE;
    return views || sim_word_is(word, "likes") || refuse_word(w, word, "what is imported: likes or views");
}

static bool read_point(sim_scenario_words *w, const sim_form_part *p, void *base)
{
    kd_bytes word = sim_words_take(w);
    uint32_t point;
    if (sim_point_find(word, &point) != KD_OK)
        return refuse_word(w, word, "a point (kudos-sim torture --list-points)");
    sim_parts_set_number(p, base, point);
    return true;
}

static bool sim_parts_read_name(sim_scenario_words *w, const sim_form_part *p, void *base)
{
    kd_bytes word = sim_words_take(w);
    kd_item item;
    bool user = p->kind == PART_USER;
    bool valid = user ? kd_id_valid(word) : kd_item_parse(&item, word) == KD_OK;
    if (!valid || word.len >= SCENARIO_NAME_MAX)
        return refuse_word(w, word,
                           user ? "a user: up to 31 of A-Z, a-z, 0-9 and . _ ~ : @ = + -"
                                : "an item such as posts/1, at most 31 bytes");
    memset((char *)base + p->offset, 0, SCENARIO_NAME_MAX);
    memcpy((char *)base + p->offset, word.data, word.len);
    return true;
}

static bool sim_parts_read_verb(sim_scenario_words *w, void *base)
{
    kd_bytes word = sim_words_take(w);
    const sim_verb_word *verb = sim_verb_of(word);
    if (!verb) return refuse_word(w, word, "likes, unlikes, saves, unsaves or views");
    ((sim_scenario_event *)base)->verb = verb->verb;
    ((sim_scenario_event *)base)->counter = verb->counter;
    return true;
}

static bool sim_parts_read_counter(sim_scenario_words *w, const sim_form_part *p, void *base)
{
    kd_bytes word = sim_words_take(w);
    for (uint32_t i = 0; i < SCENARIO_COUNTERS; i++) {
        if (!sim_word_is(word, sim_scenario_counters.at[i].name)) continue;
        sim_parts_set_number(p, base, i);
        return true;
    }
    return refuse_word(w, word, "a counter: like, save or view");
}

bool sim_part_read(sim_scenario_words *w, const sim_form_part *p, void *base)
{
    switch (p->kind) {
    case PART_WORD:
        return true;
    case PART_NUMBER:
        return sim_parts_read_number(w, p, base);
    case PART_SIGNED:
    case PART_SIGNED_DURATION:
        return read_signed(w, p, base);
    case PART_REAL:
        return read_real(w, p, base);
    case PART_YES:
        return read_yes(w, p, base);
    case PART_BACKUPS:
        return read_backups(w, p, base);
    case PART_TEXT:
        return sim_parts_read_text(w, p, base);
    case PART_EDGES:
        return sim_parts_read_edges(w);
    case PART_MEMBERS:
        return sim_parts_read_members(w);
    case PART_MEMBER:
        return read_member(w, p, base);
    case PART_DURATION:
        return read_duration(w, p, base);
    case PART_SPREAD:
        return read_spread(w, p, base);
    case PART_SIZE:
        return read_size(w, p, base);
    case PART_EDGE:
    case PART_PROCESS:
    case PART_ANYBODY:
        return read_who(w, p, base);
    case PART_WAY:
        return read_way(w, base);
    case PART_PEER:
        return read_peer(w, p, base);
    case PART_TOPIC:
        return read_topic(w, base);
    case PART_POINT:
        return read_point(w, p, base);
    case PART_USER:
    case PART_ITEM:
        return sim_parts_read_name(w, p, base);
    case PART_VERB:
        return sim_parts_read_verb(w, base);
    case PART_VIEWS:
        return ((sim_scenario_event *)base)->verb != KD_ADD || sim_parts_read_number(w, p, base);
    case PART_COUNTER:
        return sim_parts_read_counter(w, p, base);
    case PART_IMPORTED:
        return read_imported(w, base);
    }
    return false;
}
