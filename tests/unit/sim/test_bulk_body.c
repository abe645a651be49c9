/*
 * Bulk reads: what is asked, and that an answer about anything else is not taken.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "sim/users/bulk.h"

static int64_t counts[8];
static uint64_t pending[8];
static bool null[8];
static uint32_t taken;

static const char *name(void *arg, uint32_t item, char room[KD_BULK_NAME_MAX])
{
    snprintf(room, KD_BULK_NAME_MAX, "%s/%u", (const char *)arg, item);
    return room;
}

static void take(void *arg, uint32_t item, const int64_t *count, uint64_t waiting)
{
    (void)arg;
    cr_assert_lt(item, KD_COUNT(counts));
    counts[item] = count ? *count : 0;
    null[item] = count == NULL;
    pending[item] = waiting;
    taken++;
}

static const sim_bulk_hooks hooks = {.name = name, .take = take, .arg = "posts"};

static int answer(uint32_t from, uint32_t count, const char *body)
{
    return sim_bulk_answer(&hooks, from, count, kd_bytes_str(body));
}

Test(bulk_body, asks_for_its_range)
{
    kd_buf body = {0};
    sim_bulk_ask(&hooks, 3, 2, &body);
    cr_assert(kd_bytes_eq(kd_buf_view(&body), kd_bytes_str("{\"items\":[\"posts/3\",\"posts/4\"]}")));
    kd_buf_finish(&body);
}

Test(bulk_body, takes_counts_and_what_is_pending)
{
    cr_assert_eq(
        answer(3, 2,
               "{\"items\":[{\"item\":\"posts/3\",\"counts\":{\"like\":{\"count\":7,\"pending\":2}}},"
               "{\"item\":\"posts/4\",\"counts\":{\"like\":{\"count\":-1}}}]}"),
        KD_OK);
    cr_assert_eq(taken, 2);
    cr_assert_eq(counts[3], 7);
    cr_assert_eq(pending[3], 2);
    cr_assert_eq(counts[4], -1);
    cr_assert_eq(pending[4], 0);
}

Test(bulk_body, a_count_that_is_null_is_told_as_that)
{
    cr_assert_eq(
        answer(3, 2,
               "{\"items\":[{\"item\":\"posts/3\",\"counts\":{\"like\":{\"count\":null,\"pending\":5}}},"
               "{\"item\":\"posts/4\",\"counts\":{\"like\":{\"count\":0,\"pending\":0}}}]}"),
        KD_OK);
    cr_assert(null[3] && pending[3] == 5);
    cr_assert(!null[4] && counts[4] == 0);
}

Test(bulk_body, refuses_what_is_not_the_answer)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{\"items\":{}}",
        "{\"items\":[]}",
        "{\"items\":[{\"item\":\"posts/4\",\"counts\":{\"like\":{\"count\":7}}}]}",
        "{\"items\":[{\"item\":\"posts/3\",\"counts\":{}}]}",
        "{\"items\":[{\"item\":\"posts/3\",\"counts\":{\"like\":{\"count\":\"7\"}}}]}",
        "{\"items\":[{\"item\":\"posts/3\",\"counts\":{\"like\":{\"count\":7.5}}}]}",
        "{\"items\":[{\"item\":\"posts/3\",\"counts\":{\"like\":{\"count\":7,\"pending\":-1}}}]}",
        "{\"items\":[{\"item\":\"posts/3\",\"counts\":{\"like\":{\"count\":7,\"pending\":null}}}]}",
        "{\"items\":[{\"counts\":{\"like\":{\"count\":7}}}]}",
        "{\"items\":[{\"item\":\"posts/3\",\"counts\":{\"like\":{\"count\":7}}},"
        "{\"item\":\"posts/4\",\"counts\":{\"like\":{\"count\":7}}}]}",
        "{\"items\":[{\"item\":\"posts/3\",\"counts\":{\"like\":{\"count\":7}}}",
    };
    for (size_t i = 0; i < KD_COUNT(bad); i++)
        cr_expect_eq(answer(3, 1, bad[i]), KD_EMALFORMED, "%s", bad[i]);
    cr_assert_eq(taken, 0);
}
