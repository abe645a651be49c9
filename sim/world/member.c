/* member.c - see the header. The real counterparts are central/io/members/membership.c and central/io/daemon/{app,app_drain}.c. */
#include "sim/world/member.h"

#include "sim/world/central.h"
#include "sim/world/consumer.h"
#include "sim/world/events.h"
#include "sim/world/heartbeat.h"
#include "sim/world/hosts.h"
#include "sim/world/roles.h"
#include "sim/world/tenure.h"
#include "sim/world/tenure_follow.h"

static uint64_t member_mono_us(const sim_world *w, uint32_t slot)
{
    return sim_host_mono_us(w, sim_central_host(w, slot));
}

/* ---- decisions ---- */

static void member_tick_at(sim_world *w, uint32_t slot, uint64_t at_us);

/* Who led since when, for the report. */
static void member_note_leads(sim_world *w, uint32_t slot, uint32_t partition)
{
    sim_tenure *t = &w->centrals[slot].tenures[partition];
    bool leads = t->core && !sim_tenure_follows(t) && !t->fenced;
    if (leads == t->role.led) return;
    t->role.led = leads;
    TRACE(w, "%s/%u %s", w->s->members[slot], partition, leads ? "is the leader" : "leads no more");
}

static void member_decide(sim_world *w, uint32_t slot, uint32_t partition)
{
    kd_members *m = w->centrals[slot].members;
    kd_members_why before = kd_members_decided(m, partition).why;
    const kd_members_decision d = kd_members_decide(m, partition, member_mono_us(w, slot));
    if (d.why != before)
        TRACE(w, "%s/%u wishes %u: %s", w->s->members[slot], partition, (uint32_t)d.wish,
              kd_members_why_name(d.why));
    sim_roles_wish(w, slot, partition, d.wish);
}

static void member_on_tick(sim_world *w, const sim_event *ev)
{
    uint32_t slot = ev->a, process = sim_process_of_central(slot);
    if (sim_world_gone(w, process, ev->b)) return;
    if (sim_world_frozen(w, ev, process)) return;
    if (w->centrals[slot].parted) return;
    for (uint32_t p = 0; p < w->s->partitions; p++) member_decide(w, slot, p);
    sim_roles_run(w, slot);
    for (uint32_t p = 0; p < w->s->partitions; p++) member_note_leads(w, slot, p);
    member_tick_at(w, slot, w->now_us + KD_MEMBERS_LOOK_US);
}

static void member_tick_at(sim_world *w, uint32_t slot, uint64_t at_us)
{
    sim_world_at(w, at_us, member_on_tick, slot, w->processes[sim_process_of_central(slot)].life, 0);
}

/* ---- records ---- */

static void member_heard(sim_world *w, uint32_t slot, kd_bytes record)
{
    kd_heartbeat h;
    if (kd_heartbeat_decode(record, &h) != KD_OK) {
        sim_world_fail(w, "members", "%s cannot read a heartbeat", w->s->members[slot]);
        return;
    }
    kd_members_heard_as as = kd_members_heard(w->centrals[slot].members, &h, member_mono_us(w, slot));
    if (as == KD_HEARD_TWIN)
        sim_world_fail(w, "members", "%s takes another process for one of its own name", w->s->members[slot]);
    kd_heartbeat_finish(&h);
}

static void member_hears(sim_world *w, uint32_t slot, uint32_t partition, kd_bytes record, int64_t offset)
{
    sim_tenure *t = &w->centrals[slot].tenures[partition];
    if (sim_tenure_deaf(t)) return;
    sim_following_hear(w, t, record, offset);
    t->role.counts_next = offset + 1;
}

static void member_record(sim_world *w, uint32_t slot, uint32_t stream, kd_bytes record, int64_t offset)
{
    if (stream == STREAM_MEMBERS)
        member_heard(w, slot, record);
    else if (stream >= STREAM_COUNTS)
        member_hears(w, slot, stream - STREAM_COUNTS, record, offset);
    else
        sim_tenure_feed(w, slot, stream, record, offset);
}

static void member_end_round(sim_world *w, uint32_t slot, uint32_t stream)
{
    if (stream != STREAM_MEMBERS) sim_tenure_commit(w, slot, stream % STREAM_COUNTS);
}

static void member_at_end(sim_world *w, uint32_t slot, uint32_t stream)
{
    if (stream == STREAM_MEMBERS) return;
    uint32_t partition = stream % STREAM_COUNTS;
    sim_tenure *t = &w->centrals[slot].tenures[partition];
    if (sim_tenure_deaf(t)) return;
    bool publishes = stream >= STREAM_COUNTS ? kd_follower_state_counts_at_end(&t->following, t->core)
                                             : sim_following_at_end(w, t);
    sim_tenure_commit(w, slot, partition);
    if (publishes) sim_tenure_publish(w, slot, partition);
}

static bool member_may_read(const sim_world *w, uint32_t slot, uint32_t stream)
{
    if (w->processes[sim_process_of_central(slot)].draining) return false;
    if (stream == STREAM_MEMBERS) return true;
    const sim_tenure *t = &w->centrals[slot].tenures[stream % STREAM_COUNTS];
    /* Only the likes wait for the topics: what a leader has published counts when it has read it back. */
    bool deaf = w->options->world_plant & SIM_PLANT_OWES_DEAF;
    bool waits = (stream < STREAM_COUNTS || deaf) && sim_tenure_blocked(w, slot, stream % STREAM_COUNTS);
    return t->reading && !waits;
}

/* ---- life ---- */

static void member_begin(sim_world *w, uint32_t slot)
{
    uint64_t random = sim_world_draw(w, DRAW_SEED, 7000 + slot, w->now_us);
    const char *zone = w->s->zones[slot];
    w->centrals[slot].members =
        kd_members_create(&(kd_members_config){.name = kd_bytes_str(w->s->members[slot]),
                                               .zone = kd_bytes_str(zone),
                                               .run = random,
                                               .started_us = sim_host_wall_us(w, sim_central_host(w, slot)),
                                               .partitions = w->s->partitions,
                                               .expected = w->s->member_count,
                                               .replicas = w->s->member_count,
                                               .seed = random});
}

static bool member_tenures_drained(const sim_world *w, uint32_t slot)
{
    bool drained = true;
    for (uint32_t p = 0; p < w->s->partitions && drained; p++) drained = sim_tenure_drained(w, slot, p);
    return drained;
}

/* Of one that drains, the last heartbeat goes out once all is drained. */
static void member_settled(sim_world *w, uint32_t slot)
{
    bool drains = w->processes[sim_process_of_central(slot)].draining;
    if (!drains)
        sim_roles_run_soon(w, slot);
    else if (!w->centrals[slot].parted && member_tenures_drained(w, slot))
        sim_heartbeat_part(w, slot);
}

static void member_open(sim_world *w, uint32_t slot)
{
    sim_central *c = &w->centrals[slot];
    uint32_t process = sim_process_of_central(slot);
    c->settled = member_settled;
    c->ready = true; /* it has a producer: what that takes waits there for Kafka */
    member_begin(w, slot);
    for (uint32_t i = 0; i < STREAMS; i++) w->processes[process].cursor[i] = (sim_cursor){.next = 0};
    w->processes[process].cursor[STREAM_MEMBERS].next = w->heartbeats.end;
    if (!sim_roles_open(w, slot)) return;
    sim_heartbeat_begin(w, slot);
    member_tick_at(w, slot, w->now_us + KD_MEMBERS_LOOK_US);
    sim_consumer_wake(w, process, STREAM_MEMBERS);
}

static void member_close(sim_world *w, uint32_t slot)
{
    for (uint32_t p = 0; p < w->s->partitions; p++) w->centrals[slot].tenures[p].role.led = false;
    sim_role_central.close(w, slot);
    kd_members_destroy(w->centrals[slot].members);
    w->centrals[slot].members = NULL;
}

/* The others are told first that it leaves, and last that all is theirs. */
static void member_drain(sim_world *w, uint32_t slot)
{
    kd_members_leave(w->centrals[slot].members);
    sim_heartbeat_soon(w, slot);
    for (uint32_t p = 0; p < w->s->partitions; p++) sim_tenure_drain(w, slot, p);
    member_settled(w, slot);
}

static bool member_drained(const sim_world *w, uint32_t slot)
{
    return member_tenures_drained(w, slot) && w->centrals[slot].parted && w->centrals[slot].beats == 0;
}

const sim_role sim_role_member = {.open = member_open,
                                  .close = member_close,
                                  .drain = member_drain,
                                  .drained = member_drained,
                                  .may_read = member_may_read,
                                  .record = member_record,
                                  .end_round = member_end_round,
                                  .at_end = member_at_end,
                                  .out_of_range = sim_roles_out_of_range,
                                  .kafka_there = sim_roles_kafka_there};
