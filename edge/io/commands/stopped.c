/* stopped.c - see the header. */
#include "edge/io/commands/stopped.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/io/loop/clock.h"
#include "common/io/leveldb/leveldb_store.h"
#include "common/io/daemon/options_file.h"
#include "edge/io/shard/shards_place.h"

typedef struct {
    kd_leveldb *db;
    kd_edge *edge;
} shard;

struct kd_stopped {
    const kd_settings *settings;
    kd_edge_stored is;
    shard *shards;
    uint64_t random;
    kd_key_window key_window; /* without a bound */
};

int kd_stopped_settings(kd_settings *settings, const char *file, char *error)
{
    /* Options that a daemon requires. Here the store tells the name, and the others are not used. */
    const char *sets[] = {"edge.name=stopped", "edge.region=none", "edge.data_dir=/", "kafka.brokers=none:1"};
    const kd_options_input input = {"defaults", kd_bytes_of("", 0), "/", sets, KD_COUNT(sets)};
    return file ? kd_options_load_file(&kd_edge_options, file, NULL, 0, settings, error)
                : kd_options_load(&kd_edge_options, &input, settings, error);
}

static int stopped_exit_code_of(int err)
{
    if (err == KD_OK) return KD_EXIT_OK;
    if (err == KD_EUNAVAILABLE) return KD_EXIT_UNAVAILABLE;
    return err == KD_EMISMATCH || err == KD_ENOTFOUND ? KD_EXIT_USAGE : KD_EXIT_FAILED;
}

/* Name, partitions and shards are those of the store. The bounds on kept items and keys are lifted: without a file the settings are the defaults,
 * which may be smaller than the edge's own, and opening must not drop what the edge keeps. The rest does not matter: no time passes, and nothing is
 * sent. */
static kd_edge_config config_of(kd_stopped *s, uint32_t n)
{
    kd_edge_config config = kd_settings_core(s->settings);
    config.edge = kd_bytes_str(s->is.edge);
    config.partitions = s->is.partitions;
    config.shard = n;
    config.shards = s->is.shards;
    config.items_max = UINT32_MAX;
    config.key_window = &s->key_window;
    config.seed = kd_random_next(&s->random);
    return config;
}

static int stopped_open_store(kd_stopped *s, const char *dir, uint32_t n, kd_leveldb **db, char *error)
{
    char path[4096];
    kd_leveldb_options options = {.write_buffer_bytes = s->settings->write_buffer,
                                  .cache_bytes = s->settings->block_cache};
    if (snprintf(path, sizeof path, "%s/shard-%u", dir, n) >= (int)sizeof path) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "the directory's name is too long");
        return KD_EMISMATCH;
    }
    /* The first shard tells whether this is an edge's directory at all (KD_ENOTFOUND); a further one that is missing was lost (KD_EMALFORMED). */
    return n == 0 ? kd_leveldb_open(db, path, &options, error, KD_OPTIONS_ERROR_MAX)
                  : kd_leveldb_open_beside(db, path, &options, error, KD_OPTIONS_ERROR_MAX);
}

static int stopped_open_shard(kd_stopped *s, const char *dir, uint32_t n, char *error)
{
    kd_leveldb *db;
    int err = stopped_open_store(s, dir, n, &db, error);
    if (err != KD_OK) return err;
    kd_store store = kd_leveldb_store(db);
    if (n == 0) err = kd_edge_stored_as(&store, &s->is);
    if (err == KD_OK && s->shards == NULL) s->shards = kd_alloc(s->is.shards * sizeof *s->shards);
    kd_edge_config config = config_of(s, n);
    shard opened = {.db = db};
    if (err == KD_OK) err = kd_edge_open(&config, &store, kd_clock_wall_us(), &opened.edge);
    if (err == KD_OK)
        s->shards[n] = opened;
    else
        kd_leveldb_close(db);
    if (err != KD_OK) snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s/shard-%u: %s", dir, n, kd_strerror(err));
    return err;
}

int kd_stopped_open(kd_stopped **out, const char *dir, const kd_settings *settings, char *error)
{
    kd_stopped *s = kd_alloc(sizeof *s);
    s->settings = settings;
    s->random = kd_clock_mono_us();
    s->key_window.max = UINT64_MAX;
    int err = kd_shards_settled(dir, error);
    if (err == KD_OK) err = stopped_open_shard(s, dir, 0, error);
    for (uint32_t n = 1; err == KD_OK && n < s->is.shards; n++) err = stopped_open_shard(s, dir, n, error);
    if (err == KD_OK) err = kd_shards_settled(dir, error);
    if (err == KD_OK) err = kd_stopped_settle(s);
    if (err == KD_OK)
        *out = s;
    else
        kd_stopped_close(s);
    return stopped_exit_code_of(err);
}

void kd_stopped_close(kd_stopped *s)
{
    if (!s) return;
    for (uint32_t n = 0; s->shards && n < s->is.shards; n++) {
        kd_edge_close(s->shards[n].edge);
        kd_leveldb_close(s->shards[n].db);
    }
    free(s->shards);
    free(s);
}

const kd_edge_stored *kd_stopped_is(const kd_stopped *s)
{
    return &s->is;
}

kd_edge *kd_stopped_shard(const kd_stopped *s, uint32_t n)
{
    return s->shards[n].edge;
}

int kd_stopped_settle(kd_stopped *s)
{
    const kd_writes *writes;
    uint64_t group;
    for (uint32_t n = 0; n < s->is.shards; n++) {
        shard *at = &s->shards[n];
        while (kd_edge_commit_wanted(at->edge)) {
            int err = kd_edge_commit_begin(at->edge, kd_clock_wall_us(), &writes, &group);
            if (err == KD_EAGAIN) break; /* nothing to write after all */
            if (err == KD_OK)
                err = kd_edge_commit_end(at->edge, group, kd_leveldb_write(at->db, writes, true));
            if (err != KD_OK) return err;
        }
    }
    return KD_OK;
}
