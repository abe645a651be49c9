/* compare.c - central's side of a comparison with an edge's rows; kudos/central_compare.h has the contracts. */
#include "central/core/closed.h"
#include "central/core/erased.h"
#include "central/core/lookup.h"
#include "central/core/registry.h"
#include "central/core/row.h"
#include "central/core/span.h"
#include "central/core/sort.h"
#include "central/core/state.h"
#include "kudos/central_compare.h"

typedef struct {
    uint16_t edge;
    kd_compare_window window;
    uint32_t left;
    kd_range_digest *digest;
    kd_buf *next;
    bool full;
} compare_walk;

static int compare_visit(void *arg, kd_bytes key, kd_bytes value)
{
    compare_walk *w = arg;
    kd_bytes shared = kd_bytes_of(key.data + 1, key.len - 1);
    if (w->left-- == 0) {
        kd_buf_put(w->next, shared.data, shared.len);
        w->full = true;
        return 1;
    }
    kd_stored_row row;
    if (kd_stored_row_decode(value, &row) != KD_OK) return KD_EIO;
    bool asked = row.edge == w->edge && row.time_us > w->window.since_us && row.time_us <= w->window.until_us;
    if (asked) kd_range_digest_add(w->digest, shared, row.time_us, row.liked);
    return 0;
}

static int compare_scan(kd_central *c, kd_bytes from, kd_bytes to, compare_walk *w)
{
    kd_buf first = {0}, end = {0};
    kd_key_named(&first, KD_ROW_MEMBER, from);
    if (to.len > 0)
        kd_key_named(&end, KD_ROW_MEMBER, to);
    else
        kd_buf_put_u8(&end, KD_ROW_MEMBER + 1);
    int err = c->store.scan(c->store.ctx, kd_buf_view(&first), kd_buf_view(&end), compare_visit, w);
    kd_buf_finish(&first);
    kd_buf_finish(&end);
    return w->full || err == KD_OK ? KD_OK : KD_EIO;
}

static int compare_find_edge(const kd_central *c, kd_bytes name)
{
    int i = kd_registry_find(c, name);
    return i >= 0 && c->edges[i].durable ? i : -1;
}

int kd_central_compare_digest(kd_central *c, kd_bytes edge, kd_bytes from, kd_bytes to,
                              kd_compare_window window, uint32_t rows_max, kd_range_digest *digest,
                              kd_buf *next)
{
    *digest = (kd_range_digest){0};
    kd_buf_clear(next);
    if (c->poisoned) return KD_EIO;
    int i = compare_find_edge(c, edge);
    if (i < 0) return KD_ENOTFOUND;
    if (window.until_us > c->edges[i].committed.watermark_us)
        return KD_EAGAIN; /* not merged up to there: rows could be missing */
    compare_walk w = {
        .edge = (uint16_t)i, .window = window, .left = rows_max, .digest = digest, .next = next};
    return compare_scan(c, from, to, &w);
}

/* The verdict on an edge's row where central has no row, or one with a smaller stamp. */
static kd_row_verdict compare_judge_older(const kd_central *c, const kd_registered_state *s, uint64_t time_us,
                                          bool none)
{
    if (time_us > s->watermark_us) return KD_ROW_PENDING;
    if (!none) return KD_ROW_OLDER;
    return time_us < c->collector.committed_us ? KD_ROW_FORGOTTEN : KD_ROW_MISSING;
}

static bool compare_row_is_ours(const kd_central *c, const kd_compare_row *row)
{
    kd_item item;
    int counter = kd_counters_by_id(c->config.counters, row->counter);
    /* A counter that central lacks is no error of the question. It has no rows: an operator may have dropped the batches that held it. */
    return (counter < 0 || c->config.counters->at[counter].kind == KD_SET) && kd_id_valid(row->user) &&
           kd_item_from_key(&item, row->item) == KD_OK &&
           kd_partition(row->item, c->config.partitions) == c->config.partition;
}

int kd_central_compare_row(kd_central *c, kd_bytes edge, const kd_compare_row *row, kd_row_verdict *verdict)
{
    if (c->poisoned) return KD_EIO;
    int i = compare_find_edge(c, edge);
    if (i < 0) return KD_ENOTFOUND;
    if (!compare_row_is_ours(c, row)) return KD_EINVAL;
    kd_stored_row held;
    kd_buf_clear(&c->key);
    kd_member_key_put(&c->key, row->counter, row->item, row->user);
    int err = kd_lookup_get(c, kd_buf_view(&c->key), &held);
    if (err != KD_OK && err != KD_ENOTFOUND) return KD_EIO;
    bool none = err == KD_ENOTFOUND;
    bool ended;
    if (kd_span_covers(c, row->item, row->time_us, &ended) != KD_OK) return KD_EIO;
    if (none || kd_stamp_less(c, held.time_us, held.edge, row->time_us, (uint16_t)i))
        *verdict = ended || kd_closed_covers(c, row->item, row->time_us) ||
                           kd_erased_covers(c, row->user, row->time_us)
                       ? KD_ROW_FORGOTTEN
                       : compare_judge_older(c, &c->edges[i].committed, row->time_us, none);
    else if (kd_stamp_less(c, row->time_us, (uint16_t)i, held.time_us, held.edge))
        *verdict = KD_ROW_LATER;
    else
        *verdict = held.liked == row->liked ? KD_ROW_SAME : KD_ROW_OTHER;
    return KD_OK;
}
