/*
 * replay_line.h - the line that is shown while a replay runs. Plain ASCII: one byte is one column.
 */
#ifndef KUDOS_SIM_REPLAY_REPLAY_LINE_H
#define KUDOS_SIM_REPLAY_REPLAY_LINE_H

#include "sim/replay/replay_poll.h"

typedef enum {
    KD_REPLAY_SENDING,
    KD_REPLAY_CONVERGING, /* sending has ended, and some count is not right yet */
    KD_REPLAY_CONVERGED,
    KD_REPLAY_APART, /* the wait was given up with some count wrong */
} sim_replay_phase;

typedef struct {
    sim_replay_phase phase;
    uint64_t events, acked, likes_per_s, retries;
    sim_replay_backlog backlog;
    uint64_t items, exact, pending; /* exact: items whose count is right at every edge and at central */
    bool judged;                    /* all items were read at least once */
    uint64_t waited_us;             /* since the last acknowledgement */
    const char *trouble;            /* the target that could not be read, and why; NULL: all could */
} sim_replay_now;

enum { KD_REPLAY_LINE_SIZE = 256 };

/* Writes the line. Parts come in order of importance; from the first that does not fit into `columns` on, all are left out. Ends with a NUL. */
void sim_replay_line(const sim_replay_now *now, uint32_t columns, char out[KD_REPLAY_LINE_SIZE]);

#endif
