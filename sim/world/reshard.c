/*
 * reshard.c - see the header. The real counterpart is edge/io/commands/shards_*.c; what goes where is the same object, kudos/reshard.h.
 *
 * A scenario has one number of shards. So the stores go to another number and from there back, and all that the checkers know of an edge has to hold as if
 * it had only been started again.
 */
#include "sim/world/reshard.h"

#include "kudos/reshard.h"
#include "sim/world/events.h"
#include "sim/world/processes.h"

enum { ONE_START_OF = 4 };

static int reshard_put(void *disk, kd_bytes key, kd_bytes value)
{
    sim_disk_put(disk, key, value);
    return KD_OK;
}

/* Writes the rows of `count` stores to `to` new ones. Returns as kd_reshard_open. */
static int reshard_copy(sim_world *w, uint32_t slot, sim_disk *const *from, uint32_t count, sim_disk **fresh,
                        uint32_t to)
{
    kd_store stores[KD_SHARDS_MAX];
    kd_reshard *r;
    kd_reshard_fault fault = {.shard = 0};
    uint32_t life = (uint32_t)sim_world_draw(w, DRAW_SEED, 8600 + slot * 64 + to, w->now_us) | 1;
    for (uint32_t k = 0; k < count; k++) stores[k] = sim_disk_view(from[k]);
    int err = kd_reshard_open(&r, stores, count, life, w->options->edge_plant, &fault);
    for (uint32_t k = 0; err == KD_OK && k < to; k++)
        err = kd_reshard_write(r, to, k, reshard_put, fresh[k] = sim_disk_create(), &fault);
    if (err == KD_OK) KD_ASSERT(kd_reshard_complete(r, to));
    kd_reshard_close(r);
    return err;
}

static void reshard_drop(sim_disk **disks)
{
    for (uint32_t k = 0; k < KD_SHARDS_MAX; k++) sim_disk_destroy(disks[k]);
}

/* The rows take the place of those on the disk; its faults stay. */
static void reshard_replace(sim_disk *disk, sim_disk *with)
{
    kd_store rows = sim_disk_view(with);
    sim_disk_wipe(disk);
    KD_ASSERT(rows.scan(rows.ctx, (kd_bytes){0}, (kd_bytes){0}, reshard_put, disk) == KD_OK);
}

/* To `between` shards and back. */
static int reshard_there_and_back(sim_world *w, uint32_t slot, uint32_t between)
{
    sim_disk *mine[KD_SHARDS_MAX] = {0}, *there[KD_SHARDS_MAX] = {0}, *back[KD_SHARDS_MAX] = {0};
    uint32_t shards = w->s->shards;
    for (uint32_t k = 0; k < shards; k++) mine[k] = w->edges[slot].shards[k].disk;
    int err = reshard_copy(w, slot, mine, shards, there, between);
    if (err == KD_OK) err = reshard_copy(w, slot, there, between, back, shards);
    for (uint32_t k = 0; err == KD_OK && k < shards; k++) reshard_replace(mine[k], back[k]);
    reshard_drop(there);
    reshard_drop(back);
    return err;
}

void sim_edge_reshard(sim_world *w, uint32_t slot)
{
    uint64_t draw = sim_world_draw(w, DRAW_SEED, 8500 + slot, w->now_us);
    /* Without minted incarnations, as that plant leaves a store, the command refuses it. */
    if (draw % ONE_START_OF != 0 || (w->options->edge_plant & KD_PLANT_FIXED_INCARNATION)) return;
    uint32_t between = 1 + (uint32_t)(draw / ONE_START_OF % KD_MIN(w->s->partitions, 8u));
    int err = reshard_there_and_back(w, slot, between);
    TRACE(w, "%s changes its shards to %u and back: %d", sim_world_process_name(w, slot), between,
          (int64_t)err);
    if (err != KD_OK && err != KD_ENOTFOUND && err != KD_EIO)
        sim_world_fail(w, "reshard", "%s: its shards cannot be changed: %s", sim_world_process_name(w, slot),
                       kd_strerror(err));
}
