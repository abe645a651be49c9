/* backup_group.c - see the header. */
#include "central/io/commands/backup_group.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "central/io/backup/backup_manifest.h"
#include "central/io/commands/order_run.h"
#include "common/base/fields.h"
#include "common/base/text.h"
#include "common/io/admin/admin.h"

enum { ROUNDS_MAX = 8, PAUSE_MIN_US = 200000, PAUSE_MAX_US = 5000000 };

typedef struct {
    const kd_source *source;
    const kd_order *order;
    kd_backup_set set;
    uint64_t round;
    kd_partition_set left; /* to be copied, or to be noted as complete */
    bool ended;            /* a manifest may be in its place */
} backup_group;

/* ---- what members tell ---- */

static void backup_group_sent(kd_backup_set *set, const char *line)
{
    kd_fields f = {.line = kd_bytes_str(line)};
    if (!kd_fields_are(&f, "sent")) return;
    set->objects += kd_fields_number(&f, "objects", UINT64_MAX);
    set->new_objects += kd_fields_number(&f, "new_objects", UINT64_MAX);
    set->sent_bytes += kd_fields_number(&f, "sent_bytes", UINT64_MAX);
}

/* What was copied goes into the manifest, what is complete off the set of those left. */
static void backup_group_hear(backup_group *g, const char *line)
{
    uint32_t partition;
    if (sscanf(line, "complete %" SCNu32, &partition) == 1 && partition < g->set.partitions)
        kd_partition_set_remove(&g->left, partition);
    else if (!kd_backup_manifest_read_partition(line, &g->set, &partition))
        backup_group_sent(&g->set, line);
}

static int backup_group_ask(backup_group *g, kd_order_kind kind, const kd_partition_set *partitions,
                            kd_bytes body, char *error)
{
    kd_order_told told;
    kd_order order = *g->order;
    char *save = NULL;
    order.kind = kind;
    order.body = body;
    order.id = g->round;
    if (partitions) order.partitions = *partitions;
    int code = kd_order_ask(g->source, &order, &told, error);
    if (g->set.partitions == 0 && told.of > 0)
        kd_backup_set_begin(&g->set, (uint32_t)told.of, g->order->name);
    kd_buf_put_u8(&told.text, '\0');
    for (char *line = strtok_r((char *)told.text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        backup_group_hear(g, line);
    kd_order_told_finish(&told);
    return code;
}

/* ---- the steps ---- */

static int backup_group_open(backup_group *g, char *error)
{
    int code = backup_group_ask(g, KD_ORDER_BACKUP_OPEN, NULL, (kd_bytes){0}, error);
    if (code == KD_EXIT_OK) code = backup_group_ask(g, KD_ORDER_BACKUP_ABSENT, NULL, (kd_bytes){0}, error);
    kd_partition_set_fill(&g->left, g->set.partitions);
    return code;
}

static int backup_group_end(backup_group *g, char *error)
{
    kd_buf manifest = {0};
    int code = KD_EXIT_FAILED;
    kd_backup_manifest_put(&manifest, &g->set);
    snprintf(error, KD_OPTIONS_ERROR_MAX, "the manifest of so many partitions is too long for an order");
    if (manifest.len <= KD_ADMIN_BODY_MAX) {
        g->ended = true;
        kd_partition_set_fill(&g->left, g->set.partitions);
        code = backup_group_ask(g, KD_ORDER_BACKUP_END, NULL, kd_buf_view(&manifest), error);
    }
    kd_buf_finish(&manifest);
    return code;
}

/* Those that moved are named: the backup is whole, but the members that lead them now do not know of it. */
static void backup_group_moved(const backup_group *g, char *error)
{
    kd_buf list = {0};
    for (uint32_t p = 0; p < g->set.partitions; p++)
        if (kd_partition_set_has(&g->left, p)) kd_text_printf(&list, "%s%u", list.len > 0 ? ", " : "", p);
    snprintf(
        error, KD_OPTIONS_ERROR_MAX,
        "partitions move from member to member: %.*s. The backup %s is whole, but not noted as complete by "
        "who leads these now: make another one when `members` says agreed",
        (int)KD_MIN(list.len, 200), (const char *)list.data, g->order->name);
    kd_buf_finish(&list);
}

/* Copies what is left, and puts the manifest of all. */
static int backup_group_round(backup_group *g, char *error)
{
    const kd_partition_set left = g->left;
    int code = KD_EXIT_OK;
    if (g->round > 0) code = backup_group_ask(g, KD_ORDER_BACKUP_OPEN, NULL, (kd_bytes){0}, error);
    if (code == KD_EXIT_OK) code = backup_group_ask(g, KD_ORDER_BACKUP_PART, &left, (kd_bytes){0}, error);
    return code == KD_EXIT_OK ? backup_group_end(g, error) : code;
}

static int backup_group_rounds(backup_group *g, char *error)
{
    useconds_t pause_us = PAUSE_MIN_US;
    for (g->round = 0; g->round < ROUNDS_MAX; g->round++) {
        int code = backup_group_round(g, error);
        if (code != KD_EXIT_OK || kd_partition_set_count(&g->left) == 0) return code;
        usleep(pause_us / 2 + randombytes_uniform(pause_us));
        pause_us = KD_MIN(2 * pause_us, (useconds_t)PAUSE_MAX_US);
    }
    backup_group_moved(g, error);
    return KD_EXIT_UNAVAILABLE;
}

/* Nothing is left of it, as far as the members can be reached. Where the manifest may be in its place, all stays: whoever restores it needs what is held back for it. */
static void backup_group_abandon(backup_group *g, char *error)
{
    char ignored[KD_OPTIONS_ERROR_MAX];
    size_t len = strlen(error);
    if (!g->ended) {
        backup_group_ask(g, KD_ORDER_BACKUP_ABANDON, NULL, (kd_bytes){0}, ignored);
        return;
    }
    snprintf(error + len, KD_OPTIONS_ERROR_MAX - len,
             ". Backup %s may be in its place, not complete in all partitions (`backup --list`): --forget it "
             "when it is removed",
             g->order->name);
}

/* ---- what is printed ---- */

static bool backup_group_first_of(const kd_backup_set *set, uint32_t partition, uint32_t *count)
{
    *count = 0;
    for (uint32_t p = 0; p < set->partitions; p++) {
        if (strcmp(set->parts[p], set->parts[partition]) != 0) continue;
        if (p < partition) return false;
        (*count)++;
    }
    return true;
}

/* Of directories: which member has how much of it, and where. */
static void backup_group_print(const backup_group *g, kd_buf *text)
{
    uint32_t count;
    for (uint32_t p = 0; g->set.parts && p < g->set.partitions; p++)
        if (backup_group_first_of(&g->set, p, &count))
            kd_text_printf(text, "part member=%s partitions=%u in=%s/%s.part-%s\n", g->set.parts[p], count,
                           g->order->dir, g->set.name, g->set.parts[p]);
    kd_backup_set_line(&g->set, text);
}

int kd_backup_group_make(const kd_source *source, const kd_order *order, kd_buf *text, char *error)
{
    backup_group g = {.source = source, .order = order};
    int code = backup_group_open(&g, error);
    if (code == KD_EXIT_OK) {
        code = backup_group_rounds(&g, error);
        if (code == KD_EXIT_OK)
            backup_group_print(&g, text);
        else
            backup_group_abandon(&g, error);
    }
    kd_backup_set_finish(&g.set);
    return code;
}
