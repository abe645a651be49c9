/*
 * jwt_budget.c - see the header. What is spent is told by the time at which it is paid (generic cell rate algorithm, ITU-T I.371), so nothing is
 * refilled. Rows are those of a count-min sketch with conservative update (Estan and Varghese 2002): only what is below the new value is raised.
 */
#include "common/io/jwt/jwt_budget.h"

#include <pthread.h>
#include <stdlib.h>

enum { SKETCH_ROWS = 2, SKETCH_BUCKETS = 4096 };

/* Times in us, by key. */
typedef struct {
    uint64_t at[SKETCH_ROWS][SKETCH_BUCKETS];
} budget_sketch;

struct kd_jwt_budget {
    pthread_mutex_t lock; /* of all that follows */
    uint64_t seed;
    uint64_t all_paid;
    budget_sketch paid;   /* of addresses: when what they have spent is paid */
    budget_sketch failed; /* of addresses: when a token failed last */
    budget_sketch users;  /* of users: when what their good tokens have cost is paid */
};

/* ---- sketches ---- */

typedef struct {
    uint64_t *row[SKETCH_ROWS];
} budget_place;

static budget_place sketch_place(budget_sketch *sketch, uint64_t key)
{
    budget_place place;
    for (int i = 0; i < SKETCH_ROWS; i++)
        place.row[i] = &sketch->at[i][kd_random_next(&key) % SKETCH_BUCKETS];
    return place;
}

static uint64_t place_get(const budget_place *place)
{
    return KD_MIN(*place->row[0], *place->row[1]);
}

static void place_raise(const budget_place *place, uint64_t value)
{
    for (int i = 0; i < SKETCH_ROWS; i++) *place->row[i] = KD_MAX(*place->row[i], value);
}

/* ---- debts ---- */

static bool budget_over(uint64_t paid, uint64_t part, uint64_t now_us)
{
    return paid > now_us + part * KD_JWT_BUDGET_US;
}

/* When all is paid, if that much was spent besides. */
static uint64_t budget_add(uint64_t paid, uint64_t cost_us, uint64_t part, uint64_t now_us)
{
    return KD_MAX(paid, now_us) + part * cost_us;
}

kd_jwt_budget *kd_jwt_budget_create(uint64_t seed)
{
    kd_jwt_budget *budget = kd_alloc(sizeof *budget);
    pthread_mutex_init(&budget->lock, NULL);
    budget->seed = seed;
    return budget;
}

void kd_jwt_budget_destroy(kd_jwt_budget *budget)
{
    if (!budget) return;
    pthread_mutex_destroy(&budget->lock);
    free(budget);
}

static bool budget_has(kd_jwt_budget *b, uint64_t address, uint64_t now_us)
{
    const budget_place paid = sketch_place(&b->paid, address ^ b->seed);
    const budget_place failed = sketch_place(&b->failed, address ^ b->seed);
    uint64_t last = place_get(&failed);
    if (budget_over(place_get(&paid), KD_JWT_ADDRESS_PART, now_us)) return false;
    bool suspect = last > 0 && now_us < last + KD_JWT_SUSPECT_US;
    return !suspect || !budget_over(b->all_paid, KD_JWT_ALL_PART, now_us);
}

static void budget_note(kd_jwt_budget *b, uint64_t address, uint64_t cost_us, uint64_t now_us)
{
    const budget_place paid = sketch_place(&b->paid, address ^ b->seed);
    const budget_place failed = sketch_place(&b->failed, address ^ b->seed);
    place_raise(&paid, budget_add(place_get(&paid), cost_us, KD_JWT_ADDRESS_PART, now_us));
    place_raise(&failed, now_us);
    b->all_paid = budget_add(b->all_paid, cost_us, KD_JWT_ALL_PART, now_us);
}

bool kd_jwt_budget_has(kd_jwt_budget *b, uint64_t address, uint64_t now_us)
{
    pthread_mutex_lock(&b->lock);
    bool has = budget_has(b, address, now_us);
    pthread_mutex_unlock(&b->lock);
    return has;
}

void kd_jwt_budget_failed(kd_jwt_budget *b, uint64_t address, uint64_t cost_us, uint64_t now_us)
{
    pthread_mutex_lock(&b->lock);
    budget_note(b, address, cost_us, now_us);
    pthread_mutex_unlock(&b->lock);
}

void kd_jwt_budget_good(kd_jwt_budget *b, uint64_t address, uint64_t user, uint64_t cost_us, uint64_t now_us)
{
    pthread_mutex_lock(&b->lock);
    const budget_place place = sketch_place(&b->users, user ^ b->seed);
    uint64_t paid = place_get(&place);
    if (budget_over(paid, KD_JWT_ADDRESS_PART, now_us))
        budget_note(b, address, cost_us, now_us);
    else
        place_raise(&place, budget_add(paid, cost_us, KD_JWT_ADDRESS_PART, now_us));
    pthread_mutex_unlock(&b->lock);
}
