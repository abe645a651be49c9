/*
 * journal.h - what the clients know: every operation they attempted and every answer they got. The verdict of
 * simulation, drill and torture rests on it alone.
 *
 * The last attempt at a pair (counter, item, user) that was answered decides, unless an attempt without an answer may have come after it. An attempt without an
 * answer gave its client no token, so its place in the order is known only beyond 2 D (protocol, rule 3); without tokens the same holds for answered attempts at
 * two edges. An answer that its edge lost with its disk, or gave under a doubled identity, is excused: it counts as an attempt without an answer. So both
 * sets are known for every pair: A, the likes that must be there, and T, the likes that may be there.
 *
 * In detail: an attempt was stamped in [first_us, issued_us], or by acked_us at the latest if it was answered. Attempt a comes surely before an answered attempt
 * b that began later in two cases: more than 2 D lie between, or a was answered before b began and b's edge knew its stamp (with tokens, or because a was made at
 * the same edge). An attempt that comes surely before an answered, unexcused attempt cannot win. Each of the others may.
 *
 * Times are the world's microseconds, never an edge's. One thread. Looking up a pair is O(1) in the length of the journal.
 */
#ifndef KUDOS_SIM_CHECK_JOURNAL_H
#define KUDOS_SIM_CHECK_JOURNAL_H

#include "kudos/edge.h"
#include "sim/oracle/oracle.h"

typedef struct sim_journal sim_journal;

typedef struct {
    uint32_t id, user, item, edge; /* by the caller's numbering */
    uint32_t counter;              /* SCENARIO_LIKE... */
    kd_verb verb;
    uint64_t amount;              /* of KD_ADD */
    uint64_t first_us, issued_us; /* its first request and its last: it was stamped in between */
    uint64_t
        sent_us; /* when the request that was taken left its client: its token tells of nothing later; 0: at first_us */
    uint64_t acked_us; /* the first 2xx; 0: the client never saw one */
    bool excused;      /* answered, but the protocol admits its loss ("What is lost, and only then") */
    bool strange; /* it carried no session token: its edge could not know what the user had said elsewhere */
} sim_journal_attempt;

/* `drift_us` is D, with what clocks of the scenario are wrong; `tokens`: clients carry the session token from edge to edge. Never NULL. */
sim_journal *sim_journal_create(uint64_t drift_us, bool tokens);
/* NULL is fine. */
void sim_journal_destroy(sim_journal *j);

/* A new attempt with its first request under way; *a is copied. Returns its id, counting from 0. */
uint32_t sim_journal_attempted(sim_journal *j, const sim_journal_attempt *a);
/* Another request for the same attempt leaves its client: a retry, or the second tap of a double tap. */
void sim_journal_retried(sim_journal *j, uint32_t id, uint64_t now_us);
/* A request of this attempt was refused, and the edge took nothing. An attempt whose requests were all refused did not happen. */
void sim_journal_refused(sim_journal *j, uint32_t id);
/* This edge's process was stopped and goes on: requests sent to it since from_us and not answered may have got any stamp up to now. */
void sim_journal_thawed(sim_journal *j, uint32_t edge, uint64_t from_us, uint64_t now_us);
/* A 2xx reached the client; only the first of an attempt changes anything but the count of acks. */
void sim_journal_acked(sim_journal *j, uint32_t id, uint64_t now_us);
/* Stamps of two edges may be apart by twice `drift_us` from here on. A smaller value than before changes nothing. */
void sim_journal_drift(sim_journal *j, uint64_t drift_us);
/* This attempt was answered and may be lost: it need not be in the counts. */
void sim_journal_excuse(sim_journal *j, uint32_t id);
/* As sim_journal_excuse, for all attempts that this edge answered in [from_us, to_us], also where the answer is still on its way. */
void sim_journal_excuse_edge(sim_journal *j, uint32_t edge, uint64_t from_us, uint64_t to_us);
/* A like that this edge took in [from_us, to_us] may win over any later word (protocol, rule 23). */
void sim_journal_linger_edge(sim_journal *j, uint32_t edge, uint64_t from_us, uint64_t to_us);
/* Sums may be off from here on (a fault for which the design admits that was played). */
void sim_journal_excuse_sums(sim_journal *j);

/* The attempt of that id; valid until the next attempt. */
const sim_journal_attempt *sim_journal_at(const sim_journal *j, uint32_t id);
/* Attempts so far: ids are below. */
uint32_t sim_journal_count(const sim_journal *j);
/* Answers that reached clients, those to retries included. */
uint64_t sim_journal_acks(const sim_journal *j);

/* The pair's state after healing, for sets. *settled: all attempts that may win were answered before settled_before_us. */
sim_oracle_verdict sim_journal_pair(const sim_journal *j, uint32_t counter, uint32_t item, uint32_t user,
                                    uint64_t settled_before_us, bool *settled);
/* The edges at which the pair was ever attempted: sim_journal_edge_bit of each. */
uint64_t sim_journal_pair_edges(const sim_journal *j, uint32_t counter, uint32_t item, uint32_t user);
/* Whether an attempt at the pair that this edge answered is excused. Walks the journal: for failures, not for every comparison. */
bool sim_journal_pair_excused(const sim_journal *j, uint32_t counter, uint32_t item, uint32_t user,
                              uint32_t edge);
static inline uint64_t sim_journal_edge_bit(uint32_t edge)
{
    return UINT64_C(1) << edge % 64;
}
/* Bounds of the item's count: of a set counter the users that must and that may like it, of a sum the amounts acknowledged and attempted. Kept up to date, O(1).
 * Those of sums hold only while sim_journal_sums_hold. */
void sim_journal_bounds(const sim_journal *j, uint32_t counter, uint32_t item, uint64_t *least,
                        uint64_t *most);
/* False once sim_journal_excuse_sums was called. */
bool sim_journal_sums_hold(const sim_journal *j);
/* An operator wrote a decision about the pair: from now on it may be liked or not, whatever its users were answered ("decided" judges it). */
void sim_journal_ordered(sim_journal *j, uint32_t counter, uint32_t item, uint32_t user, bool imported);
/* An operator closes or deletes the item, or its life may end: what was not answered well before `from_us` need not be in the counts, nor anything that
 * follows, as nobody tells users when it is opened ("closed" judges it). Who says a word from then on may lose an earlier one: of several in one batch the last
 * alone reaches central. 0: it is deleted. */
void sim_journal_closed(sim_journal *j, uint32_t item, uint64_t from_us);
/* Whether sim_journal_closed was ever said of the item. */
bool sim_journal_may_be_closed(const sim_journal *j, uint32_t item);
/* Whether such a decision imported an operation on the pair. */
bool sim_journal_pair_imported(const sim_journal *j, uint32_t counter, uint32_t item, uint32_t user);
/* An edge set `amount` of a sum aside: this amount need not be in the count (protocol, rule 20). */
void sim_journal_set_aside(sim_journal *j, uint32_t counter, uint32_t item, uint64_t amount);
/* How much of that sum was set aside in all. */
uint64_t sim_journal_aside(const sim_journal *j, uint32_t counter, uint32_t item);
/* This edge forgot its idempotency keys: a request for a sum that is retried, or still on its way, may count twice. */
void sim_journal_keys_forgotten(sim_journal *j, uint32_t edge, uint64_t now_us);

/* Whether the user liked the item when this attempt at a set was taken. *sure: every earlier attempt was answered, in an order that is known. */
bool sim_journal_was_liked(const sim_journal *j, uint32_t attempt, bool *sure);
/* The attempt at this pair that was answered last and is not excused; NULL: none was. Valid until the next attempt. */
const sim_journal_attempt *sim_journal_last_word(const sim_journal *j, uint32_t counter, uint32_t item,
                                                 uint32_t user);
/* Whether this attempt is the last one at its pair. */
bool sim_journal_is_last(const sim_journal *j, uint32_t attempt);
/*
 * Of the users in the least of sim_journal_bounds those that a number made at that moment need not hold: `but`, who was not answered before, or who
 * acted at one of `but_edges` (sim_journal_edge_bit). Counted no further than `enough`; the newest pairs come first, so few are looked at. Of a set.
 */
uint64_t sim_journal_unsettled(const sim_journal *j, uint32_t counter, uint32_t item,
                               uint64_t settled_before_us, uint32_t but, uint64_t but_edges, uint64_t enough);
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

typedef void (*journal_pair_fn)(void *arg, uint32_t counter, uint32_t item, uint32_t user,
                                sim_oracle_verdict verdict);
/* Visits every pair of a set counter that was ever attempted, in the order of (counter, item, user). */
void sim_journal_pairs(const sim_journal *j, journal_pair_fn fn, void *arg);

#endif
