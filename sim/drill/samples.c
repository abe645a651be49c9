/* samples.c - see the header. */
#include "sim/drill/samples.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/drill/ask.h"

enum { EVERY_US = 400000, DEADLINE_MS = 1500 };

enum { DUPLICATES, GAPS, MERGED, UNDONE, RESENT, SHARED, SERIES };

static const char *const series[SERIES] = {
    "kudos_central_batches_total{result=\"duplicate\"",
    "kudos_central_batches_total{result=\"gap\"",
    "kudos_central_batches_total{result=\"merged\"",
    "kudos_edge_histories_undone_total",
    "kudos_edge_operations_resent_total",
    "kudos_edge_identity_shared_total",
};

/* Who leads is asked of one member that serves, more seldom. */
enum { LEADERS_EVERY_US = 1000000 };

/* What one node said last. */
typedef struct {
    sim_samples *whole;
    const sim_fleet_node *node;
    uint32_t asked; /* questions under way */
    uint64_t next_us, asked_us, partitions_heard_us;
    double last[SERIES], before[SERIES]; /* counters: of this start; summed over the starts before */
    uint64_t merged_us, outbox;          /* smallest watermark; batches */
    uint64_t outbox_op_bytes;            /* of their operations */
    bool refusing;
    uint64_t shown, pending, age_us, as_of_us;
} samples_source;

struct sim_samples {
    sim_fleet *fleet;
    char item[2 * SCENARIO_NAME_MAX];
    samples_source at[FLEET_NODES];
    char leaders[SCENARIO_PARTITIONS_MAX][SCENARIO_NAME_MAX]; /* "": nobody */
    bool leaders_asked, leaders_known;
    uint64_t leaders_next_us;
};

static void samples_on_metrics(void *arg, int status, kd_bytes body)
{
    samples_source *s = arg;
    s->asked--;
    if (status != 200) return;
    for (int i = 0; i < SERIES; i++) {
        double value = sim_ask_metric(body, series[i]);
        if (value < s->last[i]) s->before[i] += s->last[i]; /* counters begin at 0 with each start */
        s->last[i] = value;
    }
    s->refusing = sim_ask_metric(body, "kudos_edge_refusing_writes") +
                      sim_ask_metric(body, "kudos_edge_clock_out_of_bounds") +
                      sim_ask_metric(body, "kudos_edge_retired_partitions") >
                  0;
}

static uint64_t samples_number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_integer(value) && json_integer_value(value) > 0 ? (uint64_t)json_integer_value(value) : 0;
}

static void on_partitions(void *arg, int status, kd_bytes body)
{
    samples_source *s = arg;
    s->asked--;
    json_t *document = status == 200 ? json_loadb((const char *)body.data, body.len, 0, NULL) : NULL;
    const json_t *partitions = json_object_get(document, "partitions"), *one;
    size_t i;
    uint64_t merged = UINT64_MAX, outbox = 0;
    json_array_foreach(partitions, i, one)
    {
        merged = KD_MIN(merged, samples_number(one, "watermark_us"));
        outbox += samples_number(one, "outbox_batches");
    }
    s->outbox_op_bytes = samples_number(document, "outbox_op_bytes");
    if (json_array_size(partitions) == s->whole->fleet->scenario->partitions) {
        s->merged_us = merged;
        s->outbox = outbox;
        s->partitions_heard_us = s->asked_us;
    }
    json_decref(document);
}

static void samples_on_counts(void *arg, int status, kd_bytes body)
{
    samples_source *s = arg;
    s->asked--;
    json_t *document = status == 200 ? json_loadb((const char *)body.data, body.len, 0, NULL) : NULL;
    const json_t *like = json_object_get(json_object_get(document, "counts"), "like");
    if (like) {
        s->shown = json_is_null(json_object_get(like, "count")) ? UINT64_MAX : samples_number(like, "count");
        s->pending = samples_number(like, "pending");
        s->age_us = samples_number(document, "age_ms") * 1000;
        s->as_of_us = sim_ask_moment(json_string_value(json_object_get(document, "as_of")));
    }
    json_decref(document);
}

static void samples_on_members(void *arg, int status, kd_bytes body)
{
    sim_samples *s = arg;
    s->leaders_asked = false;
    json_t *document = status == 200 ? json_loadb((const char *)body.data, body.len, 0, NULL) : NULL;
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(document, "partitions"), i, one)
    {
        const char *leader = json_string_value(json_object_get(one, "leader"));
        uint64_t partition = samples_number(one, "partition");
        if (partition < SCENARIO_PARTITIONS_MAX)
            snprintf(s->leaders[partition], sizeof s->leaders[0], "%s", leader ? leader : "");
    }
    s->leaders_known |= document != NULL;
    json_decref(document);
}

static void samples_ask_leaders(sim_samples *s, uint64_t now_us)
{
    const sim_fleet_node *asked = NULL;
    if (s->fleet->scenario->member_count == 0 || s->leaders_asked || now_us < s->leaders_next_us) return;
    for (uint32_t i = 0; i < FLEET_NODES && !asked; i++)
        if (!sim_fleet_is_edge(s->at[i].node) && sim_fleet_serves(s->at[i].node)) asked = s->at[i].node;
    if (!asked) return;
    s->leaders_asked = true;
    s->leaders_next_us = now_us + LEADERS_EVERY_US;
    sim_ask_get(s->fleet->base, asked->port, "/v1/members", NULL, DEADLINE_MS, samples_on_members, s);
}

static void samples_ask(samples_source *s, uint64_t now_us)
{
    const sim_fleet_node *n = s->node;
    char path[128];
    struct event_base *base = s->whole->fleet->base;
    s->next_us = now_us + EVERY_US;
    s->asked_us = now_us;
    s->asked = sim_fleet_is_edge(n) ? 3 : 2;
    snprintf(path, sizeof path, "/v1/%s/counts", s->whole->item);
    sim_ask_get(base, n->admin_port, "/metrics", NULL, DEADLINE_MS, samples_on_metrics, s);
    sim_ask_get(base, n->port, path, NULL, DEADLINE_MS, samples_on_counts, s);
    if (sim_fleet_is_edge(n))
        sim_ask_get(base, n->admin_port, "/debug/partitions", NULL, DEADLINE_MS, on_partitions, s);
}

void sim_samples_tick(sim_samples *s, uint64_t now_us)
{
    samples_ask_leaders(s, now_us);
    for (uint32_t i = 0; i < FLEET_NODES; i++) {
        samples_source *one = &s->at[i];
        if (sim_fleet_serves(one->node) && one->asked == 0 && now_us >= one->next_us)
            samples_ask(one, now_us);
    }
}

sim_samples *sim_samples_create(sim_fleet *f, const char *item)
{
    sim_samples *s = kd_alloc(sizeof *s);
    s->fleet = f;
    snprintf(s->item, sizeof s->item, "%s", item);
    for (uint32_t i = 0; i < FLEET_NODES; i++) s->at[i] = (samples_source){.whole = s, .node = &f->nodes[i]};
    return s;
}

void sim_samples_destroy(sim_samples *s)
{
    free(s);
}

static sim_record_sample region(const sim_samples *s, const sim_clients *c, uint32_t e, uint64_t wall_us)
{
    const samples_source *from = &s->at[e];
    sim_clients_counts n = sim_clients_at(c, e);
    return (sim_record_sample){
        .up = sim_fleet_serves(from->node),
        .refusing = from->refusing,
        .acked = n.acked,
        .refused = n.refused,
        .shown = from->shown,
        .pending = from->pending,
        .staleness_us = from->age_us,
        .as_of_lag_us = from->as_of_us == 0        ? UINT64_MAX
                        : wall_us > from->as_of_us ? wall_us - from->as_of_us
                                                   : 0,
        .outbox_batches = from->outbox,
    };
}

void sim_samples_record(sim_samples *s, sim_drill_record *r, const sim_clients *c, uint64_t least,
                        uint64_t most, uint64_t now_us)
{
    sim_record_sample regions[SCENARIO_EDGES_MAX];
    uint64_t wall = sim_fleet_wall_us(s->fleet, now_us);
    for (uint32_t e = 0; e < s->fleet->scenario->edge_count; e++) regions[e] = region(s, c, e, wall);
    for (uint32_t p = 0; s->leaders_known && p < s->fleet->scenario->partitions; p++)
        sim_record_leader(r, now_us, p, s->leaders[p]);
    sim_record_moment(r, now_us, least, most, s->at[sim_fleet_central(s->fleet) - s->fleet->nodes].shown,
                      regions);
}

sim_samples_totals sim_samples_sum(const sim_samples *s)
{
    double sum[SERIES] = {0};
    for (uint32_t n = 0; n < FLEET_NODES; n++) {
        for (int i = 0; i < SERIES; i++) sum[i] += s->at[n].before[i] + s->at[n].last[i];
    }
    return (sim_samples_totals){.duplicates = (uint64_t)sum[DUPLICATES],
                                .gaps = (uint64_t)sum[GAPS],
                                .merged = (uint64_t)sum[MERGED],
                                .undone = (uint64_t)sum[UNDONE],
                                .resent = (uint64_t)sum[RESENT],
                                .identity_shared = (uint64_t)sum[SHARED]};
}

uint64_t sim_samples_merged(void *samples_, uint32_t edge)
{
    const sim_samples *s = samples_;
    return s->at[edge].merged_us;
}

uint64_t sim_samples_outboxes(const sim_samples *s, uint64_t since_us)
{
    uint64_t sum = 0;
    for (uint32_t e = 0; e < s->fleet->scenario->edge_count; e++) {
        if (s->at[e].partitions_heard_us < since_us) return UINT64_MAX;
        sum += s->at[e].outbox_op_bytes;
    }
    return sum;
}
