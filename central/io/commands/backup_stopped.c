/* backup_stopped.c - see the header. */
#include "central/io/commands/backup_stopped.h"

#include <stdio.h>

#include "central/io/backup/destination.h"
#include "central/io/backup/prune.h"
#include "central/io/commands/order_run.h"
#include "central/io/commands/source_act.h"
#include "common/io/daemon/progress.h"

bool kd_backup_waits_on(void *arg)
{
    (void)arg;
    return true;
}

int kd_backup_exit_code(int err)
{
    return err == KD_OK                                                         ? KD_EXIT_OK
           : err == KD_EUNAVAILABLE || err == KD_EUNTRUSTED || err == KD_EAGAIN ? KD_EXIT_UNAVAILABLE
           : err == KD_EINVAL                                                   ? KD_EXIT_USAGE
                                                                                : KD_EXIT_FAILED;
}

/* ---- a backup ---- */

typedef struct {
    const kd_source *source;
    const kd_order *order;
    kd_progress progress;
    uint32_t partitions;
    kd_buf stale; /* a line for each partition that others led */
    /* Of the partition that is being read. */
    uint32_t wanted;
    int (*use)(void *arg, const kd_store *store, char *error);
    void *use_arg;
} backup_stopped;

static int backup_stopped_err(int code)
{
    return code == KD_EXIT_OK            ? KD_OK
           : code == KD_EXIT_UNAVAILABLE ? KD_EUNAVAILABLE
           : code == KD_EXIT_USAGE       ? KD_EINVAL
                                         : KD_EIO;
}

static int backup_stopped_order(void *arg, kd_order_kind kind, char *error)
{
    const backup_stopped *o = arg;
    kd_order order = *o->order;
    order.kind = kind;
    return kd_source_backup_step(o->source, &order, error);
}

static int backup_stopped_use(void *arg, kd_leveldb *db, uint32_t partition, uint32_t partitions, char *error)
{
    backup_stopped *o = arg;
    o->partitions = partitions;
    if (!o->use) return kd_source_stale(o->source, db, partition, &o->stale, error);
    if (partition != o->wanted) return KD_OK;
    const kd_store store = kd_leveldb_store(db);
    return o->use(o->use_arg, &store, error);
}

static int backup_stopped_with_store(void *arg, uint32_t partition,
                                     int (*use)(void *arg, const kd_store *store, char *error), void *use_arg,
                                     char *error)
{
    backup_stopped *o = arg;
    o->wanted = partition;
    o->use = use;
    o->use_arg = use_arg;
    return backup_stopped_err(kd_source_each_store(o->source, backup_stopped_use, o, error));
}

static bool backup_stopped_go_on(void *arg, uint32_t partition, uint64_t rows)
{
    backup_stopped *o = arg;
    kd_progress_show(&o->progress, "backup", partition, o->partitions, rows);
    return true;
}

/* A copy of such a partition would be old, and nothing in it would say so. */
static int backup_stopped_refuse_stale(backup_stopped *o, bool stale, char *error)
{
    int code = o->stale.len > 0 && !stale ? KD_EXIT_USAGE : KD_EXIT_OK;
    kd_order_print(&o->stale);
    if (code != KD_EXIT_OK)
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "other members led these partitions when this one ended or let them go, and went on since: "
                 "back the "
                 "running group up (--url), or say --stale to copy them as they were");
    return code;
}

int kd_backup_stopped_make(const kd_source *source, const kd_order *order, bool stale, kd_buf *text,
                           char *error)
{
    backup_stopped o = {.source = source, .order = order};
    kd_destination to;
    kd_backup_set set;
    /* Learns the number of partitions, that no process holds a store of them, and who led them last. */
    int code = kd_source_each_store(source, backup_stopped_use, &o, error);
    if (code == KD_EXIT_OK) code = backup_stopped_refuse_stale(&o, stale, error);
    kd_buf_finish(&o.stale);
    if (code != KD_EXIT_OK) return code;
    const kd_backup_source from = {.arg = &o,
                                   .partitions = o.partitions,
                                   .name = order->name,
                                   .order = backup_stopped_order,
                                   .with_store = backup_stopped_with_store,
                                   .progress = backup_stopped_go_on};
    int err = kd_destination_open(&to, order->dir, order->name, NULL, &source->settings, kd_backup_waits_on,
                                  NULL, error);
    if (err != KD_OK) return kd_backup_exit_code(err);
    err = kd_backup_make(&from, &to.sink, &set, error);
    if (err == KD_OK) kd_backup_set_line(&set, text);
    kd_backup_set_finish(&set);
    kd_destination_close(&to);
    return kd_backup_exit_code(err);
}

/* ---- pruning ---- */

typedef struct {
    kd_source *source;
    kd_buf *text;
} backup_pruned;

static int backup_stopped_forget(void *arg, const char *name, char *error)
{
    const backup_pruned *p = arg;
    kd_order order = {.kind = KD_ORDER_BACKUP_FORGET};
    kd_order_set_name(&order, name);
    kd_prune_name_line(name, p->text);
    return kd_source_backup_step(p->source, &order, error);
}

static bool backup_stopped_prunes_on(void *arg, uint32_t partition, uint64_t objects)
{
    (void)arg, (void)partition, (void)objects;
    return true;
}

int kd_backup_stopped_prune(kd_source *source, const kd_order *order, kd_buf *text, char *error)
{
    kd_objects *objects;
    kd_pruned pruned;
    backup_pruned p = {source, text};
    int err = kd_objects_open(&objects, order->dir, &source->settings, kd_backup_waits_on, NULL, error);
    if (err != KD_OK) return kd_backup_exit_code(err);
    const kd_prune_source from = {.objects = objects,
                                  .keep = order->id,
                                  .name = order->name[0] ? order->name : NULL,
                                  .arg = &p,
                                  .forget = backup_stopped_forget,
                                  .progress = backup_stopped_prunes_on};
    err = kd_prune_run(&from, &pruned, error);
    if (err == KD_OK) kd_prune_line(&pruned, text);
    kd_objects_close(objects);
    return kd_backup_exit_code(err);
}
