/* restore_command.c - `kudos-central restore`: what central/io/backup/restore.c does, and the list of backups in the copy. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "central/io/backup/backup_parts.h"
#include "central/io/backup/restore_objects.h"
#include "central/io/commands/backup_stopped.h"
#include "central/io/commands/commands.h"
#include "central/io/commands/order_run.h"
#include "central/io/commands/source_act.h"
#include "common/io/daemon/progress.h"

static const char *to, *wanted;
static bool force;
static const kd_arg options[] = {
    KD_ARG_TEXT("name", "NAME", &wanted,
                "the backup, of those at s3://... or file://...; default: the newest"),
    KD_ARG_TEXT("to", "DATA", &to, "the data directory; must be empty or not there"),
    KD_ARG_FLAG("force", &force,
                "a directory that is not empty is moved aside, to DATA.replaced-TIME; nothing is deleted"),
};

static const kd_command_line line = {
    .usage = "DIR... | s3://BUCKET/PREFIX | file:///DIR [--name NAME]  --to DATA [--force] [-c FILE] [--set "
             "section.key=value]...",
    .about =
        "Copies a backup into a data directory, after its digests were found right. The central that "
        "starts on it begins a new\n"
        "epoch; it reads the log from where the backup stood, and the edges send again what it lacks. "
        "Of two that are\n"
        "restored only one may run. Of a group whose members wrote a directory each, name all of these; a "
        "partition that is\n"
        "missing is named. Last line: restore name= partitions= rows= to= verdict=done.\n"
        "Exit codes: 0 done, 1 damaged or it could not be copied, 2 usage or the directory is not "
        "empty or not one of its own, 4 it is in use, or the store is not reached.",
    .options = options,
    .option_count = KD_COUNT(options),
    .words_min = 1,
    .words_max = KD_BACKUP_DIRS_MAX,
    .settings = true,
};

typedef struct {
    const kd_source *source;
    kd_progress progress;
} restore_command;

static int restore_command_complete(void *arg, const char *dir, const char *name, char *error)
{
    const restore_command *r = arg;
    kd_source copy = *r->source;
    kd_order order = {.kind = KD_ORDER_BACKUP_COMPLETE};
    kd_buf text = {0};
    uint32_t found;
    copy.dir = dir;
    kd_order_set_name(&order, name);
    int code = kd_source_act(&copy, &order, &text, &found, error);
    kd_buf_finish(&text);
    return code == KD_EXIT_OK ? KD_OK : KD_EIO;
}

static bool restore_command_go_on(void *arg, uint32_t partition, uint32_t partitions, uint64_t rows)
{
    restore_command *r = arg;
    kd_progress_show(&r->progress, "restore", partition, partitions, rows);
    return true;
}

static int restore_command_from(const kd_arguments *a, const kd_restore_origin *from, char *error)
{
    restore_command r = {.source = &a->source};
    kd_restored done;
    const kd_restore_source source = {.from = from,
                                      .to = to,
                                      .force = force,
                                      .arg = &r,
                                      .complete = restore_command_complete,
                                      .progress = restore_command_go_on};
    int code = kd_restore_run(&source, &done, error);
    if (code == KD_EXIT_OK && done.aside[0] != '\0') printf("what was there is now %s\n", done.aside);
    if (code == KD_EXIT_OK)
        printf("restore name=%s partitions=%u rows=%" PRIu64 " to=%s verdict=done\n", done.set.name,
               done.set.partitions, done.rows, done.to);
    kd_backup_set_finish(&done.set);
    return code;
}

static int restore_command_run(const kd_arguments *a, char *error)
{
    kd_restore_origin from;
    kd_restore_objects there = {.name = wanted};
    kd_backup_dirs dirs = {.at = a->words, .count = a->word_count};
    _Static_assert((int)KD_BACKUP_DIRS_MAX <= (int)KD_ARGUMENTS_WORDS_MAX, "all directories fit");
    KD_ASSERT(sodium_init() >= 0);
    if (!kd_object_place_is(a->words[0])) {
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "--name goes with s3://... and file://...: a DIR holds one backup");
        if (wanted) return KD_EXIT_USAGE;
        kd_backup_parts_origin(&from, &dirs);
        return restore_command_from(a, &from, error);
    }
    snprintf(error, KD_OPTIONS_ERROR_MAX, "one address: members share it");
    if (a->word_count > 1) return KD_EXIT_USAGE;
    if (kd_objects_open(&there.objects, a->words[0], &a->source.settings, kd_backup_waits_on, NULL, error) !=
        KD_OK)
        return KD_EXIT_USAGE;
    kd_restore_objects_origin(&from, &there);
    int code = restore_command_from(a, &from, error);
    kd_objects_close(there.objects);
    return code;
}

int kd_command_restore(int argc, char **argv)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_arguments a;
    int code = kd_arguments_read(&a, &line, argc, argv);
    if (code >= 0) return code;
    code = restore_command_run(&a, error);
    kd_source_finish(&a.source);
    return kd_command_end("kudos-central", argv[0], code, error);
}
