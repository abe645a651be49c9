/*
 * settings.h - the configuration of kudos-edge: one struct, and one table of options (settings.c) that fills it.
 */
#ifndef KUDOS_EDGE_IO_DAEMON_SETTINGS_H
#define KUDOS_EDGE_IO_DAEMON_SETTINGS_H

#include "common/io/admin/admin_ports.h"
#include "common/io/http/client/http_client.h"
#include "common/io/http/server/http_server.h"
#include "common/io/kafka/kafka.h"
#include "common/io/http/credentials.h"
#include "common/io/http/session.h"
#include "common/io/jwt/jwt_settings.h"
#include "common/conf/options.h"
#include "kudos/edge.h"
#include "kudos/overload.h"
#include "kudos/rate_rules.h"

/* What the answer to an operation waits for; and what it is when the log's word comes late. */
typedef enum { KD_ACKNOWLEDGE_DISK, KD_ACKNOWLEDGE_LOG } kd_acknowledge;
typedef enum { KD_LATE_REFUSE, KD_LATE_DISK } kd_acknowledge_late;

typedef struct {
    char *name, *region, *data_dir;
    uint64_t shards, in_flight_max, drain_timeout_us, drain_delay_us;
    uint64_t flush_ops, flush_interval_us, idle_interval_max_us;
    uint32_t acknowledge, acknowledge_late; /* kd_acknowledge, kd_acknowledge_late */
    uint64_t acknowledge_flush_us, acknowledge_deadline_us;
    uint64_t viral_rate, viral_flush_interval_us;
    uint64_t resend_min_us, resend_max_us, send_window;
    uint64_t outbox_max, items_max, idempotency_max, idempotency_ttl_us, row_ttl_us;
    uint64_t live_max, live_max_per_address;                      /* streams of GET /v1/live */
    uint64_t level_us[KD_LEVELS], enter_after_us, leave_after_us; /* kudos/overload.h */

    kd_address listen, admin_listen;
    char *admin_socket, *admin_token_file;
    uint32_t admin_socket_mode; /* index of kd_admin_socket_modes */
    char *tls_certificate, *tls_key, *tls_client_ca, *tls_ciphers, *tls_ciphersuites;
    uint32_t tls_min_version; /* kd_http_tls_version */
    bool tls_required;
    uint64_t max_connections, max_connections_per_address, max_new_per_address, max_streams, idle_timeout_us;
    uint64_t max_requests_per_address, max_held, max_held_per_address, max_held_per_connection;

    kd_strings trusted_peers, host_names, trusted_names, proxy_peers;
    uint32_t forwarded, proxy_protocol; /* indices of their names in http_server.h */
    char *session_secret;
    kd_strings cors_origins;
    kd_jwt_settings jwt;

    char *visitor_keys_file, *visitor_limit, *visitor_limit_new;
    kd_strings visitor_counters;
    uint64_t visitor_token_ttl_us;

    kd_strings collections;
    kd_counters counters;
    uint64_t display_max_age_us, display_while_revalidate_us, display_if_error_us;

    char *brokers, *likes_topic, *counts_topic;
    uint32_t compression;
    uint64_t partitions, replication, likes_retention_us, counts_retention_us, linger_us, start_timeout_us;
    kd_pairs kafka_properties;
    char *kafka_properties_file, *keys_file;
    bool accept_unsigned;
    kd_record_keys
        *record_keys; /* no option: the keys of keys_file, made at the start (main.c); NULL: none */

    kd_strings central_urls;
    char *central_public_url, *central_ca, *central_cert, *central_key, *central_token_file;
    uint64_t read_deadline_us, like_wait_us, read_wait_us;
    uint64_t central_connections, asks_max, asks_max_per_s, asks_per_client;

    char *limit_user, *velocity_user, *velocity_item;
    kd_pairs limit_collections;
    uint64_t users_max;
    bool velocity_refuse;

    uint64_t drift_bound_us, measure_interval_us;
    uint64_t write_buffer, block_cache, fresh_rows, filter_max;
    uint32_t log_level;
    uint64_t log_access, log_access_max;
} kd_settings;

/* The table; its `check` tests a whole configuration, files included. */
extern const kd_options kd_edge_options;

/* Checks options against each other, without opening files, which the check of kd_edge_options does as well. KD_OK, or KD_EINVAL with a sentence in
 * `error` (KD_OPTIONS_ERROR_MAX bytes). */
int kd_settings_check(const kd_settings *s, char *error);
/* The key that signs session tokens: read from http.session_secret, or random where that is not set. KD_OK, or KD_EINVAL with `error`. */
int kd_settings_session_key(const kd_settings *s, kd_session_key *key, char *error);
/* Options for a client of central: certificate and key files and the token, views into *s and `token`. The caller adds connections, times and seed.
 * A token file that cannot be read any more leaves `token` empty: central then answers 401, which the log tells. */
kd_http_client_options kd_settings_central(const kd_settings *s, char token[KD_TOKEN_MAX + 1]);
/* The admin listeners; views into *s. */
kd_admin_options kd_settings_admin(const kd_settings *s);
/* Puts a sentence into `error`: no client for this URL of central.url could be made because of `err`. Returns `err`. */
int kd_settings_central_failed(const char *url, int err, char *error);

/* The core's configuration, with the limits of all shards together. The caller divides them, and sets shard, shards, life and seed. Views into *s. */
kd_edge_config kd_settings_core(const kd_settings *s);
/* When which level of overload is entered and left. */
kd_overload_bounds kd_settings_overload(const kd_settings *s);
/* The limits of checked settings; the caller ends them with kd_rate_rules_finish. */
kd_rate_rules kd_settings_rates(const kd_settings *s);
/* The configuration of a Kafka client; views into *s. `log` may be NULL. */
kd_kafka_config kd_settings_kafka(const kd_settings *s, kd_kafka_log log);

#endif
