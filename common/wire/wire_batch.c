/*
 * wire_batch.c - the records of the likes topic: batches and claims.
 *
 *     batch  [1, 1, str edge, str region, incarnation, seq, digest, sent_us,
 *             after_incarnation, after_seq, after_digest, complete_to_us, epoch, bin body, viral, ...]
 *     claim  [1, 2, epoch, str central, at_us, supersedes, author, read, digest, ...]; of an older program it ends behind at_us
 *
 * All numbers are unsigned. `viral` is 1, or left out, as in records of an edge from before this field. A newer program may append elements; they
 * are skipped.
 */
#include "common/wire/wire_msgpack.h"
#include "kudos/wire.h"

enum { BATCH_FIELDS = 14, CLAIM_FIELDS = 5, CLAIM_NAMED_FIELDS = 4 };

static void put_position(kd_buf *out, kd_position at)
{
    kd_msgpack_put_uint(out, at.incarnation);
    kd_msgpack_put_uint(out, at.seq);
}

void kd_batch_encode(const kd_batch *batch, kd_buf *out)
{
    KD_ASSERT(kd_position_cmp(batch->after, batch->at) < 0 && batch->at.seq >= 1 &&
              batch->at.incarnation >= 1);
    kd_msgpack_put_array(out, BATCH_FIELDS + batch->viral);
    kd_msgpack_put_uint(out, KD_WIRE_SCHEMA);
    kd_msgpack_put_uint(out, KD_RECORD_BATCH);
    kd_msgpack_put_str(out, batch->edge);
    kd_msgpack_put_str(out, batch->region);
    put_position(out, batch->at);
    kd_msgpack_put_uint(out, batch->digest);
    kd_msgpack_put_uint(out, batch->sent_us);
    put_position(out, batch->after);
    kd_msgpack_put_uint(out, batch->after_digest);
    kd_msgpack_put_uint(out, batch->complete_to_us);
    kd_msgpack_put_uint(out, batch->epoch);
    kd_msgpack_put_bin(out, batch->body);
    if (batch->viral) kd_msgpack_put_uint(out, 1);
}

static kd_position read_position(kd_reader *r)
{
    uint64_t incarnation = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    return (kd_position){.incarnation = incarnation, .seq = kd_msgpack_uint(r, KD_TIME_END_US - 1)};
}

/* Reads edge and region, position and digest, and the position and digest of the batch before it. */
static void wire_batch_read_names(kd_reader *r, kd_batch *b)
{
    *b = (kd_batch){.edge = kd_msgpack_str(r, KD_NAME_MAX)};
    b->region = kd_msgpack_str(r, KD_NAME_MAX);
    b->at = read_position(r);
    b->digest = kd_msgpack_uint(r, UINT64_MAX);
    b->sent_us = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    b->after = read_position(r);
    b->after_digest = kd_msgpack_uint(r, UINT64_MAX);
}

static void read_rest(kd_reader *r, kd_batch *b)
{
    b->complete_to_us = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    b->epoch = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    b->body = kd_msgpack_bin(r);
}

/* Left out where it is false, so a 0 would be a second form of the same record. */
static void read_viral(kd_reader *r, kd_batch *b)
{
    b->viral = kd_msgpack_uint(r, 1) == 1;
    if (!b->viral) r->bad = true;
}

static bool position_named(kd_position at)
{
    return at.incarnation >= 1 && at.seq >= 1;
}

static bool names_valid(const kd_batch *b)
{
    bool from_start = b->after.incarnation == 0 && b->after.seq == 0;
    return kd_name_valid(b->edge) && kd_name_valid(b->region) && position_named(b->at) &&
           (from_start || position_named(b->after)) && kd_position_cmp(b->after, b->at) < 0;
}

int kd_batch_decode(kd_bytes record, kd_batch *batch)
{
    kd_reader r;
    uint32_t extra;
    *batch = (kd_batch){0};
    int err = kd_record_open(&r, record, KD_BATCH_BYTES_MAX, KD_RECORD_BATCH, BATCH_FIELDS, &extra);
    if (err != KD_OK) return err;
    kd_batch b;
    wire_batch_read_names(&r, &b);
    read_rest(&r, &b);
    if (extra > 0) read_viral(&r, &b);
    err = kd_record_close(&r, extra > 0 ? extra - 1 : 0);
    if (err != KD_OK) return err;
    if (!names_valid(&b) || b.digest != kd_body_digest(b.body)) return KD_EMALFORMED;
    *batch = b;
    return KD_OK;
}

bool kd_batch_salvage(kd_bytes record, kd_batch *batch)
{
    kd_reader r = kd_reader_of(record);
    kd_batch b;
    *batch = (kd_batch){0};
    if (kd_record_peek(record) != KD_RECORD_BATCH) return false;
    kd_msgpack_array(&r);
    kd_msgpack_skip(&r, 2); /* schema and kind: kd_record_peek has checked them */
    wire_batch_read_names(&r, &b);
    if (r.bad || !names_valid(&b)) return false;
    read_rest(&r, &b);
    if (r.bad) b.body = (kd_bytes){0};
    *batch = b;
    return true;
}

void kd_claim_encode(const kd_claim *claim, kd_buf *out)
{
    const uint64_t named[CLAIM_NAMED_FIELDS] = {claim->supersedes, claim->author, claim->history.read,
                                                claim->history.digest};
    size_t behind = claim->author != 0 ? CLAIM_NAMED_FIELDS : 0;
    KD_ASSERT(claim->epoch >= 1);
    kd_msgpack_put_array(out, (uint32_t)(CLAIM_FIELDS + behind));
    kd_msgpack_put_uint(out, KD_WIRE_SCHEMA);
    kd_msgpack_put_uint(out, KD_RECORD_CLAIM);
    kd_msgpack_put_uint(out, claim->epoch);
    kd_msgpack_put_str(out, claim->central);
    kd_msgpack_put_uint(out, claim->at_us);
    for (size_t i = 0; i < behind; i++) kd_msgpack_put_uint(out, named[i]);
}

static void wire_claim_read_named(kd_reader *r, kd_claim *c)
{
    c->supersedes = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    c->author = kd_msgpack_uint(r, UINT64_MAX);
    c->history.read = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    c->history.digest = kd_msgpack_uint(r, UINT64_MAX);
    if (c->author == 0 || c->supersedes >= c->epoch) r->bad = true;
}

int kd_claim_decode(kd_bytes record, kd_claim *claim)
{
    kd_reader r;
    uint32_t extra;
    *claim = (kd_claim){0};
    int err = kd_record_open(&r, record, KD_BATCH_BYTES_MAX, KD_RECORD_CLAIM, CLAIM_FIELDS, &extra);
    if (err != KD_OK) return err;
    kd_claim c = {.epoch = kd_msgpack_uint(&r, KD_TIME_END_US - 1)};
    c.central = kd_msgpack_str(&r, KD_NAME_MAX);
    c.at_us = kd_msgpack_uint(&r, KD_TIME_END_US - 1);
    bool named = extra >= CLAIM_NAMED_FIELDS;
    if (named) wire_claim_read_named(&r, &c);
    err = kd_record_close(&r, named ? extra - CLAIM_NAMED_FIELDS : extra);
    if (err != KD_OK) return err;
    if (c.epoch == 0 || !kd_name_valid(c.central)) return KD_EMALFORMED;
    *claim = c;
    return KD_OK;
}
