/* test_answer.c - the JSON that edge and central answer alike, to the letter; and bodies of bulk reads. */
#include "common/api/answer.h"

#include <criterion/criterion.h>
#include <stdio.h>

static const kd_counters counters = {
    .count = 2, .at = {{.name = "like", .id = 1, .kind = KD_SET}, {.name = "view", .id = 3, .kind = KD_SUM}}};
static const uint64_t count[] = {1235, 0};
static const uint32_t pending[] = {4, 0};

static void expect(const kd_answer_counts *a, const char *text)
{
    kd_buf out = {.data = NULL};
    kd_json j = kd_json_of(&out);
    kd_answer_write_counts(&j, a);
    kd_buf_put_u8(&out, 0);
    cr_expect_str_eq((char *)out.data, text);
    kd_buf_finish(&out);
}

Test(answer, counts)
{
    kd_item item;
    cr_assert_eq(kd_item_parse(&item, kd_bytes_str("posts/1")), KD_OK);
    kd_answer_counts a = {.item = kd_item_key(&item),
                          .counters = &counters,
                          .count = count,
                          .told = 2,
                          .pending = pending,
                          .now_us = 1767323046518000,
                          .made_us = 1767323045678000,
                          .as_of_us = 1767323045678999,
                          .source = "edge",
                          .liked = KD_LIKED_UNASKED};
    expect(&a,
           "{\"item\":\"posts/1\",\"counts\":{\"like\":{\"count\":1235,\"display\":\"1.2K\",\"pending\":4},"
           "\"view\":{\"count\":0,\"display\":\"0\",\"pending\":0}},\"age_ms\":840,\"as_of\":\"2026-01-02T03:"
           "04:05.678Z\","
           "\"source\":\"edge\"}");
    a.made_us = a.as_of_us = 0;
    a.pending = NULL;
    a.liked = KD_LIKED_UNKNOWN;
    expect(&a,
           "{\"item\":\"posts/1\",\"counts\":{\"like\":{\"count\":1235,\"display\":\"1.2K\",\"pending\":0},"
           "\"view\":{\"count\":0,\"display\":\"0\",\"pending\":0}},\"liked\":null,\"age_ms\":null,\"as_of\":"
           "null,"
           "\"source\":\"edge\"}");
    a.told = 0;
    a.pending = pending;
    a.liked = KD_LIKED_UNASKED;
    expect(&a, "{\"item\":\"posts/1\",\"counts\":{\"like\":{\"count\":null,\"display\":null,\"pending\":4},"
               "\"view\":{\"count\":null,\"display\":null,\"pending\":0}},\"age_ms\":null,\"as_of\":null,"
               "\"source\":\"edge\"}");
}

/* The numbers of JSON are written in one piece, those of MessagePack one by one. */
Test(answer, numbers_of_every_length)
{
    static const uint64_t at[] = {0, 9, 10, 999, 1000, 1234567, UINT64_MAX};
    static const char *const shown[] = {"0", "9", "10", "999", "1K", "1.2M", "18446744T"};
    static const uint32_t most[] = {UINT32_MAX, 0};
    kd_item item;
    cr_assert_eq(kd_item_parse(&item, kd_bytes_str("posts/1")), KD_OK);
    for (size_t i = 0; i < KD_COUNT(at); i++) {
        char text[400];
        const uint64_t both[] = {at[i], at[i]};
        kd_answer_counts a = {.item = kd_item_key(&item),
                              .counters = &counters,
                              .count = both,
                              .told = 2,
                              .pending = most,
                              .source = "central",
                              .liked = KD_LIKED_UNASKED};
        snprintf(text, sizeof text,
                 "{\"item\":\"posts/1\",\"counts\":{\"like\":{\"count\":%llu,\"display\":\"%s\",\"pending\":"
                 "4294967295},\"view\":{\"count\":%llu,\"display\":\"%s\",\"pending\":0}},\"age_ms\":null,"
                 "\"as_of\":null,\"source\":\"central\"}",
                 (unsigned long long)at[i], shown[i], (unsigned long long)at[i], shown[i]);
        expect(&a, text);
    }
    static const kd_counters none = {.count = 1, .at = {{.name = "", .id = 2, .kind = KD_SET}}};
    expect(
        &(kd_answer_counts){
            .item = kd_item_key(&item), .counters = &none, .source = "edge", .liked = KD_LIKED_UNASKED},
        "{\"item\":\"posts/1\",\"counts\":{},\"age_ms\":null,\"as_of\":null,\"source\":\"edge\"}");
}

Test(answer, whether_the_caller_likes_by_the_counters_that_were_named)
{
    static const uint8_t me[KD_COUNTERS_MAX] = {KD_LIKED_YES, KD_LIKED_UNKNOWN, KD_LIKED_NO};
    static const kd_counters three = {.count = 3,
                                      .at = {{.name = "like", .id = 1, .kind = KD_SET},
                                             {.name = "", .id = 2, .kind = KD_SET},
                                             {.name = "save", .id = 4, .kind = KD_SET}}};
    kd_item item;
    cr_assert_eq(kd_item_parse(&item, kd_bytes_str("posts/1")), KD_OK);
    kd_answer_counts a = {.item = kd_item_key(&item),
                          .counters = &three,
                          .source = "edge",
                          .liked = KD_LIKED_UNASKED,
                          .me = me};
    expect(&a,
           "{\"item\":\"posts/1\",\"counts\":{\"like\":{\"count\":null,\"display\":null,\"pending\":0},"
           "\"save\":{\"count\":null,\"display\":null,\"pending\":0}},\"me\":{\"like\":true,\"save\":false},"
           "\"age_ms\":null,\"as_of\":null,\"source\":\"edge\"}");
}

Test(answer, a_snapshot_from_the_future_has_no_age)
{
    kd_buf out = {.data = NULL};
    kd_json j = kd_json_of(&out);
    kd_json_object(&j);
    kd_answer_write_age(&j, 5, 9000, 0);
    kd_json_end_object(&j);
    kd_buf_put_u8(&out, 0);
    cr_expect_str_eq((char *)out.data, "{\"age_ms\":0,\"as_of\":null}");
    kd_buf_finish(&out);
}

Test(answer, liked)
{
    static const char *const words[] = {"false", "true", "null"};
    kd_item item;
    char wanted[100];
    cr_assert_eq(kd_item_parse(&item, kd_bytes_str("posts/1")), KD_OK);
    for (int i = 0; i < 3; i++) {
        kd_buf out = {.data = NULL};
        kd_json j = kd_json_of(&out);
        kd_answer_write_liked(&j, &(kd_answer_liked){kd_item_key(&item), (kd_liked)i, 0, NULL, "central"});
        kd_buf_put_u8(&out, 0);
        snprintf(wanted, sizeof(wanted), "{\"item\":\"posts/1\",\"liked\":%s,\"source\":\"central\"}",
                 words[i]);
        cr_expect_str_eq((char *)out.data, wanted);
        kd_buf_finish(&out);
    }
}
