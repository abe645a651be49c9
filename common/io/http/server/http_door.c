/*
 * http_door.c - see the header. A lock is taken when a connection comes and when it goes, never for a request.
 */
#include "common/io/http/server/http_door.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/io/http/server/http_address.h"

struct kd_http_door {
    pthread_mutex_t lock;
    uint32_t max, max_per_address, count;
    http_addresses addresses;
};

kd_http_door *kd_http_door_create(uint32_t max_connections, uint32_t max_connections_per_address)
{
    KD_ASSERT(max_connections > 0 && max_connections_per_address > 0);
    kd_http_door *door = kd_alloc(sizeof(*door));
    pthread_mutex_init(&door->lock, NULL);
    door->max = max_connections;
    door->max_per_address = max_connections_per_address;
    http_addresses_init(&door->addresses);
    return door;
}

void kd_http_door_destroy(kd_http_door *door)
{
    if (!door) return;
    KD_ASSERT(door->count == 0);
    pthread_mutex_destroy(&door->lock);
    free(door);
}

static bool door_has_room(kd_http_door *door, uint64_t address)
{
    const http_address *a = http_address_find(&door->addresses, address);
    return !a || a->count < door->max_per_address;
}

static void door_forget(kd_http_door *door, uint64_t address)
{
    http_address *a = http_address_find(&door->addresses, address);
    KD_ASSERT(a);
    http_address_release(a);
}

bool http_door_enter(kd_http_door *door, uint64_t address)
{
    pthread_mutex_lock(&door->lock);
    bool admitted = door->count < door->max && door_has_room(door, address);
    if (admitted) {
        door->count++;
        http_address_take(&door->addresses, address);
    }
    pthread_mutex_unlock(&door->lock);
    return admitted;
}

void http_door_leave(kd_http_door *door, uint64_t address)
{
    pthread_mutex_lock(&door->lock);
    KD_ASSERT(door->count > 0);
    door->count--;
    door_forget(door, address);
    pthread_mutex_unlock(&door->lock);
}

bool http_door_move(kd_http_door *door, uint64_t from, uint64_t to)
{
    if (from == to) return true;
    pthread_mutex_lock(&door->lock);
    bool admitted = door_has_room(door, to);
    if (admitted) {
        http_address_take(&door->addresses, to);
        door_forget(door, from);
    }
    pthread_mutex_unlock(&door->lock);
    return admitted;
}
