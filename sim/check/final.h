/*
 * final.h - the verdict after healing, for both worlds: who is liked by whom must be what the journal says.
 *
 * With A the pairs that must be members and T those that may: A is in L, L is in T, central's count of an item is |L|, every edge shows central's
 * count, and sums lie within what was acknowledged and what was attempted. The simulation fills it from the cores, a drill from `kudos-central
 * export` and the API. Rows may be added in any order; an item that nobody reported counts 0.
 */
#ifndef KUDOS_SIM_CHECK_FINAL_H
#define KUDOS_SIM_CHECK_FINAL_H

#include "sim/check/journal.h"

typedef struct sim_final_state sim_final_state;

typedef struct {
    bool held;
    uint64_t lost;           /* pairs that must be members and are not */
    uint64_t doubled;        /* members against the journal, unknown to it, or listed twice */
    uint64_t wrong_counts;   /* items whose count at central is not its members */
    uint64_t wrong_edges;    /* (edge, item) that show another count than central */
    uint64_t wrong_sums;     /* sums outside their bounds */
    uint64_t wrong_expected; /* counts that the scenario names */
    uint64_t members;
    /* of the first kind found, in the order above: "lost", "doubled", "counts", "convergence", "sums", "expected"; NULL: held */
    const char *checker;
    char text[320]; /* of it */
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

/* Copies *names; what it points to must outlive the object. Never NULL. */
sim_final_state *sim_final_create(const sim_final_names *names);
/* NULL is fine. */
void sim_final_destroy(sim_final_state *f);

/* Central holds this like (or save); counter, item and user by the numbering of `names`. */
void sim_final_member(sim_final_state *f, uint32_t counter, uint32_t item, uint32_t user);
/* Central holds a like of an item or a user that is not in this drill: counts as doubled. `text` is copied and told if it is the first. */
void sim_final_stranger(sim_final_state *f, const char *text);
/* Central's count of the item; 0 for every item that is not told. */
void sim_final_count(sim_final_state *f, uint32_t counter, uint32_t item, uint64_t count);
/* The count that this edge shows. An edge is judged only for the items that are told here. */
void sim_final_edge_count(sim_final_state *f, uint32_t edge, uint32_t counter, uint32_t item, uint64_t count);
/* The scenario demands this count of central. */
void sim_final_expect(sim_final_state *f, uint32_t counter, uint32_t item, uint64_t count);

/* Fills *out whatever was found. May be called once. */
void sim_final_judge(sim_final_state *f, sim_final_verdict *out);

#endif
