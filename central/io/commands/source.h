/*
 * source.h - where the sub commands find what they look at or order: a running central (--url), or the
 * stores of one that does not run (--dir), opened here and refused while a process holds them.
 */
#ifndef KUDOS_CENTRAL_IO_COMMANDS_SOURCE_H
#define KUDOS_CENTRAL_IO_COMMANDS_SOURCE_H

#include "central/io/operator/core_act.h"
#include "central/io/daemon/settings.h"
#include "common/io/leveldb/leveldb_store.h"
#include "kudos/central.h"

typedef struct {
    const char *url;
    const char *dir;
    const char *ca, *cert, *key;  /* of --url https://...; NULL: the system's authorities, no certificate */
    kd_central_settings settings; /* of -c, or the defaults; for --dir */
    bool configured;              /* -c was given */
} kd_source;

/* Loads the settings: of the file with the overrides, or (file NULL) the defaults with them. `sets` has room for one
 * more. KD_OK, or KD_EINVAL with `error`. */
int kd_source_load(kd_source *s, const char *file, const char **sets, size_t set_count, char *error);
void kd_source_finish(kd_source *s);

/* A page of export lines. KD_OK to go on. */
typedef int (*kd_source_lines)(void *arg, kd_bytes lines);
/* All liked rows as export lines, in no order. Returns an exit code; `error` names the cause. */
int kd_source_each(const kd_source *s, kd_source_lines fn, void *arg, char *error);

/* One partition of --dir, opened; nothing is written. */
typedef int (*kd_source_partition)(void *arg, kd_central *core, uint32_t partition);
int kd_source_each_partition(const kd_source *s, kd_source_partition fn, void *arg, char *error);

/* The same without a core: the store alone, open for writing too. */
typedef int (*kd_source_store)(void *arg, kd_leveldb *db, uint32_t partition, uint32_t partitions,
                               char *error);
int kd_source_each_store(const kd_source *s, kd_source_store fn, void *arg, char *error);

/* Carries the order out on every partition; what there is to say is appended to *text. *found: partitions that know what it
 * names; none of them is an error. Returns an exit code. */
int kd_source_act(const kd_source *s, const kd_order *order, kd_buf *text, uint32_t *found, char *error);

/* source_url.c */
int kd_source_url_each(const kd_source *s, kd_source_lines fn, void *arg, char *error);

#endif
