/* test_keeper.c - the end of central's keeper, which goes before the workers do. Kafka is one that never answers. */
#include <criterion/criterion.h>

#define kd_kafka_ensure_topics silent_kafka
#include "central/io/worker/keeper.c"

int silent_kafka(const kd_kafka_config *config, kd_kafka_topic *topics, size_t n, uint32_t timeout_ms,
                 char *err, size_t size)
{
    (void)config, (void)topics, (void)n, (void)timeout_ms;
    snprintf(err, size, "nobody answers");
    return KD_EUNAVAILABLE;
}

/* What the keeper calls of others: without topics it comes to none of it. */
void kd_worker_assign(kd_worker *w, kd_log_check *checks, uint32_t count)
{
    (void)w, (void)checks, (void)count;
    cr_assert_fail();
}
void kd_worker_checked(kd_worker *w, const kd_log_check *check)
{
    (void)w, (void)check;
    cr_assert_fail();
}
void kd_worker_rejoin(kd_worker *w)
{
    (void)w;
    cr_assert_fail();
}
void kd_central_kafka_log(void *arg, int severity, const char *text)
{
    (void)arg, (void)severity, (void)text;
}
_Noreturn void kd_fail_stop(int code, const char *event, uint32_t partition, const char *cause)
{
    (void)event, (void)partition, (void)cause;
    exit(code);
}

Test(keeper, hears_of_topics_that_have_gone_until_it_is_destroyed)
{
    kd_central_settings settings = {.name = "c", .brokers = "127.0.0.1:1", .partitions = 1};
    kd_keeper *k;
    kd_log_set_fd(-1);
    cr_assert_eq(kd_keeper_create(&k, &settings, NULL, 0, &(kd_keeper_events){.arg = NULL}), KD_OK);
    kd_keeper_topics_gone(k);
    kd_keeper_stop(k);
    kd_keeper_topics_gone(k); /* a worker that is still to be told of the drain */
    kd_keeper_stop(k);
    kd_keeper_destroy(k);
    kd_keeper_destroy(NULL);
}
