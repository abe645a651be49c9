/*
 * fuzz_snapshot.c - any bytes as a record of the counts, the changes, the milestones and the members topic. An accepted record
 * must encode and decode again.
 */
#include "kudos/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_snapshot(kd_bytes record)
{
    kd_snapshot s, twin;
    if (kd_snapshot_decode(record, &s) != KD_OK) return;
    kd_buf again = {0}, third = {0};
    kd_snapshot_encode(&s, &again);
    KD_ASSERT(again.len <= record.len && kd_snapshot_decode(kd_buf_view(&again), &twin) == KD_OK);
    kd_snapshot_encode(&twin, &third);
    KD_ASSERT(kd_bytes_eq(kd_buf_view(&again), kd_buf_view(&third)));
    kd_snapshot_finish(&s);
    kd_snapshot_finish(&twin);
    kd_buf_finish(&again);
    kd_buf_finish(&third);
}

static void try_changes(kd_bytes record)
{
    kd_changes c, twin;
    if (kd_changes_decode(record, &c) != KD_OK) return;
    kd_buf again = {0}, third = {0};
    kd_changes_encode(&c, &again);
    KD_ASSERT(again.len <= record.len && kd_changes_decode(kd_buf_view(&again), &twin) == KD_OK);
    kd_changes_encode(&twin, &third);
    KD_ASSERT(kd_bytes_eq(kd_buf_view(&again), kd_buf_view(&third)));
    kd_changes_finish(&c);
    kd_changes_finish(&twin);
    kd_buf_finish(&again);
    kd_buf_finish(&third);
}

static void try_milestones(kd_bytes record)
{
    kd_milestones m, twin;
    if (kd_milestones_decode(record, &m) != KD_OK) return;
    kd_buf again = {0}, third = {0};
    kd_milestones_encode(&m, &again);
    KD_ASSERT(again.len <= record.len && kd_milestones_decode(kd_buf_view(&again), &twin) == KD_OK);
    kd_milestones_encode(&twin, &third);
    KD_ASSERT(kd_bytes_eq(kd_buf_view(&again), kd_buf_view(&third)));
    kd_milestones_finish(&m);
    kd_milestones_finish(&twin);
    kd_buf_finish(&again);
    kd_buf_finish(&third);
}

static void try_heartbeat(kd_bytes record)
{
    kd_heartbeat h, twin;
    if (kd_heartbeat_decode(record, &h) != KD_OK) return;
    kd_buf again = {0}, third = {0};
    kd_heartbeat_encode(&h, &again);
    KD_ASSERT(again.len <= record.len && kd_heartbeat_decode(kd_buf_view(&again), &twin) == KD_OK);
    kd_heartbeat_encode(&twin, &third);
    KD_ASSERT(kd_bytes_eq(kd_buf_view(&again), kd_buf_view(&third)));
    kd_heartbeat_finish(&h);
    kd_heartbeat_finish(&twin);
    kd_buf_finish(&again);
    kd_buf_finish(&third);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kd_bytes record = kd_bytes_of(data, size);
    switch (kd_record_peek(record)) {
    case KD_RECORD_SNAPSHOT:
        try_snapshot(record);
        break;
    case KD_RECORD_CHANGES:
        try_changes(record);
        break;
    case KD_RECORD_MILESTONES:
        try_milestones(record);
        break;
    case KD_RECORD_HEARTBEAT:
        try_heartbeat(record);
        break;
    default:
        break;
    }
    return 0;
}
