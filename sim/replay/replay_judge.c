/*
 * replay_judge.c - compares the counts that were read with the right ones. It reads nothing itself, so unit tests feed it rounds.
 */
#include "sim/replay/replay.h"

void sim_replay_target_begin(sim_replay_target *t)
{
    t->right = 0;
    t->pending = 0;
}

void sim_replay_target_take(sim_replay_target *t, const sim_replay_oracle *oracle, uint32_t item,
                            const int64_t *count, uint64_t pending)
{
    t->counts[item] = count ? *count : KD_REPLAY_NULL;
    t->pending += pending;
    t->right += pending == 0 && t->counts[item] == (int64_t)oracle->counts[item];
}

bool sim_replay_item_wrong(const sim_replay_check *c, const sim_replay_oracle *oracle, uint32_t item)
{
    for (uint32_t i = 0; i < c->count; i++) {
        if (c->targets[i].counts[item] != (int64_t)oracle->counts[item]) return true;
    }
    return false;
}

static void find_beyond(sim_replay_check *c, const sim_replay_oracle *oracle)
{
    const sim_replay_target *central = &c->targets[c->count - 1];
    for (uint32_t item = 0; item < oracle->items && !c->beyond && central->error == 0; item++) {
        c->beyond = central->counts[item] > (int64_t)oracle->likers[item];
        c->beyond_item = item;
    }
}

void sim_replay_judge_before(sim_replay_check *c, const sim_replay_oracle *oracle)
{
    const sim_replay_target *central = &c->targets[c->count - 1];
    if (central->error != 0) return;
    for (uint32_t item = 0; item < oracle->items; item++) {
        int64_t says = central->counts[item];
        if (says == 0 || says == (int64_t)oracle->counts[item]) continue;
        if (c->used++ > 0) continue;
        c->used_first = item;
        c->used_says = says;
    }
    find_beyond(c, oracle);
}

bool sim_replay_targets_agree(const sim_replay_check *c, uint32_t items)
{
    const int64_t *central = c->targets[c->count - 1].counts;
    for (uint32_t i = 0; i + 1 < c->count; i++)
        if (memcmp(c->targets[i].counts, central, items * sizeof *central) != 0) return false;
    return true;
}

bool sim_replay_judge(sim_replay_check *c, const sim_replay_oracle *oracle)
{
    bool agreed = true;
    c->readable = true;
    c->wrong_items = 0;
    c->pending = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        const sim_replay_target *t = &c->targets[i];
        c->readable = c->readable && t->error == 0;
        agreed = agreed && t->error == 0 && t->right == oracle->items;
        c->pending += t->pending;
    }
    for (uint32_t item = 0; item < oracle->items; item++)
        c->wrong_items += sim_replay_item_wrong(c, oracle, item);
    find_beyond(c, oracle);
    c->judged = true;
    return agreed;
}
