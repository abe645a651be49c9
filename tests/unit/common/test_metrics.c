/* test_metrics.c - cells, their sum over shards, and the exposition text. */
#include "common/base/metrics.h"

#include <criterion/criterion.h>

#define TEST_METRICS(X)                                                                                      \
    X(taken, COUNTER, "kudos_test_likes_total", "changed=\"true\"", "Likes.")                                \
    X(again, COUNTER, "kudos_test_likes_total", "changed=\"false\"", "Likes.")                               \
    X(open, GAUGE, "kudos_test_open", "", "Open \\ things\nnow.")                                            \
    X(peak, GAUGE_MAX, "kudos_test_peak", "", "Peak.")                                                       \
    X(behind, AGE, "kudos_test_behind_seconds", "", "Behind.")                                               \
    X(oldest, AGE_OF_ALL, "kudos_test_oldest_seconds", "", "Oldest.")                                        \
    X(cpu, CPU, "kudos_test_cpu_seconds_total", "", "CPU.")                                                  \
    X(failures, REASONS, "kudos_test_failures_total", "", "Failures.")                                       \
    X(asked, REASONS, "kudos_test_asked_total", "of=\"a\"", "Failures of a.")                                \
    X(like_time, SECONDS, "kudos_test_like_duration_seconds", "op=\"like\"", "Time.")                        \
    X(batch_ops, SIZES, "kudos_test_batch_ops", "", "Sizes.")

typedef struct {
    TEST_METRICS(KD_METRIC_FIELD)
} test_metrics;
#define ROW(...) KD_METRIC_ROW(test_metrics, __VA_ARGS__)
static const kd_metric_info rows[] = {TEST_METRICS(ROW)};
static const kd_metric_table table = {rows, KD_COUNT(rows)};

static char *render(test_metrics *shards, size_t count)
{
    static kd_buf out;
    const void *instances[8];
    for (size_t i = 0; i < count; i++) instances[i] = &shards[i];
    kd_buf_clear(&out);
    kd_metrics_render(&table, instances, count, &out);
    kd_buf_put_u8(&out, 0);
    return (char *)out.data;
}

static void expect_line(const char *text, const char *line)
{
    size_t len = strlen(line);
    for (const char *at = text; (at = strstr(at, line)) != NULL; at++)
        if ((at == text || at[-1] == '\n') && at[len] == '\n') return;
    cr_expect_fail("no line %s in\n%s", line, text);
}

Test(metrics, shards_are_combined_by_kind)
{
    test_metrics m[2] = {0};
    kd_metric_add(&m[0].taken, 3), kd_metric_add(&m[1].taken, 4), kd_metric_add(&m[1].again, 1);
    kd_metric_set(&m[0].open, 5), kd_metric_set(&m[1].open, -7);
    kd_metric_set(&m[0].peak, -2), kd_metric_set(&m[1].peak, -9);
    kd_metric_set(&m[0].behind, 1500000), kd_metric_set(&m[1].behind, 250);
    const char *text = render(m, 2);
    expect_line(text, "kudos_test_likes_total{changed=\"true\"} 7");
    expect_line(text, "kudos_test_likes_total{changed=\"false\"} 1");
    expect_line(text, "kudos_test_open -2");
    expect_line(text, "kudos_test_peak -2");
    expect_line(text, "kudos_test_behind_seconds 1.5");
    kd_metric_sub(&m[0].open, 5);
    expect_line(render(m, 1), "kudos_test_open 0");
}

Test(metrics, a_missing_value_is_nan_not_zero)
{
    test_metrics m[2] = {0};
    kd_metric_set(&m[0].open, KD_METRIC_NONE), kd_metric_set(&m[1].open, 3);
    kd_metric_set(&m[0].behind, KD_METRIC_NONE), kd_metric_set(&m[1].behind, 2000000);
    kd_metric_set(&m[0].peak, KD_METRIC_NONE), kd_metric_set(&m[1].peak, KD_METRIC_NONE);
    kd_metric_set(&m[0].oldest, KD_METRIC_NONE), kd_metric_set(&m[1].oldest, 2000000);
    const char *text = render(m, 2);
    expect_line(text, "kudos_test_open NaN");
    expect_line(text, "kudos_test_behind_seconds 2");
    expect_line(text, "kudos_test_peak NaN");
    expect_line(text, "kudos_test_oldest_seconds NaN");
    expect_line(render(&m[1], 1), "kudos_test_oldest_seconds 2");
    expect_line(render(m, 1), "kudos_test_behind_seconds NaN");
}

Test(metrics, counters_by_reason_and_in_seconds)
{
    test_metrics m[2] = {0};
    kd_metric_add(&m[0].failures.of[KD_REASON_TLS], 2), kd_metric_add(&m[1].failures.of[KD_REASON_TLS], 1);
    kd_metric_add(&m[1].asked.of[KD_REASON_DNS], 4);
    kd_metric_set(&m[0].cpu, 1500000), kd_metric_set(&m[1].cpu, 20000);
    const char *text = render(m, 2);
    expect_line(text, "# TYPE kudos_test_failures_total counter");
    expect_line(text, "kudos_test_failures_total{reason=\"tls\"} 3");
    expect_line(text, "kudos_test_failures_total{reason=\"refused\"} 0");
    expect_line(text, "kudos_test_asked_total{of=\"a\",reason=\"dns\"} 4");
    expect_line(text, "# TYPE kudos_test_cpu_seconds_total counter");
    expect_line(text, "kudos_test_cpu_seconds_total 1.52");
}

Test(metrics, a_family_has_one_head)
{
    test_metrics m = {0};
    const char *text = render(&m, 1), *head = "# TYPE kudos_test_likes_total counter\n";
    const char *first = strstr(text, head);
    cr_assert_not_null(first);
    cr_expect_null(strstr(first + 1, head));
    expect_line(text, "# HELP kudos_test_open Open \\\\ things\\nnow.");
    expect_line(text, "# TYPE kudos_test_like_duration_seconds histogram");
    expect_line(text, "# TYPE kudos_test_behind_seconds gauge");
}

Test(metrics, histograms_are_cumulative_and_bounds_belong_to_their_bucket)
{
    test_metrics m[2] = {0};
    kd_metric_observe_seconds(&m[0].like_time, 0);
    kd_metric_observe_seconds(&m[0].like_time, 50);
    kd_metric_observe_seconds(&m[1].like_time, 51);
    kd_metric_observe_seconds(&m[1].like_time, 30000000);
    kd_metric_observe_seconds(&m[1].like_time, 30000001);
    kd_metric_observe_size(&m[0].batch_ops, 1000);
    const char *text = render(m, 2);
    expect_line(text, "kudos_test_like_duration_seconds_bucket{op=\"like\",le=\"0.00005\"} 2");
    expect_line(text, "kudos_test_like_duration_seconds_bucket{op=\"like\",le=\"0.0001\"} 3");
    expect_line(text, "kudos_test_like_duration_seconds_bucket{op=\"like\",le=\"10\"} 3");
    expect_line(text, "kudos_test_like_duration_seconds_bucket{op=\"like\",le=\"30\"} 4");
    expect_line(text, "kudos_test_like_duration_seconds_bucket{op=\"like\",le=\"+Inf\"} 5");
    expect_line(text, "kudos_test_like_duration_seconds_sum{op=\"like\"} 60.000102");
    expect_line(text, "kudos_test_like_duration_seconds_count{op=\"like\"} 5");
    expect_line(text, "kudos_test_batch_ops_bucket{le=\"500\"} 0");
    expect_line(text, "kudos_test_batch_ops_bucket{le=\"1000\"} 1");
    expect_line(text, "kudos_test_batch_ops_sum 1000");
}

Test(metrics, reference_names_each_row)
{
    kd_buf out = {0};
    kd_metrics_reference(&table, &out);
    kd_buf_put_u8(&out, 0);
    expect_line((char *)out.data, "| `kudos_test_likes_total` | counter | `changed=\"false\"` | Likes. |");
    expect_line((char *)out.data, "| `kudos_test_peak` | gauge |  | Peak. |");
    kd_buf_finish(&out);
}
