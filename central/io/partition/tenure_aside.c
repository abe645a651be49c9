/* tenure_aside.c - see the header. */
#include "central/io/partition/tenure_aside.h"

#include <stdio.h>
#include <unistd.h>

#include "common/io/daemon/files.h"
#include "common/io/loop/log.h"

static void aside_path(const kd_tenure *t, char *out, size_t size)
{
    snprintf(out, size, "%s/aside-%04u", t->settings->data_dir, t->partition);
}

int kd_tenure_set_aside(const kd_tenure *t, char *error)
{
    char path[4096], aside[4096];
    kd_tenure_path(path, sizeof(path), t->settings->data_dir, t->partition);
    aside_path(t, aside, sizeof(aside));
    kd_tenure_drop_aside(t);
    return kd_dir_rename(path, aside, error);
}

void kd_tenure_seed_path(char *out, size_t size, const char *data_dir, uint32_t partition)
{
    snprintf(out, size, "%s/seeding-%04u", data_dir, partition);
}

int kd_tenure_put_seed(const kd_tenure *t, char *error)
{
    char path[4096], seed[4096], aside[4096];
    kd_tenure_path(path, sizeof(path), t->settings->data_dir, t->partition);
    kd_tenure_seed_path(seed, sizeof(seed), t->settings->data_dir, t->partition);
    aside_path(t, aside, sizeof(aside));
    kd_tenure_drop_aside(t);
    int err = kd_dir_exchange(seed, path, error);
    if (err == KD_OK) return kd_dir_rename(seed, aside, error);
    if (err != KD_EUNAVAILABLE) return err;
    err = kd_dir_rename(path, aside, error);
    return err == KD_OK ? kd_dir_rename(seed, path, error) : err;
}

void kd_tenure_drop_aside(const kd_tenure *t)
{
    char aside[4096];
    aside_path(t, aside, sizeof(aside));
    if (access(aside, F_OK) != 0) return;
    kd_dir_remove(aside);
    KD_LOG(KD_INFO, "aside-dropped", KD_U64("partition", t->partition), KD_STR("path", aside));
}
