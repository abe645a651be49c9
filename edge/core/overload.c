/* overload.c - see the header. */
#include "kudos/overload.h"

void kd_overload_init(kd_overload *o, const kd_overload_bounds *bounds)
{
    *o = (kd_overload){.bounds = *bounds};
}

/* The age by which a level is entered and left. */
static uint64_t overload_age_for(const kd_overload_ages *ages, uint32_t level)
{
    return level > KD_LEVEL_OF_DISK ? ages->loop_us : KD_MAX(ages->loop_us, ages->disk_us);
}

static bool overload_above(const kd_overload *o, const kd_overload_ages *ages)
{
    return o->level < KD_LEVELS && overload_age_for(ages, o->level + 1) >= o->bounds.enter_us[o->level];
}

static bool overload_below(const kd_overload *o, const kd_overload_ages *ages)
{
    return o->level > 0 && overload_age_for(ages, o->level) < o->bounds.enter_us[o->level - 1] / 2;
}

/* The time between two measurements counts only if both say the same. */
static void overload_go_on(kd_overload_run *run, bool said, uint64_t since_us)
{
    run->us = said && run->said ? run->us + since_us : 0;
    run->said = said;
}

static bool overload_step(kd_overload *o, uint32_t level)
{
    o->level = level;
    o->above = o->below = (kd_overload_run){0};
    return true;
}

bool kd_overload_measure(kd_overload *o, uint64_t now_us, const kd_overload_ages *ages)
{
    uint64_t since_us = o->last_us && now_us > o->last_us ? now_us - o->last_us : 0;
    o->spent_us[o->level] += since_us;
    o->last_us = KD_MAX(o->last_us, now_us);
    since_us = KD_MIN(since_us, (uint64_t)KD_OVERLOAD_TRUSTED_US);
    overload_go_on(&o->above, overload_above(o, ages), since_us);
    overload_go_on(&o->below, overload_below(o, ages), since_us);
    if (o->above.said && o->above.us >= o->bounds.enter_after_us) return overload_step(o, o->level + 1);
    if (o->below.said && o->below.us >= o->bounds.leave_after_us) return overload_step(o, o->level - 1);
    return false;
}

bool kd_level_asks_counts(uint32_t level, bool known)
{
    if (level >= KD_LEVEL_MEMORY) return false;
    return level < KD_LEVEL_OLDER || !known;
}

uint64_t kd_level_display_age_us(uint32_t level, uint64_t max_age_us)
{
    return level >= KD_LEVEL_OLDER ? max_age_us * KD_LEVEL_OLDER_TIMES : max_age_us;
}
