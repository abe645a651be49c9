/*
 * idempotency.c - recognised retries are answered from memory (rule 1), across restarts (rule 4).
 *
 * A ring of the last keys, oldest first, bounded by number and age. Each is a row in the same group as its operation. A key is known by a 128-bit
 * hash of (user, key). A fingerprint of the request is kept, so that the same key with another request is refused.
 *
 *     row: hash:16 fingerprint:8 stamp:8 at:8 changed:1 liked:1 [key:16 batch:8]
 *
 * A bulk request has one key, and each of its operations a key made of it, by which the operation is remembered. The end of the row, which other
 * rows lack, tells the key of the bulk request and its digest: so a start knows them too (kudos/key_claims.h).
 */
#include "edge/core/idempotency.h"
#include "edge/core/keys.h"
#include "edge/core/state.h"

#include <stdlib.h>
#include <xxhash.h>

struct kd_remembered {
    kd_table_entry link;
    uint8_t hash[16];
    uint64_t fingerprint, stamp_us, at_us, group, number;
    uint8_t changed;
    bool liked;
};

static kd_bytes idempotency_key_of(const void *entry)
{
    return kd_bytes_of(((const kd_remembered *)entry)->hash, 16);
}

static void idempotency_hash_key(kd_bytes user, kd_bytes key, uint8_t out[16])
{
    kd_buf b = {0};
    kd_buf_put_u8(&b, (uint8_t)user.len);
    kd_buf_put(&b, user.data, user.len);
    kd_buf_put(&b, key.data, key.len);
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(b.data, b.len));
    memcpy(out, canonical.digest, 16);
    kd_buf_finish(&b);
}

static uint64_t idempotency_fingerprint(const kd_edge *e, const kd_request *request)
{
    kd_buf b = {0};
    kd_buf_put_u8(&b, (uint8_t)request->verb);
    kd_buf_put_u8(&b, kd_edge_counter(e, request->counter)->id);
    kd_buf_put_be64(&b, request->amount);
    kd_buf_put(&b, request->item.data, request->item.len);
    if (request->batch) kd_buf_put_be64(&b, request->batch);
    uint64_t hash = kd_hash(kd_buf_view(&b));
    kd_buf_finish(&b);
    return hash;
}

kd_key_use kd_edge_key_use(const kd_edge *e, const kd_request *request)
{
    bool bulk = request->batch_key.len > 0;
    kd_key_use use = {.request = bulk ? request->batch : idempotency_fingerprint(e, request)};
    idempotency_hash_key(request->user, bulk ? request->batch_key : request->idempotency_key, use.key);
    return use;
}

static bool idempotency_expired(const kd_edge *e, const kd_remembered *m, uint64_t now_us)
{
    return now_us >= m->at_us + e->config.idempotency_ttl_us;
}

/* Keys are deleted a few at a time, but an expired one counts as forgotten before that. Otherwise, of a bulk request whose first keys are deleted
 * already, the first operations would be taken anew and the others answered from memory. */
int kd_idempotency_check(kd_edge *e, const kd_request *request, uint64_t now_us, kd_outcome *outcome)
{
    if (request->idempotency_key.len == 0) return KD_ENOTFOUND;
    uint8_t hash[16];
    idempotency_hash_key(request->user, request->idempotency_key, hash);
    const kd_remembered *m = kd_table_find(&e->idempotency.index, kd_bytes_of(hash, 16));
    bool in_flight = m && m->group > e->groups.durable;
    if (!m || (!in_flight && idempotency_expired(e, m, now_us))) return KD_ENOTFOUND;
    if (m->fingerprint != idempotency_fingerprint(e, request)) return KD_EREUSED;
    if (in_flight) return KD_EINFLIGHT;
    *outcome =
        (kd_outcome){.stamp_us = m->stamp_us, .changed = m->changed, .liked = m->liked, .replayed = true};
    e->stats.retries++;
    return KD_OK;
}

static void idempotency_forget_oldest(kd_edge *e)
{
    kd_idempotency *i = &e->idempotency;
    kd_remembered *m = i->ring[i->head];
    i->head = (i->head + 1) % i->cap;
    i->count--;
    kd_key_number(&e->key, 'i', m->number);
    kd_writes_delete(kd_edge_writes(e), kd_buf_view(&e->key));
    if (kd_table_find(&i->index, idempotency_key_of(m)) == m)
        kd_table_remove(&i->index, idempotency_key_of(m));
    free(m);
}

static void idempotency_remember(kd_edge *e, kd_remembered *m)
{
    kd_idempotency *i = &e->idempotency;
    if (i->count == i->cap) idempotency_forget_oldest(e);
    i->ring[(i->head + i->count++) % i->cap] = m;
    kd_table_put(&i->index, m);
    i->next = m->number + 1;
}

static void idempotency_put_row(kd_edge *e, const kd_remembered *m, const kd_request *request)
{
    kd_key_number(&e->key, 'i', m->number);
    kd_buf_clear(&e->value);
    kd_buf_put(&e->value, m->hash, sizeof(m->hash));
    kd_buf_put_be64(&e->value, m->fingerprint);
    kd_buf_put_be64(&e->value, m->stamp_us);
    kd_buf_put_be64(&e->value, m->at_us);
    kd_buf_put_u8(&e->value, m->changed);
    kd_buf_put_u8(&e->value, m->liked);
    if (request->batch_key.len > 0) {
        kd_key_use use = kd_edge_key_use(e, request);
        kd_buf_put(&e->value, use.key, sizeof(use.key));
        kd_buf_put_be64(&e->value, use.request);
    }
    kd_writes_put(kd_edge_writes(e), kd_buf_view(&e->key), kd_buf_view(&e->value));
}

void kd_idempotency_record(kd_edge *e, const kd_request *request, const kd_outcome *outcome, uint64_t now_us)
{
    if (request->idempotency_key.len == 0) return;
    kd_remembered *m = kd_alloc(sizeof(*m));
    idempotency_hash_key(request->user, request->idempotency_key, m->hash);
    m->fingerprint = idempotency_fingerprint(e, request);
    m->stamp_us = outcome->stamp_us;
    m->at_us = now_us;
    m->group = e->groups.open;
    m->number = e->idempotency.next;
    m->changed = (uint8_t)outcome->changed;
    m->liked = outcome->liked;
    idempotency_remember(e, m);
    idempotency_put_row(e, m, request);
}

void kd_idempotency_expire(kd_edge *e, uint64_t now_us)
{
    kd_idempotency *i = &e->idempotency;
    for (uint32_t n = 0; n < 64 && i->count > 0; n++) {
        const kd_remembered *m = i->ring[i->head];
        if (!idempotency_expired(e, m, now_us)) return;
        idempotency_forget_oldest(e);
    }
}

typedef struct {
    kd_edge_key_fn fn;
    void *arg;
} idempotency_visit;

static int idempotency_visit_row(void *arg, kd_bytes key, kd_bytes value)
{
    const idempotency_visit *visit = arg;
    kd_reader r = kd_reader_of(value);
    kd_key_use use;
    (void)key;
    kd_bytes hash = kd_read_bytes(&r, sizeof(use.key));
    use.request = kd_read_be64(&r);
    kd_read_be64(&r); /* stamp */
    uint64_t at_us = kd_read_be64(&r);
    kd_read_bytes(&r, 2); /* changed, liked */
    if (kd_reader_left(&r) > 0) {
        hash = kd_read_bytes(&r, sizeof(use.key));
        use.request = kd_read_be64(&r);
    }
    if (r.bad) return KD_EMALFORMED;
    memcpy(use.key, hash.data, sizeof(use.key));
    visit->fn(visit->arg, &use, at_us);
    return 0;
}

int kd_edge_keys(kd_edge *e, kd_edge_key_fn fn, void *arg)
{
    idempotency_visit visit = {fn, arg};
    return kd_keys_scan(e, 'i', UINT32_MAX, idempotency_visit_row, &visit);
}

static int idempotency_load_row(void *arg, kd_bytes key, kd_bytes value)
{
    kd_edge *e = arg;
    kd_reader k = kd_reader_of(key), r = kd_reader_of(value);
    kd_remembered *m = kd_alloc(sizeof(*m));
    kd_read_u8(&k);
    m->number = kd_read_be64(&k);
    kd_bytes hash = kd_read_bytes(&r, sizeof(m->hash));
    m->fingerprint = kd_read_be64(&r);
    m->stamp_us = kd_read_be64(&r);
    m->at_us = kd_read_be64(&r);
    m->changed = kd_read_u8(&r);
    m->liked = kd_read_u8(&r) != 0;
    if (k.bad || r.bad) {
        free(m);
        return KD_EMALFORMED;
    }
    memcpy(m->hash, hash.data, sizeof(m->hash));
    idempotency_remember(e, m);
    return 0;
}

static int idempotency_count_row(void *arg, kd_bytes key, kd_bytes value)
{
    uint32_t *rows = arg;
    (void)key;
    (void)value;
    ++*rows;
    return 0;
}

int kd_idempotency_load(kd_edge *e)
{
    kd_idempotency *i = &e->idempotency;
    i->cap = e->config.idempotency_max;
    int err = i->cap > 0 ? KD_OK : kd_keys_scan(e, 'i', UINT32_MAX, idempotency_count_row, &i->cap);
    if (err != KD_OK) return err;
    i->cap = KD_MAX(i->cap, 1u);
    i->ring = kd_alloc(i->cap * sizeof(i->ring[0]));
    kd_table_init(&i->index, idempotency_key_of, e->config.seed);
    return kd_keys_scan(e, 'i', UINT32_MAX, idempotency_load_row, e);
}

void kd_idempotency_finish(kd_edge *e)
{
    kd_idempotency *i = &e->idempotency;
    for (uint32_t n = 0; n < i->count; n++) free(i->ring[(i->head + n) % i->cap]);
    free(i->ring);
    kd_table_finish(&i->index);
}
