/* ending.c - see the header. The watch is a thread of its own, for every other one may be the one that hangs. */
#include "common/io/ending.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "common/io/kafka_private.h"
#include "common/io/log.h"

static const struct {
    const char *name, *look;
} parts[] = {
    [KD_ENDING_THREADS] = {"threads", "a thread did not end: it works on something that takes long, or waits for the disk"},
    [KD_ENDING_KAFKA] = {"kafka", "a call of the Kafka client did not return"},
    [KD_ENDING_DISK] = {"disk", "a store could not be written, synced or closed"},
};

static int ending_code;
static uint32_t ending_patience_ms;
static int ending_part; /* atomic kd_ending_part */

static void *watch(void *arg)
{
    struct timespec left = {.tv_sec = ending_patience_ms / 1000, .tv_nsec = (long)(ending_patience_ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0) continue;
    int part = __atomic_load_n(&ending_part, __ATOMIC_RELAXED);
    KD_LOG(KD_ERROR, "stop-hangs", KD_STR("part", parts[part].name), KD_STR("cause", parts[part].look),
           KD_U64("patience_ms", ending_patience_ms), KD_I64("exit_code", ending_code));
    _exit(ending_code);
    return arg;
}

void kd_ending_begin(int code, uint32_t patience_ms)
{
    pthread_t thread;
    ending_code = code;
    ending_patience_ms = patience_ms;
    kd_kafka_ends_hurry();
    if (pthread_create(&thread, NULL, watch, NULL) == 0) pthread_detach(thread);
}

void kd_ending_at(kd_ending_part part)
{
    __atomic_store_n(&ending_part, (int)part, __ATOMIC_RELAXED);
}

int kd_ending_end(int code)
{
    kd_ending_at(KD_ENDING_KAFKA);
    uint32_t left = kd_kafka_ends_wait(KD_ENDING_KAFKA_MS);
    if (left == 0) return code;
    KD_LOG(KD_WARN, "kafka-client-left", KD_U64("clients", left), KD_U64("waited_ms", KD_ENDING_KAFKA_MS));
    _exit(code);
}
