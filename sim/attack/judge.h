/*
 * judge.h - what an attack's figures say: was the edge held. Pure.
 *
 * Violated is what a client or an operator suffers: an honest request refused, answered wrongly or not at all; a count that is wrong; memory above the
 * row's bound; a process that ended; less than 0.8 (or the row's own part) of what a polite client of the attacker's CPU leaves. Unknown is what could not be measured, when
 * nothing was violated.
 */
#ifndef KUDOS_SIM_ATTACK_JUDGE_H
#define KUDOS_SIM_ATTACK_JUDGE_H

#include "kudos/base.h"

enum { SIM_JUDGE_ROUNDS_MAX = 5, SIM_JUDGE_ANSWERS_MIN = 100 };

#define SIM_JUDGE_RATIO_MIN 0.8

typedef enum { SIM_ATTACK_HELD, SIM_ATTACK_VIOLATED, SIM_ATTACK_UNKNOWN } sim_attack_verdict;

/* An attack, and behind it the polite client of the same CPU; the honest client beside each. */
typedef struct {
    double beside_attack, beside_polite; /* honest answers per second */
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
    double ratio_min;              /* 0: SIM_JUDGE_RATIO_MIN */
    bool gone;                     /* the process ended */
    sim_judge_round rounds[SIM_JUDGE_ROUNDS_MAX];
    uint32_t round_count;
} sim_judge_figures;

/* The median of the rounds' ratios, of an even number the larger of the two; 0 without a round. */
double sim_judge_ratio(const sim_judge_figures *f);
/* Whether another round is to be played. A first ratio that is high enough ends it. A low one is not believed at once, since a shared machine
 * has moments of its own: the majority of up to SIM_JUDGE_ROUNDS_MAX decides. */
bool sim_judge_wants_round(const sim_judge_figures *f);
/* The verdict; *why is a reason in static text, "" when held. */
sim_attack_verdict sim_judge(const sim_judge_figures *f, const char **why);
/* "held", "violated" or "unknown". */
const char *sim_judge_word(sim_attack_verdict verdict);

#endif
