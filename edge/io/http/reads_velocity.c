/* reads_velocity.c - see the header. */
#include "edge/io/http/reads_velocity.h"

#include "edge/io/http/answer.h"
#include "edge/io/upstream/velocities.h"

/* The question of one errand. */
struct kd_read_velocity {
    kd_velocities_wait wait;
    kd_errand *errand;
    kd_lookup **lookup; /* what is asked about; lookup and item stand at the same place */
    kd_bytes *item;
};

bool kd_reads_velocity_prepare(kd_edge_read *read, kd_http_request *req)
{
    kd_refusal why;
    uint32_t window, place = 0;
    if (!kd_route_velocity(req->query, &window, &why)) {
        kd_answer_refusal(req, &why);
        return false;
    }
    if (window == KD_TRENDING_WINDOWS) return true;
    kd_item_velocity *found = kd_http_request_alloc(req, read->count * sizeof *found);
    kd_lookup **lookups = kd_http_request_alloc(req, read->count * sizeof(kd_lookup *));
    kd_bytes *items = kd_http_request_alloc(req, read->count * sizeof *items);
    for (uint32_t i = 0; i < read->count; i++) read->at[i].velocity = &found[i];
    read->velocities = kd_http_request_alloc(req, read->call.errand_count * sizeof *read->velocities);
    for (uint32_t i = 0; i < read->call.errand_count; i++) {
        kd_errand *errand = &read->call.errands[i];
        read->velocities[i] = (struct kd_read_velocity){
            .wait.window = window, .errand = errand, .lookup = lookups + place, .item = items + place};
        place += errand->count;
    }
    return true;
}

static void reads_velocity_on_asked(kd_velocities_wait *wait)
{
    struct kd_read_velocity *asked = KD_CONTAINER(wait, struct kd_read_velocity, wait);
    const kd_velocities *v = &asked->errand->shard->velocities;
    for (uint32_t i = 0; i < wait->count; i++)
        kd_velocities_find(v, asked->item[i], wait->window, asked->lookup[i]->velocity);
    kd_errand_release(asked->errand);
}

void kd_reads_velocity_work(const kd_edge_read *read, kd_errand *errand)
{
    struct kd_read_velocity *asked = &read->velocities[errand - read->call.errands];
    kd_shard *s = errand->shard;
    kd_errand_item *entry;
    STAILQ_FOREACH(entry, &errand->items, next) {
        kd_lookup *l = KD_CONTAINER(entry, kd_lookup, of_errand);
        if (kd_velocities_find(&s->velocities, l->item, asked->wait.window, l->velocity)) continue;
        asked->lookup[asked->wait.count] = l;
        asked->item[asked->wait.count++] = l->item;
    }
    if (asked->wait.count == 0 || read->call.level >= KD_LEVEL_NO_DETAIL) return;
    asked->wait.items = asked->item;
    asked->wait.counters = &s->served.counters;
    asked->wait.fn = reads_velocity_on_asked;
    int err = kd_velocities_ask(&s->velocities, kd_call_asks(&read->call), &asked->wait);
    if (err == KD_OK) kd_errand_hold(errand);
    errand->unasked += err == KD_EOVERLOADED;
}

uint64_t kd_reads_velocity_made_us(const kd_lookup *l, uint64_t now_us)
{
    uint64_t heard_us = l->velocity ? l->velocity->heard_us : 0;
    return heard_us == 0 ? 0 : now_us - (kd_clock_mono_us() - heard_us);
}
