/* words.c - see the header. */
#include "sim/check/words.h"

#include <stdio.h>

#include "edge/core/membership.h"

static char *words_next(sim_checks *c)
{
    return c->words[c->words_next++ % CHECK_WORDS];
}

const char *sim_check_slot_name(sim_checks *c, uint32_t slot)
{
    char *text = words_next(c);
    snprintf(text, CHECK_WORDS_BYTES, "%s%s", slot >= CHECKS_TWIN ? "the copy of " : "",
             c->view.scenario->edges[sim_check_edge(slot)]);
    return text;
}

const char *sim_check_item_name(sim_checks *c, uint32_t item)
{
    char *text = words_next(c);
    kd_key_text(kd_item_key(&c->view.items[item]), text);
    return text;
}

const char *sim_check_operation_name(sim_checks *c, uint32_t counter, uint32_t item, uint32_t user,
                                     bool liked)
{
    char key[KD_ITEM_KEY_MAX], *text = words_next(c);
    const kd_counter *k = &c->view.counters->at[counter];
    kd_key_text(kd_item_key(&c->view.items[item]), key);
    if (user == CHECK_NOTHING)
        snprintf(text, CHECK_WORDS_BYTES, "%ss of %s", k->name, key);
    else
        snprintf(text, CHECK_WORDS_BYTES, "%s's %s%s of %s", c->view.users[user], liked ? "" : "un", k->name,
                 key);
    return text;
}

const char *sim_check_attempt_name(sim_checks *c, const sim_journal_attempt *a)
{
    if (a->verb != KD_ADD)
        return sim_check_operation_name(c, a->counter, a->item, a->user, a->verb == KD_LIKE);
    char key[KD_ITEM_KEY_MAX], *text = words_next(c);
    kd_key_text(kd_item_key(&c->view.items[a->item]), key);
    snprintf(text, CHECK_WORDS_BYTES, "%s's %llu %ss of %s", c->view.users[a->user],
             (unsigned long long)a->amount, c->view.counters->at[a->counter].name, key);
    return text;
}

const char *sim_check_last_word(sim_checks *c, uint32_t counter, uint32_t item, uint32_t user)
{
    const sim_journal_attempt *a = sim_journal_last_word(c->view.journal, counter, item, user);
    const char *name = a ? sim_check_attempt_name(c, a) : "";
    char *text = words_next(c);
    if (a)
        snprintf(text, CHECK_WORDS_BYTES, "%s at %s was acknowledged %.3f s ago", name,
                 c->view.scenario->edges[a->edge], sim_check_seconds_ago(c, a->acked_us));
    else
        snprintf(text, CHECK_WORDS_BYTES, "no operation of %s was acknowledged", c->view.users[user]);
    return text;
}

const char *sim_check_row_name(sim_checks *c, kd_bytes key, bool liked)
{
    kd_member_row row = {0};
    kd_membership_parse(key, (kd_bytes){0}, &row); /* refuses the empty value, after it has read the key */
    uint32_t item = sim_check_item(c, row.item), user = sim_check_user(c, row.user);
    int counter = kd_counters_by_id(c->view.counters, row.counter_id);
    if (item == CHECK_NOTHING || user == CHECK_NOTHING || counter < 0) return "a row";
    return sim_check_operation_name(c, (uint32_t)counter, item, user, liked);
}

const char *sim_check_among(sim_checks *c, uint32_t counter, uint32_t item)
{
    char key[KD_ITEM_KEY_MAX], *text = words_next(c);
    kd_key_text(kd_item_key(&c->view.items[item]), key);
    snprintf(text, CHECK_WORDS_BYTES, "among the %ss of %s", c->view.counters->at[counter].name, key);
    return text;
}

const char *sim_check_view_name(sim_checks *c, uint32_t item, const kd_view *view)
{
    char key[KD_ITEM_KEY_MAX], *text = words_next(c);
    kd_key_text(kd_item_key(&c->view.items[item]), key);
    snprintf(text, CHECK_WORDS_BYTES, "%llu likes, %llu saves, %llu views of %s (pending %u, %u, %u)",
             (unsigned long long)view->count[SCENARIO_LIKE], (unsigned long long)view->count[SCENARIO_SAVE],
             (unsigned long long)view->count[SCENARIO_VIEW], key, view->pending[SCENARIO_LIKE],
             view->pending[SCENARIO_SAVE], view->pending[SCENARIO_VIEW]);
    return text;
}

const char *sim_check_changed_name(kd_changed changed)
{
    return changed == KD_CHANGED_YES ? "true" : changed == KD_CHANGED_NO ? "false" : "null";
}

double sim_check_seconds_ago(const sim_checks *c, uint64_t us)
{
    return ((double)sim_check_now(c) - (double)us) / 1e6;
}

/* ---- what a batch holds ---- */

/* From the lowest bit: operations, user of the first one (all ones: none, a sum), its item, its counter, whether it is a like, whether anything
 * is packed. */
enum { COUNT_BITS = 16, USER_BITS = 20, ITEM_BITS = 14, COUNTER_BITS = 4 };
_Static_assert(SCENARIO_USERS_MAX < (1 << USER_BITS) - 1 && SCENARIO_ITEMS_MAX <= 1 << ITEM_BITS,
               "the users and items that a scenario draws fit; those that it names besides may not");

static uint64_t words_low(uint64_t value, uint32_t bits)
{
    return value & ((UINT64_C(1) << bits) - 1);
}

static uint64_t words_push(uint64_t packed, uint64_t value, uint32_t bits)
{
    return packed << bits | words_low(value, bits);
}

static uint64_t words_pop(uint64_t *packed, uint32_t bits)
{
    uint64_t value = words_low(*packed, bits);
    *packed >>= bits;
    return value;
}

static uint64_t words_pack(const sim_checks *c, const kd_body *body)
{
    bool sum = body->op_count == 0;
    if (sum && body->sum_count == 0) return 0;
    uint32_t count = body->op_count + body->sum_count;
    uint32_t item = sim_check_item(c, sum ? body->sums[0].item : body->ops[0].item);
    uint32_t user = sum ? CHECK_NOTHING : sim_check_user(c, body->ops[0].user);
    int counter = kd_counters_by_id(c->view.counters, sum ? body->sums[0].counter : body->ops[0].counter);
    bool fits = item < 1u << ITEM_BITS && (sum || user < (1u << USER_BITS) - 1);
    if (!fits || counter < 0) return 0; /* a name that nobody in this drill bears, too */
    uint64_t packed = words_push(1, !sum && body->ops[0].liked, 1);
    packed = words_push(packed, (uint64_t)counter, COUNTER_BITS);
    packed = words_push(packed, item, ITEM_BITS);
    packed = words_push(packed, user, USER_BITS);
    return words_push(packed, KD_MIN(count, (1u << COUNT_BITS) - 1), COUNT_BITS);
}

uint64_t sim_check_body_pack(const sim_checks *c, kd_bytes bytes)
{
    kd_body body;
    if (kd_body_decode(bytes, &body) != KD_OK) return 0;
    uint64_t packed = words_pack(c, &body);
    kd_body_finish(&body);
    return packed;
}

const char *sim_check_body_packed_name(sim_checks *c, uint64_t packed)
{
    if (packed == 0) return "a batch of operations";
    uint64_t count = words_pop(&packed, COUNT_BITS);
    uint32_t user = (uint32_t)words_pop(&packed, USER_BITS);
    if (user == words_low(UINT64_MAX, USER_BITS)) user = CHECK_NOTHING;
    uint32_t item = (uint32_t)words_pop(&packed, ITEM_BITS);
    uint32_t counter = (uint32_t)words_pop(&packed, COUNTER_BITS);
    const char *first = sim_check_operation_name(c, counter, item, user, words_pop(&packed, 1));
    char *text = words_next(c);
    if (count == 1)
        snprintf(text, CHECK_WORDS_BYTES, "1 operation (%s)", first);
    else
        snprintf(text, CHECK_WORDS_BYTES, "%u operations (the first: %s)", (unsigned)count, first);
    return text;
}

const char *sim_check_body_name(sim_checks *c, kd_bytes body)
{
    return sim_check_body_packed_name(c, sim_check_body_pack(c, body));
}
