/* backup_set.c - see the header. */
#include "central/io/backup/backup_set.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/text.h"
#include "common/io/loop/point.h"

void kd_backup_set_begin(kd_backup_set *set, uint32_t partitions, const char *name)
{
    const time_t now = time(NULL);
    struct tm tm;
    *set = (kd_backup_set){.partitions = partitions, .at = kd_alloc(sizeof(kd_backup_sums) * partitions)};
    snprintf(set->name, sizeof(set->name), "%s", name);
    gmtime_r(&now, &tm);
    strftime(set->made, sizeof(set->made), "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void kd_backup_set_line(const kd_backup_set *set, kd_buf *out)
{
    uint64_t rows = 0, bytes = 0;
    for (uint32_t p = 0; p < set->partitions; p++) {
        rows += set->at[p].rows;
        bytes += set->at[p].bytes;
    }
    kd_text_printf(out, "backup name=%s partitions=%u rows=%" PRIu64 " bytes=%" PRIu64, set->name,
                   set->partitions, rows, bytes);
    if (set->lists)
        kd_text_printf(out, " objects=%" PRIu64 " new_objects=%" PRIu64 " sent_bytes=%" PRIu64, set->objects,
                       set->new_objects, set->sent_bytes);
    kd_text_printf(out, " verdict=done\n");
}

void kd_backup_set_finish(kd_backup_set *set)
{
    free(set->at);
    free(set->lists);
    free(set->parts);
    *set = (kd_backup_set){.partitions = 0};
}

/* One partition on its way into the sink. */
typedef struct {
    const kd_backup_source *source;
    const kd_backup_sink *sink;
    kd_backup_set *set;
    uint32_t partition;
} backup_set_copy;

static int backup_set_copy_store(void *arg, const kd_store *store, char *error)
{
    const backup_set_copy *c = arg;
    const kd_backup_rows rows = {.store = store,
                                 .partition = c->partition,
                                 .progress = c->source->progress,
                                 .progress_arg = c->source->arg};
    return c->sink->copy(c->sink->arg, &rows, c->set, error);
}

static int backup_set_copy_partitions(const kd_backup_source *s, const kd_backup_sink *sink,
                                      kd_backup_set *set, char *error)
{
    int err = KD_OK;
    for (uint32_t p = 0; err == KD_OK && p < s->partitions; p++) {
        backup_set_copy c = {.source = s, .sink = sink, .set = set, .partition = p};
        err = s->progress(s->arg, p, 0) ? s->with_store(s->arg, p, backup_set_copy_store, &c, error)
                                        : KD_EAGAIN;
        KD_POINT(BACKUP_PARTITION);
    }
    return err;
}

/*
 * The backup is in the list of each partition, durably, before the first row is read: from then on no edge forgets a row that a restore of it needs.
 * It is noted as complete only when it is in its place: then `stable` may rest on it. Where it may have got to its place in spite of an error it stays in
 * the lists: whoever restores it later needs what is held back for it.
 */
int kd_backup_make(const kd_backup_source *s, const kd_backup_sink *sink, kd_backup_set *set, char *error)
{
    char ignored[KD_OPTIONS_ERROR_MAX];
    kd_backup_set_begin(set, s->partitions, s->name);
    int err = sink->check(sink->arg, error);
    if (err != KD_OK) return err;
    err = s->order(s->arg, KD_ORDER_BACKUP_ABSENT, error);
    if (err != KD_OK) return err;
    err = s->order(s->arg, KD_ORDER_BACKUP_BEGIN, error);
    if (err == KD_OK) err = sink->begin(sink->arg, error);
    if (err == KD_OK) err = backup_set_copy_partitions(s, sink, set, error);
    if (err == KD_OK) err = sink->end(sink->arg, set, error);
    if (err != KD_OK) {
        if (sink->abandon(sink->arg)) s->order(s->arg, KD_ORDER_BACKUP_FORGET, ignored);
        return err;
    }
    return s->order(s->arg, KD_ORDER_BACKUP_COMPLETE, error);
}
