/* alloc_codec.c - the shared codecs and readers: records there and back, bodies of requests, a configuration, a log's lines, a report's
 * bytes. What they give is told. */
#include "common/api/body.h"
#include "common/json/json_writer.h"
#include "edge/io/daemon/settings.h"
#include "sim/replay/replay_log.h"
#include "tests/fault/alloc.h"
#include "tests/lib/central_rig.h"

static void tell(story *s, kd_buf *b)
{
    story_tell(s, TOLD_RECORD, kd_buf_view(b));
    kd_buf_finish(b);
}

static void batches(story *s)
{
    rig_edge e = {.name = "mumbai", .region = "asia"};
    rig_op ops[20];
    kd_sum sum = {.item = rig_item(3), .amount = 9, .counter = RIG_VIEW};
    kd_buf record = {0}, again = {0};
    kd_batch batch;
    kd_body body;
    for (uint32_t i = 0; i < KD_COUNT(ops); i++) ops[i] = (rig_op){i % 3, i, 1000 + i, RIG_LIKE, i % 4 != 0};
    rig_seal(&e, ops, KD_COUNT(ops), &sum, 1, 5000, &record);
    KD_ASSERT(kd_batch_decode(kd_buf_view(&record), &batch) == KD_OK &&
              kd_body_decode(batch.body, &body) == KD_OK);
    kd_body_encode(&body, &again);
    KD_ASSERT(kd_bytes_eq(kd_buf_view(&again), batch.body));
    kd_body_finish(&body);
    tell(s, &again);
    tell(s, &record);
}

static void snapshots(story *s)
{
    kd_item_counts items[3];
    kd_chain_link link = {4, 7};
    kd_applied applied = {kd_bytes_str("mumbai"), {1, 2}, 3, 4, true};
    kd_buf record = {0}, again = {0};
    kd_snapshot out, in = {.kind = KD_SNAPSHOT_DELTA,
                           .epoch = 5,
                           .version = 9,
                           .previous = 8,
                           .parts = 1,
                           .chain = &link,
                           .chain_count = 1,
                           .edges = &applied,
                           .edge_count = 1,
                           .items = items,
                           .item_count = 3};
    for (uint32_t i = 0; i < 3; i++)
        items[i] = (kd_item_counts){.item = rig_item(i), .count = 1, .at = {{RIG_LIKE, i + 1}}};
    kd_snapshot_encode(&in, &record);
    KD_ASSERT(kd_snapshot_decode(kd_buf_view(&record), &out) == KD_OK);
    kd_snapshot_encode(&out, &again);
    KD_ASSERT(kd_bytes_eq(kd_buf_view(&again), kd_buf_view(&record)));
    kd_snapshot_finish(&out);
    tell(s, &again);
    tell(s, &record);
}

static void changes(story *s)
{
    kd_change at[2] = {{.item = rig_item(1),
                        .user = rig_user(1),
                        .edge = kd_bytes_str("a"),
                        .region = kd_bytes_str("b"),
                        .time_us = 5,
                        .counter = RIG_LIKE,
                        .liked = true},
                       {.item = rig_item(2),
                        .edge = kd_bytes_str("a"),
                        .region = kd_bytes_str("b"),
                        .amount = 5,
                        .counter = RIG_VIEW}};
    kd_changes out, in = {.epoch = 5, .version = 9, .changes = at, .change_count = 2};
    kd_buf record = {0};
    kd_changes_encode(&in, &record);
    KD_ASSERT(kd_changes_decode(kd_buf_view(&record), &out) == KD_OK && out.change_count == 2);
    kd_changes_finish(&out);
    tell(s, &record);
}

static void bodies(story *s)
{
    static const char text[] = "{\"operations\":[{\"item\":\"posts\\/1\",\"op\":\"like\"},{\"item\":\"posts/"
                               "2\",\"op\":\"unlike\"}]}";
    static kd_body_ops ops;
    kd_buf scratch = {0}, out = {0};
    kd_refusal why;
    KD_ASSERT(kd_body_read_ops(kd_bytes_str(text), &scratch, &ops, &why) && ops.count == 2);
    kd_json j = kd_json_of(&out);
    kd_json_array(&j);
    for (uint32_t i = 0; i < ops.count; i++) kd_json_str(&j, ops.at[i].item);
    kd_json_end_array(&j);
    kd_buf_finish(&scratch);
    tell(s, &out);
}

static void configuration(story *s)
{
    static const char text[] = "[edge]\nname = mumbai\nregion = asia\ndata_dir = /d\n[kafka]\nbrokers = a:1, "
                               "b:2\n[counters]\nlike = 1 set\n";
    static const char *const sets[] = {"edge.shards=3"};
    kd_options_input in = {
        .file = "f", .text = kd_bytes_str(text), .base_dir = "/", .sets = sets, .set_count = 1};
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_settings settings;
    kd_buf help = {0};
    KD_ASSERT(kd_options_load(&kd_edge_options, &in, &settings, error) == KD_OK);
    story_tell(s, TOLD_RECORD, kd_bytes_str(settings.name));
    kd_options_finish(&kd_edge_options, &settings);
    kd_options_help(&kd_edge_options, &help);
    tell(s, &help);
}

static void logs(story *s)
{
    static const char *const lines[] = {"1\tu 1\tposts/1\t1", "2\tu2\t7\t-1", "3\tu2\t7\t1"};
    sim_replay_log log = {0};
    const char *why;
    for (size_t i = 0; i < KD_COUNT(lines); i++)
        KD_ASSERT(sim_replay_log_line(&log, kd_bytes_str(lines[i]), "reels", &why) == KD_OK);
    for (uint32_t i = 0; i < log.items.count; i++)
        story_tell(s, TOLD_RECORD, kd_bytes_str(sim_names_at(&log.items, i)));
    sim_replay_log_finish(&log);
}

static void run(story *s)
{
    batches(s);
    snapshots(s);
    changes(s);
    bodies(s);
    configuration(s);
    logs(s);
}

const subject codec_subject = {"codecs", run, NULL};
