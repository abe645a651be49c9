/* The edge's core and its send window: time seals nothing that could not be sent, and all of it goes out in
 * the end. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "kudos/edge.h"
#include "sim/world/disk.h"

enum { WINDOW = 2, INTERVAL_US = 1000, LIKES = 50 };

static const kd_counters counters = {.count = 1, .at = {{.id = 1, .kind = KD_SET, .name = "like"}}};

static kd_edge *opened(const kd_store *store, uint64_t now_us)
{
    static kd_key_window window = {.max = 100};
    const kd_edge_config config = {.edge = kd_bytes_str("mumbai"),
                                   .region = kd_bytes_str("in"),
                                   .shards = 1,
                                   .partitions = 1,
                                   .counters = &counters,
                                   .drift_us = 1000,
                                   .flush_ops = 1000,
                                   .flush_interval_us = INTERVAL_US,
                                   .idle_interval_max_us = 3600u * 1000000,
                                   .resend_min_us = 1000000,
                                   .resend_max_us = 1000000,
                                   .send_window = WINDOW,
                                   .outbox_bytes_max = 1 << 20,
                                   .items_max = 100,
                                   .key_window = &window,
                                   .idempotency_ttl_us = 1000000};
    kd_edge *e;
    cr_assert_eq(kd_edge_open(&config, store, now_us, &e), KD_OK);
    return e;
}

static void commit(kd_edge *e, sim_disk *m, uint64_t now_us)
{
    const kd_writes *writes;
    uint64_t group;
    if (kd_edge_commit_begin(e, now_us, &writes, &group) != KD_OK) return;
    sim_disk_apply(m, writes);
    cr_assert_eq(kd_edge_commit_end(e, group, KD_OK), KD_OK);
}

static void like(kd_edge *e, int n, uint64_t now_us)
{
    static const uint8_t item[] = "\5posts\0011";
    char user[16];
    snprintf(user, sizeof user, "u%d", n);
    kd_request request = {
        .item = kd_bytes_of(item, sizeof item - 1), .user = kd_bytes_str(user), .verb = KD_LIKE};
    kd_outcome outcome;
    cr_assert_eq(kd_edge_take(e, &request, now_us, &outcome), KD_OK);
}

/* Sends what may go; the operations in it, and what a central that merges it all says of this edge. */
static uint32_t sent(kd_edge *e, uint64_t now_us, kd_applied *applied)
{
    kd_buf record = {0};
    uint32_t partition, ops = 0;
    kd_position at;
    while (kd_edge_send_next(e, now_us, &record, &partition, &at) == KD_OK) {
        kd_batch batch;
        kd_body body;
        cr_assert_eq(kd_batch_decode(kd_buf_view(&record), &batch), KD_OK);
        cr_assert_eq(kd_body_decode(batch.body, &body), KD_OK);
        ops += body.op_count;
        *applied = (kd_applied){kd_bytes_str("mumbai"), at, batch.digest, batch.complete_to_us, false};
        kd_body_finish(&body);
        kd_edge_delivered(e, partition, at, true, now_us);
    }
    kd_buf_finish(&record);
    return ops;
}

static void confirm(kd_edge *e, kd_applied *applied, uint64_t version, uint64_t now_us)
{
    kd_buf record = {0};
    kd_snapshot s = {.kind = KD_SNAPSHOT_DELTA,
                     .epoch = 1,
                     .version = version,
                     .previous = version - 1,
                     .made_us = now_us,
                     .parts = 1,
                     .edges = applied,
                     .edge_count = 1};
    kd_snapshot_encode(&s, &record);
    cr_assert_geq(kd_edge_snapshot(e, kd_buf_view(&record), (int64_t)version, now_us), 0);
    kd_buf_finish(&record);
}

Test(edge_window, behind_a_full_window_batches_grow_instead_of_piling_up)
{
    uint64_t now_us = 1767323045000000;
    sim_disk *m = sim_disk_create();
    kd_store store = sim_disk_view(m);
    kd_edge *e = opened(&store, now_us);
    kd_applied applied = {0};
    uint32_t ops = 0;
    for (int n = 0; n < LIKES; n++, now_us += INTERVAL_US) {
        like(e, n, now_us);
        commit(e, m, now_us);
        kd_edge_tick(e, now_us + INTERVAL_US);
        commit(e, m, now_us);
        ops += sent(e, now_us, &applied);
    }
    cr_assert_eq(kd_edge_outbox_batches(e), WINDOW + 1, "%lu batches", kd_edge_outbox_batches(e));
    cr_assert_eq(ops, WINDOW);
    /* Room again: what had gathered is overdue, and leaves as one. */
    confirm(e, &applied, 1, now_us);
    kd_edge_tick(e, now_us);
    commit(e, m, now_us);
    cr_assert_eq(sent(e, now_us, &applied), LIKES - WINDOW);
    confirm(e, &applied, 2, now_us);
    cr_assert_eq(kd_edge_outbox_batches(e), 0);
    kd_edge_close(e);
    sim_disk_destroy(m);
}
