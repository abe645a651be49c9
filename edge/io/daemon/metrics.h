/*
 * metrics.h - the table of a shard's metrics, and the rendering of all metrics of the process: counters are added up over the shards. Each shard has
 * an instance that its thread alone writes (shard/publish.c, and where things happen); any thread may read it.
 */
#ifndef KUDOS_EDGE_IO_DAEMON_METRICS_H
#define KUDOS_EDGE_IO_DAEMON_METRICS_H

#include "common/base/metrics.h"

#define KD_EDGE_METRICS(X)                                                                                   \
    X(likes, COUNTER, "kudos_edge_operations_total", "op=\"like\"", "Operations taken.")                     \
    X(unlikes, COUNTER, "kudos_edge_operations_total", "op=\"unlike\"", "")                                  \
    X(sums, COUNTER, "kudos_edge_operations_total", "op=\"add\"", "")                                        \
    X(agreeing, COUNTER, "kudos_edge_operations_agreeing_total", "",                                         \
      "Operations that the local row agreed with.")                                                          \
    X(retries, COUNTER, "kudos_edge_operations_retried_total", "",                                           \
      "Retries recognised by their idempotency key.")                                                        \
    X(like_time, SECONDS, "kudos_edge_request_seconds", "kind=\"like\"",                                     \
      "From the whole request to its answer.")                                                               \
    X(batch_time, SECONDS, "kudos_edge_request_seconds", "kind=\"batch\"", "")                               \
    X(read_time, SECONDS, "kudos_edge_request_seconds", "kind=\"read\"", "")                                 \
    X(bulk_time, SECONDS, "kudos_edge_request_seconds", "kind=\"bulk\"", "")                                 \
    X(refused, COUNTER, "kudos_edge_requests_overloaded_total", "",                                          \
      "Requests refused because of in_flight_max, a slow disk, or overload of level 4.")                     \
    X(expired, COUNTER, "kudos_edge_commit_expired_total", "",                                               \
      "Answers that were not given because a sync hung.")                                                    \
    X(log_waiting, GAUGE, "kudos_edge_log_waiting", "", "Answers that wait for the log: edge.acknowledge.")  \
    X(log_late, COUNTER, "kudos_edge_log_late_total", "",                                                    \
      "Answers that did not wait any longer for the log.")                                                   \
    X(limited_user, COUNTER, "kudos_edge_limited_requests_total", "limit=\"user\"",                          \
      "Requests of which something was refused because their user did too much.")                            \
    X(limited_collection, COUNTER, "kudos_edge_limited_requests_total", "limit=\"collection\"", "")          \
    X(limited_address, COUNTER, "kudos_edge_limited_requests_total", "limit=\"address\"", "")                \
    X(limited_velocity, COUNTER, "kudos_edge_limited_requests_total", "limit=\"velocity\"", "")              \
    X(limited_ops_user, COUNTER, "kudos_edge_limited_operations_total", "limit=\"user\"",                    \
      "Their operations that were refused.")                                                                 \
    X(limited_ops_collection, COUNTER, "kudos_edge_limited_operations_total", "limit=\"collection\"", "")    \
    X(limited_ops_address, COUNTER, "kudos_edge_limited_operations_total", "limit=\"address\"", "")          \
    X(limited_ops_velocity, COUNTER, "kudos_edge_limited_operations_total", "limit=\"velocity\"", "")        \
    X(fast_users, COUNTER, "kudos_edge_velocity_operations_total", "of=\"user\"",                            \
      "Operations of users and on items that were too fast, refused or not.")                                \
    X(fast_items, COUNTER, "kudos_edge_velocity_operations_total", "of=\"item\"", "")                        \
    X(visitors_new, COUNTER, "kudos_edge_visitors_total", "result=\"new\"",                                  \
      "Requests for a visitor's token, by what became of them.")                                             \
    X(visitors_renewed, COUNTER, "kudos_edge_visitors_total", "result=\"renewed\"", "")                      \
    X(visitors_limited, COUNTER, "kudos_edge_visitors_total", "result=\"limited\"", "")                      \
    X(visitors_off, COUNTER, "kudos_edge_visitors_total", "result=\"off\"", "")                              \
    X(visitors_forbidden, COUNTER, "kudos_edge_visitor_writes_forbidden_total", "",                          \
      "Writes of visitors to counters that take none.")                                                      \
    X(in_flight, GAUGE, "kudos_edge_in_flight", "", "Operations and items in work.")                         \
    X(groups, COUNTER, "kudos_edge_commit_groups_total", "", "Groups committed.")                            \
    X(group_size, SIZES, "kudos_edge_commit_group_answers", "", "Requests that one sync released.")          \
    X(commit_bytes, COUNTER, "kudos_edge_commit_bytes_total", "", "Bytes of the groups.")                    \
    X(sync_time, SECONDS, "kudos_edge_commit_seconds", "", "Write and sync of a group.")                     \
    X(sealed, COUNTER, "kudos_edge_batches_sealed_total", "empty=\"false\"", "Batches sealed.")              \
    X(sealed_empty, COUNTER, "kudos_edge_batches_sealed_total", "empty=\"true\"", "")                        \
    X(sends, COUNTER, "kudos_edge_batches_sent_total", "again=\"false\"", "Batches handed to Kafka.")        \
    X(resends, COUNTER, "kudos_edge_batches_sent_total", "again=\"true\"", "")                               \
    X(undelivered, COUNTER, "kudos_edge_batches_undelivered_total", "",                                      \
      "Delivery reports that were not good.")                                                                \
    X(producer_resets, COUNTER, "kudos_edge_producer_resets_total", "",                                      \
      "Producers made anew after a fatal error.")                                                            \
    X(producers_plain, GAUGE, "kudos_edge_producers_plain", "",                                              \
      "Producers that ask Kafka for no producer id.")                                                        \
    X(outbox_batches, GAUGE, "kudos_edge_outbox_batches", "", "Batches that central has not applied.")       \
    X(outbox_bytes, GAUGE, "kudos_edge_outbox_bytes", "", "Their size.")                                     \
    X(kafka_ready, GAUGE, "kudos_edge_kafka_ready", "",                                                      \
      "Shards that have their topics, while a broker answers.")                                              \
    X(snapshots, COUNTER, "kudos_edge_snapshots_total", "result=\"installed\"", "Snapshots of central.")     \
    X(heartbeats, COUNTER, "kudos_edge_snapshots_total", "result=\"heartbeat\"", "")                         \
    X(snapshot_gaps, COUNTER, "kudos_edge_snapshots_total", "result=\"gap\"", "")                            \
    X(snapshots_old, COUNTER, "kudos_edge_snapshots_total", "result=\"old\"", "")                            \
    X(snapshots_bad, COUNTER, "kudos_edge_snapshots_total", "result=\"malformed\"", "")                      \
    X(refused_unsigned, COUNTER, "kudos_edge_records_refused_total", "reason=\"unsigned\"",                  \
      "Records of Kafka that were passed over, because their signature is not that of their writer.")        \
    X(refused_malformed, COUNTER, "kudos_edge_records_refused_total", "reason=\"malformed\"", "")            \
    X(refused_unknown_key, COUNTER, "kudos_edge_records_refused_total", "reason=\"unknown-key\"", "")        \
    X(refused_foreign_key, COUNTER, "kudos_edge_records_refused_total", "reason=\"foreign-key\"", "")        \
    X(refused_wrong, COUNTER, "kudos_edge_records_refused_total", "reason=\"wrong\"", "")                    \
    X(undone, COUNTER, "kudos_edge_histories_undone_total", "",                                              \
      "Restores of central that this edge noticed.")                                                         \
    X(resent_ops, COUNTER, "kudos_edge_operations_resent_total", "",                                         \
      "Operations sent again after such a restore.")                                                         \
    X(snapshot_age, AGE_OF_ALL, "kudos_edge_snapshot_age_seconds", "",                                       \
      "Age of the oldest partition's newest snapshot; NaN: a partition has had none.")                       \
    X(as_of_age, AGE_OF_ALL, "kudos_edge_complete_age_seconds", "",                                          \
      "How long ago the counts were complete; NaN: unknown, as_of is null.")                                 \
    X(asks, COUNTER, "kudos_edge_asks_total", "", "Questions to central about an item.")                     \
    X(ask_answers, COUNTER, "kudos_edge_ask_answers_total", "thrown=\"false\"",                              \
      "Answers of central about an item.")                                                                   \
    X(answers_thrown, COUNTER, "kudos_edge_ask_answers_total", "thrown=\"true\"", "")                        \
    X(asks_unawaited, COUNTER, "kudos_edge_asks_unawaited_total", "",                                        \
      "Times that a like or a read did not wait for central's number, since central is far away.")           \
    X(member_asks, COUNTER, "kudos_edge_member_asks_total", "", "Questions to central about users' likes.")  \
    X(asks_over_budget, COUNTER, "kudos_edge_asks_over_budget_total", "",                                    \
      "Questions to central that were not asked: their client was over its budget.")                         \
    X(trending_asks, COUNTER, "kudos_edge_trending_asks_total", "",                                          \
      "Questions to central about what is trending.")                                                        \
    X(velocity_asks, COUNTER, "kudos_edge_velocity_asks_total", "",                                          \
      "Questions to central about the velocities of items.")                                                 \
    X(asks_over_sum, COUNTER, "kudos_edge_asks_over_sum_total", "",                                          \
      "Questions to central that were not asked: all clients together asked too much.")                      \
    X(ask_time, SECONDS, "kudos_edge_ask_seconds", "", "Questions to central, answered or not.")             \
    X(central_up, GAUGE, "kudos_edge_central_up", "", "Shards that ask central, while it answers.")          \
    X(counts_hits, COUNTER, "kudos_edge_counts_lookups_total", "result=\"hit\"",                             \
      "Reads of an item's counts, by whether they are kept here: a miss asks central.")                      \
    X(counts_misses, COUNTER, "kudos_edge_counts_lookups_total", "result=\"miss\"", "")                      \
    X(viral_items, GAUGE, "kudos_edge_viral_items", "", "Items that are viral at this edge: viral.rate.")    \
    X(items, GAUGE, "kudos_edge_items", "", "Items whose counts are kept.")                                  \
    X(items_probation, GAUGE, "kudos_edge_items_probation", "",                                              \
      "Of them those that nobody is known to have liked.")                                                   \
    X(evicted, COUNTER, "kudos_edge_items_evicted_total", "", "Items whose counts made room.")               \
    X(filter_rows, GAUGE, "kudos_edge_filter_rows", "", "Rows in the membership filter.")                    \
    X(fresh_rows, GAUGE, "kudos_edge_fresh_rows", "", "Rows that the journal still stands for.")             \
    X(rows_expired, COUNTER, "kudos_edge_rows_expired_total", "",                                            \
      "Rows of membership that expired and were taken out of the store.")                                    \
    X(stable_age, AGE_OF_ALL, "kudos_edge_stable_age_seconds", "",                                           \
      "How long ago it was up to where rows may expire, at least; NaN: none may.")                           \
    X(identity_alarms, COUNTER, "kudos_edge_identity_alarms_total", "",                                      \
      "Signs that somebody else uses this name.")                                                            \
    X(identity_shared, COUNTER, "kudos_edge_identity_shared_total", "",                                      \
      "Of them those by an incarnation not below the present one: another process runs under this name, or " \
      "an "                                                                                                  \
      "earlier life of this edge had a clock ahead of the present one. A second one is another process.")    \
    X(refusing, GAUGE_MAX, "kudos_edge_refusing_writes", "",                                                 \
      "1 while writes are refused: identity in doubt.")                                                      \
    X(retired, GAUGE, "kudos_edge_retired_partitions", "",                                                   \
      "Partitions at which central has retired this edge: likes are refused.")                               \
    X(sums_aside, COUNTER, "kudos_edge_sums_set_aside_total", "",                                            \
      "Sums that were set aside since the start: they could count twice.")                                   \
    X(aside_kept, GAUGE, "kudos_edge_sums_aside", "",                                                        \
      "Sums that are set aside in the store and wait for an operator.")                                      \
    X(aside_kept_amount, GAUGE, "kudos_edge_sums_aside_amount", "",                                          \
      "Their amounts together: so much the counts may lack.")                                                \
    X(read_errors, COUNTER, "kudos_edge_store_read_errors_total", "",                                        \
      "Reads of the store that failed: a disk or a damaged file.")                                           \
    X(live_streams, GAUGE, "kudos_edge_live_streams", "", "Live streams that are open.")                     \
    X(live_items, GAUGE, "kudos_edge_live_items", "", "Items that live streams show, each once a shard.")    \
    X(live_events, COUNTER, "kudos_edge_live_events_total", "", "Events sent on live streams.")              \
    X(live_skipped, COUNTER, "kudos_edge_live_skipped_total", "",                                            \
      "Changes that a live stream was not sent, because a newer one came before it read.")                   \
    X(live_overloaded, COUNTER, "kudos_edge_live_refused_total", "reason=\"overload\"",                      \
      "Live streams that were refused.")                                                                     \
    X(live_draining, COUNTER, "kudos_edge_live_refused_total", "reason=\"draining\"", "")                    \
    X(live_process, COUNTER, "kudos_edge_live_refused_total", "reason=\"process\"", "")                      \
    X(live_address, COUNTER, "kudos_edge_live_refused_total", "reason=\"address\"", "")                      \
    X(handed_over, COUNTER, "kudos_edge_parts_handed_over_total", "",                                        \
      "Parts of requests for another shard.")                                                                \
    X(connections, GAUGE, "kudos_edge_connections", "", "Open connections.")                                 \
    X(refused_connections, COUNTER, "kudos_edge_connections_refused_total", "",                              \
      "Connections closed as they came: a limit, or no descriptor left.")                                    \
    X(http_work, COUNTER, "kudos_edge_http_work_total", "",                                                  \
      "Work that requests were charged, about a microsecond a unit: what addresses share.")                  \
    X(gave_way, COUNTER, "kudos_edge_http_gave_way_total", "",                                               \
      "Connections closed for a newcomer when the process was full.")                                        \
    X(tls_refused, COUNTER, "kudos_edge_http_tls_refused_total", "",                                         \
      "Connections closed before TLS began: too many handshakes waited.")                                    \
    X(tls_abandoned, COUNTER, "kudos_edge_http_tls_abandoned_total", "",                                     \
      "Clients that had hung up when the turn of their handshake came.")                                     \
    X(http_held, GAUGE, "kudos_edge_http_held_bytes", "", "Bodies, answers and buffers held for clients.")   \
    X(hoarders, COUNTER, "kudos_edge_http_hoarders_closed_total", "",                                        \
      "Connections closed because they held most when a limit of held bytes was reached.")                   \
    X(http_requests, COUNTER, "kudos_edge_http_requests_total", "", "Requests given to the handlers.")       \
    X(http_rejected, COUNTER, "kudos_edge_http_rejected_total", "",                                          \
      "Requests that the server refused itself.")                                                            \
    X(http_proxy_refused, COUNTER, "kudos_edge_http_proxy_refused_total", "",                                \
      "Connections closed: not from a balancer, or without a valid PROXY header.")                           \
    X(http_floods, COUNTER, "kudos_edge_http_floods_total", "", "Connections ended because of a flood.")     \
    X(http_timeouts, COUNTER, "kudos_edge_http_timeouts_total", "",                                          \
      "Connections and streams ended by a deadline.")                                                        \
    X(http_bytes_in, COUNTER, "kudos_edge_http_bytes_total", "way=\"in\"", "Bytes of the public port.")      \
    X(http_bytes_out, COUNTER, "kudos_edge_http_bytes_total", "way=\"out\"", "")

typedef struct {
    KD_EDGE_METRICS(KD_METRIC_FIELD)
} kd_edge_metrics;

/* An instance for the clients of each shard, and one for the process, whose main loop and topics thread ask whether central and Kafka answer. */
#define KD_REACH_METRICS(X)                                                                                  \
    X(central, REASONS, "kudos_edge_central_failures_total", "",                                             \
      "Look-ups and connections to central that failed, and answers that did not come.")                     \
    X(kafka, REASONS, "kudos_edge_kafka_errors_total", "", "Errors of connections and brokers.")

typedef struct {
    KD_REACH_METRICS(KD_METRIC_FIELD)
} kd_reach_metrics;

/* One instance, which the main loop writes at a reload. */
#define KD_STALE_METRICS(X)                                                                                  \
    X(tls, GAUGE, "kudos_edge_config_stale", "file=\"http.tls_certificate\"",                                \
      "1 while old content is in use, because the last SIGHUP found the file unusable.")                     \
    X(keys, GAUGE, "kudos_edge_config_stale", "file=\"kafka.keys_file\"", "")                                \
    X(visitor_keys, GAUGE, "kudos_edge_config_stale", "file=\"visitors.keys_file\"", "")                     \
    X(admin_tokens, GAUGE, "kudos_edge_config_stale", "file=\"admin.token_file\"", "")

typedef struct {
    KD_STALE_METRICS(KD_METRIC_FIELD)
} kd_stale_metrics;

struct kd_edge_app;

/* On the main loop: appends all metrics, as exposition text, for /metrics. */
void kd_metrics_write(struct kd_edge_app *app, kd_buf *out);
/* On the main loop: appends the JSON of GET /debug/{name}. KD_OK; KD_ENOTFOUND: there is no such page. */
int kd_metrics_debug(struct kd_edge_app *app, const char *name, kd_buf *out);

#endif
