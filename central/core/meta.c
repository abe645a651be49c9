/*
 * meta.c - the row `M`:
 *
 *     schema u8 | partition be32 | partitions be32 | epoch, version, filter rows, published, delivered be64 |
 *     log known u8 | offset, digest be64 | chain length u8, then epoch, last be64 each | counters told be64
 */
#include "central/core/meta.h"

#include "central/core/row.h"
#include "central/core/state.h"

static const uint8_t meta_row_key[] = {KD_ROW_META};

/* Where the version begins in the row. */
enum { VERSION_AT = 1 + 4 + 4 + 8 };

int kd_meta_head_read(kd_bytes value, kd_meta_head *head)
{
    kd_reader r = kd_reader_of(value);
    uint8_t schema = kd_read_u8(&r);
    head->partition = kd_read_be32(&r);
    head->partitions = kd_read_be32(&r);
    head->epoch = kd_read_be64(&r);
    head->version = kd_read_be64(&r);
    if (r.bad) return KD_EMALFORMED;
    return schema == KD_STORAGE_SCHEMA ? KD_OK : KD_EMISMATCH;
}

int kd_central_stored(const kd_store *store, uint32_t *partition, uint32_t *partitions)
{
    kd_buf value = {0};
    kd_meta_head head = {0};
    int err = store->get(store->ctx, kd_bytes_of(meta_row_key, sizeof meta_row_key), &value);
    if (err == KD_OK) err = kd_meta_head_read(kd_buf_view(&value), &head);
    *partition = head.partition;
    *partitions = head.partitions;
    kd_buf_finish(&value);
    return err;
}

void kd_meta_with_version(kd_bytes value, uint64_t version, kd_buf *out)
{
    KD_ASSERT(value.len >= VERSION_AT + sizeof version);
    kd_buf_put(out, value.data, VERSION_AT);
    kd_buf_put_be64(out, version);
    kd_buf_put(out, value.data + VERSION_AT + sizeof version, value.len - VERSION_AT - sizeof version);
}

static int meta_decode_identity(const kd_central *c, kd_reader *r)
{
    uint8_t schema = kd_read_u8(r);
    uint32_t partition = kd_read_be32(r), partitions = kd_read_be32(r);
    if (r->bad) return KD_EMALFORMED;
    bool fits =
        schema == KD_STORAGE_SCHEMA && partition == c->config.partition && partitions == c->config.partitions;
    return fits ? KD_OK : KD_EMISMATCH;
}

/* Whether the numbers are such as this program writes. Others would be published, or reach the edges as an epoch that nothing can follow. */
static bool meta_is_sane(const kd_central *c)
{
    for (uint32_t i = 0; i < c->chain_count; i++) {
        uint64_t above = i + 1 < c->chain_count ? c->chain[i + 1].epoch : c->epoch;
        if (c->chain[i].epoch < 1 || c->chain[i].epoch >= above || c->chain[i].last > c->version)
            return false;
    }
    return c->epoch >= 1 && c->epoch < KD_TIME_END_US && c->version < KD_TIME_END_US &&
           c->published <= c->version && c->delivered <= c->version;
}

_Static_assert(KD_COUNTER_ID_MAX < 64, "a bit for each counter");

uint64_t kd_meta_counters(const kd_central *c)
{
    uint64_t bits = 0;
    for (uint32_t i = 0; i < c->config.counters->count; i++)
        bits |= UINT64_C(1) << c->config.counters->at[i].id;
    return bits;
}

static int meta_decode(kd_central *c, kd_bytes value)
{
    kd_reader r = kd_reader_of(value);
    int err = meta_decode_identity(c, &r);
    if (err != KD_OK) return err;
    uint64_t *const numbers[] = {&c->epoch, &c->version, &c->filter_rows, &c->published, &c->delivered};
    for (size_t i = 0; i < KD_COUNT(numbers); i++) *numbers[i] = kd_read_be64(&r);
    c->log_committed.known = kd_read_u8(&r) != 0;
    c->log_committed.offset = (int64_t)kd_read_be64(&r);
    c->log_committed.digest = kd_read_be64(&r);
    c->log_tentative = c->log_committed;
    c->chain_count = kd_read_u8(&r);
    if (c->chain_count > KD_CHAIN_MAX) return KD_EMALFORMED;
    for (uint32_t i = 0; i < c->chain_count; i++) {
        c->chain[i].epoch = kd_read_be64(&r);
        c->chain[i].last = kd_read_be64(&r);
    }
    /* The counts that edges hold cover only counters that were told before and are configured now. A row of an older program ends here, without
     * counters_told: then all configured counters count as told. */
    if (kd_reader_left(&r) > 0) c->counters_told &= kd_read_be64(&r);
    return r.bad || kd_reader_left(&r) != 0 || !meta_is_sane(c) ? KD_EMALFORMED : KD_OK;
}

int kd_meta_load(kd_central *c)
{
    int err = c->store.get(c->store.ctx, kd_bytes_of(meta_row_key, 1), &c->value);
    c->counters_told = kd_meta_counters(c);
    if (err == KD_ENOTFOUND) return KD_OK;
    return err == KD_OK ? meta_decode(c, kd_buf_view(&c->value)) : err;
}

void kd_meta_put(kd_central *c, kd_commit *k)
{
    kd_buf *v = &c->value;
    kd_buf_clear(v);
    kd_buf_put_u8(v, KD_STORAGE_SCHEMA);
    kd_buf_put_be32(v, c->config.partition);
    kd_buf_put_be32(v, c->config.partitions);
    /* Without the changes topic nothing is owed to it; a later start with it begins here, not at the first redo row. Who follows keeps what its leader may not
     * have told yet. */
    uint64_t without = c->config.follows ? c->delivered : k->version;
    uint64_t delivered = c->config.publish_changes ? c->delivered : without;
    const uint64_t numbers[] = {c->epoch, k->version, c->filter_rows, c->published, delivered};
    for (size_t i = 0; i < KD_COUNT(numbers); i++) kd_buf_put_be64(v, numbers[i]);
    kd_buf_put_u8(v, k->log.known);
    kd_buf_put_be64(v, (uint64_t)k->log.offset);
    kd_buf_put_be64(v, k->log.digest);
    kd_buf_put_u8(v, (uint8_t)c->chain_count);
    for (uint32_t i = 0; i < c->chain_count; i++) {
        kd_buf_put_be64(v, c->chain[i].epoch);
        kd_buf_put_be64(v, c->chain[i].last);
    }
    kd_buf_put_be64(v, c->counters_told);
    kd_writes_put(&k->writes, kd_bytes_of(meta_row_key, 1), kd_buf_view(v));
}
