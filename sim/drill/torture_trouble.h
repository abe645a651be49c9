/*
 * torture_trouble.h - what goes wrong in a torture besides kills: one thing every few seconds, most of them a drill's faults, played for a while.
 */
#ifndef KUDOS_SIM_DRILL_TORTURE_TROUBLE_H
#define KUDOS_SIM_DRILL_TORTURE_TROUBLE_H

#include "sim/drill/stage.h"

typedef struct {
    sim_stage *stage;
    uint64_t random, next_us, kafka_back_us, disk_until_us, copy_us, copied_us;
    bool copied; /* there is an older copy of the careless edge's directory, which is due to be put back */
    uint64_t put_back, disks, freezes, recreations;
} sim_torture_trouble;

void sim_torture_trouble_tick(sim_torture_trouble *t, uint64_t now_us);
/* All that is in force ends. */
void sim_torture_trouble_stop(sim_torture_trouble *t, uint64_t now_us);

#endif
