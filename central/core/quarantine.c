/*
 * quarantine.c - records that do not decode or break a limit, kept with their bytes for an operator (row `q`).
 *
 * A batch that comes again, as an edge's resends do, is kept once, and no longer than until it is merged; beyond the
 * limit nothing more is kept, and the alarm stands all the same. The list in memory is that of what is kept or on its
 * way; the rows are what is durable.
 */
#include "kudos/quarantine.h"

#include "central/core/internal.h"

static const uint8_t rows_from[] = {KD_ROW_QUARANTINE}, rows_to[] = {KD_ROW_QUARANTINE + 1};

/* ---- taking in, letting go ---- */

static uint64_t batch_identity(kd_central *c, const kd_batch *b)
{
    kd_buf *v = &c->value;
    kd_buf_clear(v);
    kd_buf_put_be64(v, b->at.incarnation);
    kd_buf_put_be64(v, b->at.seq);
    kd_buf_put_be64(v, b->digest);
    kd_buf_put(v, b->edge.data, b->edge.len);
    return kd_hash(kd_buf_view(v));
}

/* Its place in the list, or -1. */
static int quarantine_find(const kd_central *c, uint64_t id)
{
    for (uint32_t i = 0; i < c->quarantine_count; i++)
        if (c->quarantine[i] == id) return (int)i;
    return -1;
}

kd_fed kd_quarantine_take(kd_central *c, kd_bytes record, int64_t offset)
{
    kd_batch b;
    uint64_t id = kd_batch_salvage(record, &b) ? batch_identity(c, &b) : kd_hash(record);
    c->stats.quarantined++;
    if (quarantine_find(c, id) >= 0 || c->quarantine_count == KD_QUARANTINE_MAX) return KD_FED_QUARANTINED;
    c->quarantine[c->quarantine_count++] = id;
    kd_buf_clear(&c->value);
    kd_buf_put_be64(&c->value, (uint64_t)offset);
    kd_buf_put_be64(&c->value, c->fed_at_us);
    kd_buf_put_be32(&c->value, (uint32_t)KD_MIN(record.len, (size_t)UINT32_MAX));
    kd_buf_put(&c->value, record.data, KD_MIN(record.len, (size_t)KD_BATCH_BYTES_MAX));
    kd_bytes key = kd_key_numbered(&c->key, KD_ROW_QUARANTINE, id);
    kd_writes_put(&kd_commit_open(c)->writes, key, kd_buf_view(&c->value));
    return KD_FED_QUARANTINED;
}

static void quarantine_forget(kd_central *c, uint64_t id)
{
    int i = quarantine_find(c, id);
    if (i >= 0) c->quarantine[i] = c->quarantine[--c->quarantine_count];
    kd_writes_delete(&kd_commit_open(c)->writes, kd_key_numbered(&c->key, KD_ROW_QUARANTINE, id));
    kd_commit_open(c)->fed = true;
}

void kd_quarantine_merged(kd_central *c, const kd_batch *b)
{
    if (c->quarantine_count == 0) return;
    uint64_t id = batch_identity(c, b);
    if (quarantine_find(c, id) >= 0) quarantine_forget(c, id);
}

/* ---- looking ---- */

static kd_poison poison_of_body(const kd_central *c, const kd_batch *b)
{
    kd_body body;
    int err = kd_body_decode(b->body, &body);
    if (err == KD_EVERSION) return KD_POISON_SCHEMA;
    if (err != KD_OK) return KD_POISON_BODY;
    bool fits = kd_merge_body_fits(c, &body), known = kd_merge_unknown_counter(c, &body) == 0;
    kd_body_finish(&body);
    return !fits ? KD_POISON_CONTENT : known ? KD_POISON_NONE : KD_POISON_COUNTER;
}

static bool crowded(const kd_central *c, const kd_batch *b)
{
    return (kd_registry_find(c, b->edge) < 0 && c->edge_count == KD_EDGES_MAX) ||
           (c->region_count == KD_REGIONS_MAX && !kd_registry_knows_region(c, b->region));
}

static kd_poison poison_of_batch(const kd_central *c, const kd_quarantined *q)
{
    kd_batch b;
    int err = kd_batch_decode(q->bytes, &b);
    if (err == KD_EVERSION) return KD_POISON_SCHEMA;
    if (err == KD_OK && !kd_epoch_believed(c, b.epoch)) return KD_POISON_EPOCH;
    if (err == KD_OK) return crowded(c, &b) ? KD_POISON_CROWD : poison_of_body(c, &b);
    bool damaged =
        q->named && kd_batch_salvage(q->bytes, &b) && b.body.data && b.digest != kd_body_digest(b.body);
    return damaged ? KD_POISON_DAMAGED : KD_POISON_ENVELOPE;
}

static kd_poison poison_of(const kd_central *c, const kd_quarantined *q)
{
    if (q->bytes.len < q->length) return KD_POISON_CUT;
    switch (kd_record_peek(q->bytes)) {
    case KD_RECORD_BATCH:
        return poison_of_batch(c, q);
    case KD_RECORD_CLAIM:
        return kd_claim_decode(q->bytes, &(kd_claim){0}) == KD_OK ? KD_POISON_EPOCH : KD_POISON_CLAIM;
    case KD_EVERSION:
        return KD_POISON_SCHEMA;
    default:
        return KD_POISON_RECORD;
    }
}

static int read_row(const kd_central *c, uint64_t id, kd_bytes value, kd_quarantined *q)
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
    q->poison = poison_of(c, q);
    return KD_OK;
}

/* For a counter; or it has come meanwhile, and the edge is retired, so that it cannot be merged yet. */
static void note_waiting(kd_central *c, const kd_quarantined *q)
{
    kd_batch b;
    bool sound = q->poison == KD_POISON_COUNTER || q->poison == KD_POISON_NONE;
    if (!sound || !kd_batch_salvage(q->bytes, &b)) return;
    int edge = kd_registry_find(c, b.edge);
    if (edge >= 0 && kd_merge_place(c, &c->edges[edge].tentative, &b) == KD_FED_MERGED)
        kd_merge_wait(c, (uint16_t)edge, b.at);
}

static int quarantine_load_row(void *arg, kd_bytes key, kd_bytes value)
{
    kd_central *c = arg;
    kd_quarantined q;
    if (key.len != 9) return KD_EMALFORMED;
    if (c->quarantine_count == KD_QUARANTINE_MAX) return KD_OK;
    kd_reader r = kd_reader_of(kd_bytes_of(key.data + 1, 8));
    uint64_t id = kd_read_be64(&r);
    int err = read_row(c, id, value, &q);
    if (err != KD_OK) return err;
    c->quarantine[c->quarantine_count++] = id;
    note_waiting(c, &q);
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
    int err = r.bad ? KD_EMALFORMED : read_row(v->c, id, value, &q);
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
    if (err == KD_OK) err = read_row(c, id, kd_buf_view(&c->kept), q);
    return err == KD_OK || err == KD_ENOTFOUND ? err : KD_EIO;
}

/* ---- its ends ---- */

static int quarantine_command(kd_central *c, uint64_t id, kd_quarantined *q, uint64_t *version)
{
    *version = c->begun + 1;
    if (c->fenced) return KD_EFENCED;
    return kd_central_quarantine_get(c, id, q);
}

int kd_central_quarantine_release(kd_central *c, uint64_t id, uint64_t now_us, kd_fed *fed, uint64_t *version)
{
    kd_quarantined q;
    int err = quarantine_command(c, id, &q, version);
    if (err != KD_OK) return err;
    bool batch = kd_record_peek(q.bytes) == KD_RECORD_BATCH || kd_record_peek(q.bytes) == KD_EVERSION;
    if (!batch || q.bytes.len < q.length) return KD_EINVAL;
    c->fed_at_us = now_us;
    *fed = kd_merge_record(c, q.bytes, q.offset);
    kd_commit_open(c)->fed = true; /* an edge may have been registered */
    if (*fed == KD_FED_DUPLICATE) quarantine_forget(c, id);
    if (*fed == KD_FED_MERGED) kd_log_read_again(c);
    return KD_OK;
}

typedef struct {
    uint64_t ids[KD_QUARANTINE_MAX];
    uint32_t count;
} id_list;

static int note_sound(void *arg, const kd_quarantined *q)
{
    id_list *l = arg;
    if (q->poison == KD_POISON_NONE && l->count < KD_QUARANTINE_MAX) l->ids[l->count++] = q->id;
    return 0;
}

int kd_central_quarantine_retry(kd_central *c, uint64_t now_us, uint32_t *merged)
{
    id_list sound = {.count = 0};
    *merged = 0;
    int err = kd_central_quarantine_each(c, note_sound, &sound);
    for (uint32_t i = 0; err == KD_OK && i < sound.count; i++) {
        kd_fed fed;
        uint64_t version;
        err = kd_central_quarantine_release(c, sound.ids[i], now_us, &fed, &version);
        if (err == KD_OK) *merged += fed == KD_FED_MERGED;
        if (err == KD_EINVAL) err = KD_OK; /* no batch */
    }
    return err;
}

/* Whether applied of its edge may pass the batch. KD_OK: it does; KD_ENOTFOUND: nobody waits for it; KD_EAGAIN. */
static int may_pass(const kd_central *c, const kd_quarantined *q, kd_batch *b, int *edge)
{
    if (!q->named || !kd_batch_salvage(q->bytes, b)) return KD_ENOTFOUND;
    *edge = kd_registry_find(c, b->edge);
    if (*edge < 0) return KD_ENOTFOUND;
    switch (kd_merge_place(c, &c->edges[*edge].tentative, b)) {
    case KD_FED_MERGED:
        return KD_OK;
    case KD_FED_GAP:
        return KD_EAGAIN;
    default:
        return KD_ENOTFOUND; /* merged in another form, or of somebody who only uses the name */
    }
}

int kd_central_quarantine_drop(kd_central *c, uint64_t id, bool *passed, uint64_t *version)
{
    kd_quarantined q;
    kd_batch b;
    int edge, err = quarantine_command(c, id, &q, version);
    *passed = false;
    if (err != KD_OK) return err;
    err = may_pass(c, &q, &b, &edge);
    if (err == KD_EAGAIN) return err;
    if (err == KD_OK) {
        /* The watermark stays: what it promises is told by the next batch that is merged. */
        c->edges[edge].tentative.applied = b.at;
        c->edges[edge].tentative.digest = b.digest;
        kd_merge_pass(c, (uint16_t)edge, b.at);
        kd_registry_touch(c, (uint16_t)edge);
        kd_log_read_again(c);
        *passed = true;
    }
    quarantine_forget(c, id);
    return KD_OK;
}

const char *kd_poison_name(kd_poison p)
{
    static const char *const names[] = {"none",    "record", "claim",  "envelope", "damaged", "body",
                                        "content", "crowd",  "schema", "cut",      "epoch",   "counter"};
    return (size_t)p < KD_COUNT(names) ? names[p] : "unknown";
}
