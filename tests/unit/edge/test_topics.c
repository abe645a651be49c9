/* test_topics.c - how soon an edge looks for Kafka again. Kafka is one that never answers. */
#include <criterion/criterion.h>

#define kd_kafka_ensure_topics topics_no_kafka
#define kd_timer_set topics_timer_set
#define kd_failure_tell topics_failure_tell
#include "edge/io/kafka/topics.c"

static uint64_t longest_us, shortest_us = UINT64_MAX;

int topics_no_kafka(const kd_kafka_config *config, kd_kafka_topic *topics, size_t n, uint32_t timeout_ms,
                    char *err, size_t size)
{
    (void)config, (void)topics, (void)n, (void)timeout_ms;
    snprintf(err, size, "nobody answers");
    return KD_EUNAVAILABLE;
}
void topics_timer_set(kd_timer *t, uint64_t delay_us)
{
    (void)t;
    longest_us = KD_MAX(longest_us, delay_us);
    shortest_us = KD_MIN(shortest_us, delay_us);
}
void topics_failure_tell(kd_failure *f, int code, const char *event, const char *cause)
{
    (void)f, (void)code, (void)event, (void)cause;
    cr_assert_fail();
}

Test(topics, an_edge_looks_for_kafka_again_within_seconds)
{
    static const kd_settings settings = {
        .brokers = "127.0.0.1:1", .likes_topic = "l", .counts_topic = "c", .partitions = 1};
    kd_topics t = {.options = {.settings = &settings}, .random = 1};
    kd_topics_retry_init(&t.retry);
    kd_log_set_fd(-1);
    for (int i = 0; i < 200; i++) topics_on_timer(&t);
    cr_expect_leq(longest_us, 4u * 1000 * 1000, "%llu us", (unsigned long long)longest_us);
    cr_expect_geq(shortest_us, 50u * 1000, "%llu us", (unsigned long long)shortest_us);
    cr_expect_geq(longest_us, 4 * shortest_us, "it backs off");
}
