/*
 * kafka_hang.c - a library to preload into a daemon: the destruction of a Kafka consumer hangs, as it may with librdkafka 2.0.2 after topics
 * were deleted and made anew. While the file that KUDOS_KAFKA_HANG names is there, rd_kafka_destroy_flags does not return for a consumer.
 */
#include <dlfcn.h>
#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <unistd.h>

void rd_kafka_destroy_flags(rd_kafka_t *rk, int flags)
{
    const char *order = getenv("KUDOS_KAFKA_HANG");
    while (order && access(order, F_OK) == 0 && rd_kafka_type(rk) == RD_KAFKA_CONSUMER) pause();
    void (*destroy)(rd_kafka_t *, int);
    *(void **)&destroy = dlsym(RTLD_NEXT, "rd_kafka_destroy_flags");
    destroy(rk, flags);
}
