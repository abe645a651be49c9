/* test_topics_retry.c - what both programs do after a look for the topics. */
#include "common/io/daemon/topics_retry.h"

#include <criterion/criterion.h>

static kd_topics_verdict look(kd_topics_retry *r, int err, const char *cause, bool news_expected)
{
    bool news;
    kd_topics_verdict verdict = kd_topics_retry_take(r, err, cause, &news);
    cr_expect_eq(news, news_expected, "%s", cause);
    return verdict;
}

Test(topics_retry, an_outage_is_told_once_for_each_cause)
{
    kd_topics_retry r;
    kd_topics_retry_init(&r);
    cr_expect_eq(look(&r, KD_EUNAVAILABLE, "nobody answers", true), KD_TOPICS_WAIT);
    cr_expect_eq(look(&r, KD_EUNAVAILABLE, "nobody answers", false), KD_TOPICS_WAIT);
    cr_expect_eq(look(&r, KD_ETIMEOUT, "no leader", true), KD_TOPICS_WAIT);
    cr_expect_eq(look(&r, KD_OK, "", false), KD_TOPICS_READY);
    cr_expect_eq(look(&r, KD_ETIMEOUT, "no leader", true), KD_TOPICS_WAIT, "this is a new outage");
}

Test(topics_retry, what_an_operator_must_change_is_hopeless_and_always_told)
{
    kd_topics_retry r;
    kd_topics_retry_init(&r);
    cr_expect_eq(look(&r, KD_EMISMATCH, "another number of partitions", true), KD_TOPICS_HOPELESS);
    cr_expect_eq(look(&r, KD_EMISMATCH, "another number of partitions", true), KD_TOPICS_HOPELESS);
    cr_expect_eq(look(&r, KD_EINVAL, "no such property", true), KD_TOPICS_HOPELESS);
    cr_expect(!kd_topics_hopeless(KD_ENOTFOUND) && !kd_topics_hopeless(KD_EIO));
}

/* docs/operations.md: after half a second, later every 1 to 3 s. */
Test(topics_retry, it_backs_off_and_begins_anew_after_a_success)
{
    kd_topics_retry r;
    uint64_t random = 1;
    kd_topics_retry_init(&r);
    for (int round = 0; round < 100; round++) {
        uint64_t first_us = kd_topics_retry_wait_us(&r, kd_random_next(&random));
        cr_expect(first_us >= 250 * 1000 && first_us < 750 * 1000, "%llu", (unsigned long long)first_us);
        kd_topics_retry_wait_us(&r, kd_random_next(&random));
        for (int i = 0; i < 5; i++) {
            uint64_t us = kd_topics_retry_wait_us(&r, kd_random_next(&random));
            cr_expect(us >= 1000 * 1000 && us < 3000 * 1000, "%llu", (unsigned long long)us);
        }
        look(&r, KD_OK, "", false);
    }
}
