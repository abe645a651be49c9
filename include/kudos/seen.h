/*
 * seen.h - what a session token tells: at which edges its user has acted (liked or unliked), and up to when. Pure.
 *
 * A version vector (Parker and others, 1983) cut down to the two edges at which the user acted last. The newest stamp alone would not do: an edge has
 * to know whether its own row holds the user's last operation, and a stamp does not say at which edge an operation was taken.
 *
 *     at[0], at[1]   newest first: the user's last stamp at an edge, and the life of that edge's process; time_us 0: unused
 *     rest_us        upper bound of the stamps of all his other operations: at other edges, or in other lives of these; 0: none
 *
 * An edge counts an operation as its own only where its disk holds it. A life begins with each start of the process, and the disk tells up to when it
 * knows each life. An edge that was wiped, or restored from an older copy of its disk, knows neither the lives after that copy nor the rest of the
 * life in which the copy was made. It has lost what those took, and treats it as operations at another edge.
 */
#ifndef KUDOS_SEEN_H
#define KUDOS_SEEN_H

#include "kudos/base.h"

enum { KD_SEEN_EDGES = 2, KD_LIVES_MAX = 256, KD_SEEN_TEXT_MAX = 96 };

typedef struct {
    uint64_t time_us;
    uint32_t edge, life; /* kd_seen_edge of its name; kd_life.life */
} kd_seen_at;

/* Zero-initialised: a user who has never acted. */
typedef struct {
    kd_seen_at at[KD_SEEN_EDGES];
    uint64_t rest_us;
} kd_seen;

/* A life of an edge's process, as far as a shard's disk knows it. */
typedef struct {
    /* operations of this life stamped above it are not on this disk; UINT64_MAX for the present life */
    uint64_t until_us;
    uint32_t life; /* a random number */
} kd_life;
/* The lives that a shard's disk remembers, the present one first, then newest first. */
typedef struct {
    uint32_t edge, count; /* kd_seen_edge of this edge; from 1 */
    kd_life at[KD_LIVES_MAX];
} kd_lives;

/* 32 bits of the hash of an edge's name. Two edges with the same hash would pass for one: a chance of one in four thousand million per pair. */
uint32_t kd_seen_edge(kd_bytes name);

/* The newest stamp that the token tells of; 0: none. */
uint64_t kd_seen_newest_us(const kd_seen *seen);
/* Removes the entries of operations that `own` holds; those at other edges stay, and rest_us as well. */
void kd_seen_drop_own(kd_seen *seen, const kd_lives *own);
/* The latest stamp that the user may have at another edge, or in operations that `own` has lost; 0: none. */
uint64_t kd_seen_elsewhere_us(const kd_seen *seen, const kd_lives *own);
/* Adds an operation of the user at this edge, with its stamp. An older entry may merge into rest_us. */
void kd_seen_add(kd_seen *seen, const kd_lives *own, uint64_t time_us);

/* As text for the header in which an edge asks central: "edge:time,edge:time,rest", numbers in hexadecimal. Lives are left out, central knows nothing
 * of them. `out` has room for KD_SEEN_TEXT_MAX bytes; returns the length, without the NUL. */
size_t kd_seen_text(const kd_seen *seen, char *out);
/* The reverse of kd_seen_text; lives are 0. False: malformed, and *seen is unusable. */
bool kd_seen_parse(kd_bytes text, kd_seen *seen);

#endif
