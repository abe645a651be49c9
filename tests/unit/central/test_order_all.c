/* test_order_all.c - which partitions an order comes to when one of them does not carry it out, and what is said in the end. Central that runs and
 * central that is stopped give orders by the same functions. */
#include <criterion/criterion.h>

#include "central/io/operator/order_all.c"

enum { PARTITIONS = 4 };

static int answers[PARTITIONS]; /* of each partition */
static uint32_t asked;          /* a bit for each that was asked */
static char error[KD_OPTIONS_ERROR_MAX];

static int carry_out(void *arg, uint32_t partition, const kd_order *order, char *why)
{
    (void)arg;
    cr_expect_str_eq(order->name, "nightly");
    asked |= 1u << partition;
    why[0] = '\0';
    return answers[partition];
}

static const kd_order_target target = {NULL, PARTITIONS, carry_out};

static int step(kd_order_kind kind, const int said[PARTITIONS])
{
    const kd_order order = {.kind = kind, .name = "nightly"};
    memcpy(answers, said, sizeof answers);
    asked = 0;
    return kd_order_backup_step(&target, &order, error);
}

static int all(const int said[PARTITIONS], uint32_t *found)
{
    const kd_order order = {.kind = KD_ORDER_RETIRE, .name = "nightly"};
    memcpy(answers, said, sizeof answers);
    asked = 0;
    return kd_order_all(&target, &order, found, error);
}

Test(order_all, every_partition_is_told_to_forget_a_backup_whatever_one_says)
{
    const int said[] = {KD_ENOTFOUND, KD_ETIMEOUT, KD_OK, KD_EFENCED}; /* stopping: none is waited for */
    cr_expect_eq(step(KD_ORDER_BACKUP_FORGET, said), KD_ETIMEOUT);
    cr_expect_eq(asked, (1u << PARTITIONS) - 1);
    const int unknown[] = {KD_ENOTFOUND, KD_OK, KD_ENOTFOUND, KD_ENOTFOUND};
    cr_expect_eq(step(KD_ORDER_BACKUP_FORGET, unknown), KD_OK);
}

Test(order_all, a_backup_that_one_partition_refuses_is_begun_on_no_further_one)
{
    const int said[] = {KD_OK, KD_EMISMATCH, KD_OK, KD_OK};
    cr_expect_eq(step(KD_ORDER_BACKUP_BEGIN, said), KD_EMISMATCH);
    cr_expect_eq(asked, 3u);
}

Test(order_all, a_backup_that_one_partition_does_not_know_is_not_complete)
{
    const int said[] = {KD_OK, KD_OK, KD_ENOTFOUND, KD_OK};
    cr_expect_eq(step(KD_ORDER_BACKUP_COMPLETE, said), KD_ENOTFOUND);
}

Test(order_all, an_order_that_one_partition_knows_is_done_and_one_that_none_knows_is_not)
{
    const int one[] = {KD_ENOTFOUND, KD_OK, KD_ENOTFOUND, KD_OK},
              none[] = {KD_ENOTFOUND, KD_ENOTFOUND, KD_ENOTFOUND, KD_ENOTFOUND};
    uint32_t found;
    cr_expect_eq(all(one, &found), KD_OK);
    cr_expect_eq(found, 2);
    cr_expect_eq(all(none, &found), KD_ENOTFOUND);
    cr_expect_str_eq(error, "no partition knows it");
}

Test(order_all, an_order_ends_with_the_first_partition_that_fails)
{
    const int said[] = {KD_ENOTFOUND, KD_EMALFORMED, KD_OK, KD_OK};
    uint32_t found;
    cr_expect_eq(all(said, &found), KD_EMALFORMED);
    cr_expect_eq(asked, 3u);
}
