/* What an edge takes from central's JSON answers: all of one that is whole, nothing of one that is not. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "edge/io/upstream/central_words.c"

static kd_buf scratch;

static uint8_t liked_of(const char *body)
{
    return kd_central_words_liked(kd_bytes_str(body), &scratch).liked;
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

Test(central_words, when_it_was_said_and_whether_central_has_all_that_it_was_asked_for)
{
    kd_central_liked said[2];
    said[0] = kd_central_words_liked(
        kd_bytes_str("{\"at_us\":1700000000000000,\"liked\":false,\"complete\":true}"), &scratch);
    cr_expect(said[0].at_us == 1700000000000000u && said[0].complete);
    said[0] = kd_central_words_liked(kd_bytes_str("{\"liked\":false}"), &scratch);
    cr_expect(said[0].at_us == 0 && !said[0].complete, "a central of before does not say");
    kd_central_words_liked_each(kd_bytes_str("{\"items\":[{\"liked\":false,\"complete\":false},{\"liked\":"
                                             "true,\"at_us\":5,\"complete\":true}]}"),
                                &scratch, 2, said);
    cr_expect(said[0].at_us == 0 && said[1].at_us == 5 && !said[0].complete && said[1].complete);
    cr_expect_eq(liked_of("{\"liked\":true,\"at_us\":-1}"), KD_LIKED_UNKNOWN);
    cr_expect_eq(liked_of("{\"liked\":true,\"complete\":1}"), KD_LIKED_UNKNOWN);
}

static void expect_each(const char *body, uint8_t first, uint8_t second)
{
    kd_central_liked said[2];
    kd_central_words_liked_each(kd_bytes_str(body), &scratch, 2, said);
    cr_expect(said[0].liked == first && said[1].liked == second, "%s: %d %d", body, said[0].liked,
              said[1].liked);
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

static kd_catalogue found;

static bool catalogue(const char *body)
{
    kd_strings_finish(&found.collections);
    return kd_central_words_catalogue(kd_bytes_str(body), &scratch, &found);
}

Test(central_words, catalogue)
{
    cr_assert(catalogue("{\"more\":{},\"collections\":[\"posts\",\"a-1\"],\"counters\":[{\"name\":\"like\","
                        "\"id\":1,\"kind\":\"set\",\"more\":[]},"
                        "{\"kind\":\"sum\",\"id\":63,\"name\":\"view\"}]}"));
    cr_assert_eq(found.collections.count, 2);
    cr_expect_str_eq(found.collections.at[0], "posts");
    cr_assert_eq(found.counters.count, 2);
    cr_expect(found.counters.at[0].id == 1 && found.counters.at[0].kind == KD_SET);
    cr_expect(found.counters.at[1].id == 63 && found.counters.at[1].kind == KD_SUM);
    cr_expect_str_eq(found.counters.at[1].name, "view");
}

#define POSTS "{\"collections\":[\"posts\"],\"counters\":["

Test(central_words, what_is_no_catalogue_says_nothing)
{
    static const char *const none[] = {
        "",
        "{}",
        "[]",
        "{\"collections\":[\"posts\"]}",
        POSTS "]}",
        POSTS "{\"name\":\"like\",\"id\":1}]}",
        POSTS "{\"name\":\"like\",\"id\":0,\"kind\":\"set\"}]}",
        POSTS "{\"name\":\"like\",\"id\":300,\"kind\":\"set\"}]}",
        POSTS "{\"name\":\"like\",\"id\":1,\"kind\":\"bag\"}]}",
        POSTS "{\"name\":\"\",\"id\":1,\"kind\":\"set\"}]}",
        POSTS "{\"name\":\"like\",\"id\":1,\"kind\":\"set\"}]",
        POSTS "{\"name\":\"like\",\"id\":1,\"kind\":\"set\"}]} x",
        "{\"collections\":[\"Posts\"],\"counters\":[{\"name\":\"like\",\"id\":1,\"kind\":\"set\"}]}",
        "{\"collections\":[\"posts\"],\"collections\":[\"posts\"],\"counters\":[{\"name\":\"like\",\"id\":1,"
        "\"kind\":\"set\"}]}"};
    for (size_t i = 0; i < KD_COUNT(none); i++) {
        cr_expect(!catalogue(none[i]), "%s", none[i]);
        cr_expect(found.collections.at == NULL && found.counters.count == 0, "%s", none[i]);
    }
}

/* ---- about a list of users ---- */

static kd_central_users said;

static bool among(const char *body)
{
    const kd_bytes users[] = {kd_bytes_str("ada"), kd_bytes_str("bob"), kd_bytes_str("ada"),
                              kd_bytes_str("cyd")};
    return kd_central_words_among(kd_bytes_str(body), &scratch, 1, users, KD_COUNT(users), &said);
}

#define AS_OF "\"2026-01-02T03:04:05.678Z\""

Test(central_words, who_of_some_users)
{
    cr_assert(among(
        "{\"item\":\"posts/1\",\"count\":7,\"likers\":[{\"at\":\"x\",\"user\":\"ada\"},{\"user\":\"cyd\"}],"
        "\"age_ms\":0,\"as_of\":" AS_OF "}"));
    cr_expect(said.count[1] == 7 && said.named == 2);
    cr_expect(said.liker_count == 2 && said.likers[0] == 0 && said.likers[1] == 3);
    cr_expect_str_eq(said.as_of, "2026-01-02T03:04:05.678Z");
    cr_assert(among("{\"count\":0,\"likers\":[],\"as_of\":null}"));
    cr_expect(said.liker_count == 0 && said.as_of[0] == 0);
}

Test(central_words, of_an_answer_about_users_that_is_not_whole_nothing_is_believed)
{
    static const char *const none[] = {
        "",
        "{}",
        "{\"count\":7}",
        "{\"likers\":[]}",
        "{\"count\":-7,\"likers\":[]}",
        "{\"count\":null,\"likers\":[]}",
        "{\"count\":7,\"likers\":[]",
        "{\"count\":7,\"likers\":[{\"user\":\"eve\"}]}",
        "{\"count\":7,\"likers\":[{\"user\":\"cyd\"},{\"user\":\"bob\"}]}",
        "{\"count\":7,\"likers\":[{\"user\":\"cyd\"},{\"user\":\"cyd\"}]}",
        "{\"count\":7,\"likers\":[{\"at\":\"cyd\"}]}",
        "{\"count\":7,\"likers\":[{\"user\":\"ada\"}],\"likers\":[]}",
        "{\"count\":7,\"likers\":[\"ada\"]}",
        "{\"count\":7,\"likers\":[],\"as_of\":\"yesterday\"}",
        "{\"count\":7,\"likers\":[],\"as_of\":\"2026-01-02T03:04:05.678\\\"\"}",
        "{\"count\":7,\"likers\":[]} and more",
    };
    for (size_t i = 0; i < KD_COUNT(none); i++) cr_expect(!among(none[i]), "%s", none[i]);
}

Test(central_words, counts_without_some_users)
{
    const kd_counters counters = {
        .at = {{.name = "like", .id = 1, .kind = KD_SET}, {.name = "view", .id = 3, .kind = KD_SUM}},
        .count = 2};
    cr_assert(kd_central_words_counts(
        kd_bytes_str("{\"counts\":{\"more\":{\"count\":1},\"view\":{\"count\":9,\"display\":\"9\"}},"
                     "\"as_of\":" AS_OF "}"),
        &scratch, &counters, &said));
    cr_expect(said.named == 2 && said.count[1] == 9 && said.as_of[0]);
    static const char *const none[] = {"",
                                       "{}",
                                       "{\"counts\":{}}",
                                       "{\"counts\":{\"like\":7}}",
                                       "{\"counts\":{\"like\":{\"display\":\"7\"}}}",
                                       "{\"counts\":{\"like\":{\"count\":7}}",
                                       "{\"counts\":{\"like\":{\"count\":7}},\"as_of\":7}"};
    for (size_t i = 0; i < KD_COUNT(none); i++)
        cr_expect(!kd_central_words_counts(kd_bytes_str(none[i]), &scratch, &counters, &said), "%s", none[i]);
}

/* ---- who leads what ---- */

static char told_elsewhere[256];

static void note_elsewhere(void *arg, uint32_t partition, kd_bytes leader)
{
    (void)arg;
    size_t len = strlen(told_elsewhere);
    snprintf(told_elsewhere + len, sizeof told_elsewhere - len, "%u=%.*s;", partition, (int)leader.len,
             leader.len ? (const char *)leader.data : "");
}

static const char *elsewhere(const char *text)
{
    told_elsewhere[0] = '\0';
    kd_central_words_elsewhere(kd_bytes_str(text), &scratch, note_elsewhere, NULL);
    return told_elsewhere;
}

Test(central_words, who_leads_what_is_read_as_far_as_it_can_be)
{
    cr_expect_str_eq(elsewhere("{\"type\":\"x\",\"elsewhere\":[{\"partition\":3,\"leader\":\"http://b\"},"
                               "{\"more\":[1],\"partition\":7,\"leader\":null},{\"partition\":9}],\"z\":{}}"),
                     "3=http://b;7=;9=;");
    cr_expect_str_eq(elsewhere("{\"elsewhere\":[{\"leader\":\"http:\\/\\/b\",\"partition\":3}]}"),
                     "3=http://b;");
    const char *const nothing_said[] = {"",
                                        "[]",
                                        "{}",
                                        "{\"elsewhere\":1}",
                                        "{\"elsewhere\":[]}",
                                        "{\"elsewhere\":[{\"leader\":\"http://b\"}]}",
                                        "{\"elsewhere\":[{\"partition\":-1}]}",
                                        "{\"elsewhere\":[{\"partition\":4294967296}]}",
                                        "{\"elsewhere\":[{\"partition\":\"3\"}]}",
                                        "{\"elsewhere\":[3]}"};
    for (size_t i = 0; i < KD_COUNT(nothing_said); i++)
        cr_expect_str_eq(elsewhere(nothing_said[i]), "", "%s", nothing_said[i]);
    cr_expect_str_eq(elsewhere("{\"elsewhere\":[{\"partition\":3,\"leader\":\"a\"},{\"partition\":4"),
                     "3=a;");
}
