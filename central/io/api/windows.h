/*
 * windows.h - reads of what is trending and of velocities, which wait for their turn: one reads a day of every partition, and costs what a thousand reads of counts cost. Few are with the
 * workers at a time, so all other reads find them free; whose is next goes round the clients' addresses (common/base/fair.h); one whose client has gone is not begun. On the
 * server's loop.
 */
#ifndef KUDOS_CENTRAL_IO_API_WINDOWS_H
#define KUDOS_CENTRAL_IO_API_WINDOWS_H

#include "common/base/fair.h"

enum {
    KD_WINDOWS_UNDER_WAY = 2,
    KD_WINDOWS_WAIT_MAX = 1024, /* in all */
    KD_WINDOWS_FLOWS = 256,     /* addresses share one by chance; nobody can choose whose */
    KD_WINDOWS_FLOW_MAX = 64,   /* that wait in one */
};

/* A read's place; zeroed memory is one that does not wait. */
typedef struct {
    kd_fair_entry entry;
    uint32_t flow;
} kd_window_place;

typedef struct {
    kd_fair fair;
    uint64_t seed;
    kd_fair_flow flows[KD_WINDOWS_FLOWS];
    uint32_t waiting[KD_WINDOWS_FLOWS], waiting_all, under_way;
} kd_api_windows;

void kd_api_windows_init(kd_api_windows *w, uint64_t seed);
/* Waits for a turn; false: too many wait, of this client or in all. `client`: the address as limits count it. */
bool kd_api_windows_wait(kd_api_windows *w, kd_window_place *place, uint64_t client);
/* Whose turn it is; counted as under way until kd_api_windows_done. NULL: nobody waits, or as many are under way as may be. */
kd_window_place *kd_api_windows_next(kd_api_windows *w);
/* It has ended, or was not begun, and took so many microseconds of the workers. */
void kd_api_windows_done(kd_api_windows *w, const kd_window_place *place, uint64_t spent_us);

#endif
