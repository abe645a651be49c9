/*
 * wire_decision.c - the record of the likes topic by which central tells what an operator decided.
 *
 *     [1, 5, str job, seq, last, what, epoch, str central, at_us, bin item, stamp_us, str region, str author, bin body, ...]
 *
 * All numbers are unsigned. The job comes first, where a claim and a batch have something else: with another kind the bytes are no record. Fields that a sort of decision does not use are empty or 0. A newer program may append elements; they are skipped. A sort
 * that is unknown here is of a newer program (KD_EVERSION): what its fields mean is not looked at.
 */
#include "common/wire/wire_msgpack.h"
#include "kudos/wire.h"

enum { DECISION_FIELDS = 14 };

/* ---- bodies: an edge is name len u8 | name | region len u8 | region; a record in quarantine is its id be64 ---- */

void kd_expected_put(kd_buf *body, kd_bytes name, kd_bytes region)
{
    KD_ASSERT(kd_name_valid(name) && (region.len == 0 || kd_name_valid(region)));
    kd_buf_put_u8(body, (uint8_t)name.len);
    kd_buf_put(body, name.data, name.len);
    kd_buf_put_u8(body, (uint8_t)region.len);
    if (region.len > 0) kd_buf_put(body, region.data, region.len);
}

bool kd_expected_next(kd_bytes *body, kd_bytes *name, kd_bytes *region, bool *malformed)
{
    kd_reader r = kd_reader_of(*body);
    if (body->len == 0) return false;
    *name = kd_read_bytes(&r, kd_read_u8(&r));
    *region = kd_read_bytes(&r, kd_read_u8(&r));
    *malformed = r.bad || !kd_name_valid(*name) || (region->len > 0 && !kd_name_valid(*region));
    if (!*malformed) *body = kd_read_bytes(&r, kd_reader_left(&r));
    return !*malformed;
}

void kd_decided_id_put(kd_buf *body, uint64_t id)
{
    kd_buf_put_be64(body, id);
}

uint64_t kd_decided_id(kd_bytes body)
{
    kd_reader r = kd_reader_of(body);
    uint64_t id = kd_read_be64(&r);
    return r.bad || kd_reader_left(&r) != 0 ? 0 : id;
}

/* ---- fields ---- */

static bool decision_names_item(kd_decided what)
{
    return what == KD_DECIDED_CLOSE || what == KD_DECIDED_OPEN || what == KD_DECIDED_DELETE ||
           what == KD_DECIDED_ENDED || what == KD_DECIDED_EXPIRED;
}

static bool decision_item_valid(const kd_decision *d)
{
    bool plain = d->region.len == 0 && d->author.len == 0 && d->body.len == 0;
    return plain && kd_item_key_valid(d->item) && d->stamp_us >= 1;
}

static bool decision_operations_valid(const kd_decision *d)
{
    bool plain = d->item.len == 0 && d->stamp_us == 0;
    return plain && kd_name_valid(d->region) && kd_author_valid(d->author) && d->body.len > 0;
}

/* Withdraw and put back: each operation counts in the region of its row. */
static bool decision_rows_valid(const kd_decision *d)
{
    bool plain = d->item.len == 0 && d->region.len == 0;
    return plain && kd_author_valid(d->author) && d->body.len > 0 && d->stamp_us >= 1;
}

static bool decision_lives_valid(const kd_decision *d)
{
    bool plain = d->item.len == 0 && d->region.len == 0 && d->author.len == 0 && d->stamp_us == 0;
    return plain && d->body.len > 0;
}

static bool decision_erase_valid(const kd_decision *d)
{
    bool plain = d->item.len == 0 && d->region.len == 0;
    return plain && kd_author_valid(d->author) && kd_id_valid(d->body) && d->stamp_us >= 1;
}

static bool decision_expect_valid(kd_bytes body)
{
    kd_bytes name, region;
    bool malformed = body.len == 0;
    while (!malformed && kd_expected_next(&body, &name, &region, &malformed)) continue;
    return !malformed;
}

static bool decision_body_valid(const kd_decision *d)
{
    switch (d->what) {
    case KD_DECIDED_RETIRE:
    case KD_DECIDED_READMIT:
        return kd_name_valid(d->body);
    case KD_DECIDED_RELEASE:
    case KD_DECIDED_DROP:
        return kd_decided_id(d->body) != 0;
    case KD_DECIDED_EXPECT:
        return decision_expect_valid(d->body);
    default:
        return d->body.len == 0;
    }
}

/* What is decided about edges, records in quarantine and the floor. */
static bool decision_order_valid(const kd_decision *d)
{
    bool configured =
        d->what == KD_DECIDED_EXPECT && kd_bytes_eq(d->author, kd_bytes_str(KD_EXPECT_CONFIGURED));
    bool plain = d->item.len == 0 && d->region.len == 0 && (d->author.len == 0 || configured);
    return plain && (d->stamp_us >= 1) == (d->what == KD_DECIDED_FLOOR) && decision_body_valid(d);
}

static bool decision_valid(const kd_decision *d)
{
    if (d->epoch == 0 || d->seq == 0 || !kd_name_valid(d->central) || !kd_name_valid(d->job)) return false;
    if (d->what >= KD_DECIDED_RETIRE) return decision_order_valid(d);
    if (decision_names_item(d->what)) return decision_item_valid(d);
    if (d->what == KD_DECIDED_LIVES) return decision_lives_valid(d);
    if (d->what == KD_DECIDED_ERASE) return decision_erase_valid(d);
    return d->what == KD_DECIDED_OPERATIONS ? decision_operations_valid(d) : decision_rows_valid(d);
}

void kd_decision_encode(const kd_decision *d, kd_buf *out)
{
    KD_ASSERT(d->what <= KD_DECIDED_EXPECT && decision_valid(d));
    kd_msgpack_put_array(out, DECISION_FIELDS);
    kd_msgpack_put_uint(out, KD_WIRE_SCHEMA);
    kd_msgpack_put_uint(out, KD_RECORD_DECISION);
    kd_msgpack_put_str(out, d->job);
    kd_msgpack_put_uint(out, d->seq);
    kd_msgpack_put_uint(out, d->last);
    kd_msgpack_put_uint(out, d->what);
    kd_msgpack_put_uint(out, d->epoch);
    kd_msgpack_put_str(out, d->central);
    kd_msgpack_put_uint(out, d->at_us);
    kd_msgpack_put_bin(out, d->item);
    kd_msgpack_put_uint(out, d->stamp_us);
    kd_msgpack_put_str(out, d->region);
    kd_msgpack_put_str(out, d->author);
    kd_msgpack_put_bin(out, d->body);
}

static void decision_read(kd_reader *r, kd_decision *d, uint64_t *what)
{
    *d = (kd_decision){.job = kd_msgpack_str(r, KD_NAME_MAX)};
    d->seq = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    d->last = kd_msgpack_uint(r, 1) == 1;
    *what = kd_msgpack_uint(r, UINT64_MAX);
    d->epoch = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    d->central = kd_msgpack_str(r, KD_NAME_MAX);
    d->at_us = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    d->item = kd_msgpack_bin(r);
    d->stamp_us = kd_msgpack_uint(r, KD_TIME_END_US - 1);
    d->region = kd_msgpack_str(r, KD_NAME_MAX);
    d->author = kd_msgpack_str(r, KD_NAME_MAX);
    d->body = kd_msgpack_bin(r);
}

int kd_decision_decode(kd_bytes record, kd_decision *decision)
{
    kd_reader r;
    uint32_t extra;
    uint64_t what;
    kd_decision d;
    *decision = (kd_decision){0};
    int err = kd_record_open(&r, record, KD_BATCH_BYTES_MAX, KD_RECORD_DECISION, DECISION_FIELDS, &extra);
    if (err != KD_OK) return err;
    decision_read(&r, &d, &what);
    err = kd_record_close(&r, extra);
    if (err != KD_OK) return err;
    if (what > KD_DECIDED_EXPECT) return KD_EVERSION;
    d.what = (kd_decided)what;
    if (what == 0 || !decision_valid(&d)) return KD_EMALFORMED;
    *decision = d;
    return KD_OK;
}
