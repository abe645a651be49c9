/*
 * desk.h - what the page asks the playground: its files, the state of everything, and switches. JSON over HTTP, for the playground's own page
 * (guard.h). docs/playground.md tells the paths.
 */
#ifndef KUDOS_SIM_PLAYGROUND_DESK_H
#define KUDOS_SIM_PLAYGROUND_DESK_H

#include "common/io/http/server/http_server.h"
#include "sim/playground/crowd.h"
#include "sim/playground/keeper.h"
#include "sim/users/signer.h"

/* All borrowed. */
typedef struct {
    sim_region *regions;
    uint32_t region_count;
    sim_keeper *central;
    sim_crowd *crowd;
    sim_truth *truth;
    const sim_signer *signer;
    const char *issuer, *audience; /* of the phones' tokens */
    uint64_t run;                  /* tells this playground from an earlier one */
    char policy[512];              /* Content-Security-Policy; sim_desk_init writes it */
} sim_desk;

/* Fills in `policy`; all else is set. */
void sim_desk_init(sim_desk *d);
/* A kd_http_handler; `arg` is the sim_desk. Answers at once. */
void sim_desk_handle(kd_http_request *req, void *arg);

#endif
