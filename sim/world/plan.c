/* plan.c - see the header. An unlike takes back one of the user's last likes. A quarter of the operations are on the user's last item. */
#include "sim/world/plan.h"

#include "sim/world/events.h"
#include "sim/world/users.h"

enum { SAME_ITEM_PERCENT = 25, FORGET_PERCENT = 60 };

static uint64_t plan_draw(const sim_world *w, const sim_op *op, uint64_t purpose)
{
    return sim_world_draw(w, DRAW_USER, op->user + (purpose << 32), op->number);
}

uint32_t sim_plan_home(const sim_world *w, uint32_t user)
{
    return (uint32_t)(sim_world_draw(w, DRAW_ROUTE, user, 0) % w->s->edge_count);
}

/* Evenly distributed from 1 to twice the mean. */
uint64_t sim_plan_pause_us(const sim_world *w, uint32_t user, uint32_t number)
{
    uint64_t mean_us = (uint64_t)((double)w->s->users.users * 1e6 / w->s->users.per_second);
    return 1 + sim_world_draw(w, DRAW_USER, user + (UINT64_C(9) << 32), number) % KD_MAX(2 * mean_us, 2);
}

static uint32_t plan_pick_item(const sim_world *w, const sim_op *op)
{
    const sim_scenario_users *s = &w->s->users;
    bool viral = w->now_us - w->begin_us >= s->viral_from_us && plan_draw(w, op, 1) % 100 < s->viral_percent;
    if (viral) return 0;
    const sim_user *u = &w->users[op->user];
    if (op->number > 0 && plan_draw(w, op, 2) % 100 < SAME_ITEM_PERCENT) return u->last_item;
    uint32_t chance = (uint32_t)(plan_draw(w, op, 3) >> 32), low = 0, high = s->items - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (w->zipf[middle] < chance)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void plan_remember(sim_user *u, uint32_t item, uint32_t counter)
{
    if (u->liked_count == USER_MEMORY)
        memmove(u->liked, u->liked + 1, --u->liked_count * sizeof(u->liked[0]));
    u->liked[u->liked_count].item = item;
    u->liked[u->liked_count++].counter = counter;
}

static void plan_unlike(sim_world *w, sim_op *op)
{
    sim_user *u = &w->users[op->user];
    op->verb = KD_UNLIKE;
    if (u->liked_count == 0) return; /* an unlike of an item that the user does not like */
    uint32_t which = (uint32_t)(plan_draw(w, op, 4) % u->liked_count);
    op->item = u->liked[which].item;
    op->counter = u->liked[which].counter;
    if (plan_draw(w, op, 5) % 100 >= FORGET_PERCENT) return;
    u->liked_count--;
    for (uint32_t i = which; i < u->liked_count; i++) u->liked[i] = u->liked[i + 1];
}

static void plan_roam(sim_world *w, sim_op *op)
{
    sim_user *u = &w->users[op->user];
    uint64_t chance = plan_draw(w, op, 6);
    if (w->s->edge_count > 1 && chance % 100 < w->s->users.roam_percent)
        u->edge = (u->edge + 1 + (uint32_t)(chance / 100 % (w->s->edge_count - 1))) % w->s->edge_count;
    op->edge = u->edge;
}

void sim_plan_operation(sim_world *w, sim_op *op)
{
    const sim_scenario_users *s = &w->s->users;
    sim_user *u = &w->users[op->user];
    uint32_t kind = (uint32_t)(plan_draw(w, op, 7) % 100);
    plan_roam(w, op);
    op->item = plan_pick_item(w, op);
    op->counter = SCENARIO_LIKE;
    op->verb = KD_LIKE;
    if (kind >= s->like_percent + s->unlike_percent + s->save_percent) {
        op->verb = KD_ADD;
        op->counter = SCENARIO_VIEW;
        op->amount = 1 + plan_draw(w, op, 8) % 3;
    } else if (kind >= s->like_percent + s->unlike_percent) {
        op->counter = SCENARIO_SAVE;
        plan_remember(u, op->item, SCENARIO_SAVE);
    } else if (kind >= s->like_percent) {
        plan_unlike(w, op);
    } else {
        plan_remember(u, op->item, SCENARIO_LIKE);
    }
    u->last_item = op->item;
}
