/* decider_erase.c - see the header. */
#include "sim/world/decider_erase.h"

#include "kudos/erase.h"
#include "kudos/void.h"
#include "sim/world/hosts.h"
#include "sim/world/names.h"

static kd_store erase_store(const sim_world *w, uint32_t slot, uint32_t partition)
{
    return sim_disk_view(w->centrals[slot].tenures[partition].disk);
}

/* ---- the mark ---- */

static int erase_see_void(void *arg, kd_bytes job, const kd_voided *told)
{
    uint64_t *newest_us = arg;
    (void)job;
    *newest_us = KD_MAX(*newest_us, told->stamp_us);
    return 0;
}

/* Above what any edge within the bound took before now, above each void that is remembered, and above the user's erasure before. */
static uint64_t erase_stamp(const sim_world *w, uint32_t slot, uint32_t partition, kd_bytes user)
{
    const kd_store store = erase_store(w, slot, partition);
    uint64_t stamp_us = sim_host_wall_us(w, HOST_CENTRAL) + w->s->drift_us;
    kd_erased before;
    kd_voided_each(&store, erase_see_void, &stamp_us);
    if (kd_erased_find(&store, user, &before) == KD_OK) stamp_us = KD_MAX(stamp_us, before.stamp_us);
    return stamp_us + 1;
}

void sim_decider_erase_mark(sim_world *w, sim_deciding *o, uint32_t slot, uint32_t partition, uint32_t user)
{
    o->erases = true;
    o->erased = user;
    o->what = KD_DECIDED_ERASE;
    o->stamp_us = erase_stamp(w, slot, partition, kd_bytes_str(w->users_names[user]));
}

/* ---- the rows behind it ---- */

typedef struct {
    const sim_world *w;
    sim_deciding *o;
} erase_walk;

static int erase_see_row(void *arg, uint8_t counter, kd_bytes item, kd_bytes user, uint64_t time_us)
{
    const erase_walk *k = arg;
    sim_deciding *o = k->o;
    (void)user;
    o->ops[o->op_count++] =
        (sim_ordered){.item = sim_names_item_of(k->w, item),
                      .user = o->erased,
                      .counter = (uint32_t)kd_counters_by_id(&sim_scenario_counters, counter),
                      .time_us = time_us};
    return o->op_count == WORLD_ORDERED;
}

static void erase_see_item(void *arg, uint8_t counter, kd_bytes item, uint64_t likes, uint64_t picked)
{
    (void)arg, (void)counter, (void)item, (void)likes, (void)picked;
}

static bool erase_see_more(void *arg, uint64_t rows)
{
    (void)arg, (void)rows;
    return true;
}

void sim_decider_erase_rows(sim_world *w, sim_deciding *o, uint32_t slot, uint32_t partition)
{
    erase_walk k = {w, o};
    const kd_bytes user = kd_bytes_str(w->users_names[o->erased]);
    const kd_void_pick pick = {.users = &user, .user_count = 1, .erase_us = o->stamp_us};
    const kd_void_visitor visitor = {&k, erase_see_row, erase_see_item, erase_see_more};
    const kd_store store = erase_store(w, slot, partition);
    o->what = KD_DECIDED_WITHDRAW;
    int err = kd_void_walk(&store, &pick, &visitor);
    o->last = err == KD_OK && o->op_count == 0;
}
