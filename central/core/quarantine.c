/* quarantine.c - see the header. */
#include "central/core/quarantine.h"

#include "central/core/place.h"
#include "central/core/poison.h"
#include "central/core/state.h"

static const uint8_t rows_from[] = {KD_ROW_QUARANTINE}, rows_to[] = {KD_ROW_QUARANTINE + 1};

/* ---- kept, and deleted ---- */

static uint64_t quarantine_batch_id(kd_central *c, const kd_batch *b)
{
    kd_buf *v = &c->value;
    kd_buf_clear(v);
    kd_buf_put_be64(v, b->at.incarnation);
    kd_buf_put_be64(v, b->at.seq);
    kd_buf_put_be64(v, b->digest);
    kd_buf_put(v, b->edge.data, b->edge.len);
    return kd_hash(kd_buf_view(v));
}

/* Index in the list, or -1. */
static int quarantine_find(const kd_central *c, uint64_t id)
{
    for (uint32_t i = 0; i < c->quarantine_count; i++)
        if (c->quarantine[i].id == id) return (int)i;
    return -1;
}

bool kd_quarantine_keeps(const kd_central *c, uint64_t id)
{
    return quarantine_find(c, id) >= 0;
}

static kd_quarantine_entry quarantine_entry_of(kd_central *c, kd_bytes record)
{
    kd_batch b;
    if (!kd_batch_salvage(record, &b)) return (kd_quarantine_entry){.id = kd_hash(record)};
    return (kd_quarantine_entry){quarantine_batch_id(c, &b), kd_hash(b.edge)};
}

static bool quarantine_has_room(const kd_central *c, uint64_t writer)
{
    uint32_t same = 0;
    for (uint32_t i = 0; i < c->quarantine_count; i++) same += c->quarantine[i].writer == writer;
    return same < KD_QUARANTINE_SHARE && c->quarantine_count < KD_QUARANTINE_MAX;
}

kd_fed kd_quarantine_take(kd_central *c, kd_bytes record, int64_t offset)
{
    kd_quarantine_entry e = quarantine_entry_of(c, record);
    c->stats.quarantined++; /* also when it is kept already: each resend is an alarm */
    if (quarantine_find(c, e.id) >= 0 || !quarantine_has_room(c, e.writer)) return KD_FED_QUARANTINED;
    c->quarantine[c->quarantine_count++] = e;
    kd_buf_clear(&c->value);
    kd_buf_put_be64(&c->value, (uint64_t)offset);
    kd_buf_put_be64(&c->value, c->fed_at_us);
    kd_buf_put_be32(&c->value, (uint32_t)KD_MIN(record.len, (size_t)UINT32_MAX));
    kd_buf_put(&c->value, record.data, KD_MIN(record.len, (size_t)KD_BATCH_BYTES_MAX));
    kd_bytes key = kd_key_numbered(&c->key, KD_ROW_QUARANTINE, e.id);
    kd_writes_put(&kd_commit_open(c)->writes, key, kd_buf_view(&c->value));
    return KD_FED_QUARANTINED;
}

void kd_quarantine_forget(kd_central *c, uint64_t id)
{
    int i = quarantine_find(c, id);
    if (i >= 0) c->quarantine[i] = c->quarantine[--c->quarantine_count];
    kd_writes_delete(&kd_commit_open(c)->writes, kd_key_numbered(&c->key, KD_ROW_QUARANTINE, id));
    kd_commit_open(c)->fed = true;
}

void kd_quarantine_merged(kd_central *c, const kd_batch *b)
{
    if (c->quarantine_count == 0) return;
    uint64_t id = quarantine_batch_id(c, b);
    if (quarantine_find(c, id) >= 0) kd_quarantine_forget(c, id);
}

/* ---- read ---- */

static int quarantine_read_row(const kd_central *c, uint64_t id, kd_bytes value, kd_quarantined *q)
{
    kd_reader r = kd_reader_of(value);
    kd_batch b;
    *q = (kd_quarantined){.id = id, .offset = (int64_t)kd_read_be64(&r), .kept_us = kd_read_be64(&r)};
    q->length = kd_read_be32(&r);
    q->bytes = kd_read_bytes(&r, kd_reader_left(&r));
    if (r.bad) return KD_EMALFORMED;
    q->named = kd_batch_salvage(q->bytes, &b);
    if (q->named) {
        q->edge = b.edge;
        q->region = b.region;
        q->at = b.at;
        q->digest = b.digest;
    }
    q->poison = kd_poison_of(c, q);
    return KD_OK;
}

/* The record may be a batch that waits for a counter. Or nothing is wrong with it by now, and the batch could not be merged yet, as its edge is
 * retired: then the edge waits all the same. */
static void quarantine_note_waiting(kd_central *c, const kd_quarantined *q)
{
    kd_batch b;
    bool sound = q->poison == KD_POISON_COUNTER || q->poison == KD_POISON_NONE;
    if (!sound || !kd_batch_salvage(q->bytes, &b)) return;
    int edge = kd_registry_find(c, b.edge);
    if (edge >= 0 && kd_place_of(c, &c->edges[edge].tentative, &b) == KD_FED_MERGED)
        kd_place_wait(c, (uint16_t)edge, b.at);
}

static int quarantine_load_row(void *arg, kd_bytes key, kd_bytes value)
{
    kd_central *c = arg;
    kd_quarantined q;
    if (key.len != 9) return KD_EMALFORMED;
    if (c->quarantine_count == KD_QUARANTINE_MAX)
        return KD_OK; /* a program with a larger limit wrote them: they stay in the store */
    kd_reader r = kd_reader_of(kd_bytes_of(key.data + 1, 8));
    uint64_t id = kd_read_be64(&r);
    int err = quarantine_read_row(c, id, value, &q);
    if (err != KD_OK) return err;
    c->quarantine[c->quarantine_count++] = (kd_quarantine_entry){id, q.named ? kd_hash(q.edge) : 0};
    quarantine_note_waiting(c, &q);
    return KD_OK;
}

int kd_quarantine_load(kd_central *c)
{
    return c->store.scan(c->store.ctx, kd_bytes_of(rows_from, 1), kd_bytes_of(rows_to, 1),
                         quarantine_load_row, c);
}

typedef struct {
    kd_central *c;
    kd_quarantined_fn fn;
    void *arg;
} quarantine_visit;

static int visit_row(void *arg, kd_bytes key, kd_bytes value)
{
    quarantine_visit *v = arg;
    kd_quarantined q;
    kd_reader r = kd_reader_of(kd_bytes_of(key.data + 1, key.len - 1));
    uint64_t id = kd_read_be64(&r);
    int err = r.bad ? KD_EMALFORMED : quarantine_read_row(v->c, id, value, &q);
    return err == KD_OK ? v->fn(v->arg, &q) : err;
}

int kd_central_quarantine_each(kd_central *c, kd_quarantined_fn fn, void *arg)
{
    quarantine_visit v = {c, fn, arg};
    if (c->poisoned) return KD_EIO;
    return c->store.scan(c->store.ctx, kd_bytes_of(rows_from, 1), kd_bytes_of(rows_to, 1), visit_row, &v);
}

int kd_central_quarantine_get(kd_central *c, uint64_t id, kd_quarantined *q)
{
    if (c->poisoned) return KD_EIO;
    if (quarantine_find(c, id) < 0) return KD_ENOTFOUND;
    kd_bytes key = kd_key_numbered(&c->key, KD_ROW_QUARANTINE, id);
    int err = c->store.get(c->store.ctx, key, &c->kept);
    if (err == KD_OK) err = quarantine_read_row(c, id, kd_buf_view(&c->kept), q);
    return err == KD_OK || err == KD_ENOTFOUND ? err : KD_EIO;
}

/* ---- read where a decision stands ---- */

typedef struct {
    kd_central *c;
    kd_bytes key;
    bool found;
} quarantine_search;

static void quarantine_search_put(void *arg, kd_bytes key, kd_bytes value)
{
    quarantine_search *s = arg;
    if (!kd_bytes_eq(key, s->key)) return;
    s->found = true;
    kd_buf_clear(&s->c->kept);
    kd_buf_put(&s->c->kept, value.data, value.len);
}

static void quarantine_search_del(void *arg, kd_bytes key)
{
    (void)arg;
    (void)key;
}

/* The rows on their way, those that came last first. A record that is listed was not deleted behind its put. */
static bool quarantine_find_staged(kd_central *c, kd_bytes key)
{
    static const kd_writes_visitor visitor = {quarantine_search_put, quarantine_search_del};
    quarantine_search s = {.c = c, .key = key};
    for (uint32_t i = c->outstanding + 1; i-- > 0 && !s.found;)
        kd_writes_visit(&c->commits[kd_commit_place(c, i)].writes, &visitor, &s);
    return s.found;
}

int kd_quarantine_now(kd_central *c, uint64_t id, kd_quarantined *q)
{
    if (quarantine_find(c, id) < 0) return KD_ENOTFOUND;
    kd_bytes key = kd_key_numbered(&c->key, KD_ROW_QUARANTINE, id);
    int err = KD_OK;
    if (!quarantine_find_staged(c, key)) err = c->store.get(c->store.ctx, key, &c->kept);
    if (err == KD_OK) err = quarantine_read_row(c, id, kd_buf_view(&c->kept), q);
    return err == KD_OK ? KD_OK : KD_EIO;
}
