/* shard_open.c - see the header. */
#include "edge/io/shard/shard_open.h"

#include <stdio.h>

/* A build with a rule broken on purpose (make PLANT=NAME) sets it. */
#ifndef KUDOS_EDGE_PLANT
#define KUDOS_EDGE_PLANT 0
#endif

/* A directory is made only if no shard of this edge holds anything yet: otherwise one that is missing was lost (KD_EMALFORMED). */
static int edge_shard_open_store(kd_shard *s, char *error)
{
    const kd_settings *set = s->base.settings;
    char dir[4096];
    kd_leveldb_options options = {
        .write_buffer_bytes = set->write_buffer, .cache_bytes = set->block_cache, .create = s->app->anew};
    if (snprintf(dir, sizeof dir, "%s/shard-%u", set->data_dir, s->base.index) >= (int)sizeof dir) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "edge.data_dir is too long");
        return KD_EINVAL;
    }
    return kd_leveldb_open_beside(&s->db, dir, &options, error, KD_OPTIONS_ERROR_MAX);
}

/* Writes to `text` the first property in which store and configuration differ: both values, and what to change. */
static void put_mismatch(const kd_shard *s, const kd_edge_stored *stored, char *text, size_t size)
{
    const kd_settings *set = s->base.settings;
    uint32_t n = s->base.shards;
    if (strcmp(stored->edge, set->name) != 0)
        snprintf(text, size,
                 "made for edge.name = %s, the configuration says %s: correct edge.name or edge.data_dir",
                 stored->edge, set->name);
    else if (stored->shards != n)
        snprintf(text, size,
                 "made with edge.shards = %u, the configuration says %u: set edge.shards = %u (or 0: as "
                 "stored), or change the stores: kudos-edge shards --dir %.200s --to %u",
                 stored->shards, n, stored->shards, set->data_dir, n);
    else if (stored->partitions != set->partitions)
        snprintf(text, size,
                 "made with kafka.partitions = %u, the configuration says %u: set kafka.partitions = %u",
                 stored->partitions, (uint32_t)set->partitions, stored->partitions);
    else if (stored->shard != s->base.index)
        snprintf(text, size, "made as shard-%u: directories were renamed", stored->shard);
}

/* With edge.shards = 0 the number of directories is taken for the number of shards. If a store then names more shards, a directory is missing. */
static int core_refused(kd_shard *s, const kd_store *store, int err, char *error)
{
    const kd_settings *set = s->base.settings;
    uint32_t n = s->base.shards;
    kd_edge_stored stored;
    char what[512] = "made by a program with another storage version";
    bool known = err == KD_EMISMATCH && kd_edge_stored_as(store, &stored) == KD_OK;
    bool guessed = known && set->shards == 0 && n < set->partitions;
    if (guessed && stored.shards > n) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%s/shard-%u is missing: shard-%u is one of %u", set->data_dir,
                 stored.shards - 1, s->base.index, stored.shards);
        return KD_EMALFORMED;
    }
    if (known) put_mismatch(s, &stored, what, sizeof what);
    if (err == KD_EMISMATCH)
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s/shard-%u was %s", set->data_dir, s->base.index, what);
    else
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s/shard-%u: %s", set->data_dir, s->base.index,
                 err == KD_EIO ? "the store cannot be read: read-failed in the log says why"
                               : kd_strerror(err));
    return err;
}

/* Limits of the whole edge are divided among its shards. */
static int edge_shard_open_core(kd_shard *s, char *error)
{
    const kd_settings *set = s->base.settings;
    uint32_t n = s->base.shards;
    kd_edge_config config = kd_settings_core(set);
    config.shard = s->base.index;
    config.shards = n;
    config.outbox_bytes_max = set->outbox_max / n;
    config.items_max = (uint32_t)KD_MAX(set->items_max / n, 1);
    config.key_window = &s->app->key_window;
    config.seed = kd_random_next(&s->base.random);
    config.life = s->app->life;
    config.plant = KUDOS_EDGE_PLANT;
    kd_store store = kd_leveldb_store(s->db);
    int err = kd_edge_open(&config, &store, kd_clock_now_us(s->base.clock), &s->base.edge);
    return err ? core_refused(s, &store, err, error) : KD_OK;
}

int kd_shard_open(kd_shard *s, char *error)
{
    int err = edge_shard_open_store(s, error);
    return err ? err : edge_shard_open_core(s, error);
}
