/*
 * keeper.h - the playground's hand on central: starts it, kills it, starts it again, and knows whether it answers.
 *
 * Central is a child, so that it ends with the playground, however that ends.
 */
#ifndef KUDOS_SIM_PLAYGROUND_KEEPER_H
#define KUDOS_SIM_PLAYGROUND_KEEPER_H

#include "sim/drill/program.h"

typedef enum {
    SIM_CENTRAL_DOWN,
    SIM_CENTRAL_STARTING, /* its /readyz has not said 200 yet */
    SIM_CENTRAL_UP
} sim_central_state;

/* "down", "starting", "up", in this order. */
extern const char *const sim_central_states[];

typedef struct {
    sim_program program;
    const char *const *argv; /* borrowed */
    struct event *look;      /* at readiness, now and then */
    uint16_t admin;
    sim_central_state state;
    bool asking, ever_up;
    uint32_t kills;
} sim_keeper;

/* Must not move afterwards. argv ends with NULL and must outlive *k, `log` is copied; `admin` is central's admin port. Starts nothing. */
void sim_keeper_init(sim_keeper *k, struct event_base *base, const char *const *argv, const char *log,
                     uint16_t admin);
/* Kills central if it runs, and waits until no question is open; runs the loop for that. */
void sim_keeper_finish(sim_keeper *k);
/* KD_OK, also when it runs already; KD_EIO with errno. */
int sim_keeper_start(sim_keeper *k);
/* kill -9, and waits until it is gone. Nothing happens when it does not run. */
void sim_keeper_kill(sim_keeper *k);
/* After SIGCHLD. True: central has just ended by itself; k->program.status says how. */
bool sim_keeper_reap(sim_keeper *k);

#endif
