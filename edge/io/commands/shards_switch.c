/* shards_switch.c - see the header. */
#include "edge/io/commands/shards_switch.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "common/io/leveldb/leveldb_acked.h"
#include "edge/io/shard/shards_place.h"
#include "kudos/limits.h"

static void shards_switch_partial(char *out, const char *dir, const char *more)
{
    if (snprintf(out, KD_PATH_MAX, "%s/" KD_SHARDS_PARTIAL "%s", dir, more) >= KD_PATH_MAX) out[0] = '\0';
}

void kd_shards_partial_remove(const char *dir)
{
    char partial[KD_PATH_MAX];
    shards_switch_partial(partial, dir, "");
    if (kd_path_exists(partial)) kd_dir_remove(partial);
}

int kd_shards_partial_make(const char *dir, char *error)
{
    char partial[KD_PATH_MAX], before[KD_PATH_MAX];
    shards_switch_partial(partial, dir, "");
    shards_switch_partial(before, dir, "/" KD_SHARDS_BEFORE);
    kd_shards_partial_remove(dir);
    int err = kd_dir_make(partial, error);
    return err == KD_OK ? kd_dir_make(before, error) : err;
}

int kd_shards_decide(const char *dir, uint32_t to, char *error)
{
    char partial[KD_PATH_MAX], decided[KD_PATH_MAX];
    shards_switch_partial(partial, dir, "");
    kd_shards_path_to(decided, dir, to);
    int err = kd_dir_sync(partial, error);
    return err == KD_OK ? kd_dir_rename(partial, decided, error) : err;
}

/* ---- the switch ---- */

typedef struct {
    const char *dir;
    char decided[KD_PATH_MAX], before[KD_PATH_MAX];
    uint32_t to;
    kd_leveldb_acked locks[KD_SHARDS_MAX];
} shards_switch;

/* A process that asked kd_shards_settled before the change was decided may open the old stores when the command has closed them. */
static int shards_switch_lock(shards_switch *s, char *error)
{
    char path[KD_PATH_MAX], cause[256];
    for (uint32_t k = 0; k < KD_SHARDS_MAX; k++) {
        kd_shards_path(path, s->dir, k);
        if (!kd_path_exists(path)) continue;
        int err = kd_leveldb_acked_open(&s->locks[k], path, cause, sizeof(cause));
        if (err == KD_OK) continue;
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s: %s", path, cause);
        return err;
    }
    return KD_OK;
}

/* While the new store waits in shards.to-N, the one in its place is old. Above N all are. */
static int shards_switch_one(const shards_switch *s, uint32_t k, char *error)
{
    char place[KD_PATH_MAX], fresh[KD_PATH_MAX], aside[KD_PATH_MAX];
    kd_shards_path(place, s->dir, k);
    kd_shards_path(fresh, s->decided, k);
    kd_shards_path(aside, s->before, k);
    bool waits = kd_path_exists(fresh);
    int err = KD_OK;
    if (kd_path_exists(place) && (waits || k >= s->to)) err = kd_dir_rename(place, aside, error);
    if (err == KD_OK && waits) err = kd_dir_rename(fresh, place, error);
    return err;
}

/* What was moved aside goes last, and with it the name by which a start sees that the change has not ended. A new store that is still there stays. */
static int shards_switch_end(const shards_switch *s, char *error)
{
    kd_dir_remove(s->before);
    if (rmdir(s->decided) == 0) return kd_dir_sync(s->dir, error);
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s cannot be removed: %s", s->decided, strerror(errno));
    return KD_EIO;
}

int kd_shards_switch(const char *dir, uint32_t to, char *error)
{
    shards_switch s = {.dir = dir, .to = to};
    kd_shards_path_to(s.decided, dir, to);
    for (uint32_t k = 0; k < KD_SHARDS_MAX; k++) s.locks[k].fd = -1;
    int err = KD_OK;
    if (snprintf(s.before, sizeof(s.before), "%.4000s/" KD_SHARDS_BEFORE, s.decided) >= KD_PATH_MAX)
        err = KD_EIO;
    if (err == KD_OK) err = shards_switch_lock(&s, error);
    for (uint32_t k = 0; err == KD_OK && k < KD_SHARDS_MAX; k++) err = shards_switch_one(&s, k, error);
    if (err == KD_OK) err = shards_switch_end(&s, error);
    for (uint32_t k = 0; k < KD_SHARDS_MAX; k++) kd_leveldb_acked_close(&s.locks[k]);
    return err;
}
