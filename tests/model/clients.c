/* clients.c - users: each waits for its answer, roams, retries with the same key, and sometimes never sees the answer. */
#include "tests/model/world.h"

#include <stdio.h>

/* Often the item of the last attempt again: like, unlike, like. */
static uint32_t pick_item(model_world *w, uint32_t user, uint32_t edge)
{
    uint32_t last = w->last_item[user];
    if (last < SHARED_ITEMS && world_chance(w, 40)) return last;
    uint32_t n = world_pick(w, SHARED_ITEMS + 1);
    return n == SHARED_ITEMS ? SHARED_ITEMS + edge_identity(w, edge)
                             : n; /* the last kind has one writer: this edge */
}

static uint32_t new_attempt(model_world *w, uint32_t user, uint32_t edge)
{
    model_history *h = &w->history;
    h->at = kd_grow(h->at, h->count, &h->cap, sizeof(h->at[0]));
    model_attempt a = {.id = h->count, .user = user, .item = pick_item(w, user, edge), .edge = edge};
    a.first_us = a.issued_us = w->now_us;
    uint32_t kind = world_pick(w, 10);
    a.verb = kind < 6 ? KD_LIKE : kind < 9 ? KD_UNLIKE : KD_ADD;
    a.amount = a.verb == KD_ADD ? 1 + world_pick(w, 3) : 0;
    w->last_item[user] = a.item;
    h->at[h->count] = a;
    return h->count++;
}

/* One request over the wire; true when the edge took it. */
static bool request(model_world *w, uint32_t id, uint32_t edge)
{
    const model_attempt *a = &w->history.at[id];
    char key[16];
    snprintf(key, sizeof(key), "k%u", a->id);
    kd_request rq = {.item = kd_item_key(&w->items[a->item]),
                     .user = kd_bytes_str(w->user_names[a->user]),
                     .verb = a->verb,
                     .counter = a->verb == KD_ADD ? VIEW : LIKE,
                     .amount = a->amount,
                     .token_us = w->options.tokens ? w->token_us[a->user] : 0,
                     .idempotency_key = kd_bytes_str(key)};
    kd_outcome out;
    model_edge *m = &w->edges[edge];
    int err = kd_edge_take(m->core, &rq, edge_now(w, edge), &out);
    world_trace(w, "attempt %u: user %u item %u verb %d at edge %u: %d", id, a->user, a->item, (int)a->verb,
                edge, err);
    if (err != KD_OK) return false;
    if (out.group == 0) {
        client_answered(w, id, out.stamp_us);
        return true;
    }
    m->waiting = kd_grow(m->waiting, m->waiting_count, &m->waiting_cap, sizeof(m->waiting[0]));
    m->waiting[m->waiting_count++] =
        (model_waiting){.attempt = id, .group = out.group, .stamp_us = out.stamp_us};
    return true;
}

/* The same request once more, at the same edge: a key is known only there. */
static void retry(model_world *w, uint32_t user)
{
    uint32_t id = w->retry[user] - 1;
    model_attempt *a = &w->history.at[id];
    if (w->edges[a->edge].retired) w->retry[user] = 0; /* nobody to ask */
    if (!w->edges[a->edge].core) return;
    w->retry[user] = 0;
    a->issued_us = w->now_us;
    w->busy[user] = request(w, id, a->edge);
}

static void operate(model_world *w, uint32_t user)
{
    uint32_t edge = world_pick(w, SLOTS);
    if (!w->edges[edge].core) return;
    uint32_t id = new_attempt(w, user, edge);
    w->busy[user] = request(w, id, edge);
    bool double_tap = w->busy[user] && world_chance(w, 15);
    if (double_tap) request(w, id, edge);
}

void client_step(model_world *w)
{
    uint32_t user = world_pick(w, USERS);
    if (w->busy[user]) return;
    if (w->retry[user])
        retry(w, user);
    else
        operate(w, user);
}

void client_answered(model_world *w, uint32_t id, uint64_t stamp_us)
{
    model_attempt *a = &w->history.at[id];
    bool lost = !w->healing && world_chance(w, 10);
    if (lost || !edge_promises(a->edge)) {
        client_unanswered(w, id);
        return;
    }
    if (a->acked_us == 0) a->acked_us = w->now_us;
    if (stamp_us > w->token_us[a->user]) w->token_us[a->user] = stamp_us;
    w->busy[a->user] = false;
    w->acks++;
}

void client_unanswered(model_world *w, uint32_t id)
{
    model_attempt *a = &w->history.at[id];
    w->busy[a->user] = false;
    if (a->acked_us == 0 && world_chance(w, 30)) w->retry[a->user] = id + 1;
}
