/*
 * torture_run.h - kill -9 cycle after cycle, at named points and at random moments, and the proof after each round.
 *
 * Torture is a drill without an end whose events are drawn from a seed while it runs; each is one that a scenario may say (sim/scenario/forms.c),
 * and drill_faults.h plays it. Every process is always armed: it kills itself at the N-th pass of a point that was drawn (sim/scenario/points.h),
 * or is killed at a random moment; when it is back it is armed anew, and users read back what it had answered them. Besides comes all that
 * torture_trouble.h draws, and what readers are shown is judged (shown.h). A round ends with nobody armed, an audit of what central left behind
 * when killed, and the whole verdict of a drill; the journal goes on over all rounds.
 */
#ifndef KUDOS_SIM_DRILL_TORTURE_RUN_H
#define KUDOS_SIM_DRILL_TORTURE_RUN_H

#include "sim/drill/torture_trouble.h"
#include "sim/scenario/points.h"

typedef struct {
    sim_stage_options stage;
    uint64_t length_us; /* the round that is begun before is brought to its end */
    void (*round)(void *arg, uint32_t number,
                  const char *text); /* a round is over; text: one line about it */
    void *round_arg;
} sim_torture_options;

typedef struct {
    sim_stage_finding found;
    uint64_t cycles; /* armed, dead, up again */
    uint64_t kills, lost, doubled, rounds;
    uint64_t reached[KD_POINT_COUNT]; /* killed there */
    uint64_t random_moments;          /* killed by torture, as was drawn */
    uint64_t unreached;               /* killed by torture, since the process never came to its point */
    uint64_t shown, batches;          /* numbers that were judged; records seen on the likes topic */
    sim_clients_counts users;
    sim_samples_totals totals;
    sim_operator_tool_counts tools;
    sim_torture_trouble trouble;
} sim_torture_result;

/* From the first process to the last verdict; ends early when something was found. *out is filled in any case. Runs the loop. */
void sim_torture_run(const sim_torture_options *options, sim_torture_result *out);

#endif
