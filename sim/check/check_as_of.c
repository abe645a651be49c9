/*
 * check_as_of.c - "as-of": every like acknowledged anywhere before central's as_of is in central's members and counts. "member": the same of a
 * single answer.
 *
 * Answers are kept in the order in which they were given. When as_of passes an answer, its pair is looked up once. If all attempts that may be the
 * user's last were answered before as_of, central must hold what the journal calls his last operation. When a restore takes as_of back, the cursor
 * goes back with it.
 *
 * Not judged, for a reason each:
 * - pairs with an operation at an edge that was ever copied while it ran: what is acknowledged under a doubled name is not promised;
 * - pairs with an operation at an edge that central calls retired: what that edge holds is in no as_of (rule 23);
 * - sums while an edge is retired, and once one was copied: `passed` adds up what all edges took;
 * - while a commit is under way: its rows can be read and its counts cannot; the next commit judges.
 */
#include "sim/check/checking.h"
#include "sim/check/excuse.h"
#include "sim/check/retired.h"
#include "sim/check/words.h"

#include <stdlib.h>

enum { ARRIVAL_US = 1000000 }; /* an answer that took longer to its client counts as lost */

/* as_of is a time of central's clock: where the scenario sets that wrong, so much less of it is judged. */
static uint64_t as_of_judged(const sim_checks *c, const kd_central *core)
{
    uint64_t as_of_us = kd_central_as_of_us(core);
    return as_of_us > c->wrong_clock_us ? as_of_us - c->wrong_clock_us : 0;
}

/* A sum whose answer is repeated is in the queue already, and would count twice in `passed`. */
void sim_check_as_of_answered(sim_checks *c, uint32_t attempt, bool replayed)
{
    const sim_journal_attempt *a = sim_journal_at(c->view.journal, attempt);
    if (a->verb == KD_ADD && (replayed || a->acked_us != 0)) return;
    sim_check_answers *q = &c->answers[c->partition[a->item]];
    q->at = kd_grow(q->at, q->count, &q->cap, sizeof(q->at[0]));
    q->at[q->count++] = (sim_check_answer){.attempt = attempt, .answered_us = sim_check_now(c)};
}

static void rewind_to(sim_checks *c, sim_check_answers *q, uint64_t as_of_us)
{
    while (q->cursor > 0 && q->at[q->cursor - 1].answered_us >= as_of_us) {
        sim_check_answer *answer = &q->at[--q->cursor];
        const sim_journal_attempt *a = sim_journal_at(c->view.journal, answer->attempt);
        if (answer->counted) c->passed[a->item] -= a->amount;
        answer->counted = false;
    }
}

void sim_check_as_of_again(sim_checks *c)
{
    for (uint32_t p = 0; p < c->view.scenario->partitions; p++) rewind_to(c, &c->answers[p], 0);
}

static void check_as_of_check_sum(sim_checks *c, kd_central *core, sim_check_answer *answer,
                                  const sim_journal_attempt *a)
{
    uint64_t totals[KD_COUNTERS_MAX];
    if (a->excused || !sim_journal_sums_hold(c->view.journal)) return;
    if (kd_central_totals(core, kd_item_key(&c->view.items[a->item]), totals) != KD_OK) return;
    c->passed[a->item] += a->amount;
    answer->counted = true;
    c->made++;
    if (totals[a->counter] + sim_journal_aside(c->view.journal, a->counter, a->item) < c->passed[a->item])
        sim_check_fail(c, "as-of",
                       "central has %llu views of %s, but clients were told of %llu before central's as_of, "
                       "%.3f s ago: %llu are missing",
                       (unsigned long long)totals[a->counter], sim_check_item_name(c, a->item),
                       (unsigned long long)c->passed[a->item],
                       sim_check_seconds_ago(c, c->answers[c->partition[a->item]].as_of_us),
                       (unsigned long long)(c->passed[a->item] - totals[a->counter]));
}

/* Whether an edge that this central's as_of does not cover took an operation on the pair. */
static bool is_in_doubt(const sim_checks *c, const kd_central *core, uint32_t counter, uint32_t item,
                        uint32_t user)
{
    uint64_t edges = sim_check_excuse_doubled_edges(c) | sim_check_retired_edges(c, core);
    return sim_journal_pair_edges(c->view.journal, counter, item, user) & edges;
}

static void check_pair(sim_checks *c, kd_central *core, const sim_journal_attempt *a, uint64_t as_of_us)
{
    bool settled, liked;
    sim_oracle_verdict verdict =
        sim_journal_pair(c->view.journal, a->counter, a->item, a->user, as_of_us, &settled);
    if (!settled || verdict == ORACLE_MAY || is_in_doubt(c, core, a->counter, a->item, a->user)) return;
    kd_bytes user = kd_bytes_str(c->view.users[a->user]);
    if (kd_central_member(core, a->counter, kd_item_key(&c->view.items[a->item]), user, &liked) != KD_OK)
        return;
    c->made++;
    if (liked != (verdict == ORACLE_MUST))
        sim_check_fail(c, "as-of",
                       "central claims to hold all that was acknowledged until %.3f s ago, yet %s is %s %s; "
                       "%s [noticed at attempt %u]",
                       sim_check_seconds_ago(c, as_of_us), c->view.users[a->user], liked ? "still" : "not",
                       sim_check_among(c, a->counter, a->item),
                       sim_check_last_word(c, a->counter, a->item, a->user), a->id);
}

void sim_check_as_of_committed(sim_checks *c, uint32_t slot, uint32_t partition)
{
    sim_check_answers *q = &c->answers[partition];
    kd_central *core = c->view.central(c->view.world, slot, partition);
    if (!core || sim_check_core_follows(core)) return;
    q->as_of_us = as_of_judged(c, core);
    q->best_us = KD_MAX(q->best_us, kd_central_as_of_us(core));
    bool sums =
        !sim_check_retired_edges(c, core) && !c->any_doubled; /* `passed` adds up what all edges took */
    if (c->positions.tenures[slot][partition].outstanding > 0) return;
    rewind_to(c, q, q->as_of_us);
    for (; q->cursor < q->count && q->at[q->cursor].answered_us < q->as_of_us && !c->failed; q->cursor++) {
        sim_check_answer *answer = &q->at[q->cursor];
        const sim_journal_attempt *a = sim_journal_at(c->view.journal, answer->attempt);
        bool arrived = a->acked_us != 0 && a->acked_us < q->as_of_us;
        if (!arrived && answer->answered_us + ARRIVAL_US >= q->as_of_us) break;
        if (!arrived) continue;
        if (a->verb == KD_ADD && !sums) continue;
        if (a->verb == KD_ADD)
            check_as_of_check_sum(c, core, answer, a);
        else
            check_pair(c, core, a, q->as_of_us);
    }
}

/* "member": what central tells of a user, when what he did before its as_of settles it. */
void sim_check_as_of_member(sim_checks *c, uint32_t slot, uint32_t counter, uint32_t item, uint32_t user,
                            bool liked)
{
    bool settled;
    kd_central *core = c->view.central(c->view.world, slot, c->partition[item]);
    if (!core) return;
    uint64_t as_of_us = as_of_judged(c, core);
    sim_oracle_verdict verdict = sim_journal_pair(c->view.journal, counter, item, user, as_of_us, &settled);
    if (!settled || verdict == ORACLE_MAY || is_in_doubt(c, core, counter, item, user)) return;
    c->made++;
    if (liked != (verdict == ORACLE_MUST))
        sim_check_fail(c, "member", "central tells, with an as_of of %.3f s ago, that %s is %s%s; %s",
                       sim_check_seconds_ago(c, as_of_us), c->view.users[user], liked ? "" : "not ",
                       sim_check_among(c, counter, item), sim_check_last_word(c, counter, item, user));
}
