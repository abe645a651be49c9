/* members_line.c - in which order members would take a partition over. All who know the same see the same line. */
#include "central/core/members_state.h"

uint32_t members_place(const kd_members *m, uint32_t partition, uint32_t i)
{
    const uint8_t *placed = m->placed + (size_t)partition * m->copies;
    uint32_t place = 0;
    while (place < m->copies && placed[place] != i) place++;
    return place;
}

/* Who is placed there and does not hold it yet will hold it soon, as this member does. */
static bool line_comes(const kd_members *m, uint32_t partition, uint32_t i)
{
    return members_holds(m, i, partition)->state == KD_HELD_NONE &&
           members_place(m, partition, i) < m->copies;
}

static kd_held_state line_state(const kd_members *m, uint32_t partition, uint32_t i)
{
    kd_held_state ours = (kd_held_state)members_holds(m, 0, partition)->state;
    if (line_comes(m, partition, i)) return KD_MIN(ours, KD_HELD_UNPROVEN);
    return (kd_held_state)members_holds(m, i, partition)->state;
}

/* Whether a member stands in line at all: it has something to lead with. */
static bool line_stands(const kd_members *m, uint32_t partition, uint32_t i)
{
    return members_may_lead(m, i) && line_state(m, partition, i) >= KD_HELD_EMPTY;
}

/* Of two stores that are not proven, the one that has read much less may be of an older log. Heartbeats are a second old, so a little less says nothing. */
static bool line_has_read_more(const kd_members *m, uint32_t partition, uint32_t a, uint32_t b)
{
    uint64_t left = members_holds(m, a, partition)->read, right = members_holds(m, b, partition)->read;
    return !line_comes(m, partition, b) && left > right + KD_MEMBERS_BEHIND;
}

/* Stores that are proven come first. */
static bool line_before(const kd_members *m, uint32_t partition, uint32_t a, uint32_t b)
{
    kd_held_state left = line_state(m, partition, a), right = line_state(m, partition, b);
    uint32_t left_place = members_place(m, partition, a), right_place = members_place(m, partition, b);
    if (left != right) return left > right;
    if (left == KD_HELD_UNPROVEN && line_has_read_more(m, partition, a, b)) return true;
    if (left == KD_HELD_UNPROVEN && line_has_read_more(m, partition, b, a)) return false;
    if (left_place != right_place) return left_place < right_place;
    return strcmp(m->members[a].name, m->members[b].name) < 0;
}

uint32_t members_before_us(const kd_members *m, uint32_t partition, uint32_t except, uint32_t *first)
{
    uint32_t before = 0;
    *first = 0;
    for (uint32_t i = 1; i < m->count; i++) {
        if (i == except || !line_stands(m, partition, i) || !line_before(m, partition, i, 0)) continue;
        before++;
        if (*first == 0 || line_before(m, partition, i, *first)) *first = i;
    }
    return before;
}
