/*
 * fuzz_batch.c - any bytes as a record of the likes topic; and as a body, which the fuzzer would hardly reach in a batch, whose digest must fit.
 * An accepted record or body must be the one encoding of its content.
 */
#include "kudos/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_body(kd_bytes bytes)
{
    kd_body body;
    if (kd_body_decode(bytes, &body) != KD_OK) return;
    kd_buf again = {0};
    kd_body_encode(&body, &again);
    KD_ASSERT(kd_bytes_eq(bytes, kd_buf_view(&again)));
    kd_buf_finish(&again);
    kd_body_finish(&body);
}

/* A record may carry elements of a newer program, so the second encoding is compared with the third. */
static void try_batch(kd_bytes record)
{
    kd_batch batch, twin;
    bool salvaged = kd_batch_salvage(record, &twin);
    if (kd_batch_decode(record, &batch) != KD_OK) return;
    KD_ASSERT(salvaged && kd_position_cmp(batch.at, twin.at) == 0 && kd_bytes_eq(batch.body, twin.body));
    try_body(batch.body);
    kd_buf again = {0};
    kd_batch_encode(&batch, &again);
    KD_ASSERT(again.len <= record.len && kd_batch_decode(kd_buf_view(&again), &twin) == KD_OK);
    KD_ASSERT(kd_position_cmp(batch.at, twin.at) == 0 && kd_bytes_eq(batch.body, twin.body));
    kd_buf_finish(&again);
}

static void try_claim(kd_bytes record)
{
    kd_claim claim, twin;
    if (kd_claim_decode(record, &claim) != KD_OK) return;
    kd_buf again = {0};
    kd_claim_encode(&claim, &again);
    KD_ASSERT(kd_claim_decode(kd_buf_view(&again), &twin) == KD_OK && twin.epoch == claim.epoch);
    kd_buf_finish(&again);
}

static void try_decision(kd_bytes record)
{
    kd_decision d, twin;
    if (kd_decision_decode(record, &d) != KD_OK) return;
    try_body(d.body);
    kd_buf again = {0};
    kd_decision_encode(&d, &again);
    KD_ASSERT(again.len <= record.len && kd_decision_decode(kd_buf_view(&again), &twin) == KD_OK);
    KD_ASSERT(twin.seq == d.seq && kd_bytes_eq(twin.job, d.job) && kd_bytes_eq(twin.body, d.body));
    kd_buf_finish(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kd_bytes bytes = kd_bytes_of(data, size);
    switch (kd_record_peek(bytes)) {
    case KD_RECORD_BATCH:
        try_batch(bytes);
        break;
    case KD_RECORD_CLAIM:
        try_claim(bytes);
        break;
    case KD_RECORD_DECISION:
        try_decision(bytes);
        break;
    default:
        break;
    }
    try_body(bytes);
    return 0;
}
