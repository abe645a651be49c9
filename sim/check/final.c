/*
 * final.c - the verdict after healing: the members against the journal, the counts against the members.
 *
 * Members are gathered as packed keys and sorted once; sim_journal_pairs comes in the same order, so the comparison is one walk over both.
 */
#include "sim/check/final.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    uint64_t count, members;
} final_cell;

typedef struct {
    uint32_t edge, counter, item;
    uint64_t count;
} edge_count;

struct sim_final_state {
    sim_final_names names;
    final_cell *cells; /* by counter, then item */
    uint64_t *members;
    uint32_t member_count, member_cap;
    edge_count *shown, *expected;
    uint32_t shown_count, shown_cap, expected_count, expected_cap;
    uint64_t strangers;
    char stranger[160];
    /* of the walk */
    uint32_t next;
    sim_final_verdict *out;
    char lost[320], doubled[320];
};

sim_final_state *sim_final_create(const sim_final_names *names)
{
    sim_final_state *f = kd_alloc(sizeof(*f));
    f->names = *names;
    f->cells = kd_alloc((size_t)names->counters->count * names->item_count * sizeof(final_cell) + 1);
    return f;
}

void sim_final_destroy(sim_final_state *f)
{
    if (!f) return;
    free(f->cells);
    free(f->members);
    free(f->shown);
    free(f->expected);
    free(f);
}

static final_cell *final_cell_of(sim_final_state *f, uint32_t counter, uint32_t item)
{
    KD_ASSERT(counter < f->names.counters->count && item < f->names.item_count);
    return &f->cells[(size_t)counter * f->names.item_count + item];
}

void sim_final_member(sim_final_state *f, uint32_t counter, uint32_t item, uint32_t user)
{
    final_cell_of(f, counter, item)->members++;
    f->members = kd_grow(f->members, f->member_count, &f->member_cap, sizeof(f->members[0]));
    f->members[f->member_count++] = (uint64_t)counter << 60 | (uint64_t)item << 32 | user;
}

void sim_final_stranger(sim_final_state *f, const char *text)
{
    if (f->strangers++ == 0) snprintf(f->stranger, sizeof(f->stranger), "%s", text);
}

void sim_final_count(sim_final_state *f, uint32_t counter, uint32_t item, uint64_t count)
{
    final_cell_of(f, counter, item)->count = count;
}

void sim_final_edge_count(sim_final_state *f, uint32_t edge, uint32_t counter, uint32_t item, uint64_t count)
{
    f->shown = kd_grow(f->shown, f->shown_count, &f->shown_cap, sizeof(f->shown[0]));
    f->shown[f->shown_count++] = (edge_count){edge, counter, item, count};
}

void sim_final_expect(sim_final_state *f, uint32_t counter, uint32_t item, uint64_t count)
{
    f->expected = kd_grow(f->expected, f->expected_count, &f->expected_cap, sizeof(f->expected[0]));
    f->expected[f->expected_count++] = (edge_count){0, counter, item, count};
}

/* ---- judging ------------------------------------------------------------------------------------------------- */

static void final_say(char *text, size_t size, uint64_t *found, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Counts the findings of a kind, and keeps the text of the first. */
static void final_say(char *text, size_t size, uint64_t *found, const char *format, ...)
{
    if ((*found)++ > 0) return;
    va_list args;
    va_start(args, format);
    vsnprintf(text, size, format, args);
    va_end(args);
}

static const char *counter_name(const sim_final_state *f, uint32_t counter)
{
    return f->names.counters->at[counter].name;
}

static void say_member(sim_final_state *f, uint64_t key, bool is_lost, const char *why, const char *where)
{
    uint32_t counter = (uint32_t)(key >> 60), item = (uint32_t)(key >> 32) & 0xfffffff, user = (uint32_t)key;
    const char *name = user < f->names.user_count ? f->names.users[user] : "?";
    final_say(is_lost ? f->lost : f->doubled, sizeof(f->lost), is_lost ? &f->out->lost : &f->out->doubled,
              "%s's %s of %s %s%s", name, counter_name(f, counter), f->names.items[item], why, where);
}

/* The edge that acknowledged the user's last operation on the pair; "an edge" where none did. */
static const char *last_edge(const sim_final_state *f, uint32_t counter, uint32_t item, uint32_t user)
{
    const sim_journal_attempt *last = sim_journal_last_word(f->names.journal, counter, item, user);
    return last && last->edge < f->names.edge_count ? f->names.edges[last->edge] : "an edge";
}

/* The members below the key were never attempted; a member that equals the one before it is listed twice. */
static void strangers_before(sim_final_state *f, uint64_t key)
{
    while (f->next < f->member_count && f->members[f->next] < key) {
        bool again = f->next > 0 && f->members[f->next - 1] == f->members[f->next];
        say_member(f, f->members[f->next], false,
                   again ? "is listed twice" : "is there and was never asked for", "");
        f->next++;
    }
}

static void judge_pair(void *arg, uint32_t counter, uint32_t item, uint32_t user, sim_oracle_verdict verdict)
{
    sim_final_state *f = arg;
    uint64_t key = (uint64_t)counter << 60 | (uint64_t)item << 32 | user;
    strangers_before(f, key);
    bool member = f->next < f->member_count && f->members[f->next] == key;
    f->next += member;
    if (member && verdict == ORACLE_MUST_NOT)
        say_member(f, key, false, "is there at the end, but its taking back was acknowledged at ",
                   last_edge(f, counter, item, user));
    if (!member && verdict == ORACLE_MUST)
        say_member(f, key, true, "is lost; it was acknowledged at ", last_edge(f, counter, item, user));
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void judge_members(sim_final_state *f)
{
    if (f->member_count) qsort(f->members, f->member_count, sizeof(f->members[0]), by_value);
    f->out->members = f->member_count + f->strangers;
    if (f->strangers > 0) snprintf(f->doubled, sizeof(f->doubled), "%s", f->stranger);
    f->out->doubled = f->strangers;
    sim_journal_pairs(f->names.journal, judge_pair, f);
    strangers_before(f, UINT64_MAX);
}

static void judge_count(sim_final_state *f, uint32_t counter, uint32_t item, char *counts, char *sums,
                        size_t size)
{
    const final_cell *c = final_cell_of(f, counter, item);
    const char *name = counter_name(f, counter);
    uint64_t least, most;
    if (f->names.counters->at[counter].kind == KD_SET) {
        if (c->count != c->members)
            final_say(counts, size, &f->out->wrong_counts,
                      "central's %s count of %s is %llu; by its members it is %llu", name,
                      f->names.items[item], (unsigned long long)c->count, (unsigned long long)c->members);
        return;
    }
    sim_journal_bounds(f->names.journal, counter, item, &least, &most);
    if (sim_journal_sums_hold(f->names.journal) && (c->count < least || c->count > most))
        final_say(sums, size, &f->out->wrong_sums,
                  "central counts %llu %ss of %s; at least %llu were acknowledged, at most %llu attempted",
                  (unsigned long long)c->count, name, f->names.items[item], (unsigned long long)least,
                  (unsigned long long)most);
}

static void judge_edges(sim_final_state *f, char *text, size_t size)
{
    for (uint32_t i = 0; i < f->shown_count; i++) {
        const edge_count *s = &f->shown[i];
        uint64_t central = final_cell_of(f, s->counter, s->item)->count;
        if (s->count != central)
            final_say(text, size, &f->out->wrong_edges,
                      "%s shows %llu %ss of %s at the end, central has %llu", f->names.edges[s->edge],
                      (unsigned long long)s->count, counter_name(f, s->counter), f->names.items[s->item],
                      (unsigned long long)central);
    }
}

static void judge_expected(sim_final_state *f, char *text, size_t size)
{
    for (uint32_t i = 0; i < f->expected_count; i++) {
        const edge_count *e = &f->expected[i];
        uint64_t central = final_cell_of(f, e->counter, e->item)->count;
        if (e->count != central)
            final_say(text, size, &f->out->wrong_expected,
                      "central's %s count of %s is %llu; the scenario expects %llu",
                      counter_name(f, e->counter), f->names.items[e->item], (unsigned long long)central,
                      (unsigned long long)e->count);
    }
}

void sim_final_judge(sim_final_state *f, sim_final_verdict *out)
{
    char counts[320] = "", sums[320] = "", edges[320] = "", expected[320] = "";
    *out = (sim_final_verdict){0};
    f->out = out;
    judge_members(f);
    for (uint32_t c = 0; c < f->names.counters->count; c++)
        for (uint32_t i = 0; i < f->names.item_count; i++) judge_count(f, c, i, counts, sums, sizeof(counts));
    judge_edges(f, edges, sizeof(edges));
    judge_expected(f, expected, sizeof(expected));
    const struct {
        const char *checker, *text;
        uint64_t found;
    } kinds[] = {{"lost", f->lost, out->lost},          {"doubled", f->doubled, out->doubled},
                 {"counts", counts, out->wrong_counts}, {"convergence", edges, out->wrong_edges},
                 {"sums", sums, out->wrong_sums},       {"expected", expected, out->wrong_expected}};
    for (size_t i = 0; i < KD_COUNT(kinds) && !out->checker; i++) {
        if (kinds[i].found == 0) continue;
        out->checker = kinds[i].checker;
        snprintf(out->text, sizeof(out->text), "%s", kinds[i].text);
    }
    out->held = out->checker == NULL;
}
