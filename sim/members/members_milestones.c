/* members_milestones.c - the milestones topic of the run: each threshold is told, whoever leads while it is passed, and whoever dies. */
#include <stdio.h>

#include "sim/members/members.h"

static void milestones_hear(members *w, const kd_milestone *m)
{
    for (uint32_t item = 0; item < MEMBERS_ITEMS; item++) {
        kd_item known = members_item(item);
        if (!kd_bytes_eq(kd_item_key(&known), m->item)) continue;
        for (uint32_t n = 0; n < w->thresholds.count; n++)
            if (w->thresholds.at[n] == m->threshold) w->milestones[item] |= 1ull << n;
    }
}

void members_hear_milestones(members *w, kd_bytes record)
{
    kd_milestones all;
    if (kd_record_peek(record) != KD_RECORD_MILESTONES) return;
    if (kd_milestones_decode(record, &all) != KD_OK) {
        members_fail(w, "milestones", "a record of milestones cannot be decoded");
        return;
    }
    for (uint32_t i = 0; i < all.milestone_count; i++) milestones_hear(w, &all.milestones[i]);
    kd_milestones_finish(&all);
}

/* Nobody withdraws a like here: a count that stands at a threshold or above has passed it. */
bool members_told(members *w, char *why, size_t size)
{
    for (uint32_t item = 0; item < MEMBERS_ITEMS; item++)
        for (uint32_t n = 0; n < w->thresholds.count; n++) {
            bool told = w->milestones[item] >> n & 1;
            if (told || w->liked[item] < w->thresholds.at[n]) continue;
            snprintf(why, size, "%llu likes of item %u were passed, and nobody was told",
                     (unsigned long long)w->thresholds.at[n], item);
            return false;
        }
    return true;
}
