/*
 * replay_backlog.c - finds the few series that are shown in a Prometheus text.
 */
#include "sim/replay/replay_poll.h"

static bool backlog_number(const uint8_t *at, const uint8_t *end, uint64_t *value)
{
    *value = 0;
    if (at == end) return false;
    for (; at < end; at++) {
        if (*at < '0' || *at > '9' || *value > UINT64_MAX / 10 - 1) return false;
        *value = *value * 10 + (uint64_t)(*at - '0');
    }
    return true;
}

bool sim_replay_series(kd_bytes text, const char *series, uint64_t *value)
{
    size_t len = strlen(series);
    const uint8_t *at = text.data, *end = text.len ? at + text.len : at;
    while (at < end) {
        const uint8_t *eol = memchr(at, '\n', (size_t)(end - at));
        if (!eol) return false; /* a line without its end may have lost digits */
        if ((size_t)(eol - at) > len && memcmp(at, series, len) == 0 && at[len] == ' ')
            return backlog_number(at + len + 1, eol, value);
        at = eol + 1;
    }
    return false;
}

sim_replay_backlog sim_replay_backlog_of(kd_bytes metrics)
{
    sim_replay_backlog b = {0};
    /* Without empty batches: they only move a watermark, stay in no outbox, and central does not merge them. */
    b.edge = sim_replay_series(metrics, "kudos_edge_batches_sealed_total{empty=\"false\"}", &b.sealed) &&
             sim_replay_series(metrics, "kudos_edge_outbox_batches", &b.waiting) &&
             sim_replay_series(metrics, "kudos_edge_outbox_bytes", &b.waiting_bytes);
    b.central = sim_replay_series(metrics, "kudos_central_batches_total{result=\"merged\"}", &b.merged);
    return b;
}

void sim_replay_backlog_add(sim_replay_backlog *sum, const sim_replay_backlog *one)
{
    if (one->edge) {
        sum->sealed += one->sealed;
        sum->waiting += one->waiting;
        sum->waiting_bytes += one->waiting_bytes;
    }
    if (one->central) sum->merged += one->merged;
    sum->edge = sum->edge || one->edge;
    sum->central = sum->central || one->central;
    sum->partial = sum->partial || one->partial;
}
