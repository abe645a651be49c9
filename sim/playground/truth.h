/*
 * truth.h - how many users like each post of the playground: from what users asked and were answered alone, never from a count of an edge.
 *
 * Phones tell of a tap before they send it and after it was answered; a crowd tells the same. A user who taps on two phones at once has said two things
 * whose order no answer tells: the count is then known up to one, until he says more. The drills' journal (sim/check/journal.h) decides. Pure.
 */
#ifndef KUDOS_SIM_PLAYGROUND_TRUTH_H
#define KUDOS_SIM_PLAYGROUND_TRUTH_H

#include "sim/oracle/oracle.h"

enum {
    SIM_TRUTH_POSTS = 2,
    SIM_TRUTH_PEOPLE = 6,       /* users who hold phones: numbers below; those of the crowd go on from here */
    SIM_TRUTH_TAPS_MAX = 200000 /* of one playground, for its memory */
};

extern const char *const sim_truth_posts[SIM_TRUTH_POSTS];   /* "posts/lighthouse" */
extern const char *const sim_truth_people[SIM_TRUTH_PEOPLE]; /* "ada" */

typedef struct sim_truth sim_truth;

sim_truth *sim_truth_create(void); /* the caller destroys it */
/* Takes NULL. */
void sim_truth_destroy(sim_truth *t);

/* The number of a post or of a person by its name; -1: there is none. */
int sim_truth_post(kd_bytes name);
int sim_truth_person(kd_bytes name); /* see sim_truth_post */

typedef struct {
    uint32_t user, post, region;
    bool like;
} sim_truth_tap;

/* How many taps it can still be told of. */
uint32_t sim_truth_room(const sim_truth *t);
/* A tap whose first request leaves now. Returns its number; -1: SIM_TRUTH_TAPS_MAX were told. `post` is below SIM_TRUTH_POSTS, which is asserted. */
int64_t sim_truth_asked(sim_truth *t, const sim_truth_tap *tap, uint64_t now_us);
/* The same tap is sent once more. False: there is no such tap, or it is over. */
bool sim_truth_again(sim_truth *t, uint64_t tap, uint64_t now_us);
/* An edge has acknowledged the tap, or refused it for good; then it is over. False as above. */
bool sim_truth_answered(sim_truth *t, uint64_t tap, bool taken, uint64_t now_us);

/* The right counts of a post. */
sim_oracle_bounds sim_truth_count(const sim_truth *t, uint32_t post);

#endif
