/*
 * source.h - where the sub commands find what they look at or order: a running central (--url), or the stores of a central that is stopped (--dir),
 * opened here and refused while a process holds them.
 */
#ifndef KUDOS_CENTRAL_IO_COMMANDS_SOURCE_H
#define KUDOS_CENTRAL_IO_COMMANDS_SOURCE_H

#include "central/io/daemon/settings.h"
#include "common/io/leveldb/leveldb_store.h"
#include "kudos/central.h"

typedef struct {
    const char *url; /* or several, parted by commas */
    const char *dir;
    char token[KD_TOKEN_MAX + 1]; /* to show to --url; empty: none */
    const char *ca, *cert, *key;  /* of --url https://...; NULL: the system's authorities, no certificate */
    kd_central_settings settings; /* of -c, or the defaults; for --dir */
    bool configured;              /* -c was given */
    bool sums;                    /* kd_source_each gives lines of sums, instead of liked rows */
} kd_source;

/* Loads the settings: of the file with the overrides, or (file NULL) the defaults with them. `sets` has room for one more. KD_OK, or KD_EINVAL with
 * `error`; kd_source_finish only after KD_OK. */
int kd_source_load(kd_source *s, const char *file, const char **sets, size_t set_count, char *error);
/* Frees the settings. */
void kd_source_finish(kd_source *s);

/* A page of export lines; borrowed for the call. KD_OK to go on. */
typedef int (*kd_source_lines)(void *arg, kd_bytes lines);
/* All liked rows as export lines, in no order, of --url or --dir. Returns an exit code; `error` names the cause. */
int kd_source_each(const kd_source *s, kd_source_lines fn, void *arg, char *error);

/* ---- --dir ---- */

/* How many partitions there are: numbered from 0 without a gap, as many as -c says if it was given. KD_OK; KD_ENOTFOUND or KD_EMISMATCH with
 * `error`. */
int kd_source_count(const kd_source *s, uint32_t *partitions, char *error);

/* Writes to `error` why the store of a partition was not taken. `err`: KD_EMISMATCH (tells what the store says and what the directory says), or another
 * kd_err. */
void kd_source_tell_refused(const kd_source *s, const kd_store *store, uint32_t partition,
                            uint32_t partitions, int err, char *error);

/* Opens store and core of one partition, as a central that runs does. `epoch_hint`: as kd_central_open; nothing of it is stored unless something is
 * committed. KD_OK; KD_EUNAVAILABLE: a process holds the store; another kd_err of the store or the core, each with `error`. The caller closes *db
 * (NULL when the store could not be opened) and *core (NULL unless KD_OK) in any case. */
int kd_source_open(const kd_source *s, uint32_t partition, uint32_t partitions, uint64_t epoch_hint,
                   kd_leveldb **db, kd_central **core, char *error);

/* For the store of one partition, open for reading and writing, without a core. KD_OK to go on, or a kd_err with `error`. */
typedef int (*kd_source_store)(void *arg, kd_leveldb *db, uint32_t partition, uint32_t partitions,
                               char *error);
/* Calls `fn` for each partition. Returns an exit code with `error`. */
int kd_source_each_store(const kd_source *s, kd_source_store fn, void *arg, char *error);

/*
 * Whether a partition of --dir is stale: its store followed when it was written last, so that another member led and has gone on without it; or it led, but -c says that this
 * is a member of a group, of which others took it over. Then a line `stale partition=P leader=NAME` is appended, with its end; `-` for a name that this store does not know.
 * KD_OK, or a kd_err of the store with `error`.
 */
int kd_source_stale(const kd_source *s, kd_leveldb *db, uint32_t partition, kd_buf *lines, char *error);

/* The exit code for a kd_err of the calls above: KD_EXIT_USAGE where --dir is not what was expected, KD_EXIT_UNAVAILABLE where it is in use. */
int kd_source_exit_code(int err);

#endif
