/*
 * torture_trouble.h - an endless generator of a scenario's events from a seed: what goes wrong in a torture besides the kills.
 *
 * One thing every second and a half, besides older copies of one edge's directory that are put back, and an operator who is never idle. Every
 * event is one that a scenario may say, and is played by drill_faults.h.
 */
#ifndef KUDOS_SIM_DRILL_TORTURE_TROUBLE_H
#define KUDOS_SIM_DRILL_TORTURE_TROUBLE_H

#include "sim/drill/stage.h"

/* Zero-initialise but for stage and random. */
typedef struct {
    sim_stage *stage;
    uint64_t random;
    uint64_t next_us;        /* when the next trouble is due */
    uint64_t kafka_until_us; /* the end of the last fault of Kafka: no other one begins before */
    uint64_t disk_until_us;  /* the end of the last fault of a disk: no other one begins before */
    uint64_t copy_us;        /* when the next copy is made, or put back, at the earliest */
    uint64_t copied_us;      /* when the last copy was made */
    bool copied;             /* there is a copy of the careless edge's directory, which is to be put back */
    uint64_t put_back, disks, freezes, recreations; /* played so far */
} sim_torture_trouble;

/* Plays what is due by now; to be called all the time while the stage acts. */
void sim_torture_trouble_tick(sim_torture_trouble *t, uint64_t now_us);

#endif
