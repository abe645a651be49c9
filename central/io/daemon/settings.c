/* settings.c - see the header. The texts of the table are those of --help and of docs/. */
#include "central/io/daemon/settings_life.h"
#include "central/io/daemon/settings_member.h"

#include <stdio.h>

#include "common/api/authority.h"
#include "common/api/route.h"
#include "common/base/cidr.h"
#include "common/api/edge_san.h"
#include "common/io/http/server/access_log.h"
#include "common/io/http/server/http_tls_options.h"
#include "common/io/http/credentials.h"
#include "common/io/http/visitor_gate.h"
#include "common/io/loop/log.h"
#include "common/io/s3/s3_client.h"
#include "common/io/s3/s3_sign.h"
#include "common/io/daemon/options_file.h"
#include "kudos/index.h"

#define MIB (1024u * 1024u)
#define SECOND 1000000u
#define DAY (86400u * (uint64_t)SECOND)

static const char *const backups[] = {"kept", "none", NULL}, *const roles[] = {"leader", "follower", NULL};

static bool central_settings_topic_valid(kd_bytes name)
{
    if (name.len < 1 || name.len > 200) return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                    c == '_' || c == '-';
        if (!good) return false;
    }
    return true;
}

static bool central_settings_region_valid(kd_bytes name)
{
    if (name.len < 1 || name.len > 32) return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
    }
    return true;
}

/* "*", "counter" or "collection/counter". */
static bool central_settings_trending_valid(kd_bytes text)
{
    const uint8_t *slash = text.len > 0 ? memchr(text.data, '/', text.len) : NULL;
    if (kd_bytes_eq(text, kd_bytes_str("*"))) return true;
    if (!slash) return kd_name_valid(text);
    size_t at = (size_t)(slash - text.data);
    return kd_collection_valid(kd_bytes_of(text.data, at)) &&
           kd_name_valid(kd_bytes_of(slash + 1, text.len - at - 1));
}

#define NAME_RULE .valid = kd_name_valid, .allowed = "a name of [a-z0-9][a-z0-9._-]{0,31}"
#define TOPIC_RULE                                                                                           \
    .valid = central_settings_topic_valid, .allowed = "1 to 200 characters of [A-Za-z0-9._-]",               \
    .required = true
#define CIDR_TEXT "an address or block such as 10.0.0.0/8 or fd00::/8"
#define UINT(...) KD_OPTION_UINT(kd_central_settings, __VA_ARGS__)
#define DURATION(...) KD_OPTION_DURATION(kd_central_settings, __VA_ARGS__)
#define SIZE(...) KD_OPTION_SIZE(kd_central_settings, __VA_ARGS__)
#define BOOL(...) KD_OPTION_BOOL(kd_central_settings, __VA_ARGS__)
#define STRING(...) KD_OPTION_STRING(kd_central_settings, __VA_ARGS__)
#define PATH(...) KD_OPTION_PATH(kd_central_settings, __VA_ARGS__)

/* A number without leading zeros, at most KD_AMOUNT_TOTAL_MAX. */
static bool settings_threshold_read(kd_bytes text, uint64_t *value)
{
    *value = 0;
    if (text.len == 0 || text.len > 16 || text.data[0] == '0') return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        *value = *value * 10 + (uint64_t)(text.data[i] - '0');
    }
    return *value <= KD_AMOUNT_TOTAL_MAX;
}

static bool settings_threshold_valid(kd_bytes text)
{
    uint64_t value;
    return settings_threshold_read(text, &value);
}

static const kd_option options[] = {
    STRING(name, "central", "name", "",
           "Name of this central, in its claims of epochs and among the members; empty: the host's",
           NAME_RULE),
    KD_OPTION_ENUM(
        kd_central_settings, role, "central", "role", "leader",
        "Whether it publishes what it merges, or follows the one that does and answers reads",
        .choices = roles,
        .more =
            "A follower writes nothing to Kafka. Its data_dir begins as a restored backup of the leader."),
    UINT(members, "central", "members", "1",
         "How many centrals share the partitions; each is started with the same file", .min = 1,
         .max = KD_MEMBERS_MAX, .unit = "members"),
    UINT(replicas, "central", "replicas", "1", "Copies of each partition, its leader's included", .min = 1,
         .max = KD_MEMBERS_MAX, .unit = "copies", .more = "A copy follows, and leads when the leader dies."),
    STRING(zone, "central", "zone", "", "Zone in which this member stands: copies go to other zones first",
           NAME_RULE),
    STRING(advertise, "central", "advertise", "", "URL at which others reach this member",
           .valid = kd_member_url_valid, .allowed = "http://HOST[:PORT] or https://HOST[:PORT]"),
    SIZE(seed_rate, "central", "seed_rate", "16MiB",
         "What this member gives of its partitions in a second, all together, to members that lack their "
         "state",
         .min = 0, .max = 10240ull * MIB,
         .more = "At least 1MiB; or 0B: it gives no copies, and takes none."),
    PATH(seed_ca_file, "central", "seed_ca_file", NULL,
         "PEM authorities for the certificates of other members; empty: the system's", .must_exist = true),
    PATH(data_dir, "central", "data_dir", NULL, "Where the partitions are stored, one directory each",
         .required = true),
    UINT(workers, "central", "workers", "1", "Threads; partition p belongs to worker p modulo this", .min = 1,
         .max = KD_SHARDS_MAX, .unit = "threads"),
    UINT(commit_ops, "central", "commit_ops", "16000", "Operations that close a commit", .min = 1,
         .max = 1000000, .unit = "operations"),
    DURATION(snapshot_interval_us, "central", "snapshot_interval", "1s",
             "How often the counts that changed are published to the edges", .min = 10000,
             .max = 60 * SECOND),
    DURATION(viral_interval_us, "central", "viral_interval", "200ms",
             "As often, those of a partition that has merged likes of a viral item (viral.rate of the edges)",
             .min = 10000, .max = 60 * SECOND),
    DURATION(drift_bound_us, "central", "drift_bound", "500ms",
             "How far apart the clocks of edges may be (D)", .min = 1000, .max = 60 * SECOND),
    KD_OPTION_LIST(
        kd_central_settings, edges, "central", "edges", "",
        "Edges that there are at the begin; as_of is unknown until each of them was heard",
        .valid = kd_name_valid, .allowed = "names of edges: 1 to 32 bytes of a-z 0-9 . _ -",
        .reloadable = true,
        .more =
            "A reload adds; `kudos-central edge add` and `edge retire` add and take out without this file."),
    KD_OPTION_LIST(kd_central_settings, trending, "central", "trending", "*",
                   "Whose velocities are kept, for /v1/trending; empty: nobody's",
                   .valid = central_settings_trending_valid,
                   .allowed = "* (every set counter), counters, or collection/counter",
                   .more = "After a change they begin anew."),
    SIZE(redo_bytes, "central", "redo_bytes", "8MiB",
         "Redo of a partition before its counts are written back", .min = 64 * 1024, .max = 1024ull * MIB),
    SIZE(
        unpublished_max, "central", "unpublished_max", "1GiB",
        "What the changes and counts topics have not taken yet, over all partitions; beyond it reading waits",
        .min = 64 * 1024, .max = 1024ull * 1024 * MIB),
    UINT(counts_cached, "central", "counts_cached", "1000000",
         "Items whose counts are kept in memory, over all partitions", .min = 1000, .max = 4000000000u,
         .unit = "items"),
    BOOL(publish_changes, "central", "publish_changes", "true",
         "Whether effective changes go to the changes topic"),
    KD_OPTION_LIST(
        kd_central_settings, milestones, "central", "milestones", "100, 1000, 10000, 100000, 1000000",
        "Counts that are told on the milestones topic when an item passes them; empty: none",
        .valid = settings_threshold_valid, .allowed = "up to 32 ascending numbers from 1 to 9007199254740991",
        .more = "An item that is above one when it is added has passed it silently."),
    KD_OPTION_LIST(
        kd_central_settings, collection_life, "central", "collection_life", "",
        "How long items of a collection live from their first operation on, until they are "
        "closed, and how long "
        "they are kept then: stories=24h+30d; without + for good",
        .valid = kd_settings_life_valid,
        .allowed = "up to 16 of collection=life or collection=life+keep, durations from 1s to 3650d",
        .more = "An item that is there already begins with its next operation. Ids must not be guessable "
                "before they are published: the first operation, whoever's it is, begins a life."),
    KD_OPTION_ENUM(kd_central_settings, backups, "central", "backups", "kept",
                   "Whether edges keep what a restore of a backup will need from them", .choices = backups),
    DURATION(tombstone_ttl_us, "central", "tombstone_ttl", "7d",
             "How long the rows of unlikes stay at least; 0s: for good", .min = 0, .max = 3650 * DAY),
    DURATION(
        edge_row_ttl_us, "central", "edge_row_ttl", "0s",
        "The longest edge.row_ttl of all edges: erase tells by it when they have forgotten a user; 0s: it "
        "cannot",
        .min = 0, .max = 3650 * DAY),
    BOOL(index_newest, "central", "index_newest", "false",
         "Whether likers are kept in the order of their likes: GET /v1/{item}/likers?order=newest",
         .more = "Switched on over rows that are there, it is built first; switched off, it is removed."),
    BOOL(index_liked, "central", "index_liked", "false",
         "Whether a user's likes are kept in the order of their times: GET /v1/me/{counter}",
         .more = "Switched on over rows that are there, it is built first; switched off, it is removed."),
    SIZE(write_buffer, "central", "write_buffer", "8MiB",
         "LevelDB's write buffer of a partition; up to twice this is used", .min = 256 * 1024,
         .max = 256 * MIB),
    SIZE(block_cache, "central", "block_cache", "128MiB", "LevelDB's block cache, over all partitions",
         .min = 4 * MIB, .max = 1024ull * 1024 * MIB),
    UINT(open_files, "central", "open_files", "100", "Files that LevelDB may hold open for a partition",
         .min = 20, .max = 10000, .unit = "files"),
    UINT(reads_max, "central", "reads_max", "4096", "Requests that may be in work; beyond it 503", .min = 16,
         .max = 1000000, .unit = "requests"),
    DURATION(drain_timeout_us, "central", "drain_timeout", "20s", "How long a drain may take", .min = 100000,
             .max = 600 * SECOND),
    STRING(backup_endpoint, "backup", "endpoint", "",
           "Server of the object store for backups to s3://BUCKET/PREFIX; empty: Amazon's of the region",
           .valid = kd_s3_endpoint_valid, .allowed = "http://HOST[:PORT] or https://HOST[:PORT]"),
    STRING(backup_region, "backup", "region", "us-east-1", "Region by which requests to it are signed",
           .valid = central_settings_region_valid, .allowed = "1 to 32 characters of [a-z0-9-]",
           .required = true),
    BOOL(backup_path_style, "backup", "path_style", "true",
         "Whether the bucket stands in the path (ENDPOINT/BUCKET/...) rather than before the host"),
    PATH(backup_key_file, "backup", "key_file", NULL,
         "File with access_key_id = ..., secret_access_key = ... and perhaps session_token = ...",
         .secret = true, .more = "It is read at the beginning of each backup, restore and pruning."),
    PATH(backup_ca_file, "backup", "ca_file", NULL,
         "PEM authorities for the store's certificate; empty: the system's", .must_exist = true),
    SIZE(backup_bandwidth, "backup", "bandwidth", "0B",
         "What goes to or from the store in a second, on average; 0B: without limit", .min = 0,
         .max = 1024ull * MIB, .more = "At least 1MiB, unless 0B."),
    DURATION(backup_timeout_us, "backup", "timeout", "3m",
             "How long one object may take with all attempts, before a backup or restore is given up",
             .min = SECOND, .max = 240 * (uint64_t)SECOND),
    STRING(brokers, "kafka", "brokers", "127.0.0.1:8449",
           "Bootstrap addresses, host:port with commas between", .required = true),
    UINT(partitions, "kafka", "partitions", "8",
         "Partitions of the likes and counts topics, chosen once for good", .min = 1,
         .max = KD_PARTITIONS_MAX, .unit = "partitions"),
    UINT(replication, "kafka", "replication", "1", "Replication factor of topics that are created", .min = 1,
         .max = 15, .unit = "replicas"),
    STRING(likes_topic, "kafka", "likes_topic", "kudos.likes.v1", "Batches of the edges", TOPIC_RULE),
    STRING(counts_topic, "kafka", "counts_topic", "kudos.counts.v1", "Snapshots for the edges", TOPIC_RULE),
    STRING(changes_topic, "kafka", "changes_topic", "kudos.changes.v1", "Effective changes for others",
           TOPIC_RULE),
    STRING(milestones_topic, "kafka", "milestones_topic", "kudos.milestones.v1",
           "Milestones that items have passed, for others", TOPIC_RULE),
    STRING(members_topic, "kafka", "members_topic", "kudos.members.v1",
           "Heartbeats of the centrals, one partition, kept for ten minutes", TOPIC_RULE),
    DURATION(likes_retention_us, "kafka", "likes_retention", "7d",
             "Retention of the likes topic when it is created", .min = 60 * SECOND, .max = 3650 * DAY),
    DURATION(counts_retention_us, "kafka", "counts_retention", "1h",
             "Retention of the counts topic when it is created", .min = 60 * SECOND, .max = 3650 * DAY),
    DURATION(changes_retention_us, "kafka", "changes_retention", "7d",
             "Retention of the changes topic when it is created", .min = 60 * SECOND, .max = 3650 * DAY),
    DURATION(milestones_retention_us, "kafka", "milestones_retention", "7d",
             "Retention of the milestones topic when it is created", .min = 60 * SECOND, .max = 3650 * DAY),
    STRING(group, "kafka", "group", "kudos-central",
           "Group to which offsets are committed, for lag tools only", TOPIC_RULE),
    DURATION(linger_us, "kafka", "linger", "5ms", "How long the producer gathers", .min = 0, .max = SECOND),
    KD_OPTION_ENUM(kd_central_settings, compression, "kafka", "compression", "zstd",
                   "Compression of what is produced", .choices = kd_kafka_compressions),
    PATH(kafka_properties_file, "kafka", "properties_file", NULL,
         "File of more librdkafka properties, lines of name = value, for passwords", .secret = true,
         .more = "It is read whenever a client of Kafka is made."),
    PATH(keys_file, "kafka", "keys_file", NULL,
         "File with the keys that records are signed and checked by; read again on SIGHUP", .secret = true,
         .more = "Lines of `id holder key`. Without it records are neither signed nor checked."),
    BOOL(accept_unsigned, "kafka", "accept_unsigned", "false",
         "Whether records without a signature are believed beside kafka.keys_file", .reloadable = true,
         .more = "Only while keys are introduced."),
    KD_OPTION_PAIRS(kd_central_settings, kafka_properties, "kafka-properties", NULL,
                    "Further librdkafka properties: security.protocol, sasl.*, ssl.*"),
    KD_OPTION_ADDRESS(kd_central_settings, listen, "http", "listen", "127.0.0.1:8440",
                      "Address of the read API", .required = true),
    PATH(tls_certificate, "http", "tls_certificate", NULL, "PEM certificate chain", .must_exist = true),
    PATH(tls_key, "http", "tls_key", NULL, "PEM private key", .must_exist = true, .secret = true),
    PATH(tls_client_ca, "http", "tls_client_ca", NULL,
         "PEM authorities; clients must then show a certificate of theirs", .must_exist = true),
    KD_HTTP_TLS_OPTIONS(kd_central_settings),
    BOOL(tls_required, "http", "tls_required", "false", "Whether plain connections are refused"),
    UINT(max_connections, "http", "max_connections", "4096", "Connections at a time", .min = 1,
         .max = 1000000, .unit = "connections",
         .more = "Fewer, where the limit of open files leaves no room for them: the log says "
                 "`connections-lowered`."),
    UINT(max_connections_per_address, "http", "max_connections_per_address", "1024",
         "Connections at a time from one address", .min = 1, .max = 1000000, .unit = "connections"),
    UINT(max_new_per_address, "http", "max_new_connections_per_address", "500",
         "New connections from one address in a second, two seconds' worth at once; 0: no limit", .min = 0,
         .max = 1000000, .unit = "connections"),
    UINT(max_requests_per_address, "http", "max_requests_per_address", "16384",
         "Requests in work from one address", .min = 1, .max = 65536, .unit = "requests"),
    SIZE(max_held, "http", "max_held", "64MiB",
         "Requests, bodies and answers held for clients: beyond it who holds most is closed",
         .min = 1024 * 1024),
    SIZE(max_held_per_address, "http", "max_held_per_address", "32MiB", "Of it for one address",
         .min = 1024 * 1024),
    SIZE(max_held_per_connection, "http", "max_held_per_connection", "16MiB",
         "Of it for one connection: beyond it its requests get 503", .min = 1024 * 1024),
    KD_OPTION_LIST(kd_central_settings, trusted_peers, "http", "trusted_peers", "127.0.0.0/8, ::1",
                   "Address blocks of operators, who may ask all; their X-User-Id counts",
                   .valid = kd_cidr_valid, .allowed = CIDR_TEXT,
                   .more = "A loopback address counts only under a Host of its own or of http.host_names."),
    KD_OPTION_LIST(kd_central_settings, edge_peers, "http", "edge_peers", "",
                   "Address blocks of edges, which need no token then; their X-User-Id counts",
                   .valid = kd_cidr_valid, .allowed = CIDR_TEXT),
    KD_OPTION_LIST(kd_central_settings, host_names, "http", "host_names", "",
                   "Names that the Host of a loopback peer may have, besides the loopback's own",
                   .valid = kd_authority_name_valid, .allowed = "names without a port"),
    PATH(operator_token_file, "http", "operator_token_file", NULL,
         "File with up to 8 tokens of operators, one a line", .secret = true,
         .more = "Read again on SIGHUP."),
    PATH(edge_token_file, "http", "edge_token_file", NULL, "File with up to 8 tokens of edges, one a line",
         .secret = true, .more = "Read again on SIGHUP."),
    KD_OPTION_LIST(kd_central_settings, operator_names, "http", "operator_names", "",
                   "DNS names and URIs of client certificates of operators",
                   .more = "Alternative names of a certificate, byte for byte. Needs http.tls_client_ca."),
    KD_OPTION_LIST(kd_central_settings, edge_names, "http", "edge_names", "",
                   "DNS names and URIs of client certificates of edges",
                   .more = "Alternative names of a certificate, byte for byte. Needs http.tls_client_ca."),
    KD_OPTION_STRING(kd_central_settings, edge_san, "http", "edge_san", NULL,
                     "The name that an edge's certificate has, with {edge} for the edge's name, as in "
                     "{edge}.edges.example.net",
                     .valid = kd_edge_san_valid, .allowed = "a DNS name or URI with {edge} in it once",
                     .more = "Such a certificate is an edge's. What is asked under an edge's name then needs "
                             "that edge's certificate. Needs http.tls_client_ca."),
    BOOL(public_counts, "http", "public_counts", "false", "Whether anybody may ask for the counts of items"),
    KD_OPTION_ENUM(kd_central_settings, forwarded, "http", "forwarded", "any",
                   "The header by which trusted_peers name the client, whom limits per address count",
                   .choices = kd_http_forwarded_names,
                   .more = "any: Forwarded or X-Forwarded-For; if both name a client, it must be the same. A "
                           "gateway that hands on one that it does not write lets a client choose its "
                           "address: name the header that all gateways write."),
    KD_OPTION_ENUM(
        kd_central_settings, proxy_protocol, "http", "proxy_protocol", "off",
        "v2: each connection of the read API begins with a PROXY header, whose address is the peer's",
        .choices = kd_http_proxy_names),
    KD_OPTION_LIST(kd_central_settings, proxy_peers, "http", "proxy_peers", "127.0.0.0/8, ::1",
                   "With proxy_protocol: address blocks of the balancers, which alone may connect",
                   .valid = kd_cidr_valid, .allowed = "an address or block such as 10.0.0.0/8 or fd00::/8",
                   .more =
                       "Who connects from there can be any client. Edges have to come by a balancer, too."),
    KD_JWT_OPTIONS(kd_central_settings),
    KD_VISITOR_KEYS_OPTION(kd_central_settings),
    KD_OPTION_LIST(kd_central_settings, collections, "api", "collections", "posts, reels, comments, stories",
                   "Collections that there are", .valid = kd_collection_valid,
                   .allowed = "names of [a-z][a-z0-9_-]{0,31}", .required = true, .reloadable = true,
                   .more = "A reload adds; it takes none out."),
    KD_OPTION_COUNTERS(kd_central_settings, counters, "counters", KD_COUNTERS_DEFAULT,
                       "Counters: name = wire id, set or sum", .reloadable = true,
                       .more = "A reload adds; it takes none out and changes none."),
    KD_OPTION_ADDRESS(kd_central_settings, admin, "admin", "listen", "127.0.0.1:9440",
                      "Address of health, metrics and debugging", .more = "Empty: none."),
    PATH(admin_socket, "admin", "socket", NULL, "Unix socket that answers as the admin port does",
         .more = "Who may open the file may ask all there, without a token."),
    KD_OPTION_ENUM(kd_central_settings, admin_socket_mode, "admin", "socket_mode", "0600",
                   "Permissions of the socket", .choices = kd_admin_socket_modes),
    PATH(admin_token_file, "admin", "token_file", NULL,
         "File with up to 8 tokens, one a line; who asks the admin port must show one of them",
         .secret = true, .more = "/healthz and /readyz stay open. Read again on SIGHUP."),
    KD_OPTION_ENUM(kd_central_settings, log_level, "log", "level", "info", "Least severity that is logged",
                   .choices = kd_log_levels, .reloadable = true),
    KD_ACCESS_LOG_OPTIONS(kd_central_settings),
};

static int central_settings_check_all(const void *config, char *error);
static const char *central_settings_advise(const void *config);

const kd_options kd_central_options = {
    "kudos-central",
    "Reconciler and global counter store.\nCommands, each with --help: audit, repair, "
    "backup, restore, quarantine, retire, collect, import, void, erase, close, open, delete, status, export, "
    "members, edge",
    options,
    KD_COUNT(options),
    sizeof(kd_central_settings),
    central_settings_check_all,
    central_settings_advise};

static int central_settings_check_topics(const kd_central_settings *s, char *error)
{
    const char *names[KD_TOPICS];
    kd_central_topics(s, names);
    for (int i = 0; i < KD_TOPICS; i++)
        for (int j = 0; j <= i; j++)
            if (strcmp(names[i], j < i ? names[j] : s->members_topic) == 0) {
                snprintf(error, KD_OPTIONS_ERROR_MAX,
                         "kafka.likes_topic, kafka.counts_topic, kafka.changes_topic, "
                         "kafka.milestones_topic and kafka.members_topic must differ");
                return KD_EINVAL;
            }
    return KD_OK;
}

static int central_settings_check_milestones(const kd_central_settings *s, char *error)
{
    kd_thresholds t;
    if (kd_central_thresholds(s, &t) == KD_OK) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "central.milestones must ascend, and be %d numbers at most",
             KD_THRESHOLDS_MAX);
    return KD_EINVAL;
}

/* A counter that is misspelt would be trending nowhere, and nobody would hear of it. */
static int central_settings_check_trending(const kd_central_settings *s, char *error)
{
    for (uint32_t i = 0; i < s->trending.count; i++) {
        const char *slash = strchr(s->trending.at[i], '/');
        const char *name = slash ? slash + 1 : s->trending.at[i];
        int at = kd_counters_by_name(&s->counters, kd_bytes_str(name));
        if (strcmp(name, "*") == 0 || (at >= 0 && s->counters.at[at].kind == KD_SET)) continue;
        snprintf(error, KD_OPTIONS_ERROR_MAX, "central.trending: %s is no counter of one per user", name);
        return KD_EINVAL;
    }
    return KD_OK;
}

/* Slower, one chunk could keep a mark (central/io/backup/mark.h) from being put again in time. */
static int central_settings_check_backup(const kd_central_settings *s, char *error)
{
    if (s->backup_bandwidth == 0 || s->backup_bandwidth >= MIB) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "backup.bandwidth must be 0B, or at least 1MiB");
    return KD_EINVAL;
}

int kd_central_settings_check(const kd_central_settings *s, char *error)
{
    if ((!s->tls_certificate) != (!s->tls_key)) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "http.tls_certificate and http.tls_key go together");
        return KD_EINVAL;
    }
    if (!s->tls_certificate && (s->tls_required || s->tls_client_ca)) {
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "http.tls_required and http.tls_client_ca need http.tls_certificate");
        return KD_EINVAL;
    }
    const kd_http_tls_options tls = KD_HTTP_TLS_OF(s);
    if (!s->tls_client_ca && (s->operator_names.count + s->edge_names.count > 0 || s->edge_san)) {
        snprintf(error, KD_OPTIONS_ERROR_MAX,
                 "http.operator_names, http.edge_names and http.edge_san need http.tls_client_ca");
        return KD_EINVAL;
    }
    kd_lifespans lives;
    int err = kd_route_check_names(&s->collections, &s->counters, error);
    if (err == KD_OK) err = kd_http_tls_check_ciphers(&tls, error, KD_OPTIONS_ERROR_MAX);
    if (err == KD_OK) err = central_settings_check_topics(s, error);
    if (err == KD_OK) err = kd_settings_check_member(s, error);
    if (err == KD_OK) err = central_settings_check_milestones(s, error);
    if (err == KD_OK) err = central_settings_check_trending(s, error);
    if (err == KD_OK) err = kd_settings_lives(s, &lives, error);
    if (err == KD_OK) err = central_settings_check_backup(s, error);
    if (err == KD_OK) err = kd_jwt_settings_check(&s->jwt, error);
    if (err == KD_OK) err = kd_addresses_check("http.listen", &s->listen, "admin.listen", &s->admin, error);
    if (err != KD_OK) return err;
    const kd_kafka_config kafka = kd_central_kafka(s, NULL);
    return kd_kafka_config_check(&kafka, error, KD_OPTIONS_ERROR_MAX);
}

/* Whether the files that options name hold what they should. */
static int central_settings_check_keys(const kd_central_settings *s, char *error)
{
    char why[KD_OPTIONS_ERROR_MAX / 2];
    kd_s3_keys keys;
    if (!s->backup_key_file) return KD_OK;
    int err = kd_s3_keys_read(&keys, s->backup_key_file, why, sizeof why);
    if (err != KD_OK) snprintf(error, KD_OPTIONS_ERROR_MAX, "backup.key_file: %s", why);
    kd_s3_keys_wipe(&keys);
    return err;
}

static int central_settings_check_files(const kd_central_settings *s, char *error)
{
    kd_tokens tokens;
    const kd_http_tls_options tls = KD_HTTP_TLS_OF(s);
    const kd_kafka_config kafka = kd_central_kafka(s, NULL);
    int err = kd_directory_check("central.data_dir", s->data_dir, error);
    if (err == KD_OK)
        err = kd_tokens_read(&tokens, "http.operator_token_file", s->operator_token_file, error);
    if (err == KD_OK) err = kd_tokens_read(&tokens, "http.edge_token_file", s->edge_token_file, error);
    if (err == KD_OK) err = kd_tokens_read(&tokens, "admin.token_file", s->admin_token_file, error);
    if (err == KD_OK) err = kd_jwt_settings_check_files(&s->jwt, error);
    if (err == KD_OK) err = kd_visitor_keys_check(s->visitor_keys_file, error);
    if (err == KD_OK) err = kd_admin_socket_check(s->admin_socket, error);
    if (err == KD_OK) err = central_settings_check_keys(s, error);
    if (err == KD_OK && s->tls_certificate) err = kd_http_tls_check(&tls, error, KD_OPTIONS_ERROR_MAX);
    if (err == KD_OK && s->keys_file)
        err = kd_record_keys_check(s->keys_file, NULL, error, KD_OPTIONS_ERROR_MAX);
    return err == KD_OK ? kd_kafka_client_check(&kafka, error, KD_OPTIONS_ERROR_MAX) : err;
}

static int central_settings_check_all(const void *config, char *error)
{
    int err = kd_central_settings_check(config, error);
    return err == KD_OK ? central_settings_check_files(config, error) : err;
}

static const char *central_settings_advise(const void *config)
{
    return kd_settings_advise_member(config);
}

kd_kafka_config kd_central_kafka(const kd_central_settings *s, kd_kafka_log log)
{
    return (kd_kafka_config){
        .brokers = s->brokers,
        .client_id = kd_central_name(s),
        .group = s->group,
        .compression = kd_kafka_compressions[s->compression],
        .linger_ms = (uint32_t)(s->linger_us / 1000),
        .properties = s->kafka_properties,
        .properties_file = s->kafka_properties_file,
        .keys = s->record_keys,
        .log = log,
    };
}

void kd_central_topics(const kd_central_settings *s, const char *names[KD_TOPICS])
{
    names[KD_TOPIC_LIKES] = s->likes_topic;
    names[KD_TOPIC_COUNTS] = s->counts_topic;
    names[KD_TOPIC_CHANGES] = s->changes_topic;
    names[KD_TOPIC_MILESTONES] = s->milestones_topic;
}

int kd_central_thresholds(const kd_central_settings *s, kd_thresholds *out)
{
    *out = (kd_thresholds){.count = 0};
    for (uint32_t i = 0; i < s->milestones.count; i++) {
        uint64_t value;
        bool fits = settings_threshold_read(kd_bytes_str(s->milestones.at[i]), &value);
        if (!fits || i == KD_THRESHOLDS_MAX || (i > 0 && value <= out->at[i - 1])) return KD_EINVAL;
        out->at[out->count++] = value;
    }
    return KD_OK;
}

kd_central_config kd_central_core_config(const kd_central_settings *s, const kd_counters *counters,
                                         const kd_strings *edges, uint32_t partition, uint64_t seed)
{
    kd_thresholds thresholds;
    kd_lifespans lives;
    char error[KD_OPTIONS_ERROR_MAX];
    KD_ASSERT(kd_settings_lives(s, &lives, error) == KD_OK);
    KD_ASSERT(kd_central_thresholds(s, &thresholds) == KD_OK); /* kd_central_settings_check has seen them */
    return (kd_central_config){
        .name = kd_bytes_str(kd_central_name(s)),
        .partition = partition,
        .partitions = (uint32_t)s->partitions,
        .counters = counters,
        .drift_us = s->drift_bound_us,
        .expected_edges = (const char *const *)edges->at,
        .expected_edge_count = edges->count,
        .trending = (const char *const *)s->trending.at,
        .trending_count = s->trending.count,
        .redo_bytes_max = s->redo_bytes,
        .counts_cached_max = (uint32_t)KD_MAX(64, s->counts_cached / s->partitions),
        .publish_changes = s->publish_changes,
        .thresholds = thresholds,
        .lives = lives,
        .no_backups = s->backups == KD_BACKUPS_NONE,
        .follows = s->role == KD_ROLE_FOLLOWER,
        .in_group = kd_central_in_group(s),
        .untold_max = s->unpublished_max / s->partitions,
        .tombstone_ttl_us = s->tombstone_ttl_us,
        .indices = (s->index_newest ? KD_INDEX_BIT(KD_INDEX_NEWEST) : 0) |
                   (s->index_liked ? KD_INDEX_BIT(KD_INDEX_LIKED) : 0),
        .seed = seed,
        .plant = KUDOS_CENTRAL_PLANT,
    };
}
