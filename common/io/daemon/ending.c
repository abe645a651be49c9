/* ending.c - see the header. The watch is a thread of its own, for any other thread may be the one that hangs. */
#include "common/io/daemon/ending.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "common/io/loop/clock.h"
#include "common/io/kafka/kafka_end.h"
#include "common/io/loop/log.h"

static const struct {
    const char *name, *look;
} parts[] = {
    [KD_ENDING_THREADS] =
        {"threads", "a thread did not end: it works on something that takes long, or waits for the disk"},
    [KD_ENDING_KAFKA] = {"kafka", "a call of the Kafka client did not return"},
    [KD_ENDING_DISK] = {"disk", "a store could not be written, synced or closed"},
};

const uint32_t kd_ending_limits_ms[KD_ENDING_PARTS] = {[KD_ENDING_THREADS] = KD_ENDING_THREADS_MS,
                                                       [KD_ENDING_KAFKA] = KD_ENDING_KAFKA_MS,
                                                       [KD_ENDING_DISK] = KD_ENDING_DISK_MS};

enum { LOOK_MS = 10 };

static int ending_code;
static const uint32_t *ending_limits_ms;
static int ending_part; /* atomic kd_ending_part */
static int ending_over; /* atomic */

static void ending_fail(int part)
{
    KD_LOG(KD_ERROR, "stop-hangs", KD_STR("part", parts[part].name), KD_STR("cause", parts[part].look),
           KD_U64("limit_ms", ending_limits_ms[part]), KD_I64("exit_code", ending_code));
    _exit(ending_code);
}

static void *ending_watch(void *arg)
{
    uint64_t used_us[KD_ENDING_PARTS] = {0}, before_us = kd_clock_mono_us();
    while (!__atomic_load_n(&ending_over, __ATOMIC_RELAXED)) {
        const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000};
        nanosleep(&pause, NULL);
        uint64_t now_us = kd_clock_mono_us();
        int part = __atomic_load_n(&ending_part, __ATOMIC_RELAXED);
        used_us[part] += now_us - before_us;
        before_us = now_us;
        bool over = __atomic_load_n(&ending_over, __ATOMIC_RELAXED) != 0;
        if (!over && used_us[part] >= ending_limits_ms[part] * 1000ull) ending_fail(part);
    }
    return arg;
}

void kd_ending_begin(int code, const uint32_t *limits_ms)
{
    pthread_t thread;
    ending_code = code;
    ending_limits_ms = limits_ms;
    kd_ending_at(KD_ENDING_THREADS);
    kd_kafka_ends_hurry();
    if (pthread_create(&thread, NULL, ending_watch, NULL) == 0) pthread_detach(thread);
}

void kd_ending_at(kd_ending_part part)
{
    __atomic_store_n(&ending_part, (int)part, __ATOMIC_RELAXED);
}

int kd_ending_end(int code)
{
    kd_ending_at(KD_ENDING_KAFKA);
    uint32_t left = kd_kafka_ends_wait(KD_ENDING_CLIENTS_MS);
    __atomic_store_n(&ending_over, 1, __ATOMIC_RELAXED);
    if (left == 0) return code;
    KD_LOG(KD_WARN, "kafka-client-left", KD_U64("clients", left), KD_U64("waited_ms", KD_ENDING_CLIENTS_MS));
    _exit(code);
}
