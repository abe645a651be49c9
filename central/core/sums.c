/*
 * sums.c - the sums of a partition, page by page, for whoever moves them to another central (kudos/central.h).
 *
 * Count rows are written back later than their commits (counts.h): an item that only memory knows stands in the dirty queue. So a page is taken from both, in the
 * order of keys, and each sum from its entry.
 */
#include <stdlib.h>

#include "central/core/row.h"
#include "central/core/state.h"

typedef struct {
    kd_item *at; /* ascending behind sums_sort */
    uint32_t count, cap, limit;
    bool whole; /* no row follows the last one */
} sums_page;

static void sums_put(sums_page *p, kd_bytes item)
{
    p->at = kd_grow(p->at, p->count, &p->cap, sizeof *p->at);
    kd_item *to = &p->at[p->count++];
    KD_ASSERT(item.len <= sizeof to->data);
    to->len = (uint8_t)item.len;
    memcpy(to->data, item.data, item.len);
}

static int sums_take_row(void *arg, kd_bytes key, kd_bytes value)
{
    sums_page *p = arg;
    (void)value;
    if (key.len < 2 || key.len > 1 + KD_ITEM_KEY_MAX) return KD_EMALFORMED;
    sums_put(p, kd_bytes_of(key.data + 1, key.len - 1));
    return p->count == p->limit;
}

static int sums_scan(kd_central *c, kd_bytes cursor, sums_page *p)
{
    const uint8_t end[] = {KD_ROW_COUNTS + 1};
    kd_buf from = {0};
    kd_buf_put_u8(&from, KD_ROW_COUNTS);
    kd_buf_put(&from, cursor.data, cursor.len);
    if (cursor.len > 0) kd_buf_put_u8(&from, 0); /* the smallest key above it */
    int rc = c->store.scan(c->store.ctx, kd_buf_view(&from), kd_bytes_of(end, 1), sums_take_row, p);
    kd_buf_finish(&from);
    p->whole = rc == KD_OK;
    return rc < 0 ? KD_EIO : KD_OK;
}

/* Those behind the last row of the page are for a later one. */
static void sums_add_dirty(kd_central *c, kd_bytes cursor, sums_page *p)
{
    const kd_item last = p->count > 0 ? p->at[p->count - 1] : (kd_item){.len = 0};
    kd_count_entry *e;
    TAILQ_FOREACH(e, &c->counts.dirty, next) {
        kd_bytes key = kd_count_key(e);
        bool here = p->whole || kd_bytes_cmp(key, kd_item_key(&last)) <= 0;
        if (here && kd_bytes_cmp(key, cursor) > 0) sums_put(p, key);
    }
}

static int sums_compare(const void *left, const void *right)
{
    return kd_bytes_cmp(kd_item_key(left), kd_item_key(right));
}

/* Each item once, and no more than the page holds. */
static void sums_sort(sums_page *p)
{
    uint32_t kept = 0;
    if (p->count > 0) qsort(p->at, p->count, sizeof *p->at, sums_compare);
    for (uint32_t i = 0; i < p->count; i++)
        if (kept == 0 || sums_compare(&p->at[kept - 1], &p->at[i]) != 0) p->at[kept++] = p->at[i];
    p->whole &= kept <= p->limit;
    p->count = KD_MIN(kept, p->limit);
}

static int sums_tell_entry(kd_central *c, const kd_count_entry *e, kd_sum_part_fn fn, void *arg)
{
    for (uint32_t i = 0; i < e->part_count; i++) {
        const kd_count_part *p = &e->parts[i];
        int at = kd_counters_by_id(c->config.counters, kd_part_counter(p->where));
        bool sum = at >= 0 && c->config.counters->at[at].kind == KD_SUM;
        if (!sum || kd_part_kind_of(p->where) != KD_PART_REGION || p->value == 0) continue;
        const kd_sum_part part = {.counter = kd_part_counter(p->where),
                                  .item = kd_count_key(e),
                                  .region = kd_region_name(&c->regions[kd_part_id(p->where)]),
                                  .amount = p->value};
        int err = fn(arg, &part);
        if (err != 0) return err;
    }
    return 0;
}

static int sums_tell(kd_central *c, const sums_page *p, kd_sum_part_fn fn, void *arg)
{
    int err = KD_OK;
    for (uint32_t i = 0; err == KD_OK && i < p->count; i++) {
        kd_count_entry *e = NULL;
        err = kd_counts_acquire(&c->counts, kd_item_key(&p->at[i]), false, &e);
        if (err == KD_ENOTFOUND) {
            err = KD_OK;
        } else if (err == KD_OK) {
            err = sums_tell_entry(c, e, fn, arg);
            kd_counts_release(&c->counts, e);
        } else {
            err = KD_EIO;
        }
    }
    return err;
}

int kd_central_sums(kd_central *c, kd_bytes cursor, uint32_t limit, kd_sum_part_fn fn, void *arg,
                    kd_buf *next)
{
    sums_page page = {.limit = limit};
    KD_ASSERT(limit >= 1);
    kd_buf_clear(next);
    if (c->poisoned) return KD_EIO;
    if (cursor.len > 0 && !kd_item_key_valid(cursor)) return KD_EINVAL;
    int err = sums_scan(c, cursor, &page);
    if (err == KD_OK) {
        sums_add_dirty(c, cursor, &page);
        sums_sort(&page);
        err = sums_tell(c, &page, fn, arg);
    }
    if (err == KD_OK && !page.whole) {
        kd_bytes last = kd_item_key(&page.at[page.count - 1]);
        kd_buf_put(next, last.data, last.len);
    }
    free(page.at);
    return err;
}
