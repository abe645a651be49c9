/*
 * fleet_kafka.c - the broker of a drill: the embedded one (kudos-sim broker), or Apache Kafka by sim/kafka/kafka.py.
 *
 * The embedded broker keeps its records in memory, and would lose them if it were killed. So a kill makes the links refuse connections to it for a
 * while. To recreate a topic starts a new, empty broker at another port, which the links hide; all topics are then empty.
 *
 * kafka.py takes commands on its standard input and tells in a file which are done. It ends, with its brokers, when its input ends.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sim/drill/files.h"
#include "sim/drill/fleet_kafka.h"
#include "sim/drill/fleet_net.h"

enum {
    EMBEDDED_LIMIT_US = 20000000,
    REAL_LIMIT_US = 120000000,
    STOP_LIMIT_US = 30000000,
    ADDRESS_MAX = 256,
    DONE_MAX = 1024 * 1024,
    DONE_ASK_US = 100000
};

static void address_path(const sim_fleet *f, char path[FLEET_PATH_MAX])
{
    snprintf(path, FLEET_PATH_MAX, "%s/broker.address", f->options.directory);
}

static void start_embedded(sim_fleet *f)
{
    char binary[FLEET_PATH_MAX], address[FLEET_PATH_MAX], partitions[16], brokers[16];
    snprintf(binary, sizeof binary, "%s/kudos-sim", f->options.programs);
    address_path(f, address);
    snprintf(partitions, sizeof partitions, "%u", f->scenario->partitions);
    snprintf(brokers, sizeof brokers, "%u", f->brokers);
    const char *argv[] = {binary,     "broker",    "--address-file", address, "--partitions",
                          partitions, "--brokers", brokers,          NULL};
    unlink(address);
    if (sim_program_start(&f->broker, &(sim_program_command){.argv = argv}) != KD_OK)
        sim_fleet_fail(f, "%s: %s", binary, strerror(errno));
    f->broker_starting = true;
}

/* Whether the scenario makes an unclean election. min.insync.replicas = 2 of three prevents those, so such a drill runs with 1. */
static bool elects_uncleanly(const sim_fleet *f)
{
    const sim_scenario *s = f->scenario;
    uint32_t i = 0;
    while (i < s->event_count && s->events[i].kind != SCENARIO_LOG_TRUNCATED) i++;
    return i < s->event_count;
}

static void start_real(sim_fleet *f)
{
    char script[FLEET_PATH_MAX], address[FLEET_PATH_MAX], directory[FLEET_PATH_MAX], brokers[16];
    snprintf(script, sizeof script, "%s/kafka.py", f->options.kafka_dir);
    snprintf(directory, sizeof directory, "%s/kafka", f->options.directory);
    snprintf(brokers, sizeof brokers, "%u", f->brokers);
    address_path(f, address);
    const char *argv[] = {"python3",
                          script,
                          "run",
                          "--commands",
                          "--dir",
                          directory,
                          "--brokers",
                          brokers,
                          "--address-file",
                          address,
                          "--min-insync",
                          f->brokers < FLEET_ELECTION_BROKERS || elects_uncleanly(f) ? "1" : "2",
                          f->brokers > 1 ? "--apart" : NULL,
                          NULL};
    /* SIGCONT instead of SIGKILL when the drill dies: the end of its standard input tells kafka.py, which then ends its brokers in order. */
    if (sim_program_start(&f->broker, &(sim_program_command){
                                          .argv = argv, .input = true, .death_signal = SIGCONT}) != KD_OK)
        sim_fleet_fail(f, "python3: %s", strerror(errno));
    f->broker_starting = true;
}

/* The brokers' ports from the address file. False: it is not there yet. */
static bool read_address(sim_fleet *f)
{
    char path[FLEET_PATH_MAX];
    kd_buf text = {0};
    address_path(f, path);
    bool there = sim_files_read_end(path, ADDRESS_MAX, &text) == KD_OK && text.len > 0;
    kd_buf_put_u8(&text, 0);
    const char *at = (const char *)text.data;
    uint32_t found = 0;
    while (there && found < f->brokers && (at = strchr(at, ':')))
        f->broker_ports[found++] = (uint16_t)strtoul(++at, NULL, 10);
    kd_buf_finish(&text);
    if (there && found < f->brokers)
        sim_fleet_fail(f, "the broker's address file is not what it should be: %s", path);
    return there;
}

/* kafka.py writes a line for each order that it has done. A truncation that it could not make fails the drill, which has nothing to judge without. */
static void read_done(sim_fleet *f)
{
    char path[FLEET_PATH_MAX + 8];
    static const char unmade[] = "failed: truncate";
    kd_buf text = {0};
    address_path(f, path);
    size_t len = strlen(path);
    snprintf(path + len, sizeof path - len, ".done");
    if (sim_files_read_end(path, DONE_MAX, &text) != KD_OK) text.len = 0;
    f->orders_done = 0;
    kd_buf_put_u8(&text, 0);
    for (const char *at = (const char *)text.data, *end; (end = strchr(at, '\n')); at = end + 1) {
        f->orders_done++;
        if (strncmp(at, unmade, sizeof unmade - 1) == 0) sim_fleet_fail(f, "%.*s", (int)(end - at), at);
    }
    kd_buf_finish(&text);
}

bool sim_fleet_kafka_settled(const sim_fleet *f)
{
    return f->orders == f->orders_done;
}

static bool is_up(void *arg)
{
    const sim_fleet *f = arg;
    return !f->broker_starting || f->failed;
}

int sim_fleet_kafka_start(sim_fleet *f)
{
    if (f->options.real_kafka)
        start_real(f);
    else
        start_embedded(f);
    if (!f->failed && !sim_fleet_wait(f, is_up, f, f->options.real_kafka ? REAL_LIMIT_US : EMBEDDED_LIMIT_US))
        sim_fleet_fail(f, "Kafka did not come up; see %s", f->broker.log);
    return f->failed ? KD_EUNAVAILABLE : KD_OK;
}

void sim_fleet_kafka_tick(sim_fleet *f)
{
    if (sim_program_reap(&f->broker)) {
        char how[64];
        sim_program_describe(f->broker.status, how, sizeof how);
        sim_fleet_fail(f, "the broker ended with %s; see %s", how, f->broker.log);
    }
    if (!sim_fleet_kafka_settled(f) && sim_fleet_now_us(f) > f->orders_asked_us + DONE_ASK_US) {
        f->orders_asked_us = sim_fleet_now_us(f);
        read_done(f);
    }
    if (!f->broker_starting || !sim_program_running(&f->broker) || !read_address(f)) return;
    f->broker_starting = false;
    sim_fleet_net_refresh(f);
}

void sim_fleet_kafka_finish(sim_fleet *f)
{
    if (f->options.real_kafka && sim_program_running(&f->broker)) {
        uint64_t end = sim_fleet_now_us(f) + STOP_LIMIT_US;
        sim_program_continue(&f->broker);
        if (f->broker.input >= 0) close(f->broker.input);
        f->broker.input = -1;
        while (!sim_program_reap(&f->broker) && sim_fleet_now_us(f) < end)
            usleep(20000); /* no other process of the drill runs, so the loop may wait */
        /* kill -9 of kafka.py would leave its brokers behind: ask it once more before that. */
        if (sim_program_running(&f->broker)) sim_program_signal(&f->broker, SIGTERM);
    }
    sim_program_finish(&f->broker);
}

/* ---- faults ---------------------------------------------------------------------------------------------------- */

static void fleet_kafka_command(sim_fleet *f, const char *line)
{
    if (f->broker.input < 0 || write(f->broker.input, line, strlen(line)) != (ssize_t)strlen(line))
        sim_fleet_fail(f, "kafka.py takes no commands: %s", strerror(errno));
    f->orders++;
}

static void fleet_kafka_refuse(sim_fleet *f, bool yes)
{
    f->broker_refused = yes;
    sim_fleet_net_refresh(f);
}

void sim_fleet_kafka_kill(sim_fleet *f, bool all)
{
    f->kills++;
    all = all || f->brokers == 1 || !f->options.real_kafka;
    if (f->broker_starting || (f->brokers_down++ > 0 && (f->brokers_gone || !all))) return;
    f->brokers_gone = all;
    if (f->options.real_kafka)
        fleet_kafka_command(f, all ? "kill all\n" : "kill leader kudos.likes.v1\n");
    else
        fleet_kafka_refuse(f, true);
}

void sim_fleet_kafka_back(sim_fleet *f)
{
    if (f->brokers_down == 0 || --f->brokers_down > 0) return;
    f->brokers_gone = false;
    if (f->options.real_kafka)
        fleet_kafka_command(f, "start all\n");
    else
        fleet_kafka_refuse(f, false);
}

void sim_fleet_kafka_freeze(sim_fleet *f, bool frozen)
{
    if (f->options.real_kafka)
        fleet_kafka_command(f, frozen ? "freeze all\n" : "thaw all\n");
    else if (frozen)
        sim_program_stop(&f->broker);
    else
        sim_program_continue(&f->broker);
}

void sim_fleet_kafka_truncate(sim_fleet *f, const char *topic, uint32_t records)
{
    char line[128];
    snprintf(line, sizeof line, "truncate %s %u\n", topic, records);
    fleet_kafka_command(f, line);
}

void sim_fleet_kafka_recreate(sim_fleet *f, const char *topic)
{
    char line[128];
    if (f->options.real_kafka) {
        snprintf(line, sizeof line, "delete %s\n", topic); /* edge and central create what is missing */
        fleet_kafka_command(f, line);
        return;
    }
    sim_program_kill(&f->broker);
    start_embedded(f);
}

void sim_fleet_kafka_address(const sim_fleet *f, char *text, size_t size)
{
    size_t len = 0;
    text[0] = 0;
    for (uint32_t i = 0; i < f->brokers && len < size; i++)
        len += (size_t)snprintf(text + len, size - len, "%s127.0.0.1:%u", i ? "," : "",
                                sim_proxy_link_port(f->own[i]));
}
