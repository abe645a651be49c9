/*
 * broker.c - librdkafka's mock cluster as a small program. See broker.h for what it is not.
 *
 * Owns a client that is never connected (the mock cluster lives in its process) and the cluster. Waits in
 * sigwait: the cluster has threads of its own.
 *
 * The mock cluster lets the system choose its ports, and has no setting for them. So the program has a bind() of its own, which the dynamic linker finds
 * before the C library's: while the cluster is made, whoever leaves the port to the system gets the next one of --port.
 */
#include "sim/kafka/broker.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/io/daemon/args.h"
#include "kudos/limits.h"

enum { BROKERS_MAX = 9, TOPIC_NAME_MAX = 249 };

typedef struct {
    uint64_t brokers, partitions, port;
    const char *topics;
    const char *address_file;
    const char *withheld;
} broker_options;

static int broker_parse(broker_options *o, int argc, char **argv)
{
    const kd_arg table[] = {
        KD_ARG_UINT("partitions", "P", &o->partitions, "partitions of every topic [16]", .letter = 'p',
                    .min = 1, .max = KD_PARTITIONS_MAX),
        KD_ARG_TEXT("topics", "A,B,C", &o->topics,
                    "topics to create [the five of Kudos under their default names]; a program that asks for "
                    "another one gets it "
                    "with 4 partitions, so name your own here",
                    .letter = 't'),
        KD_ARG_TEXT("address-file", "FILE", &o->address_file,
                    "gets the bootstrap address once the topics are there", .letter = 'a', .required = true),
        KD_ARG_UINT("port", "PORT", &o->port, "of the first broker; the others follow [the system chooses]",
                    .min = 1, .max = UINT16_MAX - BROKERS_MAX),
        KD_ARG_UINT("brokers", "N", &o->brokers, "size of the cluster [1]", .letter = 'n', .min = 1,
                    .max = BROKERS_MAX),
        KD_ARG_TEXT("withhold", "TOPIC", &o->withheld,
                    "SIGUSR1 takes the leaders of its partitions away: nothing can be written to it. SIGUSR2 "
                    "gives them back",
                    .letter = 'w'),
    };
    const kd_args args = {
        .program = "kudos-sim",
        .command = "broker",
        .usage = "--address-file FILE [options]",
        .about = "An embedded broker that speaks Kafka's protocol, in memory, for demos and quick tests.",
        .at = table,
        .count = KD_COUNT(table)};
    return kd_args_read(&args, argc, argv);
}

static int create_topics(rd_kafka_mock_cluster_t *cluster, const broker_options *o)
{
    char name[TOPIC_NAME_MAX + 1];
    const char *p = o->topics;
    while (*p) {
        size_t len = strcspn(p, ",");
        if (len == 0 || len >= sizeof(name)) {
            fprintf(stderr, "kudos-sim broker: not a list of topic names: %s\n", o->topics);
            return KD_EXIT_USAGE;
        }
        snprintf(name, sizeof(name), "%.*s", (int)len, p);
        rd_kafka_resp_err_t e =
            rd_kafka_mock_topic_create(cluster, name, (int)o->partitions, (int)o->brokers);
        if (e) {
            fprintf(stderr, "kudos-sim broker: topic %s: %s\n", name, rd_kafka_err2str(e));
            return KD_EXIT_FAILED;
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
    return KD_EXIT_FAILED;
}

/* Takes leaders away and gives them back, until SIGTERM or SIGINT. */
static void broker_obey(rd_kafka_mock_cluster_t *cluster, const broker_options *o, const sigset_t *heard)
{
    int signal_number;
    while (sigwait(heard, &signal_number) == 0 && (signal_number == SIGUSR1 || signal_number == SIGUSR2)) {
        for (int p = 0; o->withheld && p < (int)o->partitions; p++)
            rd_kafka_mock_partition_set_leader(cluster, o->withheld, p,
                                               signal_number == SIGUSR1 ? -1 : 1 + p % (int)o->brokers);
    }
}

static uint16_t broker_next_port; /* 0: the system chooses */

int bind(int fd, __CONST_SOCKADDR_ARG address, socklen_t len)
{
    struct sockaddr_in at;
    const void *asked = address.__sockaddr__;
    if (broker_next_port == 0 || len != sizeof at) return (int)syscall(SYS_bind, fd, asked, len);
    memcpy(&at, asked, sizeof at);
    bool ours = at.sin_family == AF_INET && at.sin_port == 0;
    if (ours) at.sin_port = htons(broker_next_port++);
    int rc = (int)syscall(SYS_bind, fd, &at, len);
    if (rc == 0 || !ours) return rc;
    /* The mock cluster would come to an assertion of its own. */
    fprintf(stderr, "kudos-sim broker: port %u: %s\n", ntohs(at.sin_port), strerror(errno));
    _exit(KD_EXIT_FAILED);
}

static rd_kafka_mock_cluster_t *broker_make_cluster(rd_kafka_t *rk, const broker_options *o)
{
    broker_next_port = (uint16_t)o->port;
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(rk, (int)o->brokers);
    broker_next_port = 0;
    return cluster;
}

static int broker_serve(rd_kafka_t *rk, const broker_options *o, const sigset_t *heard)
{
    rd_kafka_mock_cluster_t *cluster = broker_make_cluster(rk, o);
    if (!cluster) {
        fprintf(stderr, "kudos-sim broker: no port, thread or memory for the cluster\n");
        return KD_EXIT_FAILED;
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
        return KD_EXIT_FAILED;
    }
    int rc = broker_serve(rk, o, &heard);
    rd_kafka_destroy(rk);
    return rc;
}

int sim_sim_broker(int argc, char **argv)
{
    broker_options o = {
        .brokers = 1,
        .partitions = 16,
        .topics = "kudos.likes.v1,kudos.counts.v1,kudos.changes.v1,kudos.milestones.v1,kudos.members.v1",
    };
    int rc = broker_parse(&o, argc, argv);
    return rc >= 0 ? rc : broker_run(&o);
}
