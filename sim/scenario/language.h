/*
 * language.h - the language of scenarios as tables: every directive and every event is a list of parts. Reader,
 * printer, error messages and help are driven by them, so a new directive is a new row. For the files of this folder only.
 */
#ifndef KUDOS_SIM_SCENARIO_LANGUAGE_H
#define KUDOS_SIM_SCENARIO_LANGUAGE_H

#include "common/base/text.h"
#include "sim/scenario/scenario.h"

enum {
    PARTS_MAX = 10,
    LINE_MAX_BYTES = 1024,
    FILE_MAX_BYTES = 16 * 1024 * 1024,
    EXPECTATIONS_MAX = 1000,
};

typedef enum {
    PART_WORD,    /* the literal `word` and nothing else */
    PART_NUMBER,  /* a whole number and, without a blank, its `unit` */
    PART_SIGNED,  /* the same with a sign */
    PART_REAL,    /* a double, in thousandths; bounds too */
    PART_YES,     /* yes or no */
    PART_BACKUPS, /* kept or none */
    PART_TEXT,    /* the rest of the line */
    PART_EDGES,   /* new names, to the end of the line */
    PART_DURATION,
    PART_SIGNED_DURATION,
    PART_SPREAD,  /* +-50ms, or nothing */
    PART_SIZE,    /* and its `unit`: /s */
    PART_EDGE,    /* an edge's name */
    PART_PROCESS, /* or central */
    PART_ANYBODY, /* or kafka */
    PART_WAY,     /* up, down, or nothing */
    PART_PEER,    /* from central, from kafka, from an edge, or nothing */
    PART_TOPIC,
    PART_USER,
    PART_VERB,
    PART_ITEM,
    PART_VIEWS, /* a number behind `views`, nothing behind other verbs */
    PART_COUNTER,
} part_kind;

typedef struct {
    part_kind kind;
    const char *word; /* stands before the value; NULL: nothing does */
    const char *unit;
    size_t offset, size; /* of the field in what the form fills */
    uint64_t min, max;
} part;

/* What a form fills is a scenario, a scenario_event or a scenario_expectation. */
typedef struct {
    const char *help;
    bool any_order; /* parts with a word come in any order, or not at all */
    bool sparse;    /* and what does not come is 0, else its default */
    part parts[PARTS_MAX];
} form;

typedef struct {
    form form;
    bool always; /* printed also where it is as by default */
    bool required;
    bool expects; /* fills an expectation, and may come again */
} directive;

typedef enum {
    SPAN_ONCE,    /* takes no `for` */
    SPAN_LASTS,   /* without `for` to the end of the faults */
    SPAN_RETURNS, /* without `for` for a second */
} event_span;

typedef struct {
    form form;
    event_span span;
    int who; /* of a form that names nobody */
} event_form;

extern const directive scenario_directives[];
extern const size_t scenario_directive_count;
extern const event_form scenario_event_forms[SCENARIO_KINDS];

typedef struct {
    const char *word;
    kd_verb verb;
    uint32_t counter;
} verb_word;
extern const verb_word scenario_verbs[];
extern const size_t scenario_verb_count;

static inline uint32_t form_parts(const form *f)
{
    uint32_t n = 0;
    while (n < PARTS_MAX && (f->parts[n].kind != PART_WORD || f->parts[n].word)) n++;
    return n;
}

/* How many literal words the form begins with. */
uint32_t form_prefix(const form *f);
/* "flush COUNT ops DURATION" */
void form_put_syntax(const form *f, kd_buf *out);

/* One line while it is read. */
typedef struct {
    scenario *s;                           /* for its names */
    kd_bytes rest;                         /* without blanks at its ends */
    char reason[SCENARIO_ERROR_MAX - 256]; /* empty: nothing is wrong */
} words;

kd_bytes words_peek(const words *w); /* empty at the end */
kd_bytes words_take(words *w);
__attribute__((format(printf, 2, 3))) bool words_refuse(words *w, const char *format, ...); /* false */
bool word_is(kd_bytes word, const char *text);
const verb_word *verb_of(kd_bytes word);

/* One part's value, its word already taken. */
bool part_read(words *w, const part *p, void *base);
bool part_duration(words *w, const part *p, uint64_t *us);

/* Where directives stand that belong together; 0: nowhere. */
typedef struct {
    uint32_t mix, shards, viral;
} scenario_lines;
/* What can only be said of the whole: false with the line and the reason. */
bool scenario_check(const scenario *s, const scenario_lines *lines, uint32_t *line, words *w);
/* Fills in what the form leaves to a default (1 s for what returns). */
void scenario_settle(scenario_event *event);

#endif
