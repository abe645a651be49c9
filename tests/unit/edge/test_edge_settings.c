/* test_edge_settings.c - configs/edge.conf is the manual of kudos-edge: whole, true, and it loads. Run at the top. */
#include "edge/io/daemon/settings.c"

#include <criterion/criterion.h>

#include "common/io/daemon/file_read.h"

static const char file[] = "configs/edge.conf";
static char error[KD_OPTIONS_ERROR_MAX];

Test(edge_settings, example_mentions_every_option_with_its_default)
{
    kd_buf text = {.data = NULL};
    cr_assert_eq(kd_file_read(file, KD_OPTIONS_FILE_MAX, &text), KD_OK);
    int rc = kd_options_check_example(&kd_edge_options, file, kd_buf_view(&text), error);
    cr_expect_eq(rc, KD_OK, "%s", error);
    kd_buf_finish(&text);
}

Test(edge_settings, example_loads)
{
    kd_settings s;
    cr_assert_eq(kd_options_load_file(&kd_edge_options, file, NULL, 0, &s, error), KD_OK, "%s", error);
    cr_expect_eq(kd_settings_check(&s, error), KD_OK, "%s", error);
    cr_expect_eq(s.flush_interval_us, 5 * SEC);
    cr_expect_eq(s.flush_ops, 1000);
    kd_edge_config core = kd_settings_core(&s);
    cr_expect_eq(core.viral_rate, 1000);
    cr_expect_eq(core.log_flush_interval_us, 0, "answers wait for the disk alone");
    cr_expect_eq(core.viral_flush_interval_us, SEC);
    cr_expect_eq(s.likes_retention_us, 7 * 86400 * SEC);
    cr_expect_eq(s.drift_bound_us, 500 * MS);
    cr_expect_eq(s.counters.count, 4);
    kd_options_finish(&kd_edge_options, &s);
}

Test(edge_settings, answers_that_wait_for_the_log_flush_soon)
{
    kd_settings s;
    const char *set = "edge.acknowledge=log";
    cr_assert_eq(kd_options_load_file(&kd_edge_options, file, &set, 1, &s, error), KD_OK, "%s", error);
    cr_expect_eq(kd_settings_core(&s).log_flush_interval_us, 5 * MS);
    cr_expect_eq(s.acknowledge_deadline_us, 3 * SEC);
    cr_expect_eq(s.acknowledge_late, KD_LATE_REFUSE);
    kd_options_finish(&kd_edge_options, &s);
}

/* Loads the example with one override; the error must name `text`. */
static void refused(const char *set, const char *text)
{
    kd_settings s;
    int rc = kd_options_load_file(&kd_edge_options, file, &set, 1, &s, error);
    if (rc == KD_OK) {
        rc = kd_settings_check(&s, error);
        kd_options_finish(&kd_edge_options, &s);
    }
    cr_expect_eq(rc, KD_EINVAL, "%s", set);
    cr_expect_not_null(strstr(error, text), "%s: %s", set, error);
}

Test(edge_settings, what_cannot_be_is_named)
{
    refused("http.tls_required=true", "tls_certificate");
    refused("http.cors_origins=https://app.example/", "cors_origins");
    refused("http.cors_origins=https://app.example, *", "cors_origins");
    refused("api.display_stale_if_error=1500ms", "whole seconds");
    refused("kafka-properties.acks=1", "acks");
    refused("http.trusted_peers=10.0.0.0/33", "trusted_peers");
    refused("edge.shards=9", "edge.shards");
    refused("edge.resend_min=5m", "resend_min");
    refused("edge.outbox_max=7KiB", "outbox_max");
    refused("edge.outbox_max=4095B", "outbox_max");
    refused("edge.name=Mumbai", "edge.name");
    refused("edge.flush_interval=5", "flush_interval");
    refused("kafka.counts_topic=kudos.likes.v1", "counts_topic");
    refused("counters.display=9 set", "display");
    refused("api.collections=posts, snapshots", "api.collections: snapshots");
    refused("central.url=ftp://central", "central.url");
    refused("central.url=http://", "central.url");
    refused("central.url=http://central:99999", "central.url");
    refused("central.url=http://central/path", "central.url");
    refused("api.collections=,", "api.collections");
    refused("api.display_max_age=500ms", "whole seconds");
    refused("overload.level_3=250ms", "level_1 to level_4");
}
