/*
 * commit_gate.h - when central's shell closes the open commit of a partition, and when reading has to wait for the disk.
 *
 * One commit is written while the next one gathers. A second commit begins only when it is full: what comes while the first is being written then makes
 * one commit, not many small ones. With two under way and the open commit full, nothing more is read: memory stays bounded behind a slow disk.
 */
#ifndef KUDOS_COMMIT_GATE_H
#define KUDOS_COMMIT_GATE_H

#include "kudos/base.h"

enum { KD_COMMITS_UNDER_WAY_MAX = 2 };

typedef struct {
    uint32_t ops_max;   /* operations that make a commit full; > 0 */
    uint32_t under_way; /* commits that were begun and did not end */
    bool pending;       /* the open commit holds something: a record was fed, or an order was carried out */
} kd_commit_gate;

/* `gathered`: operations in the open commit, kd_central_gathered(). */
static inline bool kd_commit_gate_full(const kd_commit_gate *g, uint32_t gathered)
{
    return gathered >= g->ops_max;
}

/* Whether kd_central_commit_begin() is due. Ask after every feed that filled the commit, after every poll, and after every end of a commit. */
static inline bool kd_commit_gate_opens(const kd_commit_gate *g, uint32_t gathered)
{
    if (!g->pending || g->under_way == KD_COMMITS_UNDER_WAY_MAX) return false;
    return g->under_way == 0 || kd_commit_gate_full(g, gathered);
}

/* Whether feeding has to wait until a commit ends. */
static inline bool kd_commit_gate_blocks(const kd_commit_gate *g, uint32_t gathered)
{
    return g->under_way == KD_COMMITS_UNDER_WAY_MAX && kd_commit_gate_full(g, gathered);
}

/* Whether nothing is gathered and nothing is being written. */
static inline bool kd_commit_gate_idle(const kd_commit_gate *g)
{
    return !g->pending && g->under_way == 0;
}

#endif
