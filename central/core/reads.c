/* reads.c - reads of the API, of exports and of metrics: committed state, from the counts and the store; kudos/central.h has the contracts. */
#include "central/core/collect.h"
#include "central/core/lookup.h"
#include "central/core/registry.h"
#include "central/core/row.h"
#include "central/core/state.h"

/* Rows that one page of members may walk over: a long range of unlikes must not hold the worker up. */
enum { SCAN_SPARE = 1024, SCAN_PER_MEMBER = 16 };

int kd_central_totals(kd_central *c, kd_bytes item, uint64_t totals[KD_COUNTERS_MAX])
{
    memset(totals, 0, KD_COUNTERS_MAX * sizeof totals[0]);
    if (c->poisoned) return KD_EIO;
    kd_count_entry *e = NULL;
    int err = kd_counts_acquire(&c->counts, item, false, &e);
    if (err == KD_ENOTFOUND) return KD_OK;
    if (err != KD_OK) return KD_EIO;
    for (uint32_t i = 0; i < c->config.counters->count; i++)
        totals[i] = kd_counts_value(e, kd_part_where(c->config.counters->at[i].id, KD_PART_TOTAL, 0));
    kd_counts_release(&c->counts, e);
    return KD_OK;
}

uint64_t kd_central_as_of_us(const kd_central *c)
{
    /* Less D: an edge whose clock is ahead stamps a like up to D later than the true time of its acknowledgement. */
    uint64_t low = kd_registry_low_watermark(c);
    return low > c->config.drift_us ? low - c->config.drift_us : 0;
}

static void reads_show_part(kd_central *c, const kd_count_part *p, kd_central_part_fn fn, void *arg)
{
    uint32_t id = kd_part_id(p->where);
    bool region = kd_part_kind_of(p->where) == KD_PART_REGION;
    fn(arg, region ? kd_region_name(&c->regions[id]) : (kd_bytes){0}, region ? 0 : id, p->value);
}

static int reads_show_parts(kd_central *c, kd_bytes item, uint32_t counter_index, kd_part_kind kind,
                            kd_central_part_fn fn, void *arg)
{
    if (c->poisoned) return KD_EIO;
    if (counter_index >= c->config.counters->count) return KD_EINVAL;
    kd_count_entry *e = NULL;
    int err = kd_counts_acquire(&c->counts, item, false, &e);
    if (err == KD_ENOTFOUND) return KD_OK;
    if (err != KD_OK) return KD_EIO;
    uint8_t counter = c->config.counters->at[counter_index].id;
    for (uint32_t i = 0; i < e->part_count; i++) {
        const kd_count_part *p = &e->parts[i];
        if (kd_part_counter(p->where) == counter && kd_part_kind_of(p->where) == kind && p->value > 0)
            reads_show_part(c, p, fn, arg);
    }
    kd_counts_release(&c->counts, e);
    return KD_OK;
}

int kd_central_by_region(kd_central *c, kd_bytes item, uint32_t counter_index, kd_central_part_fn fn,
                         void *arg)
{
    return reads_show_parts(c, item, counter_index, KD_PART_REGION, fn, arg);
}

int kd_central_by_day(kd_central *c, kd_bytes item, uint32_t counter_index, kd_central_part_fn fn, void *arg)
{
    return reads_show_parts(c, item, counter_index, KD_PART_DAY, fn, arg);
}

int kd_central_member(kd_central *c, uint32_t counter_index, kd_bytes item, kd_bytes user, bool *liked)
{
    uint64_t at_us;
    return kd_central_member_at(c, counter_index, item, user, liked, &at_us);
}

int kd_central_member_at(kd_central *c, uint32_t counter_index, kd_bytes item, kd_bytes user, bool *liked,
                         uint64_t *at_us)
{
    *liked = false;
    *at_us = 0;
    if (c->poisoned) return KD_EIO;
    if (counter_index >= c->config.counters->count) return KD_EINVAL;
    kd_stored_row row;
    int err = kd_lookup_member(c, c->config.counters->at[counter_index].id, item, user, &row);
    if (err == KD_OK && !kd_collect_was_gone(c, &row)) *liked = row.liked, *at_us = row.time_us;
    return err == KD_OK || err == KD_ENOTFOUND ? KD_OK : KD_EIO;
}

/* Whether central has merged all operations that the edge with the hash at->edge stamped up to at->time_us. Two edges may share a hash: then this
 * must hold for both. A retired edge is not waited for. False for an edge that was never heard of. */
static bool reads_edge_merged(const kd_central *c, const kd_seen_at *at)
{
    bool known = false;
    for (uint32_t i = 0; i < c->edge_count; i++) {
        const kd_registered *e = &c->edges[i];
        if (!e->durable || kd_seen_edge(kd_registered_name(e)) != at->edge) continue;
        if (!e->committed.retired && e->committed.watermark_us < at->time_us) return false;
        known = true;
    }
    return known;
}

bool kd_central_complete(const kd_central *c, const kd_seen *wanted)
{
    for (uint32_t i = 0; i < KD_SEEN_EDGES; i++)
        if (wanted->at[i].time_us > 0 && !reads_edge_merged(c, &wanted->at[i])) return false;
    return wanted->rest_us == 0 || kd_registry_low_watermark(c) >= wanted->rest_us;
}

/* ---- members ---- */

typedef struct {
    kd_central *c;
    kd_member_fn fn;
    void *arg;
    kd_buf *next;
    kd_bytes after;       /* the cursor: the last row of the page before */
    uint64_t limit, rows; /* members and rows that may still be visited */
    bool full;
    int stopped;
} member_walk;

static int reads_page_ends(member_walk *w, kd_bytes key)
{
    kd_buf_clear(w->next);
    kd_buf_put(w->next, key.data, key.len);
    w->full = true;
    return 1;
}

static int reads_visit_member(void *arg, kd_bytes key, kd_bytes value)
{
    member_walk *w = arg;
    kd_stored_row row;
    if (kd_bytes_eq(key, w->after)) return 0;
    if (!kd_member_key_valid(key) || kd_stored_row_decode(value, &row) != KD_OK) return KD_EMALFORMED;
    if (row.edge >= w->c->edge_count || row.region >= w->c->region_count) return KD_EMALFORMED;
    w->rows--;
    if (row.liked) {
        kd_member m = {.time_us = row.time_us, .liked = true};
        kd_member_key_parse(key, &m.counter, &m.item, &m.user);
        m.region = kd_region_name(&w->c->regions[row.region]);
        m.edge = kd_registered_name(&w->c->edges[row.edge]);
        w->limit--;
        w->stopped = w->fn(w->arg, &m);
        if (w->stopped) return reads_page_ends(w, key);
    }
    return w->limit == 0 || w->rows == 0 ? reads_page_ends(w, key) : 0;
}

int kd_central_members(kd_central *c, uint8_t counter, kd_bytes item, kd_bytes cursor, uint32_t limit,
                       kd_member_fn fn, void *arg, kd_buf *next)
{
    kd_buf_clear(next);
    if (c->poisoned) return KD_EIO;
    if (limit == 0 || (item.len > 0 && counter == 0)) return KD_EINVAL;
    kd_buf prefix = {0}, end = {0};
    kd_buf_put_u8(&prefix, KD_ROW_MEMBER);
    if (counter) kd_buf_put_u8(&prefix, counter);
    kd_buf_put(&prefix, item.data, item.len);
    kd_prefix_end(kd_buf_view(&prefix), &end);
    kd_bytes from = kd_bytes_cmp(cursor, kd_buf_view(&prefix)) > 0 ? cursor : kd_buf_view(&prefix);
    member_walk w = {.c = c, .fn = fn, .arg = arg, .next = next, .after = cursor, .limit = limit};
    w.rows = SCAN_SPARE + (uint64_t)limit * SCAN_PER_MEMBER;
    int err = c->store.scan(c->store.ctx, from, kd_buf_view(&end), reads_visit_member, &w);
    kd_buf_finish(&prefix);
    kd_buf_finish(&end);
    if (w.full) return w.stopped;
    return err == KD_OK ? KD_OK : KD_EIO;
}

uint32_t kd_central_edges(const kd_central *c, kd_central_edge *out, uint32_t max)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < c->edge_count && count < max; i++) {
        const kd_registered *e = &c->edges[i];
        if (!e->durable || kd_registered_is_author(e)) continue;
        const kd_registered_state *s = &e->committed;
        out[count++] = (kd_central_edge){kd_registered_name(e),
                                         kd_region_name(&c->regions[e->region]),
                                         s->applied,
                                         s->digest,
                                         s->watermark_us,
                                         s->retired};
    }
    return count;
}
