/*
 * fleet_config.c - the configuration of a node: the scenario's own figures, and intervals that are short enough for a drill.
 *
 * --faster divides the intervals of the timeline, and with them those of batches and snapshots, down to what a machine can keep. Users cannot act
 * as much faster. Where only a part of the scenario's operations fits, outbox_max becomes that part of the scenario's, so that the outbox is full
 * at the same moment of the timeline.
 */
#include <stdio.h>
#include <stdarg.h>
#include <stdlib.h>

#include "sim/drill/files.h"
#include "sim/drill/fleet_config.h"

enum {
    INTERVAL_MIN_US = 100000,
    IDLE_MAX_US = 1000000,
    OUTBOX_MIN_BYTES = 4 * 1024, /* least value that kudos-edge takes */
    OUTBOX_MIN_PARTITION_BYTES = 1024,
    ITEMS_MIN = 1000
};

static void text(kd_buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void text(kd_buf *out, const char *format, ...)
{
    char line[2 * FLEET_PATH_MAX];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    KD_ASSERT(n >= 0 && (size_t)n < sizeof line);
    kd_buf_put(out, line, (size_t)n);
}

/* In milliseconds. */
static unsigned long long interval(const sim_fleet *f, uint64_t us)
{
    uint64_t shorter = (uint64_t)((double)us / f->options.faster);
    return KD_MAX(shorter, KD_MIN(us, (uint64_t)INTERVAL_MIN_US)) / 1000;
}

static void write_kafka(const sim_fleet_node *n, kd_buf *out)
{
    text(out, "[kafka]\nbrokers = ");
    for (uint32_t i = 0; i < n->fleet->brokers; i++)
        text(out, "%s127.0.0.1:%u", i ? ", " : "", sim_proxy_link_port(n->kafka[i]));
    text(out, "\npartitions = %u\nreplication = %u\nlinger = 1ms\n", n->fleet->scenario->partitions,
         KD_MIN(n->fleet->brokers, 3u));
}

static uint64_t outbox_bytes(const sim_fleet *f)
{
    const sim_scenario *s = f->scenario;
    uint64_t least = KD_MAX((uint64_t)OUTBOX_MIN_BYTES, (uint64_t)OUTBOX_MIN_PARTITION_BYTES * s->partitions);
    return KD_MAX((uint64_t)((double)s->outbox_bytes * f->options.share), least);
}

static void fleet_config_write_edge(const sim_fleet_node *n, kd_buf *out)
{
    const sim_fleet *f = n->fleet;
    const sim_scenario *s = f->scenario;
    const char *name = s->edges[sim_fleet_identity(n)];
    unsigned long long flush = interval(f, s->flush_interval_us);
    text(out, "[edge]\nname = %s\nregion = %s\ndata_dir = %s\nshards = %u\nflush_ops = %u\n", name, name,
         n->data, s->shards, s->flush_ops);
    text(out, "flush_interval = %llums\nidle_interval_max = %llums\n", flush,
         KD_MAX(flush, (unsigned long long)IDLE_MAX_US / 1000));
    if (f->options.small && sim_fleet_identity(n) + 1 == (int)s->edge_count) text(out, "row_ttl = 3s\n");
    if (s->logged) text(out, "acknowledge = log\n");
    text(out, "resend_min = 1s\nresend_max = 4s\noutbox_max = %lluB\n", (unsigned long long)outbox_bytes(f));
    if (s->room_items) text(out, "items_max = %u\n", KD_MAX(s->room_items, (uint32_t)ITEMS_MIN));
    text(out, "[http]\nlisten = 127.0.0.1:%u\nsession_secret = %s/session.secret\n", n->port,
         f->options.directory);
    text(out, "[limits]\nuser =\n"); /* users of a drill do more than people */
    text(out, "[central]\nurl = ");
    for (uint32_t i = 0; i < sim_fleet_centrals(f); i++)
        text(out, "%shttp://127.0.0.1:%u", i ? ", " : "", sim_proxy_link_port(n->central[i]));
    text(out, "\n");
    text(out, "[clock]\ndrift_bound = %lluus\nmeasure_interval = 1s\n", (unsigned long long)s->drift_us);
    text(out, "[store]\nwrite_buffer = %s\nblock_cache = 8MiB\n", f->options.small ? "1MiB" : "4MiB");
    if (f->options.small) text(out, "fresh_rows = 64\n");
}

/* Every member holds every partition: the verdict asks any of them. */
static void fleet_config_write_member(const sim_fleet_node *n, kd_buf *out)
{
    const sim_scenario *s = n->fleet->scenario;
    const char *zone = s->zones[n->index - FLEET_MEMBER];
    text(out, "members = %u\nreplicas = %u\nadvertise = http://127.0.0.1:%u\n", s->member_count,
         s->member_count, n->port);
    if (zone[0]) text(out, "zone = %s\n", zone);
}

static void write_central(const sim_fleet_node *n, kd_buf *out)
{
    const sim_scenario *s = n->fleet->scenario;
    text(out,
         "[central]\nname = %s\ndata_dir = %s\nsnapshot_interval = %llums\ndrift_bound = %lluus\nedges = ",
         n->name, n->data, interval(n->fleet, s->snapshot_interval_us), (unsigned long long)s->drift_us);
    for (uint32_t i = 0; i < s->edge_count; i++) text(out, "%s%s", i ? ", " : "", s->edges[i]);
    if (s->life_us > 0) text(out, "\ncollection_life = posts=%llums", interval(n->fleet, s->life_us));
    if (s->life_us > 0 && s->life_keep_us > 0) text(out, "+%llums", interval(n->fleet, s->life_keep_us));
    text(out, "\nwrite_buffer = %s\n", n->fleet->options.small ? "256KiB" : "2MiB");
    if (n->fleet->options.small) text(out, "redo_bytes = 64KiB\ncommit_ops = 200\ntombstone_ttl = 3s\n");
    text(out, "index_newest = true\nindex_liked = true\nmilestones = ");
    for (uint32_t i = 0; i < sim_scenario_thresholds.count; i++)
        text(out, "%s%llu", i ? ", " : "", (unsigned long long)sim_scenario_thresholds.at[i]);
    text(out, "\n");
    if (sim_fleet_is_member(n)) fleet_config_write_member(n, out);
    text(out, "block_cache = 16MiB\n[http]\nlisten = 127.0.0.1:%u\n", n->port);
}

int sim_fleet_config_write(const sim_fleet_node *n)
{
    kd_buf out = {0};
    if (sim_fleet_is_edge(n))
        fleet_config_write_edge(n, &out);
    else
        write_central(n, &out);
    text(&out, "[admin]\nlisten = 127.0.0.1:%u\n", n->admin_port);
    write_kafka(n, &out);
    int rc = sim_files_write(n->config, kd_buf_view(&out));
    kd_buf_finish(&out);
    return rc;
}
