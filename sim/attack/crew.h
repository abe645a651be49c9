/*
 * crew.h - an attack under way: a thread with its own loop and all connections of one play.
 *
 * The thread's CPU time is the attacker's cost, which the polite client (polite.h) may spend as well. A play may be polite, too: its crew asks only for
 * what anybody may ask for, and by few requests at a time.
 */
#ifndef KUDOS_SIM_ATTACK_CREW_H
#define KUDOS_SIM_ATTACK_CREW_H

#include "sim/attack/plays.h"
#include "sim/attack/target.h"

typedef struct sim_crew sim_crew;

typedef struct {
    uint64_t acts;   /* connections that came up, or records that Kafka took */
    uint64_t bytes;  /* sent */
    uint64_t ended;  /* streams that the server has ended, by answers or resets */
    uint64_t cpu_us; /* of the thread */
} sim_crew_figures;

/* Begins to attack, and returns when it does: that takes as long as Kafka needs to be reached, 5 s at most. Both arguments outlive the crew. */
sim_crew *sim_crew_start(const sim_play *play, const sim_target *target);
/* Hangs up all connections and frees the crew. */
sim_crew_figures sim_crew_stop(sim_crew *crew);

#endif
