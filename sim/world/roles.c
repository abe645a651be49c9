/* roles.c - see the header. The real counterparts are central/io/worker/{worker_roles,worker_consume}.c. */
#include "sim/world/roles.h"

#include "kudos/role.h"
#include "sim/world/consumer.h"
#include "sim/world/events.h"
#include "sim/world/heartbeat.h"
#include "sim/world/hosts.h"
#include "sim/world/net.h"
#include "sim/world/tenure.h"
#include "sim/world/tenure_follow.h"

enum { LOOK_UP_US = 4000 };

static sim_tenure *roles_tenure(sim_world *w, uint32_t slot, uint32_t partition)
{
    return &w->centrals[slot].tenures[partition];
}

static bool roles_draining(const sim_world *w, uint32_t slot)
{
    return w->processes[sim_process_of_central(slot)].draining;
}

static void roles_tell(sim_world *w, sim_tenure *t)
{
    const kd_members_own own = sim_tenure_own(w, t);
    bool changed = own.state != t->role.held;
    t->role.held = own.state;
    kd_members_hold(w->centrals[t->slot].members, t->partition, &own,
                    sim_host_mono_us(w, sim_central_host(w, t->slot)));
    if (changed) sim_heartbeat_soon(w, t->slot);
}

/* ---- where it reads on ---- */

static void roles_read_from(sim_world *w, const sim_tenure *t, uint32_t stream, int64_t next)
{
    sim_cursor *c = &w->processes[sim_process_of_central(t->slot)].cursor[stream];
    c->next = next;
    c->ended = false;
}

/* Behind the last record that was fed. What is fed twice would be twice in the history. */
static int64_t roles_start_of_likes(const sim_tenure *t)
{
    int64_t offset;
    return kd_central_log_fed(t->core, &offset) ? offset + 1 : t->role.log_begins;
}

/* A leader has heard nothing since it leads: as a follower it goes on with what is new. */
static int64_t roles_start_of_counts(const sim_tenure *t)
{
    int64_t offset = kd_central_counts_offset(t->core);
    return KD_MAX(offset, t->follows ? t->role.counts_next : t->role.counts_begin);
}

static void roles_go_on(sim_world *w, sim_tenure *t)
{
    uint32_t process = sim_process_of_central(t->slot);
    roles_read_from(w, t, t->partition, roles_start_of_likes(t));
    roles_read_from(w, t, STREAM_COUNTS + t->partition, roles_start_of_counts(t));
    t->reading = true;
    sim_consumer_wake(w, process, t->partition);
    sim_consumer_wake(w, process, STREAM_COUNTS + t->partition);
}

/* ---- the log position ---- */

static bool roles_reach_kafka(const sim_world *w, uint32_t slot)
{
    uint32_t host = sim_central_host(w, slot);
    return sim_net_open(w, host, PEER_KAFKA, WAY_UP) && sim_net_open(w, host, PEER_KAFKA, WAY_DOWN);
}

/* A follower whose store is empty needs the log from its very beginning, or a seed. False: it waits for one. */
static bool roles_check_empty(const sim_world *w, sim_tenure *t)
{
    const sim_log *likes = &w->likes[t->partition], *counts = &w->counts[t->partition];
    if (likes->end == 0 || counts->end == 0) t->following.empty = false; /* nobody ever published more */
    t->following.awaits_seed = likes->start > 0;
    return !t->following.awaits_seed;
}

/* As kd_worker_check_log. False: it cannot be read. */
static bool roles_check_log(sim_world *w, sim_tenure *t)
{
    const sim_log *l = &w->likes[t->partition];
    int64_t stored = -1;
    bool again = kd_central_log_again(t->core), known = kd_central_log_position(t->core, &stored);
    kd_bytes found = known ? sim_log_read(l, stored) : kd_bytes_of(NULL, 0);
    int64_t next = again ? -1 : kd_central_log_check(t->core, found);
    if (known && (w->options->world_plant & SIM_PLANT_TRUST_OFFSET)) next = stored + 1;
    t->following.looked_at = true;
    t->role.log_begins = l->start;
    t->role.counts_begin = t->role.counts_next = w->counts[t->partition].start;
    sim_checks_log_checked(w->checks, t->slot, t->partition, known ? stored : -1, found, next, l->start);
    if (next < 0 && known && t->follows) sim_following_lose(w, t);
    if (next < 0 && !known) return roles_check_empty(w, t);
    return true;
}

static void roles_look(sim_world *w, sim_tenure *t);

static void roles_on_looked(sim_world *w, const sim_event *ev)
{
    uint32_t slot = ev->a, process = sim_process_of_central(slot);
    if (sim_world_gone(w, process, (uint32_t)ev->c)) return;
    if (sim_world_frozen(w, ev, process)) return;
    sim_tenure *t = roles_tenure(w, slot, ev->b);
    if (!t->core || roles_draining(w, slot)) return;
    if (!roles_reach_kafka(w, slot)) {
        roles_look(w, t);
        return;
    }
    t->role.looking = false;
    if (roles_check_log(w, t)) roles_go_on(w, t);
    sim_roles_run(w, slot);
}

static void roles_look(sim_world *w, sim_tenure *t)
{
    uint64_t us = LOOK_UP_US + sim_world_below(w, DRAW_TIMER, 5000 + t->slot * 64 + t->partition, LOOK_UP_US);
    t->role.looking = true;
    t->role.looks_later = !roles_reach_kafka(w, t->slot);
    if (t->role.looks_later) return;
    sim_world_at(w, w->now_us + us, roles_on_looked, t->slot, t->partition,
                 w->processes[sim_process_of_central(t->slot)].life);
}

void sim_roles_kafka_there(sim_world *w, uint32_t slot)
{
    for (uint32_t p = 0; p < w->s->partitions; p++)
        if (roles_tenure(w, slot, p)->role.looks_later) roles_look(w, roles_tenure(w, slot, p));
}

/* A follower does not read its log again, nor over a gap in it. */
void sim_roles_out_of_range(sim_world *w, uint32_t slot, uint32_t stream)
{
    if (stream >= STREAM_COUNTS) return;
    sim_tenure *t = roles_tenure(w, slot, stream);
    if (t->follows) sim_following_lose(w, t);
}

/* ---- the steps ---- */

static bool roles_open(sim_world *w, sim_tenure *t)
{
    t->follows = true;
    if (!sim_tenure_open(w, t->slot, t->partition)) return false;
    sim_following_open(w, t);
    sim_tenure_commit(w, t->slot, t->partition);
    roles_look(w, t);
    return true;
}

static void roles_close(sim_world *w, sim_tenure *t)
{
    sim_checks_central_closed(w->checks, t->slot, t->partition);
    sim_tenure_close(w, t->slot, t->partition);
}

static void roles_let_go(sim_world *w, sim_tenure *t)
{
    roles_close(w, t);
    t->following = (kd_follower_state){.told = KD_FOLLOWS_UNPROVEN};
    roles_tell(w, t);
}

static void roles_switch(sim_world *w, sim_tenure *t, bool follows)
{
    TRACE(w, "%s/%u %s", w->s->members[t->slot], t->partition, follows ? "follows" : "leads");
    roles_close(w, t);
    t->follows = follows;
    if (!sim_tenure_open(w, t->slot, t->partition)) return;
    sim_following_open(w, t);
    sim_tenure_commit(w, t->slot, t->partition);
    roles_go_on(w, t);
    roles_tell(w, t);
}

/* The store is set aside, and another one begins with nothing; once in the life of a process. */
static void roles_remake(sim_world *w, sim_tenure *t)
{
    TRACE(w, "%s/%u is made anew", w->s->members[t->slot], t->partition);
    roles_close(w, t);
    t->following = (kd_follower_state){.told = KD_FOLLOWS_UNPROVEN};
    t->role.remade = true;
    sim_disk_wipe(t->disk);
    sim_checks_member_emptied(w->checks, t->slot, t->partition);
    roles_open(w, t);
}

/* ---- what is to be done ---- */

static bool roles_looked_at(const sim_tenure *t)
{
    return t->reading && !t->role.looking;
}

/* Whether the store has lost its way and can be made from the log, which reaches back to its beginning. */
static bool roles_wants_remake(const sim_tenure *t)
{
    return t->following.told == KD_FOLLOWS_DIFFERS && !t->role.remade && roles_looked_at(t) &&
           t->role.log_begins == 0 && t->role.wish != KD_WISH_NONE;
}

/* A claim of another member was read: whatever was wished, this one follows. */
static void roles_step_fenced(sim_world *w, sim_tenure *t)
{
    if (!sim_tenure_quiet(t)) return;
    if (t->role.wish == KD_WISH_LEAD) t->role.wish = KD_WISH_FOLLOW;
    roles_switch(w, t, true);
}

static void roles_step_leader(sim_world *w, sim_tenure *t)
{
    if (t->role.wish != KD_WISH_HAND_OVER && !t->drains) return;
    t->halted = true;
    sim_tenure_drain(w, t->slot, t->partition);
    if (sim_tenure_drained(w, t->slot, t->partition) && sim_tenure_quiet(t)) roles_switch(w, t, true);
}

static void roles_step_follower(sim_world *w, sim_tenure *t)
{
    const kd_role_view view = {.wish = t->role.wish,
                               .looking = t->role.looking,
                               .looked_at = roles_looked_at(t),
                               .anew = roles_wants_remake(t),
                               .quiet = sim_tenure_quiet(t),
                               .halted = t->halted};
    kd_role_step step = kd_role_of_follower(&view);
    t->halted |= step >= KD_ROLE_HALTS;
    if (step == KD_ROLE_RESUMES) {
        t->halted = false;
        if (roles_looked_at(t)) roles_go_on(w, t);
    }
    if (step == KD_ROLE_ANEW) roles_remake(w, t);
    if (step == KD_ROLE_LEADS) roles_switch(w, t, false);
    if (step == KD_ROLE_GOES) roles_let_go(w, t);
}

static void roles_step(sim_world *w, sim_tenure *t)
{
    if (!t->core) {
        if (t->role.wish != KD_WISH_NONE) roles_open(w, t);
    } else if (t->fenced) {
        roles_step_fenced(w, t);
    } else if (t->follows) {
        roles_step_follower(w, t);
    } else {
        roles_step_leader(w, t);
    }
}

void sim_roles_run(sim_world *w, uint32_t slot)
{
    if (roles_draining(w, slot)) return;
    for (uint32_t p = 0; p < w->s->partitions && !w->over; p++) {
        sim_tenure *t = roles_tenure(w, slot, p);
        if (t->role.told) roles_step(w, t);
        roles_tell(w, t);
    }
}

static void roles_on_run(sim_world *w, const sim_event *ev)
{
    uint32_t slot = ev->a, process = sim_process_of_central(slot);
    if (sim_world_gone(w, process, ev->b)) return;
    if (sim_world_frozen(w, ev, process)) return;
    w->centrals[slot].settles = false;
    sim_roles_run(w, slot);
}

void sim_roles_run_soon(sim_world *w, uint32_t slot)
{
    if (w->centrals[slot].settles) return;
    w->centrals[slot].settles = true;
    sim_world_at(w, w->now_us, roles_on_run, slot, w->processes[sim_process_of_central(slot)].life, 0);
}

void sim_roles_wish(sim_world *w, uint32_t slot, uint32_t partition, kd_wish wish)
{
    sim_part_role *r = &roles_tenure(w, slot, partition)->role;
    r->told = true;
    r->wish = wish;
}

bool sim_roles_open(sim_world *w, uint32_t slot)
{
    w->centrals[slot].settles = false;
    for (uint32_t p = 0; p < w->s->partitions; p++) {
        sim_tenure *t = roles_tenure(w, slot, p);
        t->slot = slot;
        t->partition = p;
        t->role = (sim_part_role){.wish = KD_WISH_NONE};
        t->following = (kd_follower_state){.told = KD_FOLLOWS_UNPROVEN};
        if (sim_disk_rows(t->disk) > 0 && !roles_open(w, t)) return false;
    }
    return true;
}
