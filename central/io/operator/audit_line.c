/* audit_line.c - see the header. */
#include "central/io/operator/audit_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static void put_day(char *out, size_t size, uint32_t day)
{
    struct tm tm;
    time_t at = (time_t)day * 86400;
    gmtime_r(&at, &tm);
    strftime(out, size, "day:%Y-%m-%d", &tm);
}

static void put_part(char *out, size_t size, const kd_audit_mismatch *m)
{
    if (m->kind == KD_AUDIT_ENTRY)
        snprintf(out, size, "index:%s", m->index);
    else if (m->kind == KD_AUDIT_SUM)
        snprintf(out, size, "%s", m->part == KD_AUDIT_REGION ? "regions" : "days");
    else if (m->part == KD_AUDIT_REGION)
        snprintf(out, size, "region:%.*s", (int)m->region.len, (const char *)m->region.data);
    else if (m->part == KD_AUDIT_DAY)
        put_day(out, size, m->day);
    else
        snprintf(out, size, "total");
}

void kd_audit_line(kd_buf *out, const kd_counters *counters, uint32_t partition, const kd_audit_mismatch *m)
{
    static const struct {
        const char *stored, *recomputed;
    } words[] = {[KD_AUDIT_STORED] = {"stored", "recomputed"},
                 [KD_AUDIT_SHOWN] = {"shown", "stored"},
                 [KD_AUDIT_ENTRY] = {"entry", "like"},
                 [KD_AUDIT_SUM] = {"total", "sum"}};
    char item[KD_ITEM_KEY_MAX], counter[KD_NAME_MAX + 1], part[64], line[768];
    int at = kd_counters_by_id(counters, m->counter);
    kd_item valid;
    bool readable = kd_item_from_key(&valid, m->item) == KD_OK;
    if (readable) kd_key_text(m->item, item);
    if (at >= 0)
        snprintf(counter, sizeof(counter), "%s", counters->at[at].name);
    else
        snprintf(counter, sizeof(counter), "%u", (unsigned)m->counter);
    put_part(part, sizeof(part), m);
    int n = snprintf(line, sizeof(line),
                     "mismatch partition=%u item=%s counter=%s part=%s %s=%" PRId64 " %s=%" PRId64, partition,
                     readable ? item : "(no item key)", counter, part, words[m->kind].stored, m->stored,
                     words[m->kind].recomputed, m->recomputed);
    kd_buf_put(out, line, (size_t)n);
    if (m->kind != KD_AUDIT_ENTRY) return;
    kd_buf_put(out, " user=", 6);
    kd_buf_put(out, m->user.data, m->user.len);
}

void kd_audit_totals_add(kd_audit_totals *t, const kd_audit_result *r)
{
    t->partitions++;
    t->items += r->items;
    t->members += r->members;
    t->mismatches += r->mismatches;
    t->sums_wrong += r->sums_wrong;
    t->items_mended += r->items_mended;
}
