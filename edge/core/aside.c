/*
 * aside.c - sums that could count twice, kept for an operator (rule 20).
 *
 * A sum of a batch that moves may have been sent by another process of this name as well (rehome.c). A like that arrives twice counts once, since
 * central decides by its stamp; a sum would count twice. Row x of a batch holds its sums as operations of a fragment (fragment.c).
 */
#include "edge/core/aside.h"
#include "edge/core/keys.h"
#include "edge/core/state.h"

void kd_aside_add(kd_edge *e, const kd_entry_op *sum, kd_buf *sums)
{
    kd_fragment_put(sums, sum);
    e->stats.sums_aside++;
    e->stats.aside_kept++;
    e->stats.aside_kept_amount += sum->amount;
}

void kd_aside_put(kd_edge *e, const kd_part *p, kd_position at, kd_bytes sums)
{
    if (sums.len == 0) return;
    kd_key_batch(&e->key, 'x', p->id, at);
    kd_writes_put(kd_edge_writes(e), kd_buf_view(&e->key), sums);
}

typedef struct {
    kd_edge_aside_fn fn;
    void *arg;
} visitor;

static int aside_visit(void *arg, kd_bytes key, kd_bytes value)
{
    const visitor *v = arg;
    kd_reader k = kd_reader_of(key), r = kd_reader_of(value);
    kd_entry_op op;
    kd_read_u8(&k);
    kd_edge_aside sum = {.partition = kd_read_be16(&k)};
    sum.at.incarnation = kd_read_be64(&k);
    sum.at.seq = kd_read_be64(&k);
    while (kd_fragment_next(&r, &op)) {
        sum.counter_id = op.counter_id;
        sum.item = op.item;
        sum.amount = op.amount;
        sum.day = op.day;
        v->fn(v->arg, &sum);
    }
    return k.bad || r.bad || kd_reader_left(&r) > 0 ? KD_EMALFORMED : KD_OK;
}

int kd_edge_asides(kd_edge *e, kd_edge_aside_fn fn, void *arg)
{
    visitor v = {fn, arg};
    return kd_keys_scan(e, 'x', UINT32_MAX, aside_visit, &v);
}

static void aside_count(void *arg, const kd_edge_aside *sum)
{
    kd_edge_stats *stats = arg;
    stats->aside_kept++;
    stats->aside_kept_amount += sum->amount;
}

int kd_aside_load(kd_edge *e)
{
    return kd_edge_asides(e, aside_count, &e->stats);
}

static int aside_forget(void *arg, kd_bytes key, kd_bytes value)
{
    (void)value;
    kd_writes_delete(kd_edge_writes(arg), key);
    return KD_OK;
}

int kd_edge_asides_forget(kd_edge *e)
{
    e->groups.wanted = true;
    return kd_keys_scan(e, 'x', UINT32_MAX, aside_forget, e);
}
