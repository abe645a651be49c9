/*
 * torture_run.h - kill -9 cycle after cycle, at named points and at random moments, and the proof after each round.
 *
 * Every process runs armed: it kills itself at the N-th pass of a point that was drawn (common/io/loop/point.h, in builds that have points), or is killed at a
 * random moment. When it is back it is armed anew, and users read back what it had answered them. Meanwhile links break, Kafka goes away and loses its log,
 * disks fill, fail and are slow, processes stand still, the last edge is put back to older copies of its directory (torture_trouble.h), an operator audits,
 * backs up and restores (torture_tools.h), and what readers are shown is judged (shown.h). A round ends with everybody unarmed, an audit of what central left behind
 * when killed, and the whole verdict of a drill; the journal goes on over all rounds.
 */
#ifndef KUDOS_SIM_DRILL_TORTURE_RUN_H
#define KUDOS_SIM_DRILL_TORTURE_RUN_H

#include "common/io/loop/point.h"
#include "sim/drill/stage.h"
#include "sim/drill/torture_tools.h"
#include "sim/drill/torture_trouble.h"

typedef struct {
    sim_stage_options stage;
    bool points; /* the programs know them */
    uint64_t length_us;
    void (*round)(void *arg, uint32_t number, const char *text); /* one is over */
    void *round_arg;
} sim_torture_options;

typedef struct {
    sim_stage_finding found;
    uint64_t cycles, kills, lost, doubled, rounds,
        unreached; /* unreached: armed and killed otherwise, since it never came to the point */
    uint64_t reached[KD_POINT_COUNT], random_moments;
    uint64_t shown, batches; /* numbers that were judged; records seen on the likes topic */
    sim_clients_counts users;
    sim_samples_totals totals;
    sim_torture_tools_counts tools;
    sim_torture_trouble trouble;
} sim_torture_result;

/* By kd_point: its name, and what has happened there. */
extern const char *const sim_torture_point_names[KD_POINT_COUNT],
    *const sim_torture_point_texts[KD_POINT_COUNT];

void sim_torture_run(const sim_torture_options *options, sim_torture_result *out);

#endif
