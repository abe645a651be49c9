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

static bool decision_valid(const kd_decision *d)
{
    if (d->epoch == 0 || d->seq == 0 || !kd_name_valid(d->central) || !kd_name_valid(d->job)) return false;
    if (decision_names_item(d->what)) return decision_item_valid(d);
    if (d->what == KD_DECIDED_LIVES) return decision_lives_valid(d);
    if (d->what == KD_DECIDED_ERASE) return decision_erase_valid(d);
    return d->what == KD_DECIDED_OPERATIONS ? decision_operations_valid(d) : decision_rows_valid(d);
}

void kd_decision_encode(const kd_decision *d, kd_buf *out)
{
    KD_ASSERT(d->what <= KD_DECIDED_ERASE && decision_valid(d));
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
    if (what > KD_DECIDED_ERASE) return KD_EVERSION;
    d.what = (kd_decided)what;
    if (what == 0 || !decision_valid(&d)) return KD_EMALFORMED;
    *decision = d;
    return KD_OK;
}
