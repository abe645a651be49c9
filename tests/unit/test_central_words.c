/* What an edge takes from central's JSON answers: all of one that is whole, nothing of one that is not. */
#include <criterion/criterion.h>

#include "edge/io/central_words.c"

static kd_buf scratch;

static uint8_t liked_of(const char *body)
{
    uint64_t at_us;
    return kd_central_words_liked(kd_bytes_str(body), &scratch, &at_us);
}

Test(central_words, time)
{
    uint64_t now_us = 7;
    cr_expect(
        kd_central_words_time(kd_bytes_str("{\"a\":[1],\"now_us\":1700000000000000}"), &scratch, &now_us));
    cr_expect_eq(now_us, 1700000000000000u);
    static const char *const none[] = {
        "", "{}", "[]", "{\"now_us\":-1}", "{\"now_us\":1} x", "{\"now_us\":1.5}", "{\"now_us\":1"};
    for (size_t i = 0; i < KD_COUNT(none); i++)
        cr_expect(!kd_central_words_time(kd_bytes_str(none[i]), &scratch, &now_us), "%s", none[i]);
}

Test(central_words, one_liked)
{
    cr_expect_eq(liked_of("{\"item\":\"posts/1\",\"liked\":true,\"source\":\"central\"}"), KD_LIKED_YES);
    cr_expect_eq(liked_of("{\"liked\":false}"), KD_LIKED_NO);
    static const char *const unknown[] = {
        "", "{}", "{\"liked\":null}", "{\"liked\":1}", "{\"liked\":true", "{\"liked\":true}}", "true"};
    for (size_t i = 0; i < KD_COUNT(unknown); i++)
        cr_expect_eq(liked_of(unknown[i]), KD_LIKED_UNKNOWN, "%s", unknown[i]);
}

Test(central_words, when_it_was_said)
{
    uint64_t at_us[2] = {9, 9};
    uint8_t liked[2];
    kd_central_words_liked(kd_bytes_str("{\"at_us\":1700000000000000,\"liked\":false}"), &scratch, at_us);
    cr_expect_eq(at_us[0], 1700000000000000u);
    kd_central_words_liked(kd_bytes_str("{\"liked\":false}"), &scratch, at_us);
    cr_expect_eq(at_us[0], 0u, "a central of before does not say");
    kd_central_words_liked_each(kd_bytes_str("{\"items\":[{\"liked\":false},{\"liked\":true,\"at_us\":5}]}"),
                                &scratch, 2, liked, at_us);
    cr_expect(at_us[0] == 0 && at_us[1] == 5);
    cr_expect_eq(liked_of("{\"liked\":true,\"at_us\":-1}"), KD_LIKED_UNKNOWN);
}

static void expect_each(const char *body, uint8_t first, uint8_t second)
{
    uint8_t liked[2] = {9, 9};
    uint64_t at_us[2];
    kd_central_words_liked_each(kd_bytes_str(body), &scratch, 2, liked, at_us);
    cr_expect(liked[0] == first && liked[1] == second, "%s: %d %d", body, liked[0], liked[1]);
}

Test(central_words, many_liked)
{
    expect_each("{\"items\":[{\"liked\":true},{\"item\":\"posts/2\",\"liked\":false}]}", KD_LIKED_YES,
                KD_LIKED_NO);
    expect_each("{\"items\":[{\"liked\":null},{\"liked\":true},{\"liked\":true}]}", KD_LIKED_UNKNOWN,
                KD_LIKED_YES);
    expect_each("{\"items\":[{\"liked\":true}]}", KD_LIKED_YES, KD_LIKED_UNKNOWN);
    expect_each("{\"more\":{},\"items\":[]}", KD_LIKED_UNKNOWN, KD_LIKED_UNKNOWN);
}

Test(central_words, of_an_answer_that_is_cut_nothing_is_taken)
{
    expect_each("{\"items\":[{\"liked\":true},{\"liked\":true}]", KD_LIKED_UNKNOWN, KD_LIKED_UNKNOWN);
    expect_each("{\"items\":[{\"liked\":true},", KD_LIKED_UNKNOWN, KD_LIKED_UNKNOWN);
    expect_each("{\"items\":[{\"liked\":false}]} and more", KD_LIKED_UNKNOWN, KD_LIKED_UNKNOWN);
}
