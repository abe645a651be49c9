/*
 * final.h - the verdict after healing, for both worlds: who is liked by whom must be what the journal says.
 *
 * A: the pairs that must be members, T: those that may be, both by the journal; L: the likes that central holds. A is in L, and L is in T. Central's
 * count of an item is the number of its pairs in L. Every edge shows central's count. Sums lie between the amounts acknowledged and attempted.
 *
 * The simulation reports L and the counts from the cores, a drill from `kudos-central export` and the API, in any order. An item that is not reported
 * counts 0.
 */
#ifndef KUDOS_SIM_CHECK_FINAL_H
#define KUDOS_SIM_CHECK_FINAL_H

#include "sim/check/journal.h"

typedef struct sim_final_state sim_final_state;

typedef struct {
    bool held;
    uint64_t lost;           /* pairs that must be members and are not */
    uint64_t doubled;        /* members against the journal, unknown to it, or listed twice */
    uint64_t wrong_counts;   /* items whose count at central is not the number of their members */
    uint64_t wrong_edges;    /* (edge, item) that show another count than central */
    uint64_t wrong_sums;     /* sums outside their bounds */
    uint64_t wrong_expected; /* counts that the scenario names */
    uint64_t members;
    /* of the first kind found, in the order above: "lost", "doubled", "counts", "convergence", "sums", "expected"; NULL: held */
    const char *checker;
    char text[320]; /* the first failure of that kind */
} sim_final_verdict;

/* Borrowed. Names make the texts; the counters say which are sets. */
typedef struct {
    const sim_journal *journal;
    const kd_counters *counters;
    const char *const *edges;
    uint32_t edge_count;
    const char *const *items; /* "posts/1" */
    uint32_t item_count;
    const char *const *users;
    uint32_t user_count;
} sim_final_names;

/* Copies *names; the arrays and texts that it points to must outlive the object. Never returns NULL. */
sim_final_state *sim_final_create(const sim_final_names *names);
/* NULL is fine. */
void sim_final_destroy(sim_final_state *f);

/* Central holds this like (or save); counter, item and user by the numbering of `names`. */
void sim_final_member(sim_final_state *f, uint32_t counter, uint32_t item, uint32_t user);
/* Central holds a like of an item or a user that is not in this drill: counts as doubled. The first such `text` is copied for the verdict. */
void sim_final_stranger(sim_final_state *f, const char *text);
/* Central's count of the item. An item for which this is never called counts 0. */
void sim_final_count(sim_final_state *f, uint32_t counter, uint32_t item, uint64_t count);
/* The count that this edge shows. An edge is judged only for the items of these calls. */
void sim_final_edge_count(sim_final_state *f, uint32_t edge, uint32_t counter, uint32_t item, uint64_t count);
/* The scenario demands this count of central. */
void sim_final_expect(sim_final_state *f, uint32_t counter, uint32_t item, uint64_t count);

/* Judges all that was reported and fills *out, held or not. May be called once. */
void sim_final_judge(sim_final_state *f, sim_final_verdict *out);

#endif
