/*
 * http_door.c - see the header. A lock is taken when a connection comes and when it goes, never for a request.
 *
 * An address whose connections are closed because they hold most, and that comes again at once, costs as much as one that is never closed: so it is
 * barred for a moment. The bars are a table of fixed size, one place for a hash: a later hoarder takes the place of an earlier one. So are the buckets
 * of new connections, since an address whose connections are short has no entry of its own in between.
 */
#include "common/io/http/server/http_door.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/io/http/server/http_address.h"

enum {
    DOOR_BARS = 1024,
    DOOR_RATES = 4096,
    DOOR_BUCKET_S = 2, /* an address may open so many seconds' worth of connections at once */
    DOOR_SECOND_US = 1000000,
};

typedef struct {
    uint64_t key;
    int64_t until_ms; /* barred until then; 0: the place is free */
    int64_t for_ms;   /* how long the bar lasts */
} door_bar;

/* A bucket of tokens, told by the time at which it is full again; in the past: it is full. */
typedef struct {
    uint64_t key;
    int64_t full_us;
} door_rate;

struct kd_http_door {
    pthread_mutex_t lock;
    door_bar bars[DOOR_BARS];
    door_rate rates[DOOR_RATES];
    uint32_t max, max_per_address, count;
    uint32_t new_per_address; /* a second; 0: without limit */
    _Atomic int64_t asked_ms; /* not behind the lock */
    http_addresses addresses;
};

kd_http_door *kd_http_door_create(uint32_t max_connections, uint32_t max_connections_per_address,
                                  uint32_t max_new_per_address)
{
    KD_ASSERT(max_connections > 0 && max_connections_per_address > 0);
    kd_http_door *door = kd_alloc(sizeof(*door));
    pthread_mutex_init(&door->lock, NULL);
    door->max = max_connections;
    door->max_per_address = max_connections_per_address;
    door->new_per_address = max_new_per_address;
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

static uint64_t door_hash(const kd_http_door *door, uint64_t address)
{
    uint64_t state = address ^ door->addresses.seed;
    return kd_random_next(&state);
}

static door_bar *door_bar_of(kd_http_door *door, uint64_t address)
{
    return &door->bars[door_hash(door, address) % DOOR_BARS];
}

/* Takes a token. An address whose place holds a bucket that is not full, of another address, has a token for nothing: to take the place would let an attacker
 * get rid of its own bucket. */
static bool door_take_token(kd_http_door *door, uint64_t address, int64_t now_us)
{
    door_rate *rate = &door->rates[door_hash(door, address) % DOOR_RATES];
    const int64_t token_us = DOOR_SECOND_US / door->new_per_address;
    bool full = rate->full_us <= now_us;
    if (!full && rate->key != address) return true;
    int64_t full_us = (full ? now_us : rate->full_us) + token_us;
    if (full_us - now_us > DOOR_BUCKET_S * DOOR_SECOND_US) return false;
    *rate = (door_rate){address, full_us};
    return true;
}

bool http_door_knock(kd_http_door *door, uint64_t address, int64_t now_ms)
{
    if (door->new_per_address == 0) return true;
    pthread_mutex_lock(&door->lock);
    bool admitted = door_take_token(door, address, now_ms * 1000);
    pthread_mutex_unlock(&door->lock);
    return admitted;
}

/* Written once a tick of the clock at most: all threads read it. */
void http_door_asked(kd_http_door *door, int64_t now_ms)
{
    if (http_door_asked_ms(door) < now_ms)
        atomic_store_explicit(&door->asked_ms, now_ms, memory_order_relaxed);
}

int64_t http_door_asked_ms(const kd_http_door *door)
{
    return atomic_load_explicit(&door->asked_ms, memory_order_relaxed);
}

static bool door_has_room(kd_http_door *door, uint64_t address, int64_t now_ms)
{
    const door_bar *bar = door_bar_of(door, address);
    if (bar->key == address && now_ms < bar->until_ms) return false;
    const http_address *a = http_address_find(&door->addresses, address);
    return !a || a->count < door->max_per_address;
}

static void door_forget(kd_http_door *door, uint64_t address)
{
    http_address *a = http_address_find(&door->addresses, address);
    KD_ASSERT(a);
    http_address_release(a);
}

int64_t http_door_bar(kd_http_door *door, uint64_t address, int64_t now_ms)
{
    pthread_mutex_lock(&door->lock);
    door_bar *bar = door_bar_of(door, address);
    bool known = bar->key == address && bar->until_ms != 0 && now_ms < bar->until_ms + HTTP_BAR_FORGET_MS;
    if (!known || now_ms >= bar->until_ms) {
        int64_t for_ms = known ? KD_MIN(2 * bar->for_ms, (int64_t)HTTP_BAR_MAX_MS) : HTTP_BAR_MIN_MS;
        *bar = (door_bar){address, now_ms + for_ms, for_ms};
    }
    int64_t left_ms = bar->until_ms - now_ms;
    pthread_mutex_unlock(&door->lock);
    return left_ms;
}

bool http_door_enter(kd_http_door *door, uint64_t address, int64_t now_ms)
{
    pthread_mutex_lock(&door->lock);
    bool admitted = door->count < door->max && door_has_room(door, address, now_ms);
    if (admitted) {
        door->count++;
        http_address_take(&door->addresses, address);
    }
    pthread_mutex_unlock(&door->lock);
    return admitted;
}

bool http_door_full(kd_http_door *door, uint64_t address, int64_t now_ms)
{
    pthread_mutex_lock(&door->lock);
    bool full = door->count >= door->max && door_has_room(door, address, now_ms);
    pthread_mutex_unlock(&door->lock);
    return full;
}

void http_door_leave(kd_http_door *door, uint64_t address)
{
    pthread_mutex_lock(&door->lock);
    KD_ASSERT(door->count > 0);
    door->count--;
    door_forget(door, address);
    pthread_mutex_unlock(&door->lock);
}

bool http_door_move(kd_http_door *door, uint64_t from, uint64_t to, int64_t now_ms)
{
    if (from == to) return true;
    pthread_mutex_lock(&door->lock);
    bool admitted = door_has_room(door, to, now_ms);
    if (admitted) {
        http_address_take(&door->addresses, to);
        door_forget(door, from);
    }
    pthread_mutex_unlock(&door->lock);
    return admitted;
}
