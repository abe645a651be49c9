/*
 * broker.c - librdkafka's mock cluster as a small program. See broker.h for what it is not.
 *
 * Owns a client that is never connected (the mock cluster lives in its process) and the cluster. Waits in
 * sigwait: the cluster has threads of its own.
 */
#include "sim/kafka/broker.h"

#include <argp.h>
#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kudos/limits.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, BROKERS_MAX = 9, TOPIC_NAME_MAX = 249 };

typedef struct {
    int brokers;
    int partitions;
    const char *topics;
    const char *address_file;
    const char *withheld;
} broker_options;

static const struct argp_option option_table[] = {
    {"partitions", 'p', "P", 0, "partitions of every topic (default 16)", 0},
    {"topics", 't', "A,B,C", 0, "topics to create (default the three of Kudos)", 0},
    {"address-file", 'a', "FILE", 0, "gets the bootstrap address once the topics are there", 0},
    {"brokers", 'n', "N", 0, "size of the cluster (default 1)", 0},
    {"withhold", 'w', "TOPIC", 0,
     "SIGUSR1 takes its partitions' leaders away: nothing can be written to it. SIGUSR2 gives them back", 0},
    {NULL, 'h', NULL, 0, "as --help", -1},
    {0},
};

static int broker_number(const char *text, int most, struct argp_state *state)
{
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    if (errno || end == text || *end || n < 1 || n > most)
        argp_error(state, "not a number from 1 to %d: %s", most, text);
    return (int)n;
}

static error_t broker_parse(int key, char *text, struct argp_state *state)
{
    broker_options *o = state->input;
    switch (key) {
    case 'p':
        o->partitions = broker_number(text, KD_PARTITIONS_MAX, state);
        return 0;
    case 'n':
        o->brokers = broker_number(text, BROKERS_MAX, state);
        return 0;
    case 't':
        o->topics = text;
        return 0;
    case 'a':
        o->address_file = text;
        return 0;
    case 'w':
        o->withheld = text;
        return 0;
    case 'h':
        argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
        return 0;
    case ARGP_KEY_END:
        if (!o->address_file)
            argp_error(state, "--address-file is missing: the ports are chosen by the system");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int create_topics(rd_kafka_mock_cluster_t *cluster, const broker_options *o)
{
    char name[TOPIC_NAME_MAX + 1];
    const char *p = o->topics;
    while (*p) {
        size_t len = strcspn(p, ",");
        if (len == 0 || len >= sizeof(name)) {
            fprintf(stderr, "kudos-sim broker: not a list of topic names: %s\n", o->topics);
            return EXIT_USAGE;
        }
        snprintf(name, sizeof(name), "%.*s", (int)len, p);
        rd_kafka_resp_err_t e = rd_kafka_mock_topic_create(cluster, name, o->partitions, o->brokers);
        if (e) {
            fprintf(stderr, "kudos-sim broker: topic %s: %s\n", name, rd_kafka_err2str(e));
            return EXIT_FAILED;
        }
        p += len;
        if (*p == ',') p++;
    }
    return 0;
}

/* By rename, so that who waits for the file never reads half of it. */
static int write_address(const char *file, const char *address)
{
    char half[PATH_MAX];
    snprintf(half, sizeof(half), "%s.new", file);
    FILE *f = fopen(half, "we");
    bool ok = f && fprintf(f, "%s\n", address) > 0;
    if (f && fclose(f) != 0) ok = false;
    if (ok && rename(half, file) == 0) return 0;
    fprintf(stderr, "kudos-sim broker: %s: %s\n", file, strerror(errno));
    return EXIT_FAILED;
}

/* Takes leaders away and gives them back, until SIGTERM or SIGINT. */
static void broker_obey(rd_kafka_mock_cluster_t *cluster, const broker_options *o, const sigset_t *heard)
{
    int signal_number;
    while (sigwait(heard, &signal_number) == 0 && (signal_number == SIGUSR1 || signal_number == SIGUSR2)) {
        for (int p = 0; o->withheld && p < o->partitions; p++)
            rd_kafka_mock_partition_set_leader(cluster, o->withheld, p,
                                               signal_number == SIGUSR1 ? -1 : 1 + p % o->brokers);
    }
}

static int broker_serve(rd_kafka_t *rk, const broker_options *o, const sigset_t *heard)
{
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(rk, o->brokers);
    if (!cluster) {
        fprintf(stderr, "kudos-sim broker: no port, thread or memory for the cluster\n");
        return EXIT_FAILED;
    }
    int rc = create_topics(cluster, o);
    if (rc == 0) rc = write_address(o->address_file, rd_kafka_mock_cluster_bootstraps(cluster));
    if (rc == 0) {
        broker_obey(cluster, o, heard);
        unlink(o->address_file); /* nobody is to connect to an address that is gone */
    }
    rd_kafka_mock_cluster_destroy(cluster);
    return rc;
}

static int broker_run(const broker_options *o)
{
    char err[256];
    sigset_t heard;
    sigemptyset(&heard);
    sigaddset(&heard, SIGTERM);
    sigaddset(&heard, SIGINT);
    sigaddset(&heard, SIGUSR1);
    sigaddset(&heard, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &heard, NULL); /* before the cluster's threads, which inherit it */
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, NULL); /* it warns that it has no broker: it is one */
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, err, sizeof(err));
    if (!rk) {
        fprintf(stderr, "kudos-sim broker: %s\n", err);
        return EXIT_FAILED;
    }
    int rc = broker_serve(rk, o, &heard);
    rd_kafka_destroy(rk);
    return rc;
}

int sim_sim_broker(int argc, char **argv)
{
    static const struct argp argp = {
        .options = option_table,
        .parser = broker_parse,
        .doc = "An embedded broker that speaks Kafka's protocol, in memory, for demos and quick tests.",
    };
    broker_options o = {
        .brokers = 1,
        .partitions = 16,
        .topics = "kudos.likes.v1,kudos.counts.v1,kudos.changes.v1",
    };
    argp_err_exit_status = EXIT_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0) return EXIT_USAGE;
    return broker_run(&o);
}
