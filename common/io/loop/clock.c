/*
 * clock.c - the machine's clocks and the carried clock.
 *
 * The hot path reads shift_us, server_shift_us and state without the lock, each on its own. They are copies of `drift`, stored one after the other. A
 * reader between two of the stores sees the shift of the new measurement with the verdict on the old one, or the reverse: both were true a moment
 * ago.
 */
#include "common/io/loop/clock.h"

#include <time.h>

static uint64_t read_clock_us(clockid_t id)
{
    struct timespec now;
    int err = clock_gettime(id, &now);
    KD_ASSERT(err == 0);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t kd_clock_mono_us(void)
{
    return read_clock_us(CLOCK_BOOTTIME);
}

uint64_t kd_clock_thread_us(void)
{
    return read_clock_us(CLOCK_THREAD_CPUTIME_ID);
}

struct timespec kd_clock_wait_until(uint64_t ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    uint64_t ns = (uint64_t)t.tv_nsec + ms % 1000 * 1000000;
    t.tv_sec += (time_t)(ms / 1000 + ns / 1000000000);
    t.tv_nsec = (long)(ns % 1000000000);
    return t;
}

uint64_t kd_clock_wall_us(void)
{
    return read_clock_us(CLOCK_REALTIME);
}

static void clock_publish(kd_clock *c)
{
    __atomic_store_n(&c->shift_us, c->drift.shift_us, __ATOMIC_RELAXED);
    __atomic_store_n(&c->server_shift_us, c->drift.server_shift_us, __ATOMIC_RELAXED);
    __atomic_store_n(&c->state, (uint32_t)kd_drift_within(&c->drift, c->bound_us), __ATOMIC_RELAXED);
}

void kd_clock_init(kd_clock *c, uint64_t bound_us)
{
    *c = (kd_clock){.bound_us = bound_us};
    KD_ASSERT(pthread_mutex_init(&c->lock, NULL) == 0);
    kd_drift_init(&c->drift, kd_clock_wall_us(), kd_clock_mono_us());
    clock_publish(c);
}

void kd_clock_resume(kd_clock *c, int64_t shift_us)
{
    kd_drift_resume(&c->drift, shift_us);
    clock_publish(c);
}

void kd_clock_finish(kd_clock *c)
{
    pthread_mutex_destroy(&c->lock);
}

uint64_t kd_clock_at_us(const kd_clock *c, uint64_t mono_us)
{
    return mono_us + (uint64_t)__atomic_load_n(&c->shift_us, __ATOMIC_RELAXED);
}

uint64_t kd_clock_server_at_us(const kd_clock *c, uint64_t mono_us)
{
    return mono_us + (uint64_t)__atomic_load_n(&c->server_shift_us, __ATOMIC_RELAXED);
}

uint64_t kd_clock_now_us(const kd_clock *c)
{
    return kd_clock_at_us(c, kd_clock_mono_us());
}

kd_clock_state kd_clock_check(const kd_clock *c)
{
    return (kd_clock_state)__atomic_load_n(&c->state, __ATOMIC_RELAXED);
}

int kd_clock_measure(kd_clock *c, uint64_t t0_us, uint64_t server_us)
{
    kd_drift_sample sample = {.t0_us = t0_us, .server_us = server_us};
    sample.t1_us = kd_clock_mono_us();
    sample.wall_us = kd_clock_wall_us();
    pthread_mutex_lock(&c->lock);
    int err = kd_drift_measure(&c->drift, &sample, c->bound_us);
    if (err == KD_OK) clock_publish(c);
    pthread_mutex_unlock(&c->lock);
    return err;
}

kd_drift kd_clock_drift(kd_clock *c)
{
    pthread_mutex_lock(&c->lock);
    kd_drift copy = c->drift;
    pthread_mutex_unlock(&c->lock);
    return copy;
}
