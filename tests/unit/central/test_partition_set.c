/* test_partition_set.c - sets of partitions, and their text. */
#include <criterion/criterion.h>

#include "central/io/operator/partition_set.c"

Test(partition_set, is_read_as_it_was_put)
{
    char text[KD_PARTITION_SET_TEXT_MAX];
    kd_partition_set s = {{0}}, back;
    const uint32_t some[] = {0, 3, 4, 255, 4095};
    for (size_t i = 0; i < KD_COUNT(some); i++) {
        kd_partition_set_add(&s, some[i]);
        kd_partition_set_put(&s, text);
        cr_expect_eq(kd_partition_set_read(&back, text), KD_OK);
        cr_expect_eq(memcmp(&s, &back, sizeof s), 0, "%s", text);
        cr_expect_eq(kd_partition_set_count(&back), i + 1);
    }
    kd_partition_set_remove(&s, 3);
    cr_expect(!kd_partition_set_has(&s, 3) && kd_partition_set_has(&s, 4));
}

Test(partition_set, has_a_short_text)
{
    char text[KD_PARTITION_SET_TEXT_MAX];
    kd_partition_set s = {{0}};
    kd_partition_set_put(&s, text);
    cr_expect_str_eq(text, "");
    kd_partition_set_fill(&s, 6);
    kd_partition_set_put(&s, text);
    cr_expect_str_eq(text, "f3");
    kd_partition_set_fill(&s, KD_PARTITIONS_MAX);
    kd_partition_set_put(&s, text);
    cr_expect_eq(strlen(text), KD_PARTITION_SET_TEXT_MAX - 1u);
    cr_expect_eq(kd_partition_set_read(&s, text), KD_OK);
}

Test(partition_set, refuses_what_is_no_set)
{
    char text[KD_PARTITION_SET_TEXT_MAX + 1];
    kd_partition_set s;
    cr_expect_eq(kd_partition_set_read(&s, "1g"), KD_EINVAL);
    cr_expect_eq(kd_partition_set_read(&s, "F"), KD_EINVAL);
    memset(text, '0', sizeof text);
    text[sizeof text - 1] = '\0';
    cr_expect_eq(kd_partition_set_read(&s, text), KD_EINVAL);
}
