/*
 * settings.c - the table of options: parser, --help, reference and the check of configs/edge.conf all come
 * from it.
 */
#include "edge/io/daemon/settings.h"

#include <stdio.h>

#include "common/api/authority.h"
#include "common/api/cors.h"
#include "common/api/route.h"
#include "common/base/cidr.h"
#include "common/io/http/server/access_log.h"
#include "common/io/http/visitor_gate.h"
#include "common/io/http/server/http_tls_options.h"
#include "common/io/loop/log.h"
#include "common/io/daemon/options_file.h"
#include "kudos/centrals.h"

/* What Kafka allows in the name of a topic. */
static bool edge_settings_topic_valid(kd_bytes name)
{
    if (name.len < 1 || name.len > 200) return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '.' && c != '_' && c != '-') return false;
    }
    return name.data[0] != '.';
}

#define NAME_TEXT "1 to 32 bytes of a-z 0-9 . _ -, the first a letter or digit"
#define TOPIC_TEXT "1 to 200 bytes of A-Z a-z 0-9 . _ -"
#define S(kind, member, ...) KD_OPTION_##kind(kd_settings, member, __VA_ARGS__)
#define MS ((uint64_t)1000)
#define SEC ((uint64_t)1000000)
#define MIB ((uint64_t)1024 * 1024)
/* The least edge.outbox_max, in all and for each partition. An idle partition usually has one empty batch in the outbox: empty batches alone must
 * not fill it. */
#define OUTBOX_MIN ((uint64_t)4 * 1024)
#define OUTBOX_MIN_PARTITION ((uint64_t)1024)
/* The least edge.idempotency_max: the largest batch at each of the most shards. So the keys of a batch outlive the time in which it is taken. */
#define IDEMPOTENCY_MIN ((uint64_t)KD_SHARDS_MAX * KD_BULK_OPS_MAX)

/* In the order of kd_acknowledge and kd_acknowledge_late. */
static const char *const acknowledge_names[] = {"disk", "log", NULL};
static const char *const acknowledge_late_names[] = {"refuse", "disk", NULL};

static const kd_option table[] = {
    S(STRING, name, "edge", "name", NULL, "Name of this edge, unique among all edges", .required = true,
      .valid = kd_name_valid, .allowed = NAME_TEXT,
      .more = "Part of every stamp and batch; a directory belongs to one name for good."),
    S(STRING, region, "edge", "region", NULL, "Region that its likes are counted in", .required = true,
      .valid = kd_name_valid, .allowed = NAME_TEXT),
    S(PATH, data_dir, "edge", "data_dir", NULL, "Directory of the stores, one shard-K in it per shard",
      .required = true),
    S(UINT, shards, "edge", "shards", "0",
      "Shards, each a thread with its own store; 0: as stored, else one per core", .max = KD_SHARDS_MAX,
      .more = "Another number than the stored one: `kudos-edge shards`, while the edge is stopped."),
    S(UINT, in_flight_max, "edge", "in_flight_max", "262144",
      "Operations and items in work per shard; beyond it requests are answered 503", .min = 1,
      .max = 4194304),
    S(DURATION, drain_timeout_us, "edge", "drain_timeout", "10s",
      "Time for a stop: requests, then hand-over to Kafka", .min = 100 * MS, .max = 600 * SEC),
    S(DURATION, drain_delay_us, "edge", "drain_delay", "0s",
      "How long a stopping edge goes on serving while /readyz says 503: what a balancer needs to see it",
      .max = 600 * SEC),
    S(UINT, flush_ops, "edge", "flush_ops", "1000", "A batch is sealed at so many operations", .min = 1,
      .max = KD_BATCH_OPS_MAX),
    S(DURATION, flush_interval_us, "edge", "flush_interval", "5s", "Or so long after its first one",
      .min = MS, .max = 60 * SEC),
    S(ENUM, acknowledge, "edge", "acknowledge", "disk",
      "What the answer to an operation waits for: this edge's disk, or the log of Kafka as well",
      .choices = acknowledge_names,
      .more = "With log no destroyed disk loses what was answered; a replicated topic is needed for that."),
    S(DURATION, acknowledge_flush_us, "edge", "acknowledge_flush_interval", "5ms",
      "With log: replaces edge.flush_interval while central keeps up", .min = MS, .max = 10 * SEC),
    S(DURATION, acknowledge_deadline_us, "edge", "acknowledge_deadline", "3s",
      "With log: an answer waits so long for Kafka", .min = 10 * MS, .max = 60 * SEC),
    S(ENUM, acknowledge_late, "edge", "acknowledge_late", "refuse",
      "With log, beyond the deadline: refuse answers 504, disk answers 200 with `durable` = `disk`",
      .choices = acknowledge_late_names),
    S(DURATION, idle_interval_max_us, "edge", "idle_interval_max", "30s",
      "Empty batches of an idle partition back off to this", .min = MS, .max = 3600 * SEC),
    S(DURATION, resend_min_us, "edge", "resend_min", "2s",
      "A batch not yet applied is sent again after this, doubling", .min = 10 * MS, .max = 600 * SEC),
    S(DURATION, resend_max_us, "edge", "resend_max", "60s", "And at most this apart", .min = 10 * MS,
      .max = 3600 * SEC),
    S(UINT, send_window, "edge", "send_window", "64", "Batches of a partition sent and not yet applied",
      .min = 1, .max = 10000),
    S(SIZE, outbox_max, "edge", "outbox_max", "1GiB",
      "Operations not yet applied, parted evenly among the shards; beyond it likes get 503",
      .min = OUTBOX_MIN),
    S(UINT, items_max, "edge", "items_max", "1000000", "Items whose counts are kept, all shards",
      .min = 1000),
    S(UINT, idempotency_max, "edge", "idempotency_max", "1000000",
      "Idempotency keys remembered, all shards; of a batch each operation is one", .min = IDEMPOTENCY_MIN,
      .more = "The oldest make room."),
    S(DURATION, idempotency_ttl_us, "edge", "idempotency_ttl", "24h", "And for so long", .min = SEC,
      .max = 30 * 24 * 3600 * SEC),
    S(DURATION, row_ttl_us, "edge", "row_ttl", "30d",
      "How long it is remembered who liked what, at least; 0s: for good", .min = 0,
      .max = 3650ull * 24 * 3600 * SEC),

    S(UINT, viral_rate, "viral", "rate", "1000",
      "An item with so many operations within a second is viral at this edge; 0: none is", .max = 100000000,
      .more = "It stays so until five seconds in a row had less than half of it."),
    S(DURATION, viral_flush_interval_us, "viral", "flush_interval", "1s",
      "Replaces a longer edge.flush_interval in partitions with a viral item", .min = MS, .max = 60 * SEC),
    S(DURATION, level_us[0], "overload", "level_1", "100ms",
      "Work waits for so long: central is not asked any more who likes what", .min = MS, .max = 60 * SEC),
    S(DURATION, level_us[1], "overload", "level_2", "250ms", "Or for so long: older numbers are shown",
      .min = MS, .max = 60 * SEC),
    S(DURATION, level_us[2], "overload", "level_3", "500ms", "Or for so long: reads are from memory alone",
      .min = MS, .max = 60 * SEC),
    S(DURATION, level_us[3], "overload", "level_4", "2s",
      "A shard's thread comes to its work so late: reads are answered 503", .min = MS, .max = 60 * SEC),
    S(DURATION, enter_after_us, "overload", "enter_after", "500ms",
      "It has to last so long before the next level", .min = 100 * MS, .max = 60 * SEC),
    S(DURATION, leave_after_us, "overload", "leave_after", "3s",
      "A level is left after so long below half of it", .min = 100 * MS, .max = 3600 * SEC),

    S(UINT, live_max, "live", "max_streams", "20000", "Live streams of the process; beyond it: 503", .min = 0,
      .max = 10000000),
    S(UINT, live_max_per_address, "live", "max_streams_per_address", "1000",
      "Of them per IPv4 address or IPv6 /64; beyond it: 429", .min = 0, .max = 10000000),

    S(ADDRESS, listen, "http", "listen", "*:8441", "Public port: HTTP/2 (TLS and h2c) and HTTP/1.1",
      .required = true, .min = 0),
    S(PATH, tls_certificate, "http", "tls_certificate", NULL,
      "PEM certificate with its chain; read again on SIGHUP", .must_exist = true),
    S(PATH, tls_key, "http", "tls_key", NULL, "PEM key of it", .secret = true),
    S(PATH, tls_client_ca, "http", "tls_client_ca", NULL,
      "Ask clients for a certificate of this authority (PEM)", .must_exist = true),
    KD_HTTP_TLS_OPTIONS(kd_settings),
    S(BOOL, tls_required, "http", "tls_required", "false", "Close connections without TLS"),
    S(UINT, max_connections, "http", "max_connections", "10000", "Connections of the process", .min = 1,
      .max = 1000000,
      .more = "Fewer, where the limit of open files leaves no room for them: the log says "
              "`connections-lowered`."),
    S(UINT, max_connections_per_address, "http", "max_connections_per_address", "1000",
      "Of them per IPv4 address or IPv6 /64", .min = 1, .max = 1000000),
    S(UINT, max_new_per_address, "http", "max_new_connections_per_address", "500",
      "New connections per address and second, two seconds' worth at once; 0: no limit", .min = 0,
      .max = 1000000, .more = "A gateway that opens a connection for each request may need more."),
    S(UINT, max_requests_per_address, "http", "max_requests_per_address", "16384",
      "Requests in work per address and shard", .min = 1, .max = 65536),
    S(SIZE, max_held, "http", "max_held", "64MiB",
      "Requests, bodies and answers held for clients, per shard: beyond it who holds most is closed",
      .min = 1024 * 1024),
    S(SIZE, max_held_per_address, "http", "max_held_per_address", "32MiB", "Of it for one address",
      .min = 1024 * 1024,
      .more = "Where a gateway or balancer brings all clients from one address, as much as max_held."),
    S(SIZE, max_held_per_connection, "http", "max_held_per_connection", "16MiB",
      "Of it for one connection: beyond it its requests get 503", .min = 1024 * 1024),
    S(UINT, max_streams, "http", "max_streams", "128", "Requests in work per connection", .min = 1,
      .max = 128),
    S(DURATION, idle_timeout_us, "http", "idle_timeout", "120s",
      "A connection without a request is closed after this", .min = SEC, .max = 3600 * SEC),

    S(ADDRESS, admin_listen, "admin", "listen", "127.0.0.1:9441",
      "Admin port: /healthz /readyz /metrics /debug/...", .more = "Empty: none."),
    S(PATH, admin_socket, "admin", "socket", NULL, "Unix socket that answers as the admin port does",
      .more = "Who may open the file may ask all there, without a token."),
    S(ENUM, admin_socket_mode, "admin", "socket_mode", "0600", "Permissions of the socket",
      .choices = kd_admin_socket_modes),
    S(PATH, admin_token_file, "admin", "token_file", NULL,
      "File with up to 8 tokens, one a line; who asks the admin port must show one of them", .secret = true,
      .more = "/healthz and /readyz stay open. Read again on SIGHUP."),

    S(LIST, trusted_peers, "http", "trusted_peers", "127.0.0.0/8, ::1",
      "Address blocks of gateways whose X-User-Id header is believed", .valid = kd_cidr_valid,
      .allowed = "an address or block such as 10.0.0.0/8 or fd00::/8",
      .more = "From anyone else the header is ignored, and what needs a user is answered 401."),
    S(LIST, host_names, "http", "host_names", "",
      "Names that the Host of a gateway on a trusted loopback address may have, besides the loopback's own",
      .valid = kd_authority_name_valid, .allowed = "names without a port",
      .more = "Another Host with an X-User-Id is answered 403."),
    S(LIST, trusted_names, "http", "trusted_names", "",
      "DNS names and URIs of client certificates whose X-User-Id is believed, from any address",
      .more = "Alternative names of a certificate, byte for byte. Needs http.tls_client_ca."),
    S(ENUM, forwarded, "http", "forwarded", "any",
      "The header by which trusted_peers name the client, whom limits per address count",
      .choices = kd_http_forwarded_names,
      .more = "any: Forwarded or X-Forwarded-For; if both name a client, it must be the same. A gateway that "
              "hands on one that it does not write lets a client choose its address: name the header that "
              "all gateways write."),
    S(ENUM, proxy_protocol, "http", "proxy_protocol", "off",
      "v2: each connection of the public port begins with a PROXY header, whose address is the peer's",
      .choices = kd_http_proxy_names),
    S(LIST, proxy_peers, "http", "proxy_peers", "127.0.0.0/8, ::1",
      "With proxy_protocol: address blocks of the balancers, which alone may connect", .valid = kd_cidr_valid,
      .allowed = "an address or block such as 10.0.0.0/8 or fd00::/8",
      .more = "Who connects from there can be any client."),
    S(PATH, session_secret, "http", "session_secret", NULL,
      "File with the secret of the Kudos-Session token, at least 16 bytes", .secret = true,
      .more = "All edges need the same one. Without it tokens end with the process."),
    S(LIST, cors_origins, "http", "cors_origins", "",
      "Origins whose pages may call this port from a browser and read its answers (CORS); empty: none",
      .valid = kd_cors_listable, .reloadable = true,
      .allowed = "`*` for all, or origins as browsers write them, such as https://app.example, and null",
      .more = "Without cookies: users are known by tokens in headers."),

    KD_JWT_OPTIONS(kd_settings),

    KD_VISITOR_KEYS_OPTION(kd_settings),
    S(LIST, visitor_counters, "visitors", "counters", "",
      "Counters that visitors, who have no account, may write to; empty: there are no visitors",
      .reloadable = true),
    S(DURATION, visitor_token_ttl_us, "visitors", "token_ttl", "90d",
      "How long a visitor's token is good; it can be renewed until then", .min = SEC,
      .max = 3650ull * 24 * 3600 * SEC, .reloadable = true,
      .more = "Whole seconds. A key that signs no more is needed for as long."),
    S(STRING, visitor_limit_new, "visitors", "limit_new", "60/1m, 600/1h",
      "Visitors that an IPv4 address or IPv6 /64 is given, in sliding windows; empty: no limit",
      .valid = kd_rate_text_valid, .allowed = KD_RATE_TEXT, .reloadable = true),
    S(STRING, visitor_limit, "visitors", "limit_address", "600/1m, 6000/1h",
      "Operations of all visitors at one address, likewise, besides the limit of each",
      .valid = kd_rate_text_valid, .allowed = KD_RATE_TEXT, .reloadable = true),

    S(LIST, collections, "api", "collections", "posts, reels, comments, stories",
      "Collections that are served", .required = true, .valid = kd_collection_valid,
      .allowed = "names of a-z 0-9 _ -, the first a letter, up to 32 bytes", .reloadable = true,
      .more = "Those that central lacks are answered 404. A reload adds; it takes none out."),
    S(DURATION, display_max_age_us, "api", "display_max_age", "1s", "How long caches may keep a display form",
      .max = 3600 * SEC),
    S(DURATION, display_while_revalidate_us, "api", "display_stale_while_revalidate", "5s",
      "How long after that they may show it while they fetch a new one; 0s: not at all", .max = 3600 * SEC),
    S(DURATION, display_if_error_us, "api", "display_stale_if_error", "60s",
      "How long after that they may show it while this edge is down or fails; 0s: not at all",
      .max = 24 * 3600 * SEC),
    KD_OPTION_COUNTERS(
        kd_settings, counters, "counters", KD_COUNTERS_DEFAULT,
        "Counters as `name = number set|sum`; the number is its name on the wire and on disk, for good",
        .reloadable = true,
        .more =
            "Those that central lacks are answered 404. A reload adds; it takes none out and changes none."),

    S(STRING, brokers, "kafka", "brokers", "127.0.0.1:8449", "Bootstrap addresses host:port,host:port",
      .required = true),
    S(STRING, likes_topic, "kafka", "likes_topic", "kudos.likes.v1", "Topic of the batches", .required = true,
      .valid = edge_settings_topic_valid, .allowed = TOPIC_TEXT),
    S(STRING, counts_topic, "kafka", "counts_topic", "kudos.counts.v1", "Topic of central's snapshots",
      .required = true, .valid = edge_settings_topic_valid, .allowed = TOPIC_TEXT),
    S(UINT, partitions, "kafka", "partitions", "8", "Partitions of both topics, fixed for good at creation",
      .min = 1, .max = KD_PARTITIONS_MAX),
    S(UINT, replication, "kafka", "replication", "1", "Replicas of a topic that is created here", .min = 1,
      .max = 15),
    S(DURATION, likes_retention_us, "kafka", "likes_retention", "7d",
      "Retention of the likes topic when created here", .min = 60 * SEC),
    S(DURATION, counts_retention_us, "kafka", "counts_retention", "1h",
      "Retention of the counts topic when created here", .min = 60 * SEC),
    S(ENUM, compression, "kafka", "compression", "zstd", "Compression of what is produced",
      .choices = kd_kafka_compressions),
    S(DURATION, linger_us, "kafka", "linger", "5ms", "How long the producer gathers", .min = MS, .max = SEC),
    S(DURATION, start_timeout_us, "kafka", "start_timeout", "2s",
      "A start waits so long for Kafka, then serves without it", .min = 100 * MS, .max = 60 * SEC),
    S(PATH, kafka_properties_file, "kafka", "properties_file", NULL,
      "File of more librdkafka properties, lines of name = value, for passwords", .secret = true,
      .more = "It is read whenever a client of Kafka is made."),
    S(PATH, keys_file, "kafka", "keys_file", NULL,
      "File with the keys that records are signed and checked by; read again on SIGHUP", .secret = true,
      .more = "Lines of `id holder key`. Without it records are neither signed nor checked."),
    S(BOOL, accept_unsigned, "kafka", "accept_unsigned", "false",
      "Whether records without a signature are believed beside kafka.keys_file", .reloadable = true,
      .more = "Only while keys are introduced."),
    KD_OPTION_PAIRS(kd_settings, kafka_properties, "kafka-properties", NULL,
                    "Further librdkafka properties, such as security.protocol or sasl.username"),

    S(LIST, central_urls, "central", "url", "",
      "http://host:port or https://host:port of central, of each of its members; empty: nobody is asked",
      .allowed = "http://host:port or https://host:port", .secret = true, .reloadable = true,
      .more = "At most 16. The first one is asked until it does not answer, and who leads a partition about "
              "that. "
              "No other address is ever asked, whatever a central says."),
    S(STRING, central_public_url, "central", "public_url", NULL,
      "http://host:port or https://host:port at which clients reach central, told where an edge lacks a "
      "path; "
      "empty: it is not told"),
    S(DURATION, read_deadline_us, "central", "read_deadline", "250ms",
      "How long a request waits for central's answer", .min = MS, .max = 10 * SEC,
      .more =
          "A number that comes later is not installed: where round trips to central take as long, set it to "
          "a few of them, or items that are not held here have no number and some reads are refused."),
    S(DURATION, like_wait_us, "central", "like_wait", "40ms",
      "A like waits for central's number only while answers of central lately took no longer",
      .max = 10 * SEC,
      .more = "Else central is asked all the same, and the answer to the like has null for a number that is "
              "not known here. 0: it never waits."),
    S(DURATION, read_wait_us, "central", "read_wait", "15ms",
      "The same for a read: it waits only while answers of central lately took no longer", .max = 10 * SEC,
      .more = "The next read has the number. 0: no read waits for numbers."),
    S(UINT, central_connections, "central", "connections", "1", "Connections to central per shard", .min = 1,
      .max = 16),
    S(UINT, asks_max, "central", "asks_max", "4096", "Questions under way per shard", .min = 1, .max = 65536),
    S(UINT, asks_max_per_s, "central", "asks_max_per_s", "20000",
      "Questions a second about counts that reads of all clients may cause, parted evenly among the shards; "
      "0: no bound",
      .max = 100000000,
      .more = "One client gets a fifth of them at most, and beside n who ask without end 1/(n + 4) each."),
    S(UINT, asks_per_client, "central", "asks_per_client", "4000",
      "Questions a second that one client may cause, parted evenly among the shards; 0: no bound",
      .max = 100000000,
      .more = "A client is a user that a trusted gateway names, else an IPv4 address or IPv6 /64."),
    S(PATH, central_ca, "central", "ca_file", NULL,
      "PEM of the authorities that central's certificate is checked against", .must_exist = true),
    S(PATH, central_cert, "central", "cert_file", NULL, "PEM certificate to show to central",
      .must_exist = true),
    S(PATH, central_key, "central", "key_file", NULL, "PEM key of it", .secret = true),
    S(PATH, central_token_file, "central", "token_file", NULL,
      "File whose first line is the token to show to central (http.edge_token_file there)", .secret = true),

    S(STRING, limit_user, "limits", "user", "100/1m, 1000/1h",
      "Operations of a user at this edge, in sliding windows; empty: no limit", .valid = kd_rate_text_valid,
      .allowed = KD_RATE_TEXT, .reloadable = true,
      .more = "An operation counts for its window at least and for 12/11 of it at most."),
    S(UINT, users_max, "limits", "users_max", "100000",
      "Users, and addresses of visitors, whose operations are counted at a time", .min = 1000,
      .max = 100000000,
      .more = "256 to 512 bytes each, taken as they come. Of more users, those who did least are forgotten "
              "and begin anew."),
    S(STRING, velocity_user, "limits", "velocity_user", NULL,
      "A user with more operations is listed as too fast; empty: none is", .valid = kd_rate_text_one,
      .allowed = KD_RATE_TEXT_ONE, .reloadable = true),
    S(STRING, velocity_item, "limits", "velocity_item", NULL,
      "An item with more operations is listed as too fast; empty: none is", .valid = kd_rate_text_one,
      .allowed = KD_RATE_TEXT_ONE, .reloadable = true),
    S(BOOL, velocity_refuse, "limits", "velocity_refuse", "false",
      "Whether operations beyond both are refused, too", .reloadable = true),
    KD_OPTION_PAIRS(kd_settings, limit_collections, "limits-collections", NULL,
                    "Collections with a limit of their own in place of limits.user, as `posts = 50/1m`; "
                    "empty: no limit",
                    .reloadable = true),

    S(DURATION, drift_bound_us, "clock", "drift_bound", "500ms",
      "An edge whose clock differs more from central's refuses writes; the same at central", .min = MS,
      .max = 60 * SEC),
    S(DURATION, measure_interval_us, "clock", "measure_interval", "10s",
      "How often the difference is measured; twice a second while it is beyond the bound", .min = 100 * MS,
      .max = 600 * SEC),

    S(SIZE, write_buffer, "store", "write_buffer", "32MiB", "LevelDB write buffer of a shard", .min = MIB,
      .max = 1024 * MIB),
    S(SIZE, block_cache, "store", "block_cache", "64MiB", "LevelDB block cache of a shard", .min = MIB,
      .max = 65536 * MIB),
    S(UINT, fresh_rows, "store", "fresh_rows", "65536", "Operations of a shard whose rows gather in memory",
      .max = 1000000,
      .more =
          "Until their rows are written, sorted, the journal keeps them. 0: written with their operations."),
    S(SIZE, filter_max, "store", "filter_max", "1GiB", "Memory of a shard for the filter of who liked what",
      .min = MIB, .more = "12 bits a row; beyond it more reads of the store, not errors."),

    S(ENUM, log_level, "log", "level", "info", "Least severe lines that are written",
      .choices = kd_log_levels, .reloadable = true),
    KD_ACCESS_LOG_OPTIONS(kd_settings),
};

static int edge_settings_check_all(const void *config, char *error);

const kd_options kd_edge_options = {
    .program = "kudos-edge",
    .about = "Regional proxy: takes likes durably, answers counts, hands batches to Kafka.\nCommands, with "
             "--help: compare, aside, shards",
    .at = table,
    .count = KD_COUNT(table),
    .config_size = sizeof(kd_settings),
    .check = edge_settings_check_all,
};

static int edge_settings_refuse(char *error, const char *text)
{
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%s", text);
    return KD_EINVAL;
}

static int edge_settings_check_names(const kd_settings *s, char *error)
{
    if (s->counters.count == 0)
        return edge_settings_refuse(error, "[counters]: at least one counter is needed");
    return kd_route_check_names(&s->collections, &s->counters, error);
}

kd_edge_config kd_settings_core(const kd_settings *s)
{
    return (kd_edge_config){
        .edge = kd_bytes_str(s->name),
        .region = kd_bytes_str(s->region),
        .partitions = (uint32_t)s->partitions,
        .counters = &s->counters,
        .drift_us = s->drift_bound_us,
        .flush_ops = (uint32_t)s->flush_ops,
        .flush_interval_us = s->flush_interval_us,
        .viral_rate = (uint32_t)s->viral_rate,
        .viral_flush_interval_us = s->viral_flush_interval_us,
        .log_flush_interval_us = s->acknowledge == KD_ACKNOWLEDGE_LOG ? s->acknowledge_flush_us : 0,
        .idle_interval_max_us = s->idle_interval_max_us,
        .resend_min_us = s->resend_min_us,
        .resend_max_us = s->resend_max_us,
        .send_window = (uint32_t)s->send_window,
        .outbox_bytes_max = s->outbox_max,
        .items_max = (uint32_t)s->items_max,
        .fresh_rows_max = (uint32_t)s->fresh_rows,
        .filter_bytes_max = s->filter_max,
        .idempotency_ttl_us = s->idempotency_ttl_us,
        .row_ttl_us = s->row_ttl_us,
    };
}

kd_kafka_config kd_settings_kafka(const kd_settings *s, kd_kafka_log log)
{
    return (kd_kafka_config){
        .brokers = s->brokers,
        .client_id = s->name,
        .compression = kd_kafka_compressions[s->compression],
        .plain_producer = s->acknowledge == KD_ACKNOWLEDGE_LOG,
        .linger_ms = (uint32_t)(s->linger_us / 1000),
        .properties = s->kafka_properties,
        .properties_file = s->kafka_properties_file,
        .keys = s->record_keys,
        .log = log,
    };
}

static int edge_settings_check_kafka(const kd_settings *s, char *error)
{
    if (strcmp(s->likes_topic, s->counts_topic) == 0)
        return edge_settings_refuse(error, "kafka.likes_topic and kafka.counts_topic are the same");
    const kd_kafka_config kafka = kd_settings_kafka(s, NULL);
    return kd_kafka_config_check(&kafka, error, KD_OPTIONS_ERROR_MAX);
}

kd_overload_bounds kd_settings_overload(const kd_settings *s)
{
    kd_overload_bounds b = {.enter_after_us = s->enter_after_us, .leave_after_us = s->leave_after_us};
    for (uint32_t i = 0; i < KD_LEVELS; i++) b.enter_us[i] = s->level_us[i];
    return b;
}

static int edge_settings_check_overload(const kd_settings *s, char *error)
{
    for (uint32_t i = 1; i < KD_LEVELS; i++)
        if (s->level_us[i] <= s->level_us[i - 1])
            return edge_settings_refuse(error,
                                        "overload.level_1 to level_4: each must be above the one before");
    return KD_OK;
}

kd_rate_rules kd_settings_rates(const kd_settings *s)
{
    kd_rate_rules rules = {.refuse_fast = s->velocity_refuse};
    kd_limit_set(&rules.user, kd_bytes_str("user"), s->limit_user);
    kd_limit_set(&rules.address, kd_bytes_str("address"), s->visitor_limit);
    kd_limit_set(&rules.visitors, kd_bytes_str("visitors"), s->visitor_limit_new);
    kd_limit_set(&rules.fast_user, kd_bytes_str("velocity-user"), s->velocity_user);
    kd_limit_set(&rules.fast_item, kd_bytes_str("velocity-item"), s->velocity_item);
    for (uint32_t i = 0; i < s->limit_collections.count; i++) {
        const kd_pair *pair = &s->limit_collections.at[i];
        kd_rate_rules_add(&rules, kd_bytes_str(pair->key), pair->value);
    }
    return rules;
}

static int edge_settings_check_rates(const kd_settings *s, char *error)
{
    for (uint32_t i = 0; i < s->limit_collections.count; i++) {
        const kd_pair *pair = &s->limit_collections.at[i];
        if (!kd_strings_hold(&s->collections, kd_bytes_str(pair->key))) {
            snprintf(error, KD_OPTIONS_ERROR_MAX,
                     "limits-collections.%.64s: api.collections has no such collection", pair->key);
            return KD_EINVAL;
        }
        if (*pair->value && !kd_rate_text_valid(kd_bytes_str(pair->value))) {
            snprintf(error, KD_OPTIONS_ERROR_MAX, "limits-collections.%.64s: must be %s", pair->key,
                     KD_RATE_TEXT);
            return KD_EINVAL;
        }
    }
    return KD_OK;
}

static int edge_settings_check_visitors(const kd_settings *s, char *error)
{
    if (s->visitor_token_ttl_us % SEC != 0)
        return edge_settings_refuse(error, "visitors.token_ttl: whole seconds are wanted");
    if (s->visitor_counters.count > 0 && !s->visitor_keys_file)
        return edge_settings_refuse(error, "visitors.counters needs visitors.keys_file");
    for (uint32_t i = 0; i < s->visitor_counters.count; i++) {
        if (kd_counters_by_name(&s->counters, kd_bytes_str(s->visitor_counters.at[i])) >= 0) continue;
        snprintf(error, KD_OPTIONS_ERROR_MAX, "visitors.counters: [counters] has no %.64s",
                 s->visitor_counters.at[i]);
        return KD_EINVAL;
    }
    return KD_OK;
}

static int edge_settings_check_urls(const kd_settings *s, char *error)
{
    for (uint32_t i = 0; i < s->central_urls.count; i++)
        if (kd_http_client_check_url(s->central_urls.at[i]) != KD_OK)
            return edge_settings_refuse(
                error, "central.url: must be http://host:port or https://host:port, with no user in it");
    _Static_assert(KD_CENTRALS_MAX == 16, "the message and the option's text name the bound");
    return s->central_urls.count <= KD_CENTRALS_MAX
               ? KD_OK
               : edge_settings_refuse(error, "central.url: at most 16 URLs");
}

int kd_settings_check(const kd_settings *s, char *error)
{
    if ((s->tls_certificate == NULL) != (s->tls_key == NULL))
        return edge_settings_refuse(error, "http.tls_certificate and http.tls_key: both or neither");
    if (s->tls_required && !s->tls_certificate)
        return edge_settings_refuse(error, "http.tls_required needs http.tls_certificate");
    if (s->tls_client_ca && !s->tls_certificate)
        return edge_settings_refuse(error, "http.tls_client_ca needs http.tls_certificate");
    if (s->trusted_names.count > 0 && !s->tls_client_ca)
        return edge_settings_refuse(error, "http.trusted_names needs http.tls_client_ca");
    if (s->admin_listen.host[0] == '\0' && !s->admin_socket)
        return edge_settings_refuse(error, "admin.listen is empty: admin.socket is wanted then");
    if ((s->central_cert == NULL) != (s->central_key == NULL))
        return edge_settings_refuse(error, "central.cert_file and central.key_file: both or neither");
    if (s->central_public_url && kd_http_client_check_url(s->central_public_url) != KD_OK)
        return edge_settings_refuse(
            error, "central.public_url: must be http://host:port or https://host:port, with no user in it");
    if (s->display_max_age_us % SEC != 0 || s->display_while_revalidate_us % SEC != 0 ||
        s->display_if_error_us % SEC != 0)
        return edge_settings_refuse(
            error, "api.display_max_age, api.display_stale_while_revalidate and api.display_stale_if_error: "
                   "whole seconds are wanted, as Cache-Control tells them");
    if (s->resend_min_us > s->resend_max_us)
        return edge_settings_refuse(error, "edge.resend_min is above edge.resend_max");
    if (s->shards > s->partitions)
        return edge_settings_refuse(
            error, "edge.shards is above kafka.partitions: a shard would have nothing to do");
    if (s->outbox_max < s->partitions * OUTBOX_MIN_PARTITION)
        return edge_settings_refuse(error, "edge.outbox_max: at least 1KiB for each of kafka.partitions");
    const kd_http_tls_options tls = KD_HTTP_TLS_OF(s);
    int err = edge_settings_check_urls(s, error);
    if (!err) err = edge_settings_check_names(s, error);
    if (!err) err = edge_settings_check_overload(s, error);
    if (!err) err = kd_cors_check(&s->cors_origins, error);
    if (!err) err = edge_settings_check_rates(s, error);
    if (!err) err = kd_http_tls_check_ciphers(&tls, error, KD_OPTIONS_ERROR_MAX);
    if (!err) err = kd_jwt_settings_check(&s->jwt, error);
    if (!err) err = edge_settings_check_visitors(s, error);
    if (!err) err = kd_addresses_check("http.listen", &s->listen, "admin.listen", &s->admin_listen, error);
    return err ? err : edge_settings_check_kafka(s, error);
}

int kd_settings_session_key(const kd_settings *s, kd_session_key *key, char *error)
{
    if (!s->session_secret) {
        kd_session_key_random(key);
        return KD_OK;
    }
    return kd_session_key_read(key, "http.session_secret", s->session_secret, error);
}

kd_http_client_options kd_settings_central(const kd_settings *s, char token[KD_TOKEN_MAX + 1])
{
    char unused[KD_OPTIONS_ERROR_MAX];
    kd_token_read(token, "central.token_file", s->central_token_file, unused);
    return (kd_http_client_options){
        .ca_file = s->central_ca, .cert_file = s->central_cert, .key_file = s->central_key, .token = token};
}

kd_admin_options kd_settings_admin(const kd_settings *s)
{
    return (kd_admin_options){&s->admin_listen, s->admin_socket, s->admin_socket_mode, s->admin_token_file};
}

static int edge_settings_check_central(const kd_settings *s, char *error)
{
    char token[KD_TOKEN_MAX + 1];
    const kd_http_client_options options = kd_settings_central(s, token);
    const char *fault = NULL;
    for (uint32_t i = 0; !fault && i < s->central_urls.count; i++)
        fault = kd_http_client_fault(s->central_urls.at[i], &options);
    if (!fault) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "central.%s", fault);
    return KD_EINVAL;
}

/* The directory and the files that options name: whether they can be used, and what they hold. */
static int edge_settings_check_files(const kd_settings *s, char *error)
{
    kd_session_key key;
    kd_tokens tokens;
    const kd_http_tls_options tls = KD_HTTP_TLS_OF(s);
    const kd_kafka_config kafka = kd_settings_kafka(s, NULL);
    int err = kd_directory_check("edge.data_dir", s->data_dir, error);
    if (!err) err = kd_settings_session_key(s, &key, error);
    if (!err) err = kd_tokens_read(&tokens, "central.token_file", s->central_token_file, error);
    if (!err) err = kd_tokens_read(&tokens, "admin.token_file", s->admin_token_file, error);
    if (!err) err = kd_jwt_settings_check_files(&s->jwt, error);
    if (!err) err = kd_visitor_keys_check(s->visitor_keys_file, error);
    if (!err) err = kd_admin_socket_check(s->admin_socket, error);
    if (!err && s->tls_certificate) err = kd_http_tls_check(&tls, error, KD_OPTIONS_ERROR_MAX);
    if (!err) err = edge_settings_check_central(s, error);
    if (!err && s->keys_file) err = kd_record_keys_check(s->keys_file, s->name, error, KD_OPTIONS_ERROR_MAX);
    return err ? err : kd_kafka_client_check(&kafka, error, KD_OPTIONS_ERROR_MAX);
}

static int edge_settings_check_all(const void *config, char *error)
{
    int err = kd_settings_check(config, error);
    return err ? err : edge_settings_check_files(config, error);
}

int kd_settings_central_failed(const char *url, int err, char *error)
{
    snprintf(error, KD_OPTIONS_ERROR_MAX, "central.url %.400s: %s", url, kd_strerror(err));
    return err;
}
