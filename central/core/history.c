/* history.c - see the header. */
#include "central/core/history.h"

#include "central/core/row.h"
#include "central/core/state.h"

static const uint8_t history_key[] = {KD_ROW_HISTORY};

int kd_history_load(kd_central *c)
{
    int err = c->store.get(c->store.ctx, kd_bytes_of(history_key, 1), &c->value);
    if (err == KD_ENOTFOUND) return KD_OK;
    if (err != KD_OK) return err;
    kd_reader r = kd_reader_of(kd_buf_view(&c->value));
    uint64_t version = kd_read_be64(&r);
    kd_history h = {.read = kd_read_be64(&r)};
    h.digest = kd_read_be64(&r);
    if (r.bad || kd_reader_left(&r) != 0 || h.read >= KD_TIME_END_US) return KD_EMALFORMED;
    if (version == c->version) c->history_tentative = c->history_committed = h;
    return KD_OK;
}

void kd_history_read(kd_central *c, uint64_t record, kd_fed fed)
{
    kd_history *h = &c->history_tentative;
    kd_buf *v = &c->value;
    kd_buf_clear(v);
    kd_buf_put_be64(v, h->digest);
    kd_buf_put_be64(v, record);
    kd_buf_put_u8(v, (uint8_t)fed);
    h->digest = kd_hash(kd_buf_view(v));
    h->read++;
}

void kd_history_put(kd_central *c, kd_commit *k)
{
    kd_buf *v = &c->value;
    k->history = c->history_tentative;
    kd_buf_clear(v);
    kd_buf_put_be64(v, k->version);
    kd_buf_put_be64(v, k->history.read);
    kd_buf_put_be64(v, k->history.digest);
    kd_writes_put(&k->writes, kd_bytes_of(history_key, 1), kd_buf_view(v));
}

kd_history kd_central_history(const kd_central *c)
{
    return c->history_committed;
}
