/*
 * settings.h - the configuration of kudos-central and its table of options. configs/central.conf is the manual; what each option means stands in the
 * table (settings.c).
 */
#ifndef KUDOS_CENTRAL_IO_DAEMON_SETTINGS_H
#define KUDOS_CENTRAL_IO_DAEMON_SETTINGS_H

#include "common/io/admin/admin_ports.h"
#include "common/io/http/server/http_server.h"
#include "common/io/jwt/jwt_settings.h"
#include "common/io/kafka/kafka.h"
#include "common/conf/options.h"
#include "kudos/central.h"

typedef struct {
    /* [central] */
    char *name;    /* NULL: the host's; kd_central_name() */
    uint32_t role; /* kd_central_role */
    uint64_t members, replicas;
    char *zone, *advertise; /* NULL: not told */
    uint64_t seed_rate;     /* bytes a second; 0: no copies are given or taken */
    char *seed_ca_file;     /* NULL: the system's authorities */
    char *data_dir;
    uint64_t workers;
    uint64_t commit_ops;
    uint64_t snapshot_interval_us, viral_interval_us;
    uint64_t drift_bound_us;
    kd_strings edges;
    kd_strings trending;
    uint64_t redo_bytes;
    uint64_t unpublished_max;
    uint64_t counts_cached;
    bool publish_changes;
    kd_strings collection_life; /* kd_settings_lives() */
    kd_strings milestones;      /* counts; kd_central_thresholds() */
    uint32_t backups;           /* kd_backups_setting */
    uint64_t tombstone_ttl_us;
    uint64_t edge_row_ttl_us;
    bool index_newest, index_liked;
    uint64_t write_buffer;
    uint64_t block_cache;
    uint64_t open_files;
    uint64_t reads_max;
    uint64_t drain_timeout_us;
    /* [backup] */
    char *backup_endpoint; /* NULL: Amazon's */
    char *backup_region, *backup_key_file, *backup_ca_file;
    bool backup_path_style;
    uint64_t backup_bandwidth; /* bytes a second; 0: without limit */
    uint64_t backup_timeout_us;
    /* [kafka] */
    char *brokers;
    uint64_t partitions;
    uint64_t replication;
    char *likes_topic;
    char *counts_topic;
    char *changes_topic, *milestones_topic, *members_topic;
    uint64_t likes_retention_us;
    uint64_t counts_retention_us;
    uint64_t changes_retention_us, milestones_retention_us;
    char *group;
    uint64_t linger_us;
    uint32_t compression;
    kd_pairs kafka_properties;
    char *kafka_properties_file;
    char *keys_file;
    bool accept_unsigned;
    kd_record_keys *record_keys; /* no option: the keys of keys_file, made at the start (app.c); NULL: none */
    /* [http] */
    kd_address listen;
    char *tls_certificate;
    char *tls_key;
    char *tls_client_ca;
    uint32_t tls_min_version; /* kd_http_tls_version */
    char *tls_ciphers;
    char *tls_ciphersuites;
    bool tls_required;
    uint64_t max_connections;
    uint64_t max_connections_per_address;
    uint64_t max_new_per_address; /* a second; 0: without limit */
    uint64_t max_requests_per_address, max_held, max_held_per_address, max_held_per_connection;
    kd_strings trusted_peers, edge_peers, host_names, proxy_peers;
    kd_strings operator_names, edge_names; /* of client certificates */
    char *edge_san;                        /* common/api/edge_san.h; NULL: none */
    char *operator_token_file, *edge_token_file;
    bool public_counts;
    uint32_t forwarded, proxy_protocol; /* indices of their names in http_server.h */
    kd_jwt_settings jwt;
    /* [visitors] */
    char *visitor_keys_file;
    /* [api] */
    kd_strings collections;
    kd_counters counters;
    /* [admin], [log] */
    kd_address admin;
    char *admin_socket, *admin_token_file;
    uint32_t admin_socket_mode; /* index of kd_admin_socket_modes */
    uint32_t log_level;
    uint64_t log_access, log_access_max;
} kd_central_settings;

typedef enum { KD_ROLE_LEADER = 0, KD_ROLE_FOLLOWER } kd_central_role;
/* Whether this central leads some partitions and follows others, with other members, and not all of one kind. */
static inline bool kd_central_in_group(const kd_central_settings *s)
{
    return s->members > 1;
}
/* The name of this central; lives as long as *s. */
const char *kd_central_name(const kd_central_settings *s);
typedef enum { KD_BACKUPS_KEPT = 0, KD_BACKUPS_NONE } kd_backups_setting;

extern const kd_options kd_central_options;

/* Whether the options make sense together, which the table cannot say: KD_OK, or KD_EINVAL with a sentence in `error` (KD_OPTIONS_ERROR_MAX bytes).
 * The check of kd_central_options besides looks at what the named files hold. */
int kd_central_settings_check(const kd_central_settings *s, char *error);

/* The options of its Kafka clients; views into *s. `log` may be NULL. */
kd_kafka_config kd_central_kafka(const kd_central_settings *s, kd_kafka_log log);

/* Indices of the topics of a worker's producer; its consumer reads KD_TOPIC_LIKES, and that of a follower KD_TOPIC_COUNTS
 * as well. */
enum { KD_TOPIC_LIKES, KD_TOPIC_COUNTS, KD_TOPIC_CHANGES, KD_TOPIC_MILESTONES, KD_TOPICS };
/* The topics' names, by these indices; borrowed from *s. */
void kd_central_topics(const kd_central_settings *s, const char *names[KD_TOPICS]);

/* The thresholds of central.milestones. KD_EINVAL: they do not ascend, or are too many. */
int kd_central_thresholds(const kd_central_settings *s, kd_thresholds *out);

/* A build with a rule broken on purpose (make PLANT=NAME) sets it. */
#ifndef KUDOS_CENTRAL_PLANT
#define KUDOS_CENTRAL_PLANT 0
#endif

/*
 * The configuration of the core of one partition: of a central that runs, and of a command on its stores while it is stopped. Counters and expected
 * edges are apart, since a reload adds to those of a process that runs; all are borrowed. `seed`: of the hash tables, a random number.
 */
kd_central_config kd_central_core_config(const kd_central_settings *s, const kd_counters *counters,
                                         const kd_strings *edges, uint32_t partition, uint64_t seed);

#endif
