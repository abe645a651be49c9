/*
 * compare.c - the edge's side of a comparison with central (kudos/compare.h): digests of ranges of membership rows, and the rows themselves.
 *
 * Only the store is read. A window therefore waits until the rows that are in memory when it is first asked for have reached the store.
 */
#include "edge/core/hold.h"
#include "edge/core/keys.h"
#include "edge/core/membership.h"
#include "edge/core/part.h"
#include "edge/core/spill.h"
#include "edge/core/state.h"
#include "kudos/edge_compare.h"

enum {
    PREFIX = 3
}; /* bytes in front of a row's key in this store; behind them stands the key that central uses as well */

/* Whether the rows of a window up to `until_us` are in the store. The first question fixes number and end; later questions, with a watermark that has
 * moved on, ask for the same ones. */
static bool edge_compare_rows_stored(kd_edge *e, kd_part *p, uint64_t until_us)
{
    if (p->compared_number == 0) {
        p->compared_number = kd_spill_await(e);
        p->compared_until_us = until_us;
    }
    return kd_spill_arrived(e, p->compared_number);
}

/* In words, what central has to tell before a window can be given; NULL: nothing. */
static const char *edge_compare_central_awaited(const kd_edge *e, const kd_part *p)
{
    if (p->epoch == 0) return "the edge has not heard from central yet";
    if (p->hold.held || p->resend.active || p->rehome.active)
        return "the edge sends operations again that are not merged yet";
    if (kd_hold_watermark(e, p) == 0)
        return "central has not told the edge yet that it merged a batch of this edge";
    return NULL;
}

const char *kd_edge_compare_awaits(const kd_edge *e, uint32_t partition)
{
    const kd_part *p = kd_edge_part_by_id(e, partition);
    const char *awaited = p ? edge_compare_central_awaited(e, p) : NULL;
    return awaited ? awaited : "the edge still writes rows to its store";
}

int kd_edge_compare_window(kd_edge *e, uint32_t partition, kd_compare_window *window)
{
    kd_part *p = kd_edge_part_by_id(e, partition);
    *window = (kd_compare_window){0};
    if (!p) return KD_ENOTFOUND;
    uint64_t until_us = kd_hold_watermark(e, p);
    if (edge_compare_central_awaited(e, p) || !edge_compare_rows_stored(e, p, until_us)) return KD_EAGAIN;
    *window = (kd_compare_window){p->sweep.expired_us, KD_MIN(p->compared_until_us, until_us)};
    p->compared_number = 0;
    return KD_OK;
}

typedef struct {
    kd_compare_window window;
    uint32_t left;
    kd_compare_row_fn fn;
    void *arg;
    kd_range_digest *digest; /* or NULL */
    kd_buf *next;
    bool full;
    int stopped;
} edge_compare_walk;

static int edge_compare_visit(void *arg, kd_bytes key, kd_bytes value)
{
    edge_compare_walk *w = arg;
    kd_bytes shared = kd_bytes_of(key.data + PREFIX, key.len - PREFIX);
    if (w->left-- == 0) {
        kd_buf_put(w->next, shared.data, shared.len);
        w->full = true;
        return 1;
    }
    kd_member_row m;
    if (kd_membership_parse(key, value, &m) != KD_OK) return KD_EIO;
    if (m.row.stamp_us <= w->window.since_us || m.row.stamp_us > w->window.until_us) return 0;
    if (w->digest) kd_range_digest_add(w->digest, shared, m.row.stamp_us, m.row.liked);
    if (!w->fn) return 0;
    kd_compare_row row = {m.item, m.user, m.row.stamp_us, m.counter_id, m.row.liked};
    w->stopped = w->fn(w->arg, &row);
    return w->stopped;
}

static int edge_compare_walk_range(kd_edge *e, uint32_t partition, kd_bytes from, kd_bytes to,
                                   edge_compare_walk *w)
{
    kd_buf_clear(w->next);
    if (e->poisoned) return KD_EIO;
    if (!kd_edge_part_by_id(e, partition)) return KD_ENOTFOUND;
    kd_buf first = {0}, end = {0};
    kd_key_part(&first, 'm', partition);
    if (to.len > 0) {
        kd_key_part(&end, 'm', partition);
        kd_buf_put(&end, to.data, to.len);
    } else {
        kd_prefix_end(kd_buf_view(&first), &end);
    }
    kd_buf_put(&first, from.data, from.len);
    int err = e->store.scan(e->store.ctx, kd_buf_view(&first), kd_buf_view(&end), edge_compare_visit, w);
    kd_buf_finish(&first);
    kd_buf_finish(&end);
    if (w->full) return KD_OK;
    return w->stopped ? w->stopped : err == KD_OK ? KD_OK : KD_EIO;
}

int kd_edge_compare_digest(kd_edge *e, uint32_t partition, kd_bytes from, kd_bytes to,
                           kd_compare_window window, uint32_t rows_max, kd_range_digest *digest, kd_buf *next)
{
    *digest = (kd_range_digest){0};
    edge_compare_walk w = {.window = window, .left = rows_max, .digest = digest, .next = next};
    return edge_compare_walk_range(e, partition, from, to, &w);
}

int kd_edge_compare_rows(kd_edge *e, uint32_t partition, kd_bytes from, kd_bytes to, kd_compare_window window,
                         uint32_t rows_max, kd_compare_row_fn fn, void *arg, kd_buf *next)
{
    edge_compare_walk w = {.window = window, .left = rows_max, .fn = fn, .arg = arg, .next = next};
    return edge_compare_walk_range(e, partition, from, to, &w);
}
