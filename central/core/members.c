/* members.c - see the header: who is there. members_decide.c decides, members_line.c says who comes first. */
#include "central/core/members_state.h"

#include <stdlib.h>

#include "kudos/placement.h"

static void members_copy(char *to, size_t size, kd_bytes from)
{
    KD_ASSERT(from.len < size);
    if (from.len > 0) memcpy(to, from.data, from.len);
    to[from.len] = '\0';
}

/* ---- placement ---- */

static int members_compare_names(const void *left, const void *right)
{
    const members_known *const *a = left, *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

/* Of all known members, the dead ones included while they are known. */
static void members_place_all(kd_members *m)
{
    const members_known *by_name[KD_MEMBERS_MAX] = {NULL};
    kd_placed placed[KD_MEMBERS_MAX];
    for (uint32_t i = 0; i < m->count; i++) by_name[i] = &m->members[i];
    qsort(by_name, m->count, sizeof(*by_name), members_compare_names);
    for (uint32_t i = 0; i < m->count; i++)
        placed[i] = (kd_placed){kd_bytes_str(by_name[i]->name), kd_bytes_str(by_name[i]->zone)};
    m->copies = kd_placement_copies(m->count, m->config.replicas);
    kd_placement_make(placed, m->count, m->config.partitions, m->config.replicas, m->placed);
    for (size_t i = 0; i < (size_t)m->copies * m->config.partitions; i++)
        m->placed[i] = (uint8_t)(by_name[m->placed[i]] - m->members);
}

/* ---- members ---- */

static members_known *members_add(kd_members *m, kd_bytes name)
{
    members_known *new = &m->members[m->count++];
    *new = (members_known){
        .settle_us = KD_MEMBERS_SETTLE_US, .since_us = m->listened_us, .heard_us = m->listened_us};
    members_copy(new->name, sizeof(new->name), name);
    new->held = kd_alloc(sizeof(members_holding) * m->config.partitions);
    return new;
}

static void members_remove(kd_members *m, uint32_t i)
{
    free(m->members[i].held);
    m->members[i] = m->members[--m->count];
    m->members[m->count] = (members_known){.held = NULL};
}

kd_members *kd_members_create(const kd_members_config *config)
{
    kd_members *m = kd_alloc(sizeof(*m));
    KD_ASSERT(config->partitions >= 1 && config->partitions <= KD_PARTITIONS_MAX && config->replicas >= 1);
    *m = (kd_members){
        .config = *config, .wall_us = config->started_us, .random = config->seed, .handing = UINT32_MAX};
    m->placed = kd_alloc((size_t)config->partitions * KD_MEMBERS_MAX);
    m->partitions = kd_alloc(sizeof(members_partition) * config->partitions);
    m->beat = kd_alloc(sizeof(kd_held) * config->partitions);
    for (uint32_t p = 0; p < config->partitions; p++)
        m->partitions[p].backoff =
            (kd_backoff){.min_us = KD_MEMBERS_AGAIN_US, .max_us = KD_MEMBERS_AGAIN_MAX_US};
    members_known *self = members_add(m, config->name);
    members_copy(self->url, sizeof(self->url), config->url);
    members_copy(self->zone, sizeof(self->zone), config->zone);
    m->config.name = kd_bytes_str(self->name);
    self->run = config->run;
    self->started_us = config->started_us;
    members_place_all(m);
    return m;
}

void kd_members_destroy(kd_members *m)
{
    if (!m) return;
    for (uint32_t i = 0; i < m->count; i++) free(m->members[i].held);
    free(m->placed);
    free(m->partitions);
    free(m->beat);
    free(m);
}

/* ---- clocks ---- */

bool kd_members_hears_itself(const kd_members *m)
{
    return m->heard_self && m->clock_us - m->heard_self_us < KD_MEMBERS_DEAF_US;
}

bool members_lives(const kd_members *m, uint32_t i)
{
    return i == 0 || (!m->members[i].gone && m->listened_us - m->members[i].heard_us < KD_MEMBERS_SILENCE_US);
}

bool members_may_lead(const kd_members *m, uint32_t i)
{
    return members_lives(m, i) && !m->members[i].leaving;
}

static void members_forget_gone(kd_members *m)
{
    bool any = false;
    for (uint32_t i = 1; i < m->count; i++) {
        if (m->listened_us - m->members[i].heard_us < KD_MEMBERS_GONE_US) continue;
        members_remove(m, i--);
        any = true;
    }
    if (any) members_place_all(m);
}

static void members_note_leader(kd_members *m, members_partition *partition, uint32_t leader, uint32_t p)
{
    uint64_t epoch = members_holds(m, leader, p)->epoch;
    if (epoch != partition->leader_epoch) partition->leader_us = m->listened_us;
    partition->leader_epoch = epoch;
    partition->handed = false;
    members_copy(partition->led_by, sizeof(partition->led_by), kd_bytes_str(m->members[leader].name));
    partition->yields[0] = '\0'; /* who took it over was told */
}

/* Who leads has to be seen as time goes by, not only when somebody asks. */
static void members_note_leaders(kd_members *m)
{
    for (uint32_t p = 0; p < m->config.partitions; p++) {
        members_partition *partition = &m->partitions[p];
        uint32_t leader = kd_members_leader(m, p);
        if (leader == UINT32_MAX) {
            if (partition->leaderless_us == UINT64_MAX) partition->leaderless_us = m->listened_us;
            continue;
        }
        partition->leaderless_us = UINT64_MAX;
        partition->ready_us = 0;
        if (leader != 0) members_note_leader(m, partition, leader, p);
    }
}

static void members_advance(kd_members *m, uint64_t mono_us)
{
    uint64_t step = mono_us > m->mono_us ? mono_us - m->mono_us : 0;
    bool heard = kd_members_hears_itself(m);
    if (m->mono_us == 0) step = 0; /* the first call */
    step = KD_MIN(step, KD_MEMBERS_STEP_US);
    m->mono_us = mono_us;
    m->clock_us += step;
    if (!heard) return;
    m->listened_us += step;
    members_forget_gone(m);
    members_note_leaders(m);
}

void members_tick(kd_members *m, uint64_t mono_us)
{
    if (mono_us != m->mono_us) members_advance(m, mono_us);
}

/* ---- heartbeats ---- */

static uint32_t members_find(const kd_members *m, kd_bytes name)
{
    for (uint32_t i = 0; i < m->count; i++)
        if (kd_bytes_eq(kd_bytes_str(m->members[i].name), name)) return i;
    return UINT32_MAX;
}

/* A heartbeat of our name and another run is one of the process before us, or of a twin. Of two twins the one that began later ends. */
static kd_members_heard_as members_heard_own_name(kd_members *m, const kd_heartbeat *h)
{
    if (h->run == m->config.run) {
        m->heard_self = true;
        m->heard_self_us = m->clock_us;
        return KD_HEARD_SELF;
    }
    bool it_first =
        h->started_us != m->config.started_us ? h->started_us < m->config.started_us : h->run < m->config.run;
    bool it_lives = h->at_us > m->config.started_us + KD_MEMBERS_SILENCE_US;
    return it_first && it_lives ? KD_HEARD_TWIN : KD_HEARD_OTHER;
}

static void members_take_holdings(kd_members *m, members_known *from, const kd_heartbeat *h)
{
    memset(from->held, 0, sizeof(members_holding) * m->config.partitions);
    for (uint32_t i = 0; i < h->held_count; i++)
        from->held[h->held[i].partition] =
            (members_holding){.epoch = h->held[i].epoch,
                              .read = h->held[i].read,
                              .state = (uint8_t)h->held[i].state,
                              .yields_to_us = kd_bytes_eq(h->held[i].yields, m->config.name)};
}

/* It was dead, and lives again: the more often, the longer it has to live before partitions move to it. */
static void members_returns(kd_members *m, members_known *back)
{
    bool soon = m->listened_us - back->since_us < 2 * (uint64_t)KD_MEMBERS_SETTLE_MAX_US;
    back->settle_us = soon ? KD_MIN(2 * back->settle_us, KD_MEMBERS_SETTLE_MAX_US) : KD_MEMBERS_SETTLE_US;
    back->since_us = m->listened_us;
    back->gone = false;
}

static bool members_zone_changed(const members_known *known, const kd_heartbeat *h)
{
    return !kd_bytes_eq(kd_bytes_str(known->zone), h->zone);
}

/* Whether it is no news of this member: a copy, or a heartbeat of a process before the one that was heard last. */
static bool members_is_repeated(const members_known *known, const kd_heartbeat *h)
{
    return h->run == known->run ? h->seq <= known->seq : h->at_us <= known->at_us;
}

static void members_heard_other(kd_members *m, uint32_t i, const kd_heartbeat *h)
{
    members_known *from = &m->members[i];
    bool placed_anew = members_zone_changed(from, h);
    if (!members_lives(m, i) || (from->run != 0 && from->run != h->run)) members_returns(m, from);
    members_copy(from->url, sizeof(from->url), h->url);
    members_copy(from->zone, sizeof(from->zone), h->zone);
    from->run = h->run;
    from->seq = h->seq;
    from->started_us = h->started_us;
    from->at_us = KD_MAX(from->at_us, h->at_us);
    from->heard_us = m->listened_us;
    from->leaving = h->leaving;
    from->gone = h->leaving && h->held_count == 0;
    members_take_holdings(m, from, h);
    if (placed_anew) members_place_all(m);
    members_note_leaders(m);
}

kd_members_heard_as kd_members_heard(kd_members *m, const kd_heartbeat *h, uint64_t mono_us)
{
    members_tick(m, mono_us);
    uint32_t i = members_find(m, h->member);
    if (h->partitions != m->config.partitions) return KD_HEARD_STRANGER;
    if (i == 0) return members_heard_own_name(m, h);
    if (i != UINT32_MAX && members_is_repeated(&m->members[i], h)) return KD_HEARD_OTHER;
    if (i == UINT32_MAX) {
        if (h->at_us + KD_MEMBERS_GONE_US < m->wall_us) return KD_HEARD_OLD;
        if (m->count == KD_MEMBERS_MAX) return KD_HEARD_FULL;
        i = m->count;
        members_add(m, h->member);
        members_copy(m->members[i].zone, sizeof(m->members[i].zone), h->zone);
        members_place_all(m);
    }
    members_heard_other(m, i, h);
    return KD_HEARD_OTHER;
}

void kd_members_leave(kd_members *m)
{
    m->leaving = m->members[0].leaving = true;
}

void kd_members_let_go(kd_members *m)
{
    kd_members_leave(m);
    m->let_go = true;
}

void kd_members_beat(kd_members *m, uint64_t wall_us, kd_heartbeat *out)
{
    m->wall_us = wall_us;
    *out = (kd_heartbeat){.member = m->config.name,
                          .run = m->config.run,
                          .seq = ++m->seq,
                          .started_us = m->config.started_us,
                          .at_us = wall_us,
                          .url = kd_bytes_str(m->members[0].url),
                          .zone = kd_bytes_str(m->members[0].zone),
                          .leaving = m->leaving,
                          .partitions = m->config.partitions,
                          .held = m->beat};
    for (uint32_t p = 0; p < m->config.partitions && !m->let_go; p++) {
        const kd_held held = kd_members_held(m, 0, p);
        if (held.state != KD_HELD_NONE) m->beat[out->held_count++] = held;
    }
}

/* ---- what is known ---- */

uint32_t kd_members_count(const kd_members *m)
{
    return m->count;
}

kd_member_seen kd_members_at(const kd_members *m, uint32_t i)
{
    const members_known *known = &m->members[i];
    return (kd_member_seen){.name = kd_bytes_str(known->name),
                            .url = kd_bytes_str(known->url),
                            .zone = kd_bytes_str(known->zone),
                            .self = i == 0,
                            .lives = members_lives(m, i),
                            .leaving = known->leaving,
                            .silent_us = i == 0 ? 0 : m->listened_us - known->heard_us};
}

kd_held kd_members_held(const kd_members *m, uint32_t i, uint32_t partition)
{
    const members_holding *h = members_holds(m, i, partition);
    return (kd_held){.partition = partition,
                     .state = (kd_held_state)h->state,
                     .epoch = h->epoch,
                     .read = h->read,
                     .yields = i == 0 ? kd_bytes_str(m->partitions[partition].yields) : (kd_bytes){0}};
}

uint32_t kd_members_leader(const kd_members *m, uint32_t partition)
{
    uint32_t leader = UINT32_MAX;
    for (uint32_t i = 0; i < m->count; i++) {
        const members_holding *h = members_holds(m, i, partition);
        if (h->state != KD_HELD_LEADS || !members_lives(m, i)) continue;
        if (leader == UINT32_MAX || h->epoch > members_holds(m, leader, partition)->epoch) leader = i;
    }
    return leader;
}

uint32_t kd_members_with_state(const kd_members *m)
{
    for (uint32_t i = 1; i < m->count; i++)
        for (uint32_t p = 0; members_lives(m, i) && p < m->config.partitions; p++)
            if (members_holds(m, i, p)->state >= KD_HELD_UNPROVEN) return i;
    return UINT32_MAX;
}
