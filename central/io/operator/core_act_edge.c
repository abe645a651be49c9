/* core_act_edge.c - see the header. */
#include "central/io/operator/core_act_edge.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/text.h"
#include "kudos/forget.h"

static int edge_decide(kd_core_act *a, kd_decided what)
{
    a->decides = true;
    a->decision.what = what;
    a->decision.body = kd_buf_view(&a->body);
    int err = kd_central_decide_check(a->core, &a->decision);
    if (err != KD_OK) a->decides = false;
    return err;
}

static int edge_on_known(kd_core_act *a)
{
    kd_bytes name = kd_bytes_str(a->order.name);
    if (!kd_name_valid(name)) return KD_ENOTFOUND;
    kd_buf_put(&a->body, name.data, name.len);
    return edge_decide(a, a->order.kind == KD_ORDER_RETIRE ? KD_DECIDED_RETIRE : KD_DECIDED_READMIT);
}

static int edge_add(kd_core_act *a)
{
    kd_bytes name = kd_bytes_str(a->order.name), region = kd_bytes_str(a->order.region);
    if (!kd_name_valid(name) || (region.len > 0 && !kd_name_valid(region))) return KD_EINVAL;
    kd_expected_put(&a->body, name, region);
    int err = edge_decide(a, KD_DECIDED_EXPECT);
    if (err == KD_ERETIRED)
        snprintf(a->error, sizeof(a->error), "%s is retired: retire %s --undo takes it back", a->order.name,
                 a->order.name);
    if (err == KD_EFULL)
        snprintf(a->error, sizeof(a->error), "%d edges are expected: retire those that are gone",
                 KD_EDGES_MAX);
    return err;
}

/* ---- list: a line for each edge that this partition expects or knows ---- */

static void edge_say(kd_core_act *a, kd_bytes name, kd_bytes region, const char *state)
{
    kd_text_printf(&a->text, "edge partition=%u name=%.*s region=%.*s state=%s\n", a->partition,
                   (int)name.len, (const char *)name.data, region.len > 0 ? (int)region.len : 1,
                   region.len > 0 ? (const char *)region.data : "-", state);
}

static int edge_list(kd_core_act *a)
{
    kd_central_expected_edge *expected = kd_alloc(KD_EDGES_MAX * sizeof(*expected));
    kd_central_edge *edges = kd_alloc(KD_EDGES_MAX * sizeof(*edges));
    uint32_t n = kd_central_expected(a->core, expected, KD_EDGES_MAX);
    for (uint32_t i = 0; i < n; i++)
        if (!expected[i].heard)
            edge_say(a, expected[i].name, expected[i].region, expected[i].struck ? "retired" : "unheard");
    n = kd_central_edges(a->core, edges, KD_EDGES_MAX);
    for (uint32_t i = 0; i < n; i++)
        edge_say(a, edges[i].name, edges[i].region, edges[i].retired ? "retired" : "heard");
    free(expected);
    free(edges);
    return KD_OK;
}

int kd_core_act_edge(kd_core_act *a)
{
    if (a->order.kind == KD_ORDER_EDGE_LIST) return edge_list(a);
    if (a->order.kind == KD_ORDER_EDGE_ADD) return edge_add(a);
    int err = edge_on_known(a);
    if (err == KD_ENOTFOUND)
        kd_text_printf(&a->text, "partition %u does not know %s\n", a->partition, a->order.name);
    return err;
}
