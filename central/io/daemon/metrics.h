/*
 * metrics.h - the metrics of kudos-central, a table each: of the workers, which fill one struct each and are rendered together, and of the process.
 * docs/operations/watch.md explains every name here.
 */
#ifndef KUDOS_CENTRAL_IO_DAEMON_METRICS_H
#define KUDOS_CENTRAL_IO_DAEMON_METRICS_H

#include "common/base/metrics.h"

/* field, kind, name, labels, help */
#define KD_CENTRAL_METRICS(X)                                                                                \
    X(batches, COUNTER, "kudos_central_batches_total", "result=\"merged\"",                                  \
      "Batches of edges by what became of them.")                                                            \
    X(duplicates, COUNTER, "kudos_central_batches_total", "result=\"duplicate\"", "")                        \
    X(gaps, COUNTER, "kudos_central_batches_total", "result=\"gap\"", "")                                    \
    X(unknown_schema, COUNTER, "kudos_central_batches_total", "result=\"unknown_schema\"", "")               \
    X(quarantined, COUNTER, "kudos_central_batches_total", "result=\"quarantined\"", "")                     \
    X(identity, COUNTER, "kudos_central_batches_total", "result=\"identity\"", "")                           \
    X(alarms_quarantine, COUNTER, "kudos_central_alarms_total", "reason=\"quarantine\"",                     \
      "Reasons to look after it.")                                                                           \
    X(alarms_counter, COUNTER, "kudos_central_alarms_total", "reason=\"unknown-counter\"", "")               \
    X(alarms_identity, COUNTER, "kudos_central_alarms_total", "reason=\"identity\"", "")                     \
    X(alarms_retired, COUNTER, "kudos_central_alarms_total", "reason=\"retired\"", "")                       \
    X(alarms_passed_over, COUNTER, "kudos_central_alarms_total", "reason=\"passed-over\"", "")               \
    X(alarms_log, COUNTER, "kudos_central_alarms_total", "reason=\"log\"", "")                               \
    X(alarms_unpublished, COUNTER, "kudos_central_alarms_total", "reason=\"unpublished\"", "")               \
    X(alarms_closed, COUNTER, "kudos_central_alarms_total", "reason=\"closed-list\"", "")                    \
    X(alarms_refused, COUNTER, "kudos_central_alarms_total", "reason=\"record-refused\"", "")                \
    X(alarms_follower, COUNTER, "kudos_central_alarms_total", "reason=\"follower\"", "")                     \
    X(waits, GAUGE, "kudos_central_waits_for_newer", "",                                                     \
      "Partitions that are read no further, since a newer central wrote a record that is not known here.")   \
    X(remakes, COUNTER, "kudos_central_followers_made_anew_total", "",                                       \
      "Stores that differed from their leader's, were set aside and begun anew.")                            \
    X(refused_unsigned, COUNTER, "kudos_central_records_refused_total", "reason=\"unsigned\"",               \
      "Records of Kafka that were passed over, because their signature is not that of their writer.")        \
    X(refused_malformed, COUNTER, "kudos_central_records_refused_total", "reason=\"malformed\"", "")         \
    X(refused_unknown_key, COUNTER, "kudos_central_records_refused_total", "reason=\"unknown-key\"", "")     \
    X(refused_foreign_key, COUNTER, "kudos_central_records_refused_total", "reason=\"foreign-key\"", "")     \
    X(refused_wrong, COUNTER, "kudos_central_records_refused_total", "reason=\"wrong\"", "")                 \
    X(operations, COUNTER, "kudos_central_operations_total", "", "Operations merged.")                       \
    X(changes, COUNTER, "kudos_central_changes_total", "", "Operations that changed a row.")                 \
    X(milestones, COUNTER, "kudos_central_milestones_total", "",                                             \
      "Thresholds that counts of items have passed.")                                                        \
    X(milestones_dropped, COUNTER, "kudos_central_milestones_dropped_total", "",                             \
      "Records of milestones that a follower had no room to keep until its leader has told them.")           \
    X(claims, COUNTER, "kudos_central_claims_total", "", "Claims of epochs read.")                           \
    X(closed_ignored, COUNTER, "kudos_central_closed_operations_total", "",                                  \
      "Operations and sums of closed items that were left out.")                                             \
    X(life_overdue, AGE_OF_ALL, "kudos_central_life_overdue_seconds", "",                                    \
      "How long the item whose life is over, and that is to be closed or deleted, has waited for it.")       \
    X(closed_items, GAUGE, "kudos_central_closed_items", "", "Items that were ever closed or deleted.")      \
    X(closed_fullest, GAUGE_MAX, "kudos_central_closed_items_fullest", "",                                   \
      "Those of the partition that lists most of them.")                                                     \
    X(erased_ignored, COUNTER, "kudos_central_erased_operations_total", "",                                  \
      "Operations of erased users that were left out.")                                                      \
    X(erased_users, GAUGE, "kudos_central_erased_users", "",                                                 \
      "Erased users that are remembered, counted in each partition.")                                        \
    X(decisions, COUNTER, "kudos_central_decisions_total", "result=\"merged\"",                              \
      "Decisions of operators read.")                                                                        \
    X(decisions_void, COUNTER, "kudos_central_decisions_total", "result=\"void\"", "")                       \
    X(epochs_outbid, COUNTER, "kudos_central_epochs_outbid_total", "",                                       \
      "Epochs taken above those of another history.")                                                        \
    X(commits, COUNTER, "kudos_central_commits_total", "", "Commits that are durable.")                      \
    X(commit_time, SECONDS, "kudos_central_commit_duration_seconds", "",                                     \
      "Commit, from its beginning to its durability.")                                                       \
    X(commit_ops, SIZES, "kudos_central_commit_operations", "", "Operations in a commit.")                   \
    X(snapshots, COUNTER, "kudos_central_snapshots_total", "", "Snapshots and heartbeats handed to Kafka.")  \
    X(snapshot_parts, COUNTER, "kudos_central_snapshot_parts_total", "", "Records of them.")                 \
    X(snapshot_age, AGE_OF_ALL, "kudos_central_snapshot_age_seconds", "",                                    \
      "Since the oldest last snapshot of a partition; NaN: one has had none since the start.")               \
    X(outbound_failed, COUNTER, "kudos_central_outbound_failures_total", "",                                 \
      "Records that Kafka refused and that go again.")                                                       \
    X(outbound, GAUGE, "kudos_central_outbound_records", "", "Records for Kafka that are not delivered.")    \
    X(lag, GAUGE, "kudos_central_lag_records", "",                                                           \
      "Records of the likes topic not yet merged, over all partitions; NaN: Kafka did not say how many "     \
      "there are.")                                                                                          \
    X(rewinds, COUNTER, "kudos_central_rewinds_total", "",                                                   \
      "Times a partition was read again from its earliest record.")                                          \
    X(producers_plain, GAUGE, "kudos_central_producers_plain", "",                                           \
      "Producers that ask Kafka for no producer id.")                                                        \
    X(pauses, COUNTER, "kudos_central_pauses_total", "",                                                     \
      "Times reading stopped because the disk or a topic was behind.")                                       \
    X(dirty, GAUGE, "kudos_central_dirty_items", "", "Items changed since the last snapshot.")               \
    X(redo_bytes, GAUGE, "kudos_central_redo_bytes", "", "Redo rows on disk.")                               \
    X(unpublished_bytes, GAUGE, "kudos_central_unpublished_bytes", "",                                       \
      "Rows on disk that the changes, milestones or counts topic has not taken.")                            \
    X(counts_cached, GAUGE, "kudos_central_counts_cached", "", "Items whose counts are in memory.")          \
    X(filter_rows, GAUGE, "kudos_central_filter_rows", "", "Rows in the membership filters.")                \
    X(quarantine_kept, GAUGE, "kudos_central_quarantined_records", "",                                       \
      "Records kept in quarantine; the edge of a batch among them waits.")                                   \
    X(edges, GAUGE_MAX, "kudos_central_edges", "", "Edges registered in a partition, at most.")              \
    X(low_watermark_age, AGE_OF_ALL, "kudos_central_low_watermark_age_seconds", "",                          \
      "Age of the oldest low watermark of a partition; NaN: one is unknown, and as_of with it.")             \
    X(stable_age, AGE_OF_ALL, "kudos_central_stable_age_seconds", "",                                        \
      "How long ago it was up to where edges may forget, at least; NaN: they may not. /debug/partitions "    \
      "says why.")                                                                                           \
    X(floor_age, AGE, "kudos_central_floor_age_seconds", "",                                                 \
      "How long ago it was up to where tombstones are collected, at least; NaN: none was.")                  \
    X(floor_halted, GAUGE, "kudos_central_collection_halted", "",                                            \
      "Partitions that collect no tombstones since an identity alarm.")                                      \
    X(collected, COUNTER, "kudos_central_tombstones_collected_total", "", "Tombstones collected.")           \
    X(ignored, COUNTER, "kudos_central_operations_ignored_total", "",                                        \
      "Operations below the floor that found no row: merged before.")                                        \
    X(indices_moving, GAUGE, "kudos_central_indices_unfinished", "",                                         \
      "Indices of partitions that are being built or removed.")                                              \
    X(index_rows, GAUGE, "kudos_central_index_rows_walked", "",                                              \
      "Rows that these have been through; kudos_central_filter_rows tells of how many to build from.")       \
    X(read_errors, COUNTER, "kudos_central_store_read_errors_total", "",                                     \
      "Reads of a store that failed: a disk or a damaged file.")                                             \
    X(kafka_errors, REASONS, "kudos_central_kafka_errors_total", "", "Errors of connections and brokers.")   \
    X(followed, GAUGE, "kudos_central_followed_partitions", "",                                              \
      "Partitions of a follower that agree with its leader.")                                                \
    X(follow_lag, GAUGE_MAX, "kudos_central_follow_lag_records", "",                                         \
      "Records that the leader's last snapshot holds and the follower has not read, of a partition, at "     \
      "most.")                                                                                               \
    X(leads, GAUGE, "kudos_central_leads", "", "Partitions that this member leads.")                         \
    X(fenced, COUNTER, "kudos_central_fenced_total", "",                                                     \
      "Claims of other members read while this one led the partition: it follows since.")                    \
    X(kafka_ready, GAUGE, "kudos_central_kafka_assigned", "", "Partitions that are being read.")

typedef struct {
    KD_CENTRAL_METRICS(KD_METRIC_FIELD)
} kd_central_metrics;

extern const kd_metric_table kd_central_metric_table;

/* Metrics of the whole process: filled at each request for the metrics. */
#define KD_CENTRAL_PROCESS_METRICS(X)                                                                        \
    X(kafka_up, GAUGE, "kudos_central_kafka_up", "", "1 while a broker answers.")                            \
    X(http_requests, COUNTER, "kudos_central_http_requests_total", "", "Requests given to the API.")         \
    X(http_rejected, COUNTER, "kudos_central_http_rejected_total", "",                                       \
      "Requests refused by the server itself.")                                                              \
    X(http_proxy_refused, COUNTER, "kudos_central_http_proxy_refused_total", "",                             \
      "Connections closed: not from a balancer, or without a valid PROXY header.")                           \
    X(http_refused, COUNTER, "kudos_central_http_refused_total", "",                                         \
      "Requests refused for who asks, or under which Host.")                                                 \
    X(http_shed, COUNTER, "kudos_central_http_shed_total", "", "Reads refused because of reads_max.")        \
    X(connections, GAUGE, "kudos_central_http_connections", "", "Connections open.")                         \
    X(connections_max, GAUGE, "kudos_central_http_connections_max", "",                                      \
      "Connections that the process takes: http.max_connections, or fewer.")                                 \
    X(connections_refused, COUNTER, "kudos_central_http_connections_refused_total", "",                      \
      "Connections closed as they came: a limit, or no descriptor left.")                                    \
    X(http_work, COUNTER, "kudos_central_http_work_total", "",                                               \
      "Work that requests were charged, about a microsecond a unit: what addresses share.")                  \
    X(gave_way, COUNTER, "kudos_central_http_gave_way_total", "",                                            \
      "Connections closed for a newcomer when the process was full.")                                        \
    X(tls_refused, COUNTER, "kudos_central_http_tls_refused_total", "",                                      \
      "Connections closed before TLS began: too many handshakes waited.")                                    \
    X(tls_abandoned, COUNTER, "kudos_central_http_tls_abandoned_total", "",                                  \
      "Clients that had hung up when the turn of their handshake came.")                                     \
    X(http_held, GAUGE, "kudos_central_http_held_bytes", "",                                                 \
      "Bodies, answers and buffers held for clients.")                                                       \
    X(hoarders, COUNTER, "kudos_central_http_hoarders_closed_total", "",                                     \
      "Connections closed because they held most when a limit of held bytes was reached.")                   \
    X(reads_open, GAUGE, "kudos_central_reads_open", "", "Reads in work.")                                   \
    X(seed_given, COUNTER, "kudos_central_seed_bytes_total", "way=\"given\"",                                \
      "Bytes of copies of partitions, given to other members and taken from them.")                          \
    X(seed_taken, COUNTER, "kudos_central_seed_bytes_total", "way=\"taken\"", "")                            \
    X(seed_giving, GAUGE, "kudos_central_seeds_open", "way=\"given\"", "Copies under way.")                  \
    X(seed_taking, GAUGE, "kudos_central_seeds_open", "way=\"taken\"", "")                                   \
    X(seed_waiting, GAUGE, "kudos_central_seeds_wanted", "",                                                 \
      "Partitions that are to be made from copies of other members'.")                                       \
    X(seed_done, COUNTER, "kudos_central_seeds_total", "result=\"placed\"",                                  \
      "Attempts to copy a partition from another member.")                                                   \
    X(seed_failed, COUNTER, "kudos_central_seeds_total", "result=\"failed\"", "")                            \
    X(access_dropped, COUNTER, "kudos_central_access_lines_dropped_total", "",                               \
      "Lines of the access log that were due and not written.")

typedef struct {
    KD_CENTRAL_PROCESS_METRICS(KD_METRIC_FIELD)
} kd_central_process_metrics;

extern const kd_metric_table kd_central_process_table;

/* Of the members: filled at each request for the metrics, unless central.role = follower. */
#define KD_CENTRAL_MEMBER_METRICS(X)                                                                         \
    X(living, GAUGE, "kudos_central_members", "", "Members that live, this one included.")                   \
    X(hears_itself, GAUGE, "kudos_central_hears_itself", "",                                                 \
      "1 while this member reads its own heartbeats; 0: it is cut off, and takes nothing over.")             \
    X(leaderless, GAUGE, "kudos_central_leaderless_partitions", "",                                          \
      "Partitions that no living member leads.")                                                             \
    X(took_silent, COUNTER, "kudos_central_takeovers_total", "reason=\"leader-silent\"",                     \
      "Partitions that this member began to lead.")                                                          \
    X(took_handed, COUNTER, "kudos_central_takeovers_total", "reason=\"handed-over\"", "")                   \
    X(took_stalled, COUNTER, "kudos_central_takeovers_total", "reason=\"no-snapshots\"", "")                 \
    X(took_first, COUNTER, "kudos_central_takeovers_total", "reason=\"nobody-led\"", "")                     \
    X(handovers, COUNTER, "kudos_central_handovers_total", "", "Partitions that this member handed over.")

typedef struct {
    KD_CENTRAL_MEMBER_METRICS(KD_METRIC_FIELD)
} kd_central_member_metrics;

extern const kd_metric_table kd_central_member_table;

/* One instance, which the main loop writes at a reload. */
#define KD_CENTRAL_STALE_METRICS(X)                                                                          \
    X(tls, GAUGE, "kudos_central_config_stale", "file=\"http.tls_certificate\"",                             \
      "1 while old content is in use, because the last SIGHUP found the file unusable.")                     \
    X(keys, GAUGE, "kudos_central_config_stale", "file=\"kafka.keys_file\"", "")                             \
    X(visitor_keys, GAUGE, "kudos_central_config_stale", "file=\"visitors.keys_file\"", "")                  \
    X(operator_tokens, GAUGE, "kudos_central_config_stale", "file=\"http.operator_token_file\"", "")         \
    X(edge_tokens, GAUGE, "kudos_central_config_stale", "file=\"http.edge_token_file\"", "")                 \
    X(admin_tokens, GAUGE, "kudos_central_config_stale", "file=\"admin.token_file\"", "")

typedef struct {
    KD_CENTRAL_STALE_METRICS(KD_METRIC_FIELD)
} kd_central_stale_metrics;

extern const kd_metric_table kd_central_stale_table;

#endif
