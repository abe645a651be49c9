/* wire_fixed.c - the shapes behind the golden vectors. Changing one changes the wire: add a new one instead.
 */
#include "tests/unit/common/wire_samples.h"

kd_body fixed_body(sample_arena *a)
{
    kd_bytes hot = sample_item(a, "posts/conv:7"), cold = sample_item(a, "posts/conv:12"),
             reel = sample_item(a, "reels/x");
    kd_op ops[] = {
        {.item = hot,
         .user = kd_bytes_str("conv:3"),
         .time_us = 1700000000000500,
         .counter = 1,
         .liked = true},
        {.item = hot,
         .user = kd_bytes_str("conv:17"),
         .time_us = 1700000000000400,
         .counter = 1,
         .liked = true},
        {.item = hot,
         .user = kd_bytes_str("conv:17"),
         .time_us = 1700000000000400,
         .counter = 2,
         .liked = true},
        {.item = cold,
         .user = kd_bytes_str("conv:17"),
         .time_us = 1700000000000600,
         .counter = 1,
         .liked = false},
        {.item = reel,
         .user = kd_bytes_str("0b5a1c9e-8f3d-4e2a-9b7c-1234567890ab"),
         .time_us = 1700000002000000,
         .counter = 2,
         .liked = true},
        {.item = reel,
         .user = kd_bytes_str("anna"),
         .time_us = 1700000001000000,
         .counter = 2,
         .liked = true},
    };
    kd_sum sums[] = {
        {.item = hot, .amount = 300, .day = 19675, .counter = 3},
        {.item = sample_item(a, "posts/only-seen"), .amount = 1, .day = 19676, .counter = 3},
    };
    kd_increment increments[] = {{.item = cold, .shown = -1, .counter = 1},
                                 {.item = hot, .shown = 2, .counter = 1}};
    kd_body b = {
        .op_count = KD_COUNT(ops), .sum_count = KD_COUNT(sums), .increment_count = KD_COUNT(increments)};
    b.ops = memcpy(sample_alloc(a, sizeof ops), ops, sizeof ops);
    b.sums = memcpy(sample_alloc(a, sizeof sums), sums, sizeof sums);
    b.increments = memcpy(sample_alloc(a, sizeof increments), increments, sizeof increments);
    return b;
}

/* As operators' decisions have it: likes and unlikes alone. */
kd_body fixed_operations(sample_arena *a)
{
    kd_body b = fixed_body(a);
    b.sum_count = b.increment_count = 0;
    return b;
}

kd_batch fixed_batch(sample_arena *a, kd_bytes body)
{
    (void)a;
    return (kd_batch){.edge = kd_bytes_str("mumbai-1"),
                      .region = kd_bytes_str("in"),
                      .at = {.incarnation = 1700000000000000, .seq = 2},
                      .digest = kd_body_digest(body),
                      .sent_us = 1700000002500000,
                      .after = {.incarnation = 1700000000000000, .seq = 1},
                      .after_digest = 0x0123456789abcdef,
                      .complete_to_us = 1700000002400000,
                      .epoch = 3,
                      .body = body};
}

kd_claim fixed_claim(void)
{
    return (kd_claim){.epoch = 3, .central = kd_bytes_str("central-a"), .at_us = 1700000000000000};
}

kd_decision fixed_decision(kd_bytes body)
{
    return (kd_decision){.epoch = 3,
                         .central = kd_bytes_str("central-a"),
                         .at_us = 1700000000000000,
                         .job = kd_bytes_str("import-7"),
                         .seq = 2,
                         .what = KD_DECIDED_OPERATIONS,
                         .region = kd_bytes_str("in"),
                         .author = kd_bytes_str("_import"),
                         .body = body};
}

kd_decision fixed_close(sample_arena *a)
{
    return (kd_decision){.epoch = 3,
                         .central = kd_bytes_str("central-a"),
                         .at_us = 1700000000000000,
                         .job = kd_bytes_str("close-1"),
                         .seq = 1,
                         .last = true,
                         .what = KD_DECIDED_CLOSE,
                         .item = sample_item(a, "posts/conv:7"),
                         .stamp_us = 1699999999000000};
}

kd_decision fixed_put_back(kd_bytes body)
{
    return (kd_decision){.epoch = 3,
                         .central = kd_bytes_str("central-a"),
                         .at_us = 1700000000000000,
                         .job = kd_bytes_str("void-9"),
                         .seq = 4,
                         .last = true,
                         .what = KD_DECIDED_PUT_BACK,
                         .stamp_us = 1699999999000002,
                         .author = kd_bytes_str("_void"),
                         .body = body};
}

kd_decision fixed_erase(void)
{
    return (kd_decision){.epoch = 3,
                         .central = kd_bytes_str("central-a"),
                         .at_us = 1700000000000000,
                         .job = kd_bytes_str("erase-2"),
                         .seq = 1,
                         .what = KD_DECIDED_ERASE,
                         .stamp_us = 1700000000500001,
                         .author = kd_bytes_str("_erase"),
                         .body = kd_bytes_str("anna")};
}

kd_decision fixed_order(kd_decided what, kd_bytes body)
{
    return (kd_decision){.epoch = 3,
                         .central = kd_bytes_str("central-a"),
                         .at_us = 1700000000000000,
                         .job = kd_bytes_str("order-5"),
                         .seq = 1,
                         .last = true,
                         .what = what,
                         .body = body};
}

kd_snapshot fixed_snapshot(sample_arena *a)
{
    kd_chain_link chain[] = {{.epoch = 1, .last = 900}, {.epoch = 2, .last = 901}};
    kd_applied edges[] = {
        {.edge = kd_bytes_str("mumbai-1"),
         .applied = {1700000000000000, 2},
         .digest = 0xfedcba9876543210,
         .watermark_us = 1700000002400000},
        {.edge = kd_bytes_str("oregon-1")},
    };
    kd_item_counts items[] = {
        {.item = sample_item(a, "posts/conv:7"),
         .count = 2,
         .at = {{.counter = 1, .value = 2}, {.counter = 3, .value = 300}}},
        {.item = sample_item(a, "posts/conv:12"), .count = 1, .at = {{.counter = 1, .value = 0}}},
        {.item = sample_item(a, "reels/x"), .count = 0},
    };
    kd_snapshot s = {
        .kind = KD_SNAPSHOT_DELTA, .partition = 5, .epoch = 3, .version = 902, .previous = 901, .parts = 1};
    s.made_us = 1700000003000000, s.stable_us = 1700000000000000;
    s.chain_count = KD_COUNT(chain), s.edge_count = KD_COUNT(edges), s.item_count = KD_COUNT(items);
    s.chain = memcpy(sample_alloc(a, sizeof chain), chain, sizeof chain);
    s.edges = memcpy(sample_alloc(a, sizeof edges), edges, sizeof edges);
    s.items = memcpy(sample_alloc(a, sizeof items), items, sizeof items);
    return s;
}

kd_changes fixed_changes(sample_arena *a)
{
    kd_bytes item = sample_item(a, "posts/conv:7"), edge = kd_bytes_str("mumbai-1"),
             region = kd_bytes_str("in");
    kd_change changes[] = {
        {.item = item,
         .user = kd_bytes_str("conv:3"),
         .edge = edge,
         .region = region,
         .time_us = 1700000000000500,
         .counter = 1,
         .liked = true},
        {.item = item,
         .user = kd_bytes_str("conv:17"),
         .edge = edge,
         .region = region,
         .time_us = 1700000000000400,
         .counter = 1},
        {.item = item,
         .edge = kd_bytes_str("oregon-1"),
         .region = kd_bytes_str("us"),
         .amount = 300,
         .day = 19675,
         .counter = 3},
    };
    kd_changes c = {
        .partition = 5, .epoch = 3, .version = 902, .first = 10, .change_count = KD_COUNT(changes)};
    c.changes = memcpy(sample_alloc(a, sizeof changes), changes, sizeof changes);
    return c;
}

kd_snapshot fixed_read(sample_arena *a)
{
    kd_snapshot s = fixed_snapshot(a);
    s.kind = KD_SNAPSHOT_READ, s.previous = s.version, s.item_count = 1;
    return s;
}

kd_changes fixed_changes_of_uuids(sample_arena *a)
{
    kd_bytes item = sample_item(a, "reels/x"), edge = kd_bytes_str("mumbai-1"), region = kd_bytes_str("in");
    static const char *const users[] = {"0b5a1c9e-8f3d-4e2a-9b7c-1234567890ab",
                                        "ffffffff-0000-4000-8000-000000000000", "anna", "conv:007"};
    kd_changes c = {.partition = 5, .epoch = 3, .version = 903, .change_count = KD_COUNT(users)};
    c.changes = sample_alloc(a, sizeof *c.changes * c.change_count);
    for (uint32_t i = 0; i < c.change_count; i++)
        c.changes[i] = (kd_change){.item = item,
                                   .user = kd_bytes_str(users[i]),
                                   .edge = edge,
                                   .region = region,
                                   .time_us = 1700000004000000 + i,
                                   .counter = 2,
                                   .liked = true};
    return c;
}

static kd_milestone fixed_milestone(sample_arena *a, uint8_t counter, uint64_t threshold)
{
    kd_buf id = {0};
    kd_milestone m = {.item = sample_item(a, "posts/conv:7"), .threshold = threshold, .counter = counter};
    kd_milestone_id_put(&id, counter, m.item, threshold);
    m.id.data = memcpy(sample_alloc(a, id.len), id.data, id.len);
    m.id.len = id.len;
    kd_buf_finish(&id);
    return m;
}

kd_milestones fixed_milestones(sample_arena *a)
{
    kd_milestones m = {.partition = 5, .epoch = 3, .version = 902, .first = 7, .milestone_count = 2};
    m.milestones = sample_alloc(a, 2 * sizeof *m.milestones);
    m.milestones[0] = fixed_milestone(a, 1, 1000);
    m.milestones[0].count = 1000;
    m.milestones[0].time_us = 1700000002500000;
    m.milestones[1] = fixed_milestone(a, 3, 10000);
    m.milestones[1].count = 10042;
    m.milestones[1].time_us = 1700000002600000;
    return m;
}
