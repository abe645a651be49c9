/* truth.c - see the header. */
#include "sim/playground/truth.h"

#include <stdlib.h>

#include "sim/check/journal.h"
#include "sim/scenario/scenario.h"

enum { CLOCKS_APART_US = 50000 }; /* the edges of a demo share one clock, which each measures by itself */

const char *const sim_truth_posts[SIM_TRUTH_POSTS] = {"posts/lighthouse", "posts/harbour"};
const char *const sim_truth_people[SIM_TRUTH_PEOPLE] = {"ada", "bob", "chen", "devi", "emil", "fatou"};

/* Requests of a tap; 0: it is over, the journal hears no more of it. */
typedef struct {
    uint32_t requests;
} truth_tap;

struct sim_truth {
    sim_journal *journal;
    truth_tap *taps; /* by the journal's ids */
    uint32_t cap;
};

sim_truth *sim_truth_create(void)
{
    sim_truth *t = kd_alloc(sizeof *t);
    t->journal = sim_journal_create(CLOCKS_APART_US, false);
    return t;
}

void sim_truth_destroy(sim_truth *t)
{
    if (!t) return;
    sim_journal_destroy(t->journal);
    free(t->taps);
    free(t);
}

static int truth_find(const char *const *names, int count, kd_bytes name)
{
    while (count-- > 0 && !kd_bytes_eq(name, kd_bytes_str(names[count]))) continue;
    return count;
}

int sim_truth_post(kd_bytes name)
{
    return truth_find(sim_truth_posts, SIM_TRUTH_POSTS, name);
}

int sim_truth_person(kd_bytes name)
{
    return truth_find(sim_truth_people, SIM_TRUTH_PEOPLE, name);
}

uint32_t sim_truth_room(const sim_truth *t)
{
    return SIM_TRUTH_TAPS_MAX - sim_journal_count(t->journal);
}

int64_t sim_truth_asked(sim_truth *t, const sim_truth_tap *tap, uint64_t now_us)
{
    uint32_t count = sim_journal_count(t->journal);
    KD_ASSERT(tap->post < SIM_TRUTH_POSTS);
    if (sim_truth_room(t) == 0) return -1;
    t->taps = kd_grow(t->taps, count, &t->cap, sizeof *t->taps);
    t->taps[count].requests = 1;
    return sim_journal_attempted(t->journal, &(sim_journal_attempt){.user = tap->user,
                                                                    .item = tap->post,
                                                                    .edge = tap->region,
                                                                    .counter = SCENARIO_LIKE,
                                                                    .verb = tap->like ? KD_LIKE : KD_UNLIKE,
                                                                    .first_us = now_us});
}

static truth_tap *truth_open(sim_truth *t, uint64_t tap)
{
    bool open = tap < sim_journal_count(t->journal) && t->taps[tap].requests > 0;
    return open ? &t->taps[tap] : NULL;
}

bool sim_truth_again(sim_truth *t, uint64_t tap, uint64_t now_us)
{
    truth_tap *one = truth_open(t, tap);
    if (!one) return false;
    one->requests++;
    sim_journal_retried(t->journal, (uint32_t)tap, now_us);
    return true;
}

bool sim_truth_answered(sim_truth *t, uint64_t tap, bool taken, uint64_t now_us)
{
    truth_tap *one = truth_open(t, tap);
    if (!one) return false;
    if (taken) sim_journal_acked(t->journal, (uint32_t)tap, now_us);
    for (; one->requests > 0; one->requests--)
        if (!taken) sim_journal_refused(t->journal, (uint32_t)tap);
    return true;
}

sim_oracle_bounds sim_truth_count(const sim_truth *t, uint32_t post)
{
    sim_oracle_bounds b;
    sim_journal_bounds(t->journal, SCENARIO_LIKE, post, &b.least, &b.most);
    return b;
}
