/* erase_told.c - see the header. */
#include "central/io/commands/erase_told.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/fields.h"
#include "common/base/text.h"

/* ---- before an erasure ---- */

typedef struct {
    uint32_t partition;
    uint64_t stamp_us, void_us, withdrawn, drift_us;
    bool finished;
    char job[KD_NAME_MAX + 1];
} erase_mark;

static bool erase_mark_read(erase_mark *m, kd_fields *f)
{
    if (!kd_fields_are(f, "erase-mark")) return false;
    m->partition = (uint32_t)kd_fields_number(f, "partition", KD_PARTITIONS_MAX - 1);
    m->stamp_us = kd_fields_number(f, "stamp_us", UINT64_MAX);
    m->void_us = kd_fields_number(f, "void_us", UINT64_MAX);
    m->withdrawn = kd_fields_number(f, "withdrawn", UINT64_MAX);
    m->finished = kd_fields_number(f, "finished", 1) != 0;
    m->drift_us = kd_fields_number(f, "drift_us", UINT64_MAX);
    kd_fields_string(f, "job", m->job, sizeof m->job);
    return !f->lacking;
}

static void erase_known_take(kd_erase_known *k, const erase_mark *m)
{
    k->drift_us = m->drift_us;
    k->stamp_us = KD_MAX(k->stamp_us, KD_MAX(m->stamp_us, m->void_us));
    if (m->stamp_us == 0 || m->finished) return;
    if (k->unfinished[0] == '\0') {
        snprintf(k->unfinished, sizeof(k->unfinished), "%s", m->job);
        k->unfinished_us = m->stamp_us;
    }
}

/* Also where it is finished: what was withdrawn there is in the sum that is told. */
static void erase_known_mark(kd_erase_known *k, const erase_mark *m)
{
    if (m->stamp_us != k->unfinished_us || strcmp(m->job, k->unfinished) != 0) return;
    kd_partition_set_add(&k->marked, m->partition);
    k->withdrawn += m->withdrawn;
}

void kd_erase_known_read(kd_erase_known *k, const kd_buf *text)
{
    kd_fields f;
    erase_mark m;
    *k = (kd_erase_known){.stamp_us = 0};
    for (kd_bytes rest = kd_buf_view(text); kd_fields_take(&f, &rest);)
        if (erase_mark_read(&m, &f)) erase_known_take(k, &m);
    if (k->unfinished[0] == '\0') return;
    for (kd_bytes rest = kd_buf_view(text); kd_fields_take(&f, &rest);)
        if (erase_mark_read(&m, &f)) erase_known_mark(k, &m);
}

/* ---- behind it ---- */

/* The latest time, or the first place of which it is unknown. `reason` "-": none. */
static void erase_gone_fold(kd_gone *gone, uint64_t at_us, const char *reason)
{
    gone->at_us = KD_MAX(gone->at_us, at_us);
    if (gone->reason[0] == '\0' && strcmp(reason, "-") != 0)
        snprintf(gone->reason, sizeof(gone->reason), "%s", reason);
}

static void erase_gone_read(kd_gone *gone, kd_fields *f)
{
    char reason[KD_GONE_REASON_MAX];
    uint64_t at_us = kd_fields_number(f, "at_us", UINT64_MAX);
    kd_fields_string(f, "reason", reason, sizeof reason);
    if (!f->lacking) erase_gone_fold(gone, at_us, reason);
}

uint64_t kd_erase_told_read(const kd_buf *text, kd_gone *gone)
{
    kd_fields f;
    uint64_t withdrawn = 0;
    *gone = (kd_gone){.at_us = 0};
    for (kd_bytes rest = kd_buf_view(text); kd_fields_take(&f, &rest);) {
        if (kd_fields_are(&f, "erase-part")) withdrawn += kd_fields_number(&f, "withdrawn", UINT64_MAX);
        if (kd_fields_are(&f, "erase-gone")) erase_gone_read(gone, &f);
    }
    return withdrawn;
}

/* ---- the list ---- */

typedef struct {
    char job[KD_NAME_MAX + 1];
    uint64_t to_us, withdrawn;
    uint32_t begun, finished;
    kd_gone gone;
} erase_row;

typedef struct {
    erase_row *at;
    uint32_t count, cap;
} erase_rows;

static int erase_rows_compare(const void *left, const void *right)
{
    const erase_row *a = left, *b = right;
    if (a->to_us != b->to_us) return a->to_us > b->to_us ? -1 : 1;
    return strcmp(a->job, b->job);
}

static void erase_rows_take(erase_rows *l, kd_fields *f)
{
    erase_row row = {.to_us = 0};
    if (!kd_fields_are(f, "erase-job")) return;
    kd_fields_string(f, "job", row.job, sizeof row.job);
    row.to_us = kd_fields_number(f, "to_us", UINT64_MAX);
    row.begun = (uint32_t)kd_fields_number(f, "begun", UINT32_MAX);
    row.finished = (uint32_t)kd_fields_number(f, "finished", UINT32_MAX);
    row.withdrawn = kd_fields_number(f, "withdrawn", UINT64_MAX);
    erase_gone_read(&row.gone, f);
    if (f->lacking) return;
    l->at = kd_grow(l->at, l->count, &l->cap, sizeof *l->at);
    l->at[l->count++] = row;
}

/* Sorts, and makes one row of those of one job. */
static void erase_rows_fold(erase_rows *l)
{
    uint32_t kept = 0;
    if (l->count > 0) qsort(l->at, l->count, sizeof *l->at, erase_rows_compare);
    for (uint32_t i = 0; i < l->count; i++) {
        erase_row *last = kept > 0 ? &l->at[kept - 1] : NULL;
        const erase_row next = l->at[i];
        if (!last || erase_rows_compare(last, &next) != 0) {
            l->at[kept++] = next;
            continue;
        }
        last->withdrawn += next.withdrawn;
        last->begun += next.begun;
        last->finished += next.finished;
        erase_gone_fold(&last->gone, next.gone.at_us, next.gone.reason[0] ? next.gone.reason : "-");
    }
    l->count = KD_MIN(kept, (uint32_t)KD_ERASE_LISTED_MAX);
}

static void erase_row_print(const erase_row *e, uint64_t partitions)
{
    bool done = e->finished == partitions;
    kd_gone gone = e->gone;
    kd_buf text = {0};
    if (!done) gone = (kd_gone){0, "unfinished"};
    kd_gone_put(&gone, &text);
    printf("erase job=%s to_us=%" PRIu64 " partitions=%" PRIu32 "/%" PRIu64 " operations=%" PRIu64
           " state=%s %.*s\n",
           e->job, e->to_us, e->finished, partitions, e->withdrawn, done ? "erased" : "unfinished",
           KD_PRINT(kd_buf_view(&text)));
    kd_buf_finish(&text);
}

uint32_t kd_erase_list_print(const kd_buf *text, uint64_t partitions)
{
    kd_fields f;
    erase_rows rows = {.at = NULL};
    for (kd_bytes rest = kd_buf_view(text); kd_fields_take(&f, &rest);) erase_rows_take(&rows, &f);
    erase_rows_fold(&rows);
    for (uint32_t i = 0; i < rows.count; i++) erase_row_print(&rows.at[i], partitions);
    free(rows.at);
    return rows.count;
}
