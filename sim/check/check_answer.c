/*
 * check_answer.c - "answer": what a user is told of his own operation is true.
 *
 * - `liked` is what he asked for.
 * - `changed` follows from his last operation on the item at this edge, wherever the edge must know that one (rule 2). It may be null if he was
 *   answered by another edge or another disk before. Where his session token tells the edge of all that he did, true or false is also right by his
 *   last operation anywhere.
 * - A recognised retry gets what the first answer said, stamp included, for the stamp is his token (rules 1, 3).
 *
 * An idempotency key can make room for others; then the retry is taken once more, and its answer counts. If that second operation dies with its
 * process, unanswered, the earlier key is on the disk again, and the earlier answer is right.
 *
 * The last CHECK_TOLD attempts are kept in a ring, which lasts longer than anybody tries again. Older ones are not judged.
 */
#include "sim/check/checking.h"
#include "sim/check/excuse.h"
#include "sim/check/words.h"

static sim_check_told *check_answer_told_of(sim_checks *c, uint32_t attempt)
{
    return &c->told[attempt % CHECK_TOLD];
}

static bool is_about(const sim_checks *c, const sim_check_told *t, uint32_t slot, uint32_t attempt)
{
    return t->used && t->attempt == attempt && t->slot == slot && t->disk == c->durable.disk[slot];
}

static bool answer_same(const sim_check_reply *r, const kd_outcome *o)
{
    return r->stamp_us == o->stamp_us && r->changed == o->changed && r->liked == o->liked;
}

static kd_changed right_change(sim_check_word word, bool liked)
{
    if (word == CHECK_WORD_NONE) return liked ? KD_CHANGED_YES : KD_CHANGED_UNKNOWN;
    return (word == CHECK_WORD_LIKED) != liked ? KD_CHANGED_YES : KD_CHANGED_NO;
}

/* Notes where the user was answered, and whether that was ever another place than before. */
static void note_where(sim_checks *c, uint32_t slot, uint32_t user)
{
    uint64_t here = (uint64_t)slot << 32 | c->durable.disk[slot];
    c->roamed[user].yes |= c->roamed[user].known && c->roamed[user].where != here;
    c->roamed[user].where = here;
    c->roamed[user].known = true;
}

/* Judges by the user's operations anywhere. Without tokens, or where an attempt without an answer may have come between, only judge_change judges. */
static void judge_truth(sim_checks *c, uint32_t slot, const sim_journal_attempt *a, const kd_outcome *o)
{
    bool sure, was_liked = sim_journal_was_liked(c->view.journal, a->id, &sure);
    if (!sure || o->changed == KD_CHANGED_UNKNOWN || !sim_scenario_tokens_kept(c->view.scenario)) return;
    /* Not judged once two processes used the name of an edge at which this pair was changed: operations acknowledged there may be lost. */
    if (sim_journal_pair_edges(c->view.journal, a->counter, a->item, a->user) &
        sim_check_excuse_doubled_edges(c))
        return;
    /* An attempt that was taken twice changed something the first time. */
    const sim_check_told *t = check_answer_told_of(c, a->id);
    bool again = a->issued_us > a->first_us || (t->used && t->attempt == a->id);
    if (again && o->changed == KD_CHANGED_NO) return;
    c->made++;
    bool changes = was_liked != (a->verb == KD_LIKE);
    if (changes != (o->changed == KD_CHANGED_YES))
        sim_check_fail(c, "answer",
                       "%s answers %s with changed=%s; by the user's last operation anywhere it is "
                       "changed=%s [attempt %u]",
                       sim_check_slot_name(c, slot), sim_check_attempt_name(c, a),
                       sim_check_changed_name(o->changed), changes ? "true" : "false", a->id);
}

static void judge_change(sim_checks *c, uint32_t slot, uint32_t shard, const sim_journal_attempt *a,
                         const kd_outcome *o)
{
    bool liked = a->verb == KD_LIKE;
    sim_check_word word = sim_check_durable_word(c, slot, shard, a);
    c->made++;
    if (o->liked != liked)
        sim_check_fail(
            c, "answer", "%s answers %s with liked=%s: the user asked for the opposite [attempt %u]",
            sim_check_slot_name(c, slot), sim_check_attempt_name(c, a), o->liked ? "true" : "false", a->id);
    bool elsewhere = c->roamed[a->user].yes || c->doubled[sim_check_edge(slot)];
    bool forgets = c->view.scenario->forget_rows_us > 0; /* no row: it may have expired (rule 21) */
    bool unknown = o->changed == KD_CHANGED_UNKNOWN && (elsewhere || forgets) && !a->strange;
    if (word != CHECK_WORD_UNSURE && o->changed != right_change(word, liked) && !unknown)
        sim_check_fail(c, "answer",
                       "%s answers %s with changed=%s; by the user's last operation at this edge it is "
                       "changed=%s [attempt %u]",
                       sim_check_slot_name(c, slot), sim_check_attempt_name(c, a),
                       sim_check_changed_name(o->changed), sim_check_changed_name(right_change(word, liked)),
                       a->id);
}

void sim_check_answer_taken(sim_checks *c, uint32_t slot, uint32_t shard, const sim_journal_attempt *a,
                            const kd_outcome *o)
{
    if (a->verb != KD_ADD) {
        note_where(c, slot, a->user);
        judge_change(c, slot, shard, a, o);
        judge_truth(c, slot, a, o);
    }
    sim_check_told *t = check_answer_told_of(c, a->id);
    sim_check_told was = is_about(c, t, slot, a->id) ? *t : (sim_check_told){.used = false};
    *t = (sim_check_told){.attempt = a->id,
                          .slot = slot,
                          .disk = c->durable.disk[slot],
                          .life = c->slots[slot].life[shard],
                          .reply = {o->stamp_us, o->changed, o->liked},
                          .earlier = {was.reply, was.earlier[0], was.earlier[1]},
                          .used = true};
}

void sim_check_answer_replayed(sim_checks *c, uint32_t slot, const sim_journal_attempt *a,
                               const kd_outcome *o)
{
    const sim_check_told *t = check_answer_told_of(c, a->id);
    if (!is_about(c, t, slot, a->id)) return;
    uint32_t shard = c->partition[a->item] % c->view.scenario->shards;
    bool died = t->life != c->slots[slot].life[shard];
    c->made++;
    bool right = answer_same(&t->reply, o);
    for (uint32_t i = 0; died && i < CHECK_EARLIER; i++) right |= answer_same(&t->earlier[i], o);
    if (!right)
        sim_check_fail(c, "answer",
                       "%s answers a retry of %s with changed=%s, liked=%s; the first answer was changed=%s, "
                       "liked=%s [attempt %u, stamps %llu and %llu]",
                       sim_check_slot_name(c, slot), sim_check_attempt_name(c, a),
                       sim_check_changed_name(o->changed), o->liked ? "true" : "false",
                       sim_check_changed_name(t->reply.changed), t->reply.liked ? "true" : "false", a->id,
                       (unsigned long long)o->stamp_us, (unsigned long long)t->reply.stamp_us);
}
