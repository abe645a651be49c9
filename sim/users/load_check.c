/*
 * load_check.c - after a load: are the likes that were acknowledged in the counts, each once?
 *
 * An edge's count holds its own likes from their acknowledgement on, so one reading is enough and there is nothing to
 * wait for. An edge that never heard of central says null for the count; all likes of the item are then in `pending`.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/users/bulk.h"
#include "sim/users/load.h"

typedef struct {
    const sim_load_plan *plan;
    const sim_load_tally *tally;
    struct event_base *base;
    uint32_t *items; /* those that were sent anything */
    sim_load_verdict verdict;
    int error;
} checker;

static const char *load_check_name_of(void *arg, uint32_t at, char room[KD_BULK_NAME_MAX])
{
    const checker *c = arg;
    return sim_load_item(c->plan, c->items[at], room);
}

static void load_check_take(void *arg, uint32_t at, const int64_t *count, uint64_t pending)
{
    checker *c = arg;
    sim_load_tally_judge(c->tally, c->items[at], count ? *count : (int64_t)pending, &c->verdict);
}

static void load_check_done(void *arg, int error)
{
    checker *c = arg;
    c->error = error;
    event_base_loopbreak(c->base);
}

static void load_check_read_all(checker *c)
{
    kd_http_client_options o = {.body_max = 1024 * 1024,
                                .insecure = c->plan->insecure,
                                .ca_file = c->plan->ca_file,
                                .seed = c->plan->seed};
    sim_bulk_read r = {
        .hooks = {.name = load_check_name_of, .take = load_check_take, .done = load_check_done, .arg = c}};
    c->items = sim_load_tally_touched(c->tally, &r.items);
    c->base = event_base_new();
    KD_ASSERT(c->base != NULL);
    c->error = kd_http_client_create(&r.client, c->base, c->plan->edge, &o);
    if (c->error == KD_OK && r.items > 0) {
        sim_bulk_read_start(&r);
        event_base_dispatch(c->base);
    }
    kd_http_client_destroy(r.client);
    event_base_free(c->base);
    free(c->items);
}

static void tell_first(const checker *c)
{
    const sim_load_verdict *v = &c->verdict;
    char item[KD_ITEM_KEY_MAX + 1];
    printf("%s: count %lld, acknowledged %llu, without a good answer %llu\n",
           sim_load_item(c->plan, v->first, item), (long long)v->first_says,
           (unsigned long long)sim_load_tally_acked(c->tally, v->first),
           (unsigned long long)sim_load_tally_unsure(c->tally, v->first));
}

bool sim_load_check(const sim_load_plan *plan, const sim_load_tally *tally)
{
    checker c = {.plan = plan, .tally = tally};
    const sim_load_verdict *v = &c.verdict;
    load_check_read_all(&c);
    if (c.error < 0) printf("check: cannot read counts: %s\n", kd_strerror(c.error));
    if (c.error > 0) printf("check: cannot read counts: status %d\n", c.error);
    if (v->wrong) tell_first(&c);
    printf("check seed=%llu items=%llu acked=%llu unsure=%llu counted=%llu wrong_items=%llu\n",
           (unsigned long long)plan->seed, (unsigned long long)v->items, (unsigned long long)v->acked,
           (unsigned long long)v->unsure, (unsigned long long)v->counted, (unsigned long long)v->wrong);
    return c.error == 0 && v->wrong == 0;
}
