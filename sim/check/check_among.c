/*
 * check_among.c - "among": of a list of users central names those who like an item, and tells its counts without some users, as its counts have it: also while commits are
 * under way, and while their rows can be read already.
 *
 * Asked of items that operations on their way touch, when a commit begins, when its rows can be read, and when it ends. Of all users of the drill as many must be
 * named as the count says, and the same ones as before as long as no commit has ended. So what is told of a commit that has not ended shows, also where a like and an
 * unlike leave the count as it was. Whether the counts are right is judged by "counts".
 */
#include "sim/check/checking.h"
#include "sim/check/words.h"

enum { AMONG_USERS_MAX = 128, AMONG_ITEMS_MAX = 4 };

typedef struct {
    sim_checks *c;
    uint64_t turn, digest;
    uint64_t likers, others; /* others: of them, those who are not left out */
} among_answer;

/* Half of the users are left out, others each time. */
static bool among_left_out(uint64_t turn, uint32_t user)
{
    return sim_check_mix(turn, user) & 1;
}

static int among_see(void *arg, const kd_member *m)
{
    among_answer *a = arg;
    uint32_t user = sim_check_user(a->c, m->user);
    a->digest = sim_check_mix(a->digest, user);
    a->likers++;
    a->others += !among_left_out(a->turn, user);
    return 0;
}

static uint32_t among_list(const sim_checks *c, uint64_t turn, bool all, kd_bytes *users)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < c->view.user_count; i++)
        if (all || among_left_out(turn, i)) users[count++] = kd_bytes_str(c->view.users[i]);
    return count;
}

/* Who they were before, if no commit has ended since. */
static bool among_same(sim_checks *c, uint32_t slot, const kd_central *core, const sim_check_touch *t,
                       uint64_t digest)
{
    sim_check_named *before = &c->named[slot][sim_check_cell_of(c, t->counter, t->item)];
    bool same =
        before->digest == 0 || before->version != kd_central_version(core) || before->digest == digest;
    *before = (sim_check_named){digest, kd_central_version(core)};
    return same;
}

static void among_judge(sim_checks *c, uint32_t slot, kd_central *core, const sim_check_touch *t)
{
    kd_bytes users[AMONG_USERS_MAX], key = kd_item_key(&c->view.items[t->item]);
    uint64_t totals[KD_COUNTERS_MAX], without[KD_COUNTERS_MAX];
    among_answer a = {.c = c, .turn = c->among_turn++, .digest = 1};
    uint32_t all = among_list(c, a.turn, true, users);
    if (kd_central_totals(core, key, totals) != KD_OK) return;
    if (kd_central_among(core, t->counter, key, users, all, among_see, &a) != KD_OK) return;
    uint32_t some = among_list(c, a.turn, false, users);
    if (kd_central_without(core, key, users, some, without) != KD_OK) return;
    c->made++;
    if (a.likers != totals[t->counter])
        sim_check_fail(c, "among", "asked of all users, central names %llu %s; its count is %llu",
                       (unsigned long long)a.likers, sim_check_among(c, t->counter, t->item),
                       (unsigned long long)totals[t->counter]);
    else if (!among_same(c, slot, core, t, a.digest))
        sim_check_fail(c, "among", "central names others %s than before, and no commit has ended since",
                       sim_check_among(c, t->counter, t->item));
    else if (without[t->counter] != a.others)
        sim_check_fail(c, "among", "without %u users central counts %llu %s; without them there are %llu",
                       some, (unsigned long long)without[t->counter], sim_check_among(c, t->counter, t->item),
                       (unsigned long long)a.others);
}

void sim_check_among_ask(sim_checks *c, uint32_t slot, uint32_t partition)
{
    const sim_check_members *m = &c->members[slot][partition];
    kd_central *core = c->view.central(c->view.world, slot, partition);
    uint32_t asked = 0;
    if (!core || c->view.user_count > AMONG_USERS_MAX) return;
    for (uint32_t i = 0; i < m->fed_count && asked < AMONG_ITEMS_MAX && !c->failed; i++) {
        const sim_check_touch *t = &m->fed[i];
        bool repeated = i > 0 && t->item == t[-1].item && t->counter == t[-1].counter;
        if (repeated || c->view.counters->at[t->counter].kind == KD_SUM) continue;
        among_judge(c, slot, core, t);
        asked++;
    }
}

void sim_check_among_opened(sim_checks *c, uint32_t slot, uint32_t partition)
{
    for (uint32_t i = 0; i < c->view.item_count; i++)
        for (uint32_t n = 0; c->partition[i] == partition && n < SCENARIO_COUNTERS; n++)
            c->named[slot][sim_check_cell_of(c, n, i)] = (sim_check_named){0};
}
