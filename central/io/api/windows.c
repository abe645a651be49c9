/* windows.c - see the header. */
#include "central/io/api/windows.h"

enum { QUANTUM_US = 2000 };

void kd_api_windows_init(kd_api_windows *w, uint64_t seed)
{
    *w = (kd_api_windows){.seed = seed};
    kd_fair_init(&w->fair, QUANTUM_US);
    for (uint32_t i = 0; i < KD_WINDOWS_FLOWS; i++) kd_fair_flow_init(&w->flows[i]);
}

static uint32_t windows_flow(const kd_api_windows *w, uint64_t client)
{
    uint64_t state = client ^ w->seed;
    return (uint32_t)(kd_random_next(&state) % KD_WINDOWS_FLOWS);
}

bool kd_api_windows_wait(kd_api_windows *w, kd_window_place *place, uint64_t client)
{
    place->flow = windows_flow(w, client);
    if (w->waiting_all == KD_WINDOWS_WAIT_MAX || w->waiting[place->flow] == KD_WINDOWS_FLOW_MAX) return false;
    w->waiting_all++;
    w->waiting[place->flow]++;
    kd_fair_wait(&w->fair, &w->flows[place->flow], &place->entry, true);
    return true;
}

kd_window_place *kd_api_windows_next(kd_api_windows *w)
{
    kd_fair_entry *entry = w->under_way < KD_WINDOWS_UNDER_WAY ? kd_fair_next(&w->fair) : NULL;
    if (!entry) return NULL;
    kd_window_place *place = KD_CONTAINER(entry, kd_window_place, entry);
    w->waiting_all--;
    w->waiting[place->flow]--;
    w->under_way++;
    return place;
}

void kd_api_windows_done(kd_api_windows *w, const kd_window_place *place, uint64_t spent_us)
{
    KD_ASSERT(w->under_way > 0);
    w->under_way--;
    kd_fair_charge(&w->flows[place->flow], spent_us);
}
