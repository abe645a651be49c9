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
    PART_MEMBERS, /* likewise, each perhaps with :ZONE */
    PART_DURATION,
    PART_SIGNED_DURATION,
    PART_SPREAD,  /* +-50ms, or nothing */
    PART_SIZE,    /* and its `unit`: /s */
    PART_EDGE,    /* an edge's name */
    PART_MEMBER,  /* a member's name */
    PART_PROCESS, /* EDGE, MEMBER, zone and its name (all members in it), or central */
    PART_ANYBODY, /* or kafka */
    PART_WAY,     /* up, down, or nothing */
    PART_PEER,    /* from central, from kafka, from an edge, or nothing */
    PART_TOPIC,
    PART_POINT, /* a point's name */
    PART_USER,
    PART_VERB,
    PART_ITEM,
    PART_VIEWS, /* a number behind `views`, nothing behind other verbs */
    PART_COUNTER,
    PART_IMPORTED, /* likes or views */
} sim_part_kind;

typedef struct {
    sim_part_kind kind;
    const char *word; /* stands before the value; NULL: nothing does */
    const char *unit;
    size_t offset, size; /* of the field in what the form fills */
    uint64_t min, max;
} sim_form_part;

/* What a form fills is a scenario, a scenario_event or a scenario_expectation. */
typedef struct {
    const char *help;
    bool
        any_order; /* parts with a word come in any order, or not at all; a part left out keeps its default */
    bool sparse;   /* with any_order: a part left out is 0 instead */
    sim_form_part parts[PARTS_MAX];
} sim_form;

typedef struct {
    sim_form form;
    bool always; /* printed even where it has its default value */
    bool required;
    bool expects; /* fills a sim_scenario_expectation, and may stand in a file more than once */
} sim_directive;

typedef enum {
    SPAN_ONCE,    /* takes no `for` */
    SPAN_LASTS,   /* without `for` to the end of the faults */
    SPAN_RETURNS, /* without `for` for a second */
} sim_event_span;

typedef struct {
    sim_form form;
    sim_event_span span;
    int who;        /* whom the event befalls where the form names nobody */
    bool real_only; /* the simulation cannot play it */
} sim_event_form;

/* While a line is read: `who` stands for all members in the zone of this one. The reader makes an event of each. */
enum { WHO_ZONE_0 = SCENARIO_MEMBER_0 - SCENARIO_MEMBERS_MAX };

extern const sim_directive sim_scenario_directives[];
extern const size_t sim_scenario_directive_count;
extern const sim_event_form sim_scenario_event_forms[SCENARIO_KINDS];

typedef struct {
    const char *word;
    kd_verb verb;
    uint32_t counter;
} sim_verb_word;
extern const sim_verb_word sim_scenario_verbs[];
extern const size_t sim_scenario_verb_count;

static inline uint32_t sim_form_parts(const sim_form *f)
{
    uint32_t n = 0;
    while (n < PARTS_MAX && (f->parts[n].kind != PART_WORD || f->parts[n].word)) n++;
    return n;
}

/* How many literal words the form begins with. */
uint32_t sim_form_prefix(const sim_form *f);
/* "flush COUNT ops DURATION" */
void sim_form_put_syntax(const sim_form *f, kd_buf *out);

/* One line while it is read. */
typedef struct {
    sim_scenario *s;                       /* for its names */
    kd_bytes rest;                         /* without blanks at its ends */
    char reason[SCENARIO_ERROR_MAX - 256]; /* empty: nothing is wrong */
} sim_scenario_words;

kd_bytes sim_words_peek(const sim_scenario_words *w); /* empty at the end */
/* The next word, which is used up; empty at the end. */
kd_bytes sim_words_take(sim_scenario_words *w);
__attribute__((format(printf, 2, 3))) bool sim_words_refuse(sim_scenario_words *w, const char *format,
                                                            ...); /* false */
/* Whether the word is exactly that text. */
bool sim_word_is(kd_bytes word, const char *text);
/* The row of a verb ("likes"); NULL when the word is none. */
const sim_verb_word *sim_verb_of(kd_bytes word);

/* Reads the value of one part, whose word was taken before, into its field of *base; false with the reason in w. */
bool sim_part_read(sim_scenario_words *w, const sim_form_part *p, void *base);
/* A duration within the part's bounds; false with the reason in w. */
bool sim_part_duration(sim_scenario_words *w, const sim_form_part *p, uint64_t *us);

/* The lines of directives that sim_scenario_check may have to name; 0: the file has none. */
typedef struct {
    uint32_t mix, shards, viral, members;
} sim_scenario_lines;
/* Checks the whole scenario; false with the line and the reason in *w. */
bool sim_scenario_check(const sim_scenario *s, const sim_scenario_lines *lines, uint32_t *line,
                        sim_scenario_words *w);
/* Fills in what the event leaves to a default: a process that returns is away for 1 s. */
void sim_scenario_settle(sim_scenario_event *event);

#endif
