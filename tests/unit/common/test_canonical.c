/* test_canonical.c - one text for a set of items, however it was asked for. */
#include "common/api/canonical.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "common/api/route.h"

static char *names[] = {"posts", "post", "post-s", "reels"};
static const kd_strings collections = {names, 4};

/* The canonical text of a raw list; *count items are in it. */
static char *canonical(const char *raw, uint32_t *count)
{
    static kd_item items[KD_BULK_ITEMS_MAX];
    static kd_buf out;
    kd_refusal why;
    cr_assert(kd_route_items(kd_bytes_str(raw), &collections, items, count, &why), "%s: %s", raw, why.detail);
    kd_buf_clear(&out);
    kd_canonical_items(items, count, &out);
    kd_buf_put(&out, "", 1);
    return (char *)out.data;
}

static void becomes(const char *raw, const char *text, uint32_t count)
{
    uint32_t n;
    char first[1024];
    snprintf(first, sizeof(first), "%s", canonical(raw, &n));
    cr_expect_str_eq(first, text, "%s", raw);
    cr_expect_eq(n, count, "%s", raw);
    cr_expect_str_eq(canonical(first + strlen("items="), &n), text, "a canonical text is its own: %s", raw);
    cr_expect_eq(n, count);
}

Test(canonical, sorted_without_doubles_and_without_encoding)
{
    becomes("posts/1", "items=posts/1", 1);
    becomes("reels/2,posts/1", "items=posts/1,reels/2", 2);
    becomes("posts/1,posts/1,posts/1", "items=posts/1", 1);
    becomes("posts/2,posts/1,posts/2,posts/10", "items=posts/1,posts/10,posts/2", 3);
    becomes("posts%2F1%2Cposts%2f2", "items=posts/1,posts/2", 2);
    becomes("posts/%61,posts/a", "items=posts/a", 1);
}

/* By the whole text: the lengths that stand in a key, and where the collection ends, do not count. '-' and '+' sort before '/', '~' is the last. */
Test(canonical, the_order_is_that_of_the_bytes)
{
    becomes("posts/1,post/2,post-s/3", "items=post-s/3,post/2,posts/1", 3);
    becomes(
        "posts/b,posts/aaaaaaaaaaaa,posts/B,posts/~,posts/+,posts/=,posts/@,posts/:,posts/_,posts/-,posts/0",
        "items=posts/+,posts/-,posts/0,posts/:,posts/=,posts/@,posts/B,posts/_,posts/aaaaaaaaaaaa,posts/"
        "b,posts/~",
        11);
}

static uint64_t shuffled(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

/* 200 items with many doubles, in any order: one text, and the same items. */
Test(canonical, any_order_gives_the_same_text)
{
    uint64_t state = 7;
    char first[8192] = "";
    for (int round = 0; round < 50; round++) {
        char raw[8192] = "";
        int order[200];
        for (int i = 0; i < 200; i++) order[i] = i % 150;
        for (int i = 199; i > 0; i--) {
            int j = (int)(shuffled(&state) % (uint64_t)(i + 1)), kept = order[i];
            order[i] = order[j], order[j] = kept;
        }
        for (int i = 0; i < 200; i++)
            snprintf(raw + strlen(raw), sizeof(raw) - strlen(raw), "%s%s/%d", i ? "," : "",
                     order[i] % 2 ? "posts" : "reels", order[i] * 7);
        uint32_t n;
        const char *text = canonical(raw, &n);
        cr_assert_eq(n, 150);
        if (round == 0) snprintf(first, sizeof(first), "%s", text);
        cr_assert_str_eq(text, first);
    }
}
