/* backup_command.c - `kudos-central backup`: makes one, lists those that central knows of or that an object store holds, forgets one, prunes old ones. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "central/io/backup/backup_catalogue.h"
#include "central/io/commands/backup_group.h"
#include "central/io/commands/backup_prune.h"
#include "central/io/commands/backup_stopped.h"
#include "central/io/commands/commands.h"
#include "central/io/commands/order_run.h"
#include "common/base/text.h"

static const char *name, *forget, *prune;
static bool list, stale;
static const kd_arg options[] = {
    KD_ARG_TEXT(
        "name", "NAME", &name,
        "its name, [a-z0-9][a-z0-9._-]{0,31}; default: the time and chance, as in b20260102t030405z-7f3a"),
    KD_ARG_FLAG(
        "list", &list,
        "lists the backups that central knows of, instead; with s3://... or file://... those that are there, "
        "for which no central is asked"),
    KD_ARG_FLAG("stale", &stale,
                "with --dir: also of partitions that another member led when this one ended or let them go"),
    KD_ARG_TEXT("forget", "NAME", &forget,
                "that backup is no more and will never be restored: nothing is held back for it any longer; "
                "with s3://... or file://... it is removed from there first"),
    KD_ARG_TEXT(
        "prune", "N", &prune,
        "removes all but the newest N backups from s3://... or file://..., forgets them, and removes what no "
        "backup there needs"),
};

static const kd_command_line line = {
    .usage = "DIR | s3://BUCKET/PREFIX | file:///DIR | --list | --forget NAME | --prune N  [--name NAME] "
             "[--url URL | "
             "--dir DATA] [-c FILE] [--set "
             "section.key=value]...",
    .about = "Copies all partitions of a running central (or with --dir of one that does not run), each as "
             "it is at one moment,\n"
             "by a snapshot; traffic goes on. DIR is a path on central's machine, written by central, and "
             "must be empty or\n"
             "not there: it becomes one copy of all. An object store, s3://BUCKET/PREFIX (options of "
             "[backup]) or the directory\n"
             "of file:///DIR, keeps many backups, and only what is not there yet is sent.\n"
             "In a group whose members share the partitions each leader copies its own; a DIR is then one on "
             "each member's\n"
             "machine, and file:///DIR one that all have mounted.\n"
             "From its beginning on the edges keep what a restore of it would need from them; they may "
             "forget what every\n"
             "backup holds. So say --forget when one is deleted.\n"
             "Last line: backup name= partitions= rows= bytes= verdict=done (list: a line for each partition "
             "of each;\n"
             "backups= verdict=listed; forget: verdict=forgotten; prune: kept= pruned= removed_objects= "
             "verdict=pruned).\n"
             "Exit codes: 0 done, 1 failed (nothing of it is left), 2 usage or DIR is no place for it, 4 not "
             "reached or in use.",
    .options = options,
    .option_count = KD_COUNT(options),
    .words_max = 1,
    .url = true,
    .dir = true,
};

static void backup_default_name(kd_order *order)
{
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    size_t len = strftime(order->name, sizeof(order->name), "b%Y%m%dt%H%M%Sz", &tm);
    snprintf(order->name + len, sizeof(order->name) - len, "-%04x",
             (unsigned)(randombytes_random() & 0xffff));
}

static bool backup_absolute(const char *dir, kd_order *order)
{
    char here[KD_ORDER_DIR_MAX] = "";
    if (dir[0] != '/' && !getcwd(here, sizeof(here))) return false;
    if (kd_object_place_is(dir))
        return (size_t)snprintf(order->dir, sizeof(order->dir), "%s", dir) < sizeof(order->dir);
    int n = snprintf(order->dir, sizeof(order->dir), "%s%s%s", here, dir[0] == '/' ? "" : "/", dir);
    while (n > 1 && n < (int)sizeof(order->dir) && order->dir[n - 1] == '/') order->dir[--n] = '\0';
    return n < (int)sizeof(order->dir);
}

/* ---- an object store ---- */

static int backup_list_objects(const kd_source *source, const kd_order *order, kd_buf *text, char *error)
{
    kd_objects *objects;
    kd_backup_catalogue all;
    int err = kd_objects_open(&objects, order->dir, &source->settings, kd_backup_waits_on, NULL, error);
    if (err != KD_OK) return kd_backup_exit_code(err);
    err = kd_backup_catalogue_read(objects, &all, error);
    for (uint32_t i = 0; err == KD_OK && i < all.count; i++)
        kd_text_printf(text, "backup name=%s made=%s partitions=%u rows=%" PRIu64 " bytes=%" PRIu64 "\n",
                       all.at[i].name, all.at[i].made, all.at[i].partitions, all.at[i].rows, all.at[i].bytes);
    kd_backup_catalogue_finish(&all);
    kd_objects_close(objects);
    return kd_backup_exit_code(err);
}

/* ---- the command ---- */

/* What the words order; KD_ORDER_NONE: they make no sense together. */
static kd_order_kind backup_command_kind(const kd_arguments *a)
{
    const bool address = a->word_count == 1 && kd_object_place_is(a->words[0]);
    if ((list != 0) + (forget != NULL) + (prune != NULL) > 1) return KD_ORDER_NONE;
    if (name && (list || forget || prune)) return KD_ORDER_NONE;
    if (list) return a->word_count == 0 || address ? KD_ORDER_BACKUP_LIST : KD_ORDER_NONE;
    if (prune) return address ? KD_ORDER_BACKUP_PRUNE : KD_ORDER_NONE;
    if (forget && address) return KD_ORDER_BACKUP_PRUNE;
    if (forget) return a->word_count == 0 ? KD_ORDER_BACKUP_FORGET : KD_ORDER_NONE;
    return a->word_count == 1 ? KD_ORDER_BACKUP : KD_ORDER_NONE;
}

/* False with `error`. */
static bool backup_command_read_order(const kd_arguments *a, kd_order *order, char *error)
{
    order->kind = backup_command_kind(a);
    bool make = order->kind == KD_ORDER_BACKUP;
    snprintf(error, KD_OPTIONS_ERROR_MAX,
             "one of DIR, s3://BUCKET/PREFIX, file:///DIR, --list, --forget NAME, and s3://... or file://... "
             "--prune N");
    if (order->kind == KD_ORDER_NONE) return false;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "DIR is an empty text");
    if (make && a->words[0][0] == '\0') return false;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "--prune wants a number from 1 to %d", KD_BACKUPS_MAX);
    if (prune &&
        (!kd_text_number(kd_bytes_str(prune), &order->id) || order->id == 0 || order->id > KD_BACKUPS_MAX))
        return false;
    const char *wanted = forget ? forget : name;
    if (!wanted && make) backup_default_name(order);
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%s is no name of a backup", wanted ? wanted : "");
    if (wanted && (!kd_order_set_name(order, wanted) || !kd_name_valid(kd_bytes_str(wanted)))) return false;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "the path is too long");
    if (a->word_count == 1 && !backup_absolute(a->words[0], order)) return false;
    error[0] = '\0';
    return true;
}

/* The backup's name in the next line of a list; *at moves behind it. Empty at the end. */
static kd_bytes backup_command_next_name(const char **at, const char *end)
{
    static const char before[] = " name=";
    const char *name_at = memmem(*at, (size_t)(end - *at), before, sizeof(before) - 1);
    if (!name_at) return kd_bytes_of(NULL, 0);
    name_at += sizeof(before) - 1;
    const char *blank = memchr(name_at, ' ', (size_t)(end - name_at));
    *at = blank ? blank : end;
    return kd_bytes_of(name_at, (size_t)(*at - name_at));
}

/* How many backups a list names: it has a line for each backup of each partition. */
static uint32_t count_backups(const kd_buf *text)
{
    kd_bytes seen[KD_BACKUPS_MAX], found;
    uint32_t count = 0;
    const char *at = (const char *)text->data, *end = at + text->len;
    while (text->len > 0 && (found = backup_command_next_name(&at, end)).len > 0) {
        uint32_t i = 0;
        while (i < count && !kd_bytes_eq(seen[i], found)) i++;
        if (i == count && count < KD_COUNT(seen)) seen[count++] = found;
    }
    return count;
}

static void backup_command_print(const kd_order *order, const kd_buf *text)
{
    kd_order_print(text);
    if (order->kind == KD_ORDER_BACKUP_LIST)
        printf("backup backups=%u verdict=listed\n", count_backups(text));
    if (order->kind == KD_ORDER_BACKUP_FORGET) printf("backup name=%s verdict=forgotten\n", order->name);
}

/* By the member that leads all partitions, as one central alone does; where none does, by all of them. */
static int backup_make(const kd_source *source, const kd_order *order, kd_buf *text, char *error)
{
    kd_order_told told;
    int code = kd_order_ask(source, order, &told, error);
    if (told.text.len > 0) kd_buf_put(text, told.text.data, told.text.len);
    kd_order_told_finish(&told);
    return told.elsewhere ? kd_backup_group_make(source, order, text, error) : code;
}

static int backup_command_run(kd_arguments *a, const kd_order *order, kd_buf *text, char *error)
{
    uint64_t found;
    if (order->kind == KD_ORDER_BACKUP_LIST && order->dir[0] != '\0')
        return backup_list_objects(&a->source, order, text, error);
    if (order->kind == KD_ORDER_BACKUP && a->source.dir)
        return kd_backup_stopped_make(&a->source, order, stale, text, error);
    if (order->kind == KD_ORDER_BACKUP_PRUNE) return kd_backup_prune(&a->source, order, text, error);
    if (order->kind == KD_ORDER_BACKUP) return backup_make(&a->source, order, text, error);
    return kd_order_run(&a->source, order, text, &found, error);
}

int kd_command_backup(int argc, char **argv)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_arguments a;
    kd_order order = {.kind = KD_ORDER_NONE};
    kd_buf text = {.data = NULL};
    int code = kd_arguments_read(&a, &line, argc, argv);
    if (code >= 0) return code;
    KD_ASSERT(sodium_init() >= 0);
    if (!backup_command_read_order(&a, &order, error))
        code = KD_EXIT_USAGE;
    else
        code = backup_command_run(&a, &order, &text, error);
    if (code == KD_EXIT_OK)
        backup_command_print(&order, &text);
    else if (order.kind == KD_ORDER_BACKUP_PRUNE)
        kd_order_print(&text); /* what is gone is told, though the end was not reached */
    kd_buf_finish(&text);
    kd_source_finish(&a.source);
    return kd_command_end("kudos-central", argv[0], code, error);
}
