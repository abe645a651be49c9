/* heal.c - see the header. */
#include "sim/world/heal.h"

#include "sim/world/edge_ask.h"
#include "sim/world/events.h"
#include "sim/world/faults.h"
#include "sim/world/processes.h"
#include "sim/world/shard.h"
#include "sim/world/users.h"

enum { LOOK_US = 100000, ASK_EVERY = 10 };

static bool heal_users_done(const sim_world *w)
{
    for (uint32_t i = 0; i < w->user_count; i++)
        if (w->users[i].op || w->users[i].scripted_count) return false;
    return true;
}

/* An edge refuses writes after two processes have used its name. Its operator restarts it, once. */
static void heal_operators_act(sim_world *w)
{
    for (uint32_t i = 0; i < w->s->edge_count; i++) {
        sim_edge *e = &w->edges[i];
        bool refusing = false;
        for (uint32_t n = 0; n < w->s->shards && w->processes[i].up; n++) {
            kd_edge_stats stats;
            kd_edge_get_stats(e->shards[n].core, &stats);
            refusing |= stats.refusing;
        }
        if (!refusing || e->operator_came) continue;
        e->operator_came = true;
        sim_world_note(w, w->s->edges[i],
                       "refuses writes, its name is in doubt: the operator starts it again");
        sim_process_restart(w, i);
    }
}

/* Readers read every item at every edge, and an edge asks central for its stale numbers. */
static void heal_read_all(sim_world *w)
{
    for (uint32_t i = 0; i < w->s->edge_count; i++) {
        for (uint32_t item = 0; item < w->item_count && w->processes[i].up; item++) {
            kd_view view;
            kd_edge *core = sim_shard_of(w, i, w->item_partition[item])->core;
            if (kd_edge_view(core, kd_item_key(&w->items[item]), &view) == KD_EAGAIN)
                sim_ask_item(w, i, item);
        }
    }
}

static void heal_on_look(sim_world *w, const sim_event *ev)
{
    char why[240] = "";
    heal_operators_act(w);
    if (ev->a % ASK_EVERY == 0) heal_read_all(w);
    bool done = heal_users_done(w);
    bool agreed = sim_checks_converged(w->checks, why, sizeof(why));
    if ((done && agreed) || w->now_us >= w->heal_end_us) {
        w->converged = done && agreed;
        w->over = true;
        if (!w->converged)
            sim_world_fail(w, "convergence", "%s", agreed ? "a user still waits for an answer" : why);
        return;
    }
    sim_world_at(w, w->now_us + LOOK_US, heal_on_look, ev->a + 1, 0, 0);
}

static void heal_on_end_of_faults(sim_world *w, const sim_event *ev)
{
    (void)ev;
    TRACE(w, "the faults end");
    w->healing = true;
    sim_faults_stop(w);
    sim_checks_healed(w->checks);
    sim_world_at(w, w->now_us + LOOK_US, heal_on_look, 0, 0, 0);
}

void sim_heal_open(sim_world *w)
{
    sim_world_at(w, w->end_us, heal_on_end_of_faults, 0, 0, 0);
}
