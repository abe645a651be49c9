/* shards_command.c - see the header. The arguments, what is told, and the order of the steps. */
#include "edge/io/commands/shards_command.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/io/daemon/args.h"
#include "edge/io/commands/shards_build.h"
#include "edge/io/commands/shards_switch.h"
#include "edge/io/shard/shards_place.h"

typedef struct {
    const char *dir;
    uint64_t to;
    bool dry_run;
} shards_command_words;

/* -1 to go on, or the exit code. */
static int shards_command_read_words(shards_command_words *w, int argc, char **argv)
{
    const kd_arg table[] = {
        KD_ARG_TEXT("dir", "DIR", &w->dir, "data directory of an edge that does not run", .required = true),
        KD_ARG_UINT("to", "N", &w->to, "how many shards it has afterwards; at most one for each partition",
                    .min = 1, .max = KD_SHARDS_MAX, .required = true),
        KD_ARG_FLAG("dry-run", &w->dry_run, "tells what would move, and changes nothing"),
    };
    const kd_args args = {
        .program = "kudos-edge",
        .command = "shards",
        .usage = "--dir DIR --to N [--dry-run]",
        .about =
            "Changes the number of shards of a stopped edge. Every row goes to the store of the shard that "
            "owns its partition\n"
            "then: likes, outbox, idempotency keys, counts, positions. New stores are written beside the old "
            "ones, read back, and\n"
            "take their place when all are complete. Broken off at any moment, the edge has its old stores "
            "or "
            "its new ones; the\n"
            "same command again goes on. Afterwards edge.shards is N, or 0.\n"
            "Last line: shards from= to= partitions= rows= bytes= "
            "verdict=changed|unchanged|planned|unfinished.\n"
            "Exit codes: 0 done, 1 failed, 2 usage, 4 in use by a process, or too little room on the disk.",
        .at = table,
        .count = KD_COUNT(table)};
    return kd_args_read(&args, argc, argv);
}

static void shards_command_last(const kd_shards_set *set, uint32_t to, const char *verdict)
{
    kd_reshard_tally kinds[KD_RESHARD_KINDS] = {0};
    uint64_t rows = 0, bytes = 0;
    if (set->rows) kd_reshard_tell(set->rows, kinds);
    for (int k = 0; k < KD_RESHARD_KINDS; k++) {
        rows += kinds[k].rows;
        bytes += kinds[k].bytes;
    }
    printf("shards from=%u to=%u partitions=%u rows=%" PRIu64 " bytes=%" PRIu64 " verdict=%s\n",
           set->is.shards, to, set->is.partitions, rows, bytes, verdict);
}

static void shards_command_tell(const kd_shards_set *set, uint32_t to)
{
    kd_reshard_tally kinds[KD_RESHARD_KINDS];
    kd_reshard_tell(set->rows, kinds);
    for (int k = 0; k < KD_RESHARD_KINDS; k++)
        printf("rows kind=%s rows=%" PRIu64 " bytes=%" PRIu64 "\n", kinds[k].name, kinds[k].rows,
               kinds[k].bytes);
    uint64_t unplaced = kd_reshard_unplaced(set->rows);
    if (unplaced > 0)
        printf("keys of an older program, which go to each of the %u shards: %" PRIu64 "\n", to, unplaced);
    printf("disk needed=%" PRIu64 " free=%" PRIu64 "\n", kd_shards_needed(set, to), kd_shards_free(set));
}

static int shards_command_room(const kd_shards_set *set, uint32_t to, char *error)
{
    uint64_t needed = kd_shards_needed(set, to), room = kd_shards_free(set);
    if (room >= needed) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX,
             "%.500s: %" PRIu64 " bytes of disk are free, and the new stores may need %" PRIu64, set->dir,
             room, needed);
    return KD_EUNAVAILABLE;
}

/* From here on the new stores are the edge's: the old ones are held until that is so, and closed before they move. */
static int shards_command_take_over(kd_shards_set *set, uint32_t to, char *error)
{
    int err = kd_shards_decide(set->dir, to, error);
    for (uint32_t k = 0; k < set->count; k++) kd_leveldb_close(set->from[k]);
    set->count = 0;
    return err == KD_OK ? kd_shards_switch(set->dir, to, error) : err;
}

static int shards_command_change(kd_shards_set *set, const shards_command_words *w, char *error)
{
    uint32_t to = (uint32_t)w->to;
    if (to > set->is.partitions) {
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "%u shards are more than the %u partitions: one would have nothing to do", to,
                 set->is.partitions);
        return KD_EINVAL;
    }
    if (to == set->is.shards) {
        if (!w->dry_run) kd_shards_partial_remove(set->dir);
        shards_command_last(set, to, "unchanged");
        return KD_OK;
    }
    int err = kd_shards_read(set, error);
    if (err != KD_OK) return err;
    shards_command_tell(set, to);
    err = shards_command_room(set, to, error);
    if (err == KD_OK && !w->dry_run) err = kd_shards_build(set, to, error);
    if (err == KD_OK && !w->dry_run) err = shards_command_take_over(set, to, error);
    if (err == KD_OK) shards_command_last(set, to, w->dry_run ? "planned" : "changed");
    return err;
}

/* Ends a change that was broken off behind its decision. *ended: nothing more is to be done, as a dry run only tells of it. */
static int shards_command_end_pending(const shards_command_words *w, bool *ended, char *error)
{
    uint32_t pending;
    int err = kd_shards_pending(w->dir, &pending, error);
    *ended = pending > 0 && w->dry_run;
    if (err != KD_OK || pending == 0) return err;
    printf("a change to %u shards was broken off when the new stores were complete\n", pending);
    if (!w->dry_run) return kd_shards_switch(w->dir, pending, error);
    kd_shards_set none = {.is.shards = pending};
    shards_command_last(&none, pending, "unfinished");
    return KD_OK;
}

static int shards_command_run(const shards_command_words *w, char *error)
{
    kd_shards_set set = {.dir = w->dir};
    bool ended;
    int err = shards_command_end_pending(w, &ended, error);
    if (err != KD_OK || ended) return err;
    err = kd_shards_open(&set, error);
    if (err == KD_OK) err = shards_command_change(&set, w, error);
    kd_shards_close(&set);
    return err;
}

/* One change at a time. A daemon is kept out by the stores' own locks. */
static int shards_command_lock(const char *dir, int *fd, char *error)
{
    *fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s: %s", dir, strerror(errno));
        return errno == ENOENT ? KD_ENOTFOUND : KD_EIO;
    }
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.500s: another kudos-edge shards works on it", dir);
    return KD_EUNAVAILABLE;
}

int kd_command_shards(int argc, char **argv)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    shards_command_words w = {.dir = NULL};
    int code = shards_command_read_words(&w, argc, argv), fd;
    if (code >= 0) return code;
    int err = shards_command_lock(w.dir, &fd, error);
    if (err == KD_OK) err = shards_command_run(&w, error);
    if (fd >= 0) close(fd);
    return kd_command_end("kudos-edge", "shards", kd_exit_code_of(err), error);
}
