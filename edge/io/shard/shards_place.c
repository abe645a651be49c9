/* shards_place.c - see the header. */
#include "edge/io/shard/shards_place.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "kudos/limits.h"

static void shards_place_fit(char *out, int len)
{
    if (len >= KD_PATH_MAX) out[0] = '\0';
}

void kd_shards_path(char *out, const char *dir, uint32_t k)
{
    shards_place_fit(out, snprintf(out, KD_PATH_MAX, "%s/shard-%u", dir, k));
}

void kd_shards_path_to(char *out, const char *dir, uint32_t to)
{
    shards_place_fit(out, snprintf(out, KD_PATH_MAX, "%s/shards.to-%u", dir, to));
}

uint32_t kd_shards_laid_out(const char *dir)
{
    DIR *d = opendir(dir);
    uint32_t n = 0, k;
    const struct dirent *entry;
    char rest;
    while (d && (entry = readdir(d)))
        if (sscanf(entry->d_name, "shard-%u%c", &k, &rest) == 1 && k < KD_SHARDS_MAX) n = KD_MAX(n, k + 1);
    if (d) closedir(d);
    return n;
}

int kd_shards_pending(const char *dir, uint32_t *to, char *error)
{
    char path[KD_PATH_MAX];
    struct stat st;
    for (*to = KD_SHARDS_MAX; *to > 0; --*to) {
        kd_shards_path_to(path, dir, *to);
        if (lstat(path, &st) == 0) return KD_OK;
        if (errno == ENOENT || errno == ENOTDIR) continue; /* another error could hide one */
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s cannot be examined: %s", path, strerror(errno));
        return KD_EIO;
    }
    return KD_OK;
}

int kd_shards_settled(const char *dir, char *error)
{
    uint32_t to;
    int err = kd_shards_pending(dir, &to, error);
    if (err != KD_OK || to == 0) return err;
    snprintf(
        error, KD_OPTIONS_ERROR_MAX,
        "%.200s: a change to edge.shards = %u has not ended, shards.to-%u is there: kudos-edge shards --dir "
        "%.200s --to %u ends it",
        dir, to, to, dir, to);
    return KD_EMISMATCH;
}
