/*
 * idempotency.c - recognised retries are answered from memory (rule 1), across restarts (rule 4).
 *
 * A queue of the last keys, oldest first, bounded by age and, over all shards, by number (kudos/key_window.h). Each is a row in the same group as its
 * operation. A key is known by a 128-bit hash of (user, key). A fingerprint of the request is kept, so that the same key with another request is
 * refused.
 *
 *     row: hash:16 fingerprint:8 stamp:8 at:8 changed:1 liked:1 [key:16 batch:8 [fits:4]] part:2
 *
 * A bulk request has one key, and each of its operations a key made of it, by which the operation is remembered. The part in brackets, which other
 * rows lack, tells the key of the bulk request and its digest: so a start knows them too (kudos/key_claims.h). Where the user's limit let only
 * the first operations of the bulk request through, it tells how many. The partition is that of the item: nothing else in the row tells which shard
 * has to recognise the retry when the number of shards changes (reshard.c). Rows of older stores lack it.
 *
 * The operations that a shard took of one bulk request at once are forgotten at once. If some were taken anew and the later ones answered from
 * memory, a like could overturn an unlike that followed it. No key is forgotten before its operation is durable: until then nobody was answered.
 */
#include "edge/core/idempotency.h"
#include "edge/core/keys.h"
#include "edge/core/state.h"

#include <stdlib.h>
#include <xxhash.h>

enum { GROUP_BITS = 60 };
#define GROUP_MAX ((UINT64_C(1) << GROUP_BITS) - 1)

/* There are millions: 72 bytes are what an allocation of 80 holds. */
struct kd_remembered {
    kd_table_entry link;
    STAILQ_ENTRY(kd_remembered) of_keys;
    uint8_t hash[16];
    uint64_t fingerprint, stamp_us, at_us, number;
    uint64_t group : GROUP_BITS, changed : 2, liked : 1;
    uint64_t joins : 1; /* it is of the same bulk request as the key before it, and was taken with that one */
};

/* Keys. A shard frees at least as much as it adds. */
enum { FORGET_OF_RECORD = 2, FORGET_OF_TICK = 64 };

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
    kd_key_use use = {.request = bulk ? request->batch : idempotency_fingerprint(e, request),
                      .fits = bulk ? request->batch_fits : 0};
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
    kd_remembered *m = STAILQ_FIRST(&i->keys);
    STAILQ_REMOVE_HEAD(&i->keys, of_keys);
    kd_key_number(&e->key, 'i', m->number);
    kd_writes_delete(kd_edge_writes(e), kd_buf_view(&e->key));
    if (kd_table_find(&i->index, idempotency_key_of(m)) == m)
        kd_table_remove(&i->index, idempotency_key_of(m));
    free(m);
}

static bool idempotency_makes_room(const kd_edge *e, const kd_remembered *m)
{
    return KD_PLANTED(e, KD_PLANT_KEYS_FORGOTTEN) || kd_key_window_left(e->config.key_window, m->number);
}

static bool idempotency_oldest_due(const kd_edge *e, uint64_t now_us)
{
    const kd_remembered *m = STAILQ_FIRST(&e->idempotency.keys);
    if (!m || m->group > e->groups.durable) return false;
    return idempotency_expired(e, m, now_us) || idempotency_makes_room(e, m);
}

/* Forgets about so many keys that are due. A bulk request can be more: then the next calls forget fewer. */
static void idempotency_forget(kd_edge *e, uint64_t now_us, int64_t keys)
{
    kd_idempotency *i = &e->idempotency;
    i->credit = KD_MIN(i->credit + keys, keys);
    while (i->credit > 0 && idempotency_oldest_due(e, now_us)) {
        do {
            idempotency_forget_oldest(e);
            i->credit--;
        } while (!STAILQ_EMPTY(&i->keys) && STAILQ_FIRST(&i->keys)->joins);
    }
}

bool kd_key_group_joins(const kd_key_group *before, const kd_key_group *of)
{
    return of->bulk.request != 0 && of->bulk.request == before->bulk.request && of->at_us == before->at_us &&
           memcmp(of->bulk.key, before->bulk.key, sizeof(of->bulk.key)) == 0;
}

/* `bulk`: the key of the bulk request that the operation is a part of; zeros if it is a request of its own. */
static void idempotency_remember(kd_edge *e, kd_remembered *m, const kd_key_use *bulk)
{
    kd_idempotency *i = &e->idempotency;
    const kd_key_group group = {.bulk = *bulk, .at_us = m->at_us};
    m->joins = kd_key_group_joins(&i->newest, &group);
    i->newest = group;
    STAILQ_INSERT_TAIL(&i->keys, m, of_keys);
    kd_table_put(&i->index, m);
}

static void idempotency_put_row(kd_edge *e, const kd_remembered *m, const kd_key_use *bulk, uint32_t part)
{
    kd_key_number(&e->key, 'i', m->number);
    kd_buf_clear(&e->value);
    kd_buf_put(&e->value, m->hash, sizeof(m->hash));
    kd_buf_put_be64(&e->value, m->fingerprint);
    kd_buf_put_be64(&e->value, m->stamp_us);
    kd_buf_put_be64(&e->value, m->at_us);
    kd_buf_put_u8(&e->value, (uint8_t)m->changed);
    kd_buf_put_u8(&e->value, m->liked);
    if (bulk->request != 0) {
        kd_buf_put(&e->value, bulk->key, sizeof(bulk->key));
        kd_buf_put_be64(&e->value, bulk->request);
        if (bulk->fits > 0) kd_buf_put_be32(&e->value, bulk->fits);
    }
    kd_buf_put_be16(&e->value, (uint16_t)part);
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
    m->group = e->groups.open & GROUP_MAX;
    m->number = kd_key_window_number(e->config.key_window);
    m->changed = (unsigned)outcome->changed & 3u;
    m->liked = outcome->liked;
    kd_key_use bulk = {.request = 0};
    if (request->batch_key.len > 0) bulk = kd_edge_key_use(e, request);
    idempotency_remember(e, m, &bulk);
    idempotency_put_row(e, m, &bulk, kd_partition(request->item, e->config.partitions));
    idempotency_forget(e, now_us, FORGET_OF_RECORD);
}

bool kd_idempotency_expire(kd_edge *e, uint64_t now_us)
{
    idempotency_forget(e, now_us, FORGET_OF_TICK);
    return idempotency_oldest_due(e, now_us);
}

/* ---- rows ---- */

enum { BULK_BYTES = 16 + 8, FITS_BYTES = 4, PART_BYTES = 2 };

/* Reads a row into *m and *bulk, as idempotency_remember takes them, and the partition; UINT32_MAX: an older store, which does not tell it. */
static int idempotency_read_row(kd_bytes key, kd_bytes value, kd_remembered *m, kd_key_use *bulk,
                                uint32_t *part)
{
    kd_reader k = kd_reader_of(key), r = kd_reader_of(value);
    *bulk = (kd_key_use){.request = 0};
    kd_read_u8(&k);
    m->number = kd_read_be64(&k);
    kd_bytes hash = kd_read_bytes(&r, sizeof(m->hash)), bulk_key = {0};
    m->fingerprint = kd_read_be64(&r);
    m->stamp_us = kd_read_be64(&r);
    m->at_us = kd_read_be64(&r);
    m->changed = kd_read_u8(&r) & 3u;
    m->liked = kd_read_u8(&r) != 0;
    if (kd_reader_left(&r) >= BULK_BYTES) {
        bulk_key = kd_read_bytes(&r, sizeof(bulk->key));
        bulk->request = kd_read_be64(&r);
    }
    if (bulk->request != 0 && kd_reader_left(&r) >= FITS_BYTES) bulk->fits = kd_read_be32(&r);
    *part = kd_reader_left(&r) == PART_BYTES ? kd_read_be16(&r) : UINT32_MAX;
    if (k.bad || r.bad || kd_reader_left(&r) > 0 || kd_reader_left(&k) > 0) return KD_EMALFORMED;
    memcpy(m->hash, hash.data, sizeof(m->hash));
    if (bulk_key.len > 0) memcpy(bulk->key, bulk_key.data, sizeof(bulk->key));
    return KD_OK;
}

typedef struct {
    kd_edge_key_fn fn;
    void *arg;
} idempotency_visit;

static int idempotency_visit_row(void *arg, kd_bytes key, kd_bytes value)
{
    const idempotency_visit *visit = arg;
    kd_remembered m;
    kd_key_use use;
    uint32_t part;
    int err = idempotency_read_row(key, value, &m, &use, &part);
    if (err != KD_OK) return err;
    if (use.request == 0) {
        use.request = m.fingerprint;
        memcpy(use.key, m.hash, sizeof(use.key));
    }
    visit->fn(visit->arg, &use, m.at_us);
    return 0;
}

int kd_idempotency_stored(kd_bytes key, kd_bytes value, kd_key_stored *out)
{
    kd_remembered m;
    int err = idempotency_read_row(key, value, &m, &out->group.bulk, &out->partition);
    if (err != KD_OK) return err;
    out->number = m.number;
    out->group.at_us = m.at_us;
    return KD_OK;
}

int kd_edge_keys(kd_edge *e, kd_edge_key_fn fn, void *arg)
{
    idempotency_visit visit = {fn, arg};
    return kd_keys_scan(e, 'i', UINT32_MAX, idempotency_visit_row, &visit);
}

static int idempotency_load_row(void *arg, kd_bytes key, kd_bytes value)
{
    kd_edge *e = arg;
    kd_key_use bulk;
    uint32_t part;
    kd_remembered *m = kd_alloc(sizeof(*m));
    int err = idempotency_read_row(key, value, m, &bulk, &part);
    if (err != KD_OK) {
        free(m);
        return err;
    }
    kd_key_window_stored(e->config.key_window, m->number);
    idempotency_remember(e, m, &bulk);
    return 0;
}

int kd_idempotency_load(kd_edge *e)
{
    kd_idempotency *i = &e->idempotency;
    STAILQ_INIT(&i->keys);
    kd_table_init(&i->index, idempotency_key_of, e->config.seed);
    int err = kd_keys_scan(e, 'i', UINT32_MAX, idempotency_load_row, e);
    if (err == KD_OK) idempotency_forget(e, 0, UINT32_MAX); /* by number alone */
    return err;
}

void kd_idempotency_finish(kd_edge *e)
{
    kd_idempotency *i = &e->idempotency;
    for (kd_remembered *m; (m = STAILQ_FIRST(&i->keys));) {
        STAILQ_REMOVE_HEAD(&i->keys, of_keys);
        free(m);
    }
    kd_table_finish(&i->index);
}
