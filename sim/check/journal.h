/*
 * journal.h - what the clients know: every operation they attempted and every answer they got. The verdict of
 * simulation, drill and torture rests on it alone.
 *
 * For a pair (counter, item, user): the last attempt that was answered decides, unless an attempt without an answer may have come after it.
 * "After" is known only beyond 2 D (protocol, rule 3): an unanswered attempt gives no token; without tokens that holds for
 * answered attempts at two edges as well. What an edge answered and then lost with its disk (or under a doubled identity) is excused, and
 * counts as an attempt without an answer; so A, the likes that must be there, and T, those that may, are both known for every pair.
 *
 * In detail: an attempt was stamped in [first_us, issued_us], one that was answered by acked_us at the latest. It comes surely before an
 * answered one that began later if more than 2 D lie between, or if it was answered first and (with tokens, or at the same edge) its stamp was known. What
 * comes surely before an answered, unexcused attempt cannot win; among the others each may.
 *
 * Times are the world's microseconds, never an edge's. One thread. Looking up a pair is O(1) in the length of the journal.
 */
#ifndef KUDOS_SIM_CHECK_JOURNAL_H
#define KUDOS_SIM_CHECK_JOURNAL_H

#include "kudos/edge.h"

typedef struct sim_journal sim_journal;

typedef struct {
    uint32_t id, user, item, edge; /* by the caller's numbering */
    uint32_t counter;              /* SCENARIO_LIKE... */
    kd_verb verb;
    uint64_t amount;              /* of KD_ADD */
    uint64_t first_us, issued_us; /* its first request and its last: it was stamped in between */
    uint64_t
        sent_us; /* when the request left that was taken: its token tells of nothing later; 0: at first_us */
    uint64_t acked_us; /* the first 2xx; 0: the client never saw one */
    bool excused;      /* answered, but design.md admits its loss */
    bool strange; /* it carried no session token: its edge could not know what the user had said elsewhere */
} sim_journal_attempt;

typedef enum { JOURNAL_MUST_NOT, JOURNAL_MAY, JOURNAL_MUST } sim_journal_verdict;

sim_journal *sim_journal_create(uint64_t drift_us, bool tokens);
void sim_journal_destroy(sim_journal *j);

/* A new attempt, issued now; its id, counting from 0. */
uint32_t sim_journal_attempted(sim_journal *j, const sim_journal_attempt *a);
void sim_journal_retried(sim_journal *j, uint32_t id, uint64_t now_us);
/* One of its requests was refused with nothing taken. An attempt whose requests were all refused did not happen. */
void sim_journal_refused(sim_journal *j, uint32_t id);
/* This edge stood still: what it was asked since from_us and did not answer may have been stamped until now. */
void sim_journal_thawed(sim_journal *j, uint32_t edge, uint64_t from_us, uint64_t now_us);
void sim_journal_acked(sim_journal *j, uint32_t id, uint64_t now_us);
/* From here on stamps of two edges may be apart by twice this much: it is never taken back. */
void sim_journal_drift(sim_journal *j, uint64_t drift_us);
/* The loss of this answered attempt is admitted. */
void sim_journal_excuse(sim_journal *j, uint32_t id);
/* Of everything that this edge answered in [from_us, to_us], also where the answer is still on its way. */
void sim_journal_excuse_edge(sim_journal *j, uint32_t edge, uint64_t from_us, uint64_t to_us);
/* A like that this edge took in [from_us, to_us] may win over any later word (protocol, rule 23). */
void sim_journal_linger_edge(sim_journal *j, uint32_t edge, uint64_t from_us, uint64_t to_us);
/* Sums may be off from here on (a fault for which the design admits that was played). */
void sim_journal_excuse_sums(sim_journal *j);

const sim_journal_attempt *sim_journal_at(const sim_journal *j, uint32_t id);
uint32_t sim_journal_count(const sim_journal *j);
uint64_t sim_journal_acks(const sim_journal *j);

/* The pair's state after healing, for sets. *settled: all attempts that may win were answered before settled_before_us. */
sim_journal_verdict sim_journal_pair(const sim_journal *j, uint32_t counter, uint32_t item, uint32_t user,
                                     uint64_t settled_before_us, bool *settled);
/* The edges at which the pair was ever attempted: journal_edge_bit of each. */
uint64_t sim_journal_pair_edges(const sim_journal *j, uint32_t counter, uint32_t item, uint32_t user);
static inline uint64_t sim_journal_edge_bit(uint32_t edge)
{
    return UINT64_C(1) << edge % 64;
}
/* Bounds of a set counter (users that must, that may like it) or of a sum; kept up to date, O(1). Sums hold only
 * while sim_journal_sums_hold. */
void sim_journal_bounds(const sim_journal *j, uint32_t counter, uint32_t item, uint64_t *least,
                        uint64_t *most);
bool sim_journal_sums_hold(const sim_journal *j);
/* So much of a sum was set aside: it need not be in the count (protocol, rule 20). How much in all. */
void sim_journal_set_aside(sim_journal *j, uint32_t counter, uint32_t item, uint64_t amount);
uint64_t sim_journal_aside(const sim_journal *j, uint32_t counter, uint32_t item);
/* This edge forgot which requests for sums it has seen: one that comes again, or is still on its way, may count twice. */
void sim_journal_keys_forgotten(sim_journal *j, uint32_t edge, uint64_t now_us);

/* Whether the user liked the item when this attempt at a set was taken. *sure: every earlier attempt was answered, in an order that is known. */
bool sim_journal_was_liked(const sim_journal *j, uint32_t attempt, bool *sure);
/* The attempt at this pair that was answered last and is not excused; NULL: none was. Valid until the next attempt. */
const sim_journal_attempt *sim_journal_last_word(const sim_journal *j, uint32_t counter, uint32_t item,
                                                 uint32_t user);
/* Whether it is the last attempt at its pair. */
bool sim_journal_is_last(const sim_journal *j, uint32_t attempt);
/* Users other than `but` who must like it by attempts that were all answered before that moment, none of them at one of `but_edges` (journal_edge_bit). Of a set. */
uint64_t sim_journal_least(const sim_journal *j, uint32_t counter, uint32_t item, uint64_t settled_before_us,
                           uint32_t but, uint64_t but_edges);
/*
 * Users of whose operations at this edge since that moment one may add or take one too many: the edge could not know what the user said elsewhere, for
 * he said it later, was not answered there, or brought no token.
 */
uint64_t sim_journal_misled(const sim_journal *j, uint32_t counter, uint32_t item, uint32_t edge,
                            uint64_t since_us, uint64_t gone_us);

/*
 * Operations at this edge since that moment by users who were answered at another edge: each may show one too many, for the edge does not know
 * whether what they said elsewhere was about this item.
 */
uint64_t sim_journal_doubtful(const sim_journal *j, uint32_t counter, uint32_t item, uint32_t edge,
                              uint64_t since_us, uint64_t gone_us);

/* Requests of attempts that were tried at this edge since that moment, without those that were refused. Of a set. */
uint64_t sim_journal_since(const sim_journal *j, uint32_t counter, uint32_t item, uint32_t edge,
                           uint64_t since_us);

/* Visits every pair of a set counter that was ever attempted, in order of (counter, item, user). */
typedef void (*journal_pair_fn)(void *arg, uint32_t counter, uint32_t item, uint32_t user,
                                sim_journal_verdict verdict);
void sim_journal_pairs(const sim_journal *j, journal_pair_fn fn, void *arg);

#endif
