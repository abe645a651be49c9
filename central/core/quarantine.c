/*
 * quarantine.c - records that do not decode or break a limit, kept with their bytes for an operator (row
 * `q`).
 *
 * A record that comes again, as an edge's resends do, is kept once; beyond the limit nothing more is kept,
 * and the alarm stands all the same.
 */
#include "central/core/internal.h"

static int load_row(void *arg, kd_bytes key, kd_bytes value)
{
    kd_central *c = arg;
    (void)value;
    if (key.len != 9) return KD_EMALFORMED;
    if (c->quarantine_count == KD_QUARANTINE_MAX) return KD_OK;
    kd_reader r = kd_reader_of(kd_bytes_of(key.data + 1, 8));
    c->quarantine[c->quarantine_count++] = kd_read_be64(&r);
    return KD_OK;
}

int kd_quarantine_load(kd_central *c)
{
    const uint8_t from[] = {KD_ROW_QUARANTINE}, to[] = {KD_ROW_QUARANTINE + 1};
    return c->store.scan(c->store.ctx, kd_bytes_of(from, 1), kd_bytes_of(to, 1), load_row, c);
}

kd_fed kd_quarantine_take(kd_central *c, kd_bytes record, uint64_t identity, int64_t offset)
{
    c->stats.quarantined++;
    for (uint32_t i = 0; i < c->quarantine_count; i++)
        if (c->quarantine[i] == identity) return KD_FED_QUARANTINED;
    if (c->quarantine_count == KD_QUARANTINE_MAX) return KD_FED_QUARANTINED;
    c->quarantine[c->quarantine_count++] = identity;
    kd_buf_clear(&c->value);
    kd_buf_put_be64(&c->value, (uint64_t)offset);
    kd_buf_put(&c->value, record.data, KD_MIN(record.len, (size_t)KD_BATCH_BYTES_MAX));
    kd_bytes key = kd_key_numbered(&c->key, KD_ROW_QUARANTINE, identity);
    kd_writes_put(&kd_commit_open(c)->writes, key, kd_buf_view(&c->value));
    return KD_FED_QUARANTINED;
}
