/*
 * judge.h - what an attack's figures say: was the edge held. Pure.
 *
 * Violated is what a client or an operator suffers: an honest request refused, answered wrongly or not at all; a count that is wrong; memory above the
 * row's bound; a process that ended; less than 0.8 (or the row's own part) of what a polite client leaves, of all answers or of those to newcomers alone. Unknown is what could
 * not be measured, such as a low ratio on a machine that other programs had much of, when nothing was violated.
 */
#ifndef KUDOS_SIM_ATTACK_JUDGE_H
#define KUDOS_SIM_ATTACK_JUDGE_H

#include "kudos/base.h"

enum {
    SIM_JUDGE_ROUNDS_MAX = 5,
    SIM_JUDGE_ANSWERS_MIN = 100,
    SIM_JUDGE_NEWCOMERS_MIN = 20 /* beside the polite client: of fewer one more or less is too large a part */
};

#define SIM_JUDGE_RATIO_MIN 0.8
#define SIM_JUDGE_OTHERS_MAX 0.25 /* with more of the machine for other programs a low ratio tells nothing */

typedef enum { SIM_ATTACK_HELD, SIM_ATTACK_VIOLATED, SIM_ATTACK_UNKNOWN } sim_attack_verdict;

/* An attack, and behind it the polite client; the honest client beside each. Answers are counted in all, newcomers apart: an attack on new connections
 * does nothing to those that are there, which bring nearly all answers. */
typedef struct {
    double beside_attack, beside_polite;         /* honest answers per second */
    double new_beside_attack, new_beside_polite; /* of these to newcomers; polite 0: too few to tell */
} sim_judge_round;

/* Over all rounds of one attack. */
typedef struct {
    uint64_t acts;                 /* what the attacker got done: connections, records */
    uint64_t answered;             /* honest requests, rightly, beside the attack */
    uint64_t refused, wrong, lost; /* honest requests, in all runs */
    uint64_t least_answers;        /* right answers of the run with the fewest beside the polite client */
    int wrong_counts;              /* of items at the end; -1: not read */
    uint64_t rss_before, rss_max;  /* bytes; 0: not known */
    uint64_t growth_max;           /* bytes */
    double others; /* part of the machine that other programs had in the worst run; 0: not known */
    bool gone;     /* the process ended */
    sim_judge_round rounds[SIM_JUDGE_ROUNDS_MAX];
    uint32_t round_count;
} sim_judge_figures;

/* Of each round the ratio of answers or of newcomers, whichever is lower: the median of these, of an even number the larger of the two; 0 without a
 * round. */
double sim_judge_ratio(const sim_judge_figures *f);
/* Whether another round is to be played. A first ratio that is high enough ends it. A low one is not believed at once, since a shared machine
 * has moments of its own: the majority of up to SIM_JUDGE_ROUNDS_MAX decides. */
bool sim_judge_wants_round(const sim_judge_figures *f);
/* The verdict; *why is a reason in static text, "" when held. */
sim_attack_verdict sim_judge(const sim_judge_figures *f, const char **why);
/* "held", "violated" or "unknown". */
const char *sim_judge_word(sim_attack_verdict verdict);

#endif
