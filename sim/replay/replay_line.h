/*
 * replay_line.h - the line that is shown while a replay runs: plain ASCII, so that bytes are columns.
 */
#ifndef KUDOS_SIM_REPLAY_REPLAY_LINE_H
#define KUDOS_SIM_REPLAY_REPLAY_LINE_H

#include "sim/replay/replay_poll.h"

typedef enum {
    KD_REPLAY_SENDING,
    KD_REPLAY_CONVERGING, /* all is acknowledged; not everybody has it yet */
    KD_REPLAY_CONVERGED,
    KD_REPLAY_APART, /* gave up waiting */
} sim_replay_phase;

typedef struct {
    sim_replay_phase phase;
    uint64_t events, acked, likes_per_s, retries;
    sim_replay_backlog backlog;
    uint64_t items, exact, pending; /* exact: items whose count is right at every edge and at central */
    bool judged;                    /* these were read at least once */
    uint64_t waited_us;             /* since the last acknowledgement */
    const char *trouble;            /* who could not be read and why; NULL: everybody could */
} sim_replay_now;

enum { KD_REPLAY_LINE_SIZE = 256 };

/* What matters most stands first; what does not fit into `columns` is left out whole. Ends with a NUL. */
void sim_replay_line(const sim_replay_now *now, uint32_t columns, char out[KD_REPLAY_LINE_SIZE]);

#endif
