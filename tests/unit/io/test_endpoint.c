#include "common/io/http/endpoint.h"

#include <criterion/criterion.h>

static const kd_endpoint table[] = {
    {.method = KD_HTTP_GET, .path = "/v1/snapshots/{collection}/{id}"},
    {.method = KD_HTTP_GET, .path = "/v1/{collection}/{id}/counts"},
    {.method = KD_HTTP_GET, .path = "/v1/{collection}/{id}/{counter}", .kind = KD_SET},
    {.method = KD_HTTP_DELETE, .path = "/v1/{collection}/{id}/{counter}", .kind = KD_SET},
    {.method = KD_HTTP_POST, .path = "/v1/{collection}/{id}/{counter}", .kind = KD_SUM},
    {.method = KD_HTTP_GET, .path = "/v1/counts"},
    {.method = KD_HTTP_POST, .path = "/v1/counts"},
    {.method = KD_HTTP_POST, .path = "/v1/likes/lookup"},
};

static kd_paths paths_made(bool options)
{
    kd_paths paths;
    kd_paths_init(&paths, table, KD_COUNT(table), options);
    return paths;
}

static const kd_path *found(const kd_paths *paths, const char *text)
{
    kd_route route;
    cr_assert_eq(kd_route_cut(kd_bytes_str(text), &route), KD_OK);
    return kd_paths_find(paths, &route);
}

Test(endpoint, a_path_is_found_by_its_segments)
{
    kd_paths paths = paths_made(true);
    cr_expect_eq(found(&paths, "/v1/counts")->first, &table[5]);
    cr_expect_eq(found(&paths, "/v1/likes/lookup")->first, &table[7]);
    cr_expect_eq(found(&paths, "/v1/posts/1/counts")->first, &table[1]);
    cr_expect_eq(found(&paths, "/v1/posts/1/counts")->item_at, 0);
    cr_expect_eq(found(&paths, "/v1/counts")->item_at, -1);
    static const char *const none[] = {"/v1/count",          "/v1/countss",      "/v1/likes",
                                       "/v1/likes/lookup/x", "/v1/posts/1/like", "/v1/posts/1/counts/x"};
    for (size_t i = 0; i < KD_COUNT(none); i++) cr_expect_null(found(&paths, none[i]), "%s", none[i]);
}

Test(endpoint, of_two_paths_that_fit_the_first_row_wins)
{
    kd_paths paths = paths_made(true);
    const kd_path *path = found(&paths, "/v1/snapshots/posts/counts");
    cr_expect_eq(path->first, &table[0]);
    cr_expect_eq(path->item_at, 1);
}

Test(endpoint, a_path_allows_the_methods_of_its_rows)
{
    kd_paths with = paths_made(true), without = paths_made(false);
    cr_expect_str_eq(found(&with, "/v1/counts")->allow, "GET, HEAD, POST, OPTIONS");
    cr_expect_str_eq(found(&without, "/v1/counts")->allow, "GET, HEAD, POST");
    cr_expect_str_eq(with.set.allow, "GET, HEAD, DELETE, OPTIONS");
    cr_expect_str_eq(with.sum.allow, "POST, OPTIONS");
    cr_expect_str_eq(with.allow, "GET, HEAD, POST, DELETE, OPTIONS");
}

Test(endpoint, a_method_has_the_row_of_its_path_or_none)
{
    kd_paths paths = paths_made(true);
    const kd_path *path = found(&paths, "/v1/counts");
    cr_expect_eq(kd_path_endpoint(path, KD_HTTP_GET), &table[5]);
    cr_expect_eq(kd_path_endpoint(path, KD_HTTP_HEAD), &table[5]);
    cr_expect_eq(kd_path_endpoint(path, KD_HTTP_POST), &table[6]);
    cr_expect_null(kd_path_endpoint(path, KD_HTTP_DELETE));
    cr_expect_null(kd_path_endpoint(path, KD_HTTP_OTHER));
    cr_expect_null(kd_path_endpoint(path, KD_HTTP_OPTIONS));
    cr_expect_eq(kd_path_endpoint(&paths.set, KD_HTTP_DELETE), &table[3]);
}
