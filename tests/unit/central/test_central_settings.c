/* test_central_settings.c - configs/central.conf is the manual of kudos-central: whole, true, and it loads.
 * Run at the top. */
#include "central/io/daemon/settings.c"
#include "central/io/daemon/settings_life.c"
#include "central/io/daemon/settings_member.c"

#include <criterion/criterion.h>

#include "common/io/daemon/file_read.h"

static const char file[] = "configs/central.conf";
static char error[KD_OPTIONS_ERROR_MAX];

Test(central_settings, example_mentions_every_option_with_its_default)
{
    kd_buf text = {.data = NULL};
    cr_assert_eq(kd_file_read(file, KD_OPTIONS_FILE_MAX, &text), KD_OK);
    int rc = kd_options_check_example(&kd_central_options, file, kd_buf_view(&text), error);
    cr_expect_eq(rc, KD_OK, "%s", error);
    kd_buf_finish(&text);
}

Test(central_settings, example_loads)
{
    kd_central_settings s;
    cr_assert_eq(kd_options_load_file(&kd_central_options, file, NULL, 0, &s, error), KD_OK, "%s", error);
    cr_expect_eq(kd_central_settings_check(&s, error), KD_OK, "%s", error);
    cr_expect_eq(s.snapshot_interval_us, 1000000);
    cr_expect_eq(s.viral_interval_us, 200000);
    cr_expect_eq(s.likes_retention_us, 7 * DAY);
    cr_expect_eq(s.counts_retention_us, 3600 * (uint64_t)SECOND);
    cr_expect_eq(s.counters.count, 4);
    kd_options_finish(&kd_central_options, &s);
}

static int check(const char *const *sets, size_t n)
{
    kd_central_settings s;
    int rc = kd_options_load_file(&kd_central_options, file, sets, n, &s, error);
    if (rc != KD_OK) return rc;
    rc = kd_central_settings_check(&s, error);
    kd_options_finish(&kd_central_options, &s);
    return rc;
}

Test(central_settings, what_does_not_fit_together_is_named)
{
    const char *required[] = {"http.tls_required=true"};
    const char *unsafe[] = {"kafka-properties.acks=1"};
    const char *stranger[] = {"http.trusted_peers=10.0.0.0/33"};
    cr_expect_eq(check(required, 1), KD_EINVAL);
    cr_expect_not_null(strstr(error, "tls_required"));
    cr_expect_eq(check(unsafe, 1), KD_EINVAL);
    cr_expect_not_null(strstr(error, "acks"), "%s", error);
    cr_expect_eq(check(stranger, 1), KD_EINVAL);
    cr_expect_not_null(strstr(error, "trusted_peers"), "%s", error);
}

Test(central_settings, names_that_would_shadow_each_other_are_refused)
{
    const char *topic[] = {"kafka.counts_topic=kudos.likes.v1"};
    const char *changes[] = {"kafka.changes_topic=kudos.counts.v1"};
    const char *counter[] = {"counters.likers=9 set"};
    cr_expect_eq(check(topic, 1), KD_EINVAL);
    cr_expect_not_null(strstr(error, "counts_topic"), "%s", error);
    cr_expect_eq(check(changes, 1), KD_EINVAL);
    cr_expect_not_null(strstr(error, "changes_topic"), "%s", error);
    cr_expect_eq(check(counter, 1), KD_EINVAL);
    cr_expect_not_null(strstr(error, "likers"), "%s", error);
    const char *collection[] = {"api.collections=posts, snapshots"};
    cr_expect_eq(check(collection, 1), KD_EINVAL);
    cr_expect_not_null(strstr(error, "api.collections: snapshots"), "%s", error);
}

/* Commands on a central that is stopped open its stores by the same function as the process that runs. */
Test(central_settings, core_is_configured_as_the_options_say)
{
    static const char *const sets[] = {
        "central.name=c7",           "central.backups=none",          "central.tombstone_ttl=3d",
        "central.drift_bound=250ms", "central.redo_bytes=1MiB",       "central.counts_cached=64000",
        "kafka.partitions=16",       "central.publish_changes=false", "central.index_liked=true"};
    char *names[] = {"amsterdam", "berlin"};
    const kd_strings edges = {names, 2};
    const kd_counters counters = {.count = 1};
    kd_central_settings s;
    int rc = kd_options_load_file(&kd_central_options, file, sets, KD_COUNT(sets), &s, error);
    cr_assert_eq(rc, KD_OK, "%s", error);
    const kd_central_config c = kd_central_core_config(&s, &counters, &edges, 5, 99);
    cr_expect(kd_bytes_eq(c.name, kd_bytes_str("c7")));
    cr_expect_eq(c.partition, 5);
    cr_expect_eq(c.partitions, 16);
    cr_expect_eq(c.counters, &counters); /* not those of the settings: a reload adds to these */
    cr_expect_str_eq(c.expected_edges[1], "berlin");
    cr_expect_eq(c.expected_edge_count, 2);
    cr_expect_eq(c.drift_us, 250000);
    cr_expect_eq(c.redo_bytes_max, MIB);
    cr_expect_eq(c.counts_cached_max, 4000);
    cr_expect_not(c.publish_changes);
    cr_expect(c.no_backups);
    cr_expect_eq(c.tombstone_ttl_us, 3 * DAY);
    cr_expect_eq(c.indices, KD_INDEX_BIT(KD_INDEX_LIKED));
    cr_expect_eq(c.seed, 99);
    cr_expect_eq(c.plant, 0);
    kd_options_finish(&kd_central_options, &s);
}
