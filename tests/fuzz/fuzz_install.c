/*
 * fuzz_install.c - any bytes as snapshots and answers for an edge's core, and as fields of well-formed ones (which reach the code behind the
 * decoder), among the edge's own operations, commits and restarts. No word of central makes the edge abort, refuse its own store, or hand
 * out a batch that does not decode.
 */
#include "tests/fuzz/input.h"
#include "tests/lib/edge_rig.h"

enum { STEPS_MAX = 64 };

/* Numbers near those that are in use, and far away. */
static uint64_t number(kd_reader *r, uint64_t near)
{
    uint8_t how = kd_read_u8(r);
    if (how < 0xf0) return near + how / 16 * (uint64_t)(how & 1) + how % 16;
    return how < 0xf8 ? kd_read_be64(r) % KD_TIME_END_US : KD_TIME_END_US - 1 - (how & 7);
}

static kd_position position(edge_rig *r, kd_reader *in)
{
    uint64_t incarnation = number(in, kd_edge_incarnation(r->e));
    return (kd_position){incarnation % KD_TIME_END_US, number(in, 0) % KD_TIME_END_US};
}

/* What the encoder asks of its caller holds: ascending epochs below the present one, versions in order. */
static er_word word_of(edge_rig *r, kd_reader *in)
{
    er_word w = {.epoch = 1 + number(in, 0) % (KD_TIME_END_US - 1),
                 .version = number(in, 1) % KD_TIME_END_US};
    uint64_t behind = number(in, 0);
    w.previous = w.version - KD_MIN(w.version, behind);
    w.applied = position(r, in);
    if (w.applied.seq == 0) w.applied.incarnation = 0;
    w.digest = kd_read_u8(in) & 1 ? r->batch.digest : number(in, 0);
    w.watermark_us = number(in, r->now_us) % KD_TIME_END_US;
    w.low_us = number(in, r->now_us) % KD_TIME_END_US;
    w.stable_us = number(in, r->now_us) % KD_TIME_END_US;
    w.item = kd_read_u8(in) % 16;
    w.items = kd_read_u8(in) % 16;
    w.likes = number(in, 1) % KD_TIME_END_US;
    w.parts = kd_read_u8(in) % 4;
    w.part = w.parts ? kd_read_u8(in) % w.parts : 0;
    uint64_t epoch = 0;
    while (w.chain_count < 2 && kd_read_u8(in) & 1) {
        epoch += 1 + number(in, 0) % w.epoch;
        if (epoch >= w.epoch) break;
        w.chain[w.chain_count++] = (kd_chain_link){epoch, number(in, 1) % KD_TIME_END_US};
    }
    return w;
}

static void restart(edge_rig *r)
{
    r->batch = (kd_batch){0};
    KD_ASSERT(er_open(r) == KD_OK);
    er_commit(r);
}

static void operate(edge_rig *r, kd_reader *in)
{
    uint8_t what = kd_read_u8(in);
    kd_request rq = er_request(what % 16, what / 16);
    rq.verb = kd_read_u8(in) % 3;
    if (rq.verb == KD_ADD) rq.counter = ER_VIEW, rq.amount = 1 + what;
    kd_seen seen = {.rest_us = r->now_us};
    if (kd_read_u8(in) & 1) rq.seen = &seen;
    int err = er_take(r, &rq);
    KD_ASSERT(err == KD_OK || err == KD_EIDENTITY || err == KD_EFULL || err == KD_ERETIRED);
}

static void answer(edge_rig *r, kd_bytes record)
{
    kd_bytes item = rig_item(record.len % 16);
    if (kd_edge_ask(r->e, item) == KD_OK) kd_edge_answer(r->e, item, record, r->now_us);
}

static void pass_time(edge_rig *r, kd_bytes bytes)
{
    r->now_us += (1 + bytes.len) * 700000;
    KD_ASSERT(kd_edge_tick(r->e, r->now_us) >= r->now_us);
    er_commit(r);
    for (int i = 0; i < 8 && er_send(r) == KD_OK; i++)
        kd_edge_delivered(r->e, 0, r->batch.at, bytes.len % 2 == 0, r->now_us);
}

static void step(edge_rig *r, uint8_t verb, kd_bytes bytes)
{
    kd_reader in = kd_reader_of(bytes);
    er_word w;
    switch (verb % 8) {
    case 0:
        kd_edge_snapshot(r->e, bytes, r->offset++, r->now_us);
        break;
    case 1:
    case 2:
        w = word_of(r, &in);
        er_snapshot(r, &w);
        break;
    case 3:
        answer(r, bytes);
        break;
    case 4:
        w = word_of(r, &in);
        if (kd_edge_ask(r->e, rig_item(w.item)) == KD_OK) er_answer(r, &w);
        break;
    case 5:
        operate(r, &in);
        break;
    case 6:
        pass_time(r, bytes);
        break;
    default:
        if (verb & 8) er_commit(r);
        restart(r);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kd_reader in = kd_reader_of(kd_bytes_of(data, size));
    static edge_rig r;
    uint8_t verb;
    kd_bytes bytes;
    er_init(&r);
    for (int i = 0; i < STEPS_MAX && fuzz_step(&in, &verb, &bytes); i++) step(&r, verb, bytes);
    er_commit(&r);
    restart(&r);
    for (uint32_t item = 0; item < 16; item++) er_shown(&r, item, NULL);
    er_finish(&r);
    return 0;
}
