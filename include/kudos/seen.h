/*
 * seen.h - what a session token tells: at which edges its user has spoken, and up to when. Pure.
 *
 * A version vector (Parker and others, 1983) cut down to the two edges at which the user spoke last. A stamp alone would not do: an edge has to know
 * whether a row of its own is the user's last word, and the stamp of a later word does not say at which edge it was spoken.
 *
 *     at[0], at[1]   newest first: the last stamp of this user at that edge, and the life of that edge; time_us 0: unused
 *     rest_us        every word that he spoke at any other edge, or at another life of these, is stamped at or below it; 0: none
 *
 * An edge counts a word as its own only where its disk holds it. A life begins with each start of its process, and the disk tells up to when it knows
 * each. An edge that was wiped or put back to an older copy of its disk knows neither the lives after that copy, nor the rest of the one in which it was made:
 * it has lost what they took, and the user may as well have said that elsewhere.
 */
#ifndef KUDOS_SEEN_H
#define KUDOS_SEEN_H

#include "kudos/base.h"

enum { KD_SEEN_EDGES = 2, KD_LIVES_MAX = 256, KD_SEEN_TEXT_MAX = 96 };

typedef struct {
    uint64_t time_us;
    uint32_t edge, life; /* kd_seen_edge; as in kd_life */
} kd_seen_at;

typedef struct {
    kd_seen_at at[KD_SEEN_EDGES];
    uint64_t rest_us;
} kd_seen;

/* A shard's own lives, as far as its disk remembers them: the present one first, whose until_us is UINT64_MAX. */
typedef struct {
    uint64_t until_us; /* words of this life stamped above it are not on this disk */
    uint32_t life;
} kd_life;
typedef struct {
    uint32_t edge, count;
    kd_life at[KD_LIVES_MAX];
} kd_lives;

/* 32 bits of the hash of an edge's name. Two edges of one hash would pass for one: a chance of one in four thousand million a pair. */
uint32_t kd_seen_edge(kd_bytes name);

/* The newest stamp that the token tells of; 0: none. */
uint64_t kd_seen_newest_us(const kd_seen *seen);
/* Drops what was spoken at `own`, and leaves what the user said elsewhere. */
void kd_seen_drop_own(kd_seen *seen, const kd_lives *own);
/* Up to when the user may have spoken at another edge than `own`; 0: never. */
uint64_t kd_seen_elsewhere_us(const kd_seen *seen, const kd_lives *own);
/* The user has spoken here, with this stamp. */
void kd_seen_add(kd_seen *seen, const kd_lives *own, uint64_t time_us);

/* For the header in which an edge tells central: "edge:time,edge:time,rest", numbers in hexadecimal; without lives, of which central
 * knows nothing. `out` has room for KD_SEEN_TEXT_MAX; returns the length, without the NUL. */
size_t kd_seen_text(const kd_seen *seen, char *out);
bool kd_seen_parse(kd_bytes text, kd_seen *seen);

#endif
