/* members_decide.c - see the header: what this member is to do with a partition. */
#include "central/core/members_state.h"

enum { NOBODY = UINT32_MAX };

const char *kd_members_why_name(kd_members_why why)
{
#define X(id, name, text) name,
    static const char *const names[] = {KD_MEMBERS_REASONS(X)};
#undef X
    return names[why];
}

const char *kd_members_why_text(kd_members_why why)
{
#define X(id, name, text) text,
    static const char *const texts[] = {KD_MEMBERS_REASONS(X)};
#undef X
    return texts[why];
}

static void decide_name(char *to, const char *name)
{
    memmove(to, name, strlen(name) + 1);
}

static void decide_set(kd_members *m, uint32_t p, kd_wish wish, kd_members_why why, uint32_t whom)
{
    members_partition *partition = &m->partitions[p];
    partition->wish = wish;
    partition->why = why;
    decide_name(partition->whom, whom == NOBODY ? "" : m->members[whom].name);
}

/* ---- what this member has ---- */

static void decide_wait_again(kd_members *m, members_partition *partition)
{
    partition->attempt_us = 0;
    partition->handed = false;
    partition->again_us = m->clock_us + kd_backoff_next(&partition->backoff, kd_random_next(&m->random));
}

/* A hand-over that came to nothing is not tried again soon. */
static void decide_begins_to_lead(kd_members *m, members_partition *partition)
{
    if (partition->handed) decide_wait_again(m, partition);
    partition->led_us = m->clock_us;
    partition->yields[0] = '\0';
    partition->attempt_us = 0;
}

/* Whoever was overrun makes no other attempt soon. Who handed it over was not. */
static void decide_ends_to_lead(kd_members *m, uint32_t p)
{
    m->partitions[p].handed = m->handing == p;
    if (m->handing == p)
        m->handing = NOBODY;
    else
        decide_wait_again(m, &m->partitions[p]);
}

void kd_members_hold(kd_members *m, uint32_t p, const kd_members_own *own, uint64_t mono_us)
{
    members_partition *partition = &m->partitions[p];
    members_holding *held = &m->members[0].held[p];
    members_tick(m, mono_us);
    kd_held_state before = (kd_held_state)held->state;
    bool led = before == KD_HELD_LEADS, leads = own->state == KD_HELD_LEADS;
    *held = (members_holding){.state = (uint8_t)own->state, .epoch = own->epoch, .read = own->read};
    partition->stalled_us = own->stalled_us;
    partition->newer = own->newer;
    if (own->state == KD_HELD_AGREED && before != KD_HELD_AGREED) partition->agreed_us = m->clock_us;
    if (leads && !led) decide_begins_to_lead(m, partition);
    if (led && !leads) decide_ends_to_lead(m, p);
}

/* ---- a partition that this member leads ---- */

static bool decide_settled(const kd_members *m, uint32_t i)
{
    return m->listened_us - m->members[i].since_us >= m->members[i].settle_us;
}

/* Whether the member that placement names is fit to take the partition over now. */
static bool decide_hands_over(const kd_members *m, uint32_t p, uint32_t to)
{
    const members_partition *partition = &m->partitions[p];
    return to != 0 && members_may_lead(m, to) && decide_settled(m, to) &&
           members_holds(m, to, p)->state == KD_HELD_AGREED &&
           members_holds(m, to, p)->read + KD_MEMBERS_BEHIND >= members_holds(m, 0, p)->read &&
           m->clock_us - partition->led_us >= KD_MEMBERS_DWELL_US && m->clock_us >= partition->again_us;
}

/* A hand-over is under way until this member leads no more, or for its time at most. */
static bool decide_is_handing(kd_members *m, uint32_t p)
{
    if (m->handing != p) return false;
    if (m->clock_us - m->handing_us < KD_MEMBERS_HAND_US) return true;
    m->handing = NOBODY;
    decide_wait_again(m, &m->partitions[p]);
    return false;
}

static void decide_as_leader(kd_members *m, uint32_t p)
{
    members_partition *partition = &m->partitions[p];
    uint32_t to = m->placed[(size_t)p * m->copies];
    if (m->clock_us - partition->led_us >= KD_MEMBERS_STEADY_US) kd_backoff_reset(&partition->backoff);
    if (!kd_members_hears_itself(m)) {
        decide_set(m, p, KD_WISH_LEAD, KD_WHY_CUT_OFF, NOBODY);
    } else if (decide_is_handing(m, p)) {
        partition->wish = KD_WISH_HAND_OVER;
    } else if (m->handing == NOBODY && !m->leaving && decide_hands_over(m, p, to)) {
        m->handing = p;
        m->handing_us = m->clock_us;
        decide_name(partition->yields, m->members[to].name);
        decide_set(m, p, KD_WISH_HAND_OVER, KD_WHY_HANDS_OVER, to);
    } else {
        decide_set(m, p, KD_WISH_LEAD, KD_WHY_LEADS, NOBODY);
    }
}

/* ---- a partition that another one leads ---- */

/* Whether all that placement names have it, so that nobody misses a copy here. */
static bool decide_is_spare(const kd_members *m, uint32_t p)
{
    if (members_place(m, p, 0) < m->copies) return false;
    for (uint32_t n = 0; n < m->copies; n++) {
        uint32_t i = m->placed[(size_t)p * m->copies + n];
        if (!members_lives(m, i) || !decide_settled(m, i) || members_holds(m, i, p)->state < KD_HELD_AGREED)
            return false;
    }
    return true;
}

static void decide_as_follower(kd_members *m, uint32_t p, uint32_t leader)
{
    static const kd_members_why whys[] = {
        [KD_HELD_NONE] = KD_WHY_WARMS_UP,     [KD_HELD_AWAITS] = KD_WHY_AWAITS_SEED,
        [KD_HELD_WRONG] = KD_WHY_WRONG,       [KD_HELD_EMPTY] = KD_WHY_WARMS_UP,
        [KD_HELD_UNPROVEN] = KD_WHY_WARMS_UP, [KD_HELD_AGREED] = KD_WHY_FOLLOWS,
        [KD_HELD_LEADS] = KD_WHY_FOLLOWS};
    kd_held_state state = (kd_held_state)members_holds(m, 0, p)->state;
    bool placed = members_place(m, p, 0) < m->copies;
    if (leader != NOBODY && m->partitions[p].attempt_us > 0)
        decide_wait_again(m, &m->partitions[p]); /* another one was faster */
    if (placed)
        decide_set(m, p, KD_WISH_FOLLOW, m->partitions[p].newer ? KD_WHY_NEWER : whys[state], leader);
    else if (state == KD_HELD_NONE || decide_is_spare(m, p))
        decide_set(m, p, KD_WISH_NONE, KD_WHY_NOT_PLACED, leader);
    else
        decide_set(m, p, KD_WISH_FOLLOW, KD_WHY_STAYS, leader);
}

/* ---- a partition that nobody leads ---- */

/* Nobody says that it leads, and nobody publishes: a member that this one does not hear would be seen by its snapshots. */
static bool decide_nobody_leads(const kd_members *m, uint32_t p)
{
    return kd_members_leader(m, p) == NOBODY && m->partitions[p].stalled_us >= KD_MEMBERS_STALL_US;
}

/* One attempt at a time, and not soon again after one that failed. */
static void decide_attempt(kd_members *m, uint32_t p, kd_members_why why, uint32_t whom)
{
    members_partition *partition = &m->partitions[p];
    if (partition->attempt_us > 0 && m->clock_us >= partition->attempt_us) decide_wait_again(m, partition);
    if (partition->attempt_us == 0 && m->clock_us < partition->again_us && !decide_nobody_leads(m, p)) {
        decide_set(m, p, KD_WISH_FOLLOW, KD_WHY_AGAIN_LATER, whom);
        return;
    }
    if (partition->attempt_us == 0) partition->attempt_us = m->clock_us + KD_MEMBERS_ATTEMPT_US;
    partition->yields[0] = '\0';
    decide_set(m, p, KD_WISH_LEAD, why, whom);
}

/* A living member that handed the partition over to this one, and nobody has led it since. */
static uint32_t decide_yielder(const kd_members *m, uint32_t p)
{
    for (uint32_t i = 1; i < m->count; i++)
        if (members_holds(m, i, p)->yields_to_us && members_lives(m, i)) return i;
    return NOBODY;
}

static uint32_t decide_living(const kd_members *m)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->count; i++) n += members_may_lead(m, i);
    return n;
}

static uint32_t decide_find(const kd_members *m, const char *name)
{
    for (uint32_t i = 1; i < m->count; i++)
        if (strcmp(m->members[i].name, name) == 0) return i;
    return NOBODY;
}

/* Another member whose store is not empty, as it said last: it may be dead, or wait for a newer program. */
static uint32_t decide_with_state(const kd_members *m, uint32_t p)
{
    for (uint32_t i = 1; i < m->count; i++) {
        kd_held_state state = (kd_held_state)members_holds(m, i, p)->state;
        if (state == KD_HELD_WRONG || state >= KD_HELD_UNPROVEN) return i;
    }
    return NOBODY;
}

/* Whether an empty store would undo what another member has. */
static bool decide_is_too_empty(const kd_members *m, uint32_t p)
{
    bool led = m->partitions[p].led_by[0] != '\0';
    return members_holds(m, 0, p)->state == KD_HELD_EMPTY && (led || decide_with_state(m, p) != NOBODY);
}

/* The name of the one that led is told also when it is not known any more. */
static void decide_store_is_empty(kd_members *m, uint32_t p)
{
    members_partition *partition = &m->partitions[p];
    decide_set(m, p, KD_WISH_FOLLOW, KD_WHY_EMPTY, decide_with_state(m, p));
    if (partition->led_by[0] != '\0') decide_name(partition->whom, partition->led_by);
}

/* Where nobody was ever seen to lead, the members that are still to come may have the state. */
static bool decide_gathers(const kd_members *m, uint32_t p)
{
    bool all = decide_living(m) >= m->config.expected;
    bool empty = members_holds(m, 0, p)->state == KD_HELD_EMPTY;
    uint64_t wait = all ? KD_MEMBERS_LISTEN_US : KD_MEMBERS_GATHER_US;
    if (m->partitions[p].led_by[0] != '\0') return false;
    if (m->clock_us - m->partitions[p].agreed_us < KD_MEMBERS_SILENCE_US && m->partitions[p].agreed_us > 0)
        return true; /* it agreed with a leader, whose heartbeat is still to come */
    return m->listened_us < wait || (empty && !all);
}

/* Why this member is to lead what nobody leads: one that has left, and said so, handed over what it led; of one that is silent nobody knows. */
static kd_members_why decide_vacancy(const kd_members *m, uint32_t p)
{
    uint32_t before = decide_find(m, m->partitions[p].led_by);
    if (m->partitions[p].led_by[0] == '\0') return KD_WHY_NOBODY_LED;
    return before != NOBODY && m->members[before].gone ? KD_WHY_HANDED_OVER : KD_WHY_LEADER_SILENT;
}

static void decide_in_line(kd_members *m, uint32_t p)
{
    members_partition *partition = &m->partitions[p];
    uint32_t first, before = members_before_us(m, p, NOBODY, &first);
    if (partition->ready_us == 0) partition->ready_us = m->listened_us;
    if (m->listened_us - partition->ready_us < before * (uint64_t)KD_MEMBERS_LINE_US)
        decide_set(m, p, KD_WISH_FOLLOW, KD_WHY_IN_LINE, first);
    else
        decide_attempt(m, p, decide_vacancy(m, p), decide_find(m, partition->led_by));
}

static void decide_without_leader(kd_members *m, uint32_t p)
{
    kd_held_state state = (kd_held_state)members_holds(m, 0, p)->state;
    uint32_t yielder = decide_yielder(m, p);
    if (state == KD_HELD_NONE && decide_gathers(m, p))
        decide_set(m, p, KD_WISH_NONE, KD_WHY_GATHERS, NOBODY);
    else if (state < KD_HELD_EMPTY || m->leaving)
        decide_as_follower(m, p, NOBODY);
    else if (!kd_members_hears_itself(m))
        decide_set(m, p, KD_WISH_FOLLOW, KD_WHY_CUT_OFF, NOBODY);
    else if (yielder != NOBODY && state == KD_HELD_AGREED)
        decide_attempt(m, p, KD_WHY_HANDED_OVER, yielder);
    else if (decide_is_too_empty(m, p))
        decide_store_is_empty(m, p);
    else if (decide_gathers(m, p))
        decide_set(m, p, KD_WISH_FOLLOW, KD_WHY_GATHERS, NOBODY);
    else
        decide_in_line(m, p);
}

/* ---- a leader that does not lead ---- */

/* Who waits longest is the first in line: the others wait for him as well. */
static bool decide_supersedes(kd_members *m, uint32_t p, uint32_t leader)
{
    uint32_t first, before = members_before_us(m, p, leader, &first);
    uint64_t wait = KD_MEMBERS_STALL_US + before * (uint64_t)KD_MEMBERS_LINE_US;
    return !m->leaving && kd_members_hears_itself(m) && members_holds(m, 0, p)->state == KD_HELD_AGREED &&
           m->partitions[p].stalled_us >= wait &&
           m->listened_us - m->partitions[p].leader_us >=
               wait; /* the silence before was that of its predecessor */
}

kd_members_decision kd_members_decide(kd_members *m, uint32_t p, uint64_t mono_us)
{
    members_tick(m, mono_us);
    uint32_t leader = kd_members_leader(m, p);
    if (members_holds(m, 0, p)->state == KD_HELD_LEADS)
        decide_as_leader(m, p);
    else if (leader == NOBODY)
        decide_without_leader(m, p);
    else if (decide_supersedes(m, p, leader))
        decide_attempt(m, p, KD_WHY_NO_SNAPSHOTS, leader);
    else
        decide_as_follower(m, p, leader);
    return kd_members_decided(m, p);
}

kd_members_decision kd_members_decided(const kd_members *m, uint32_t p)
{
    const members_partition *partition = &m->partitions[p];
    return (kd_members_decision){partition->wish, partition->why, kd_bytes_str(partition->whom)};
}
