/*
 * playground.c - the command: opens the links, starts central, serves the page, and ends all in order. One thread, one loop.
 *
 * Order of a start: links first, since edges are configured with their ports; then the page's port; then central, for which demo.sh waits. Order of an end:
 * edges are gone by then (sim/demo.sh), central is asked to end, the loop runs until it has.
 */
#include "sim/playground/playground.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/io/daemon/args.h"
#include "common/io/loop/clock.h"
#include "sim/drill/files.h"
#include "sim/playground/desk.h"

enum { CENTRAL_ARGUMENTS = 64, END_US = 20000000, ERROR_MAX = 256, SIGNALS = 4 };

typedef struct {
    uint64_t port, central_port, central_admin;
    const char *kafka, *key, *issuer, *audience, *links, *log;
    kd_args_list edges;
    const char *central[CENTRAL_ARGUMENTS + 1];
} playground_options;

typedef struct {
    playground_options o;
    struct event_base *base;
    struct event *signals[SIGNALS], *patience;
    kd_http_server *server;
    sim_region regions[SIM_REGIONS_MAX];
    sim_region_targets targets;
    sim_keeper central;
    sim_signer signer;
    sim_desk desk;
    bool stopping;
    int code; /* to exit with */
} playground;

/* ---- the command line ------------------------------------------------------------------------------------------ */

static int playground_parse(playground_options *o, int argc, char **argv)
{
    const kd_arg table[] = {
        KD_ARG_UINT("port", "PORT", &o->port, "of 127.0.0.1, for the page", .required = true, .min = 1,
                    .max = UINT16_MAX),
        KD_ARG_TEXT("kafka", "LIST", &o->kafka, "127.0.0.1:PORT of each broker, with commas between",
                    .required = true),
        KD_ARG_UINT("central-port", "PORT", &o->central_port, "of central's API", .required = true, .min = 1,
                    .max = UINT16_MAX),
        KD_ARG_UINT("central-admin", "PORT", &o->central_admin, "of central's admin interface",
                    .required = true, .min = 1, .max = UINT16_MAX),
        KD_ARG_LIST("edge", "NAME=PORT", &o->edges, "a region, and the port of its edge; up to 8",
                    .required = true),
        KD_ARG_TEXT("key", "FILE", &o->key, "signs the tokens of the phones (PEM)", .required = true),
        KD_ARG_TEXT("iss", "NAME", &o->issuer, "issuer of these tokens"),
        KD_ARG_TEXT("aud", "NAME", &o->audience, "their audience"),
        KD_ARG_TEXT("links", "FILE", &o->links,
                    "gets a line for each region: its name, the brokers and the URL of central that its "
                    "edge is to use",
                    .required = true),
        KD_ARG_TEXT("log", "FILE", &o->log, "what central prints is appended to it", .required = true),
    };
    const kd_args args = {
        .program = "kudos-sim",
        .command = "playground",
        .usage = "[options] -- CENTRAL [ARGUMENT...]",
        .about =
            "Serves a page with a phone in each region: cut a region off, kill central, send a crowd, "
            "like all the while,\nand compare every count with the true one. `make demo KEEP=1` starts it.",
        .at = table,
        .count = KD_COUNT(table),
        .operands = o->central,
        .operands_min = 1,
        .operands_max = CENTRAL_ARGUMENTS,
        .more = "Behind -- stands the command that starts central. It listens on 127.0.0.1 alone, and its "
                "switches hear its own page alone.",
    };
    return kd_args_read(&args, argc, argv);
}

/* "127.0.0.1:PORT,127.0.0.1:PORT" */
static bool playground_read_brokers(sim_region_targets *t, const char *list)
{
    for (;;) {
        unsigned port;
        int len = 0;
        if (t->broker_count == PROXY_KAFKA_BROKERS_MAX) return false;
        if (sscanf(list, "127.0.0.1:%5u%n", &port, &len) != 1 || port == 0 || port > UINT16_MAX) return false;
        t->brokers[t->broker_count++] = (uint16_t)port;
        if (list[len] == '\0') return true;
        if (list[len] != ',') return false;
        list += len + 1;
    }
}

static int playground_usage(const char *what)
{
    fprintf(stderr, "kudos-sim playground: %s\n", what);
    return KD_EXIT_USAGE;
}

/* -1, or the exit code. */
static int playground_read(playground *p)
{
    const char *fault;
    if (!playground_read_brokers(&p->targets, p->o.kafka))
        return playground_usage("--kafka: no list of 127.0.0.1:PORT");
    if (p->o.edges.count > SIM_REGIONS_MAX) return playground_usage("--edge: more than 8");
    for (uint32_t i = 0; i < p->o.edges.count; i++)
        if (!sim_region_read(&p->regions[i], p->o.edges.at[i]))
            return playground_usage("--edge: not NAME=PORT");
    if (sim_signer_load(&p->signer, p->o.key, &fault) != KD_OK) return playground_usage(fault);
    p->targets.central = (uint16_t)p->o.central_port;
    return -1;
}

/* ---- start ----------------------------------------------------------------------------------------------------- */

static int playground_unavailable(const char *what, const char *why)
{
    fprintf(stderr, "kudos-sim playground: %s: %s\n", what, why);
    return KD_EXIT_UNAVAILABLE;
}

static int playground_open_links(playground *p)
{
    kd_buf lines = {0};
    int err = KD_OK;
    for (uint32_t i = 0; i < p->o.edges.count && err == KD_OK; i++) {
        err = sim_region_open(&p->regions[i], p->base, &p->targets, p->desk.run + i);
        if (err == KD_OK) sim_region_describe(&p->regions[i], &lines);
    }
    if (err == KD_OK) err = sim_files_write(p->o.links, kd_buf_view(&lines));
    kd_buf_finish(&lines);
    return err == KD_OK ? -1 : playground_unavailable(p->o.links, strerror(errno));
}

static int playground_listen(playground *p)
{
    kd_http_config config;
    char error[ERROR_MAX] = "limits";
    kd_http_config_init(&config);
    int err = kd_http_server_create(&p->server, p->base, &config, sim_desk_handle, &p->desk);
    if (err == KD_OK)
        err = kd_http_server_listen(p->server, "127.0.0.1", (uint16_t)p->o.port, false, error, sizeof error);
    return err == KD_OK ? -1 : playground_unavailable("page", error);
}

static int playground_furnish(playground *p)
{
    uint32_t count = p->o.edges.count;
    p->desk.truth = sim_truth_create();
    p->desk.crowd = sim_crowd_create(p->base, p->regions, count, p->desk.truth, p->desk.run);
    if (!p->desk.crowd) return playground_unavailable("crowd", "no client");
    p->desk.regions = p->regions;
    p->desk.region_count = count;
    p->desk.central = &p->central;
    p->desk.signer = &p->signer;
    p->desk.issuer = p->o.issuer;
    p->desk.audience = p->o.audience;
    sim_desk_init(&p->desk);
    return -1;
}

/* -1: the loop may run. */
static int playground_start(playground *p)
{
    int code = playground_open_links(p);
    if (code < 0) code = playground_furnish(p);
    if (code < 0) code = playground_listen(p);
    if (code < 0 && sim_keeper_start(&p->central) != KD_OK)
        code = playground_unavailable(p->o.central[0], strerror(errno));
    return code;
}

/* ---- end ------------------------------------------------------------------------------------------------------- */

static void playground_on_signal(evutil_socket_t number, short what, void *arg)
{
    (void)number, (void)what;
    playground *p = arg;
    if (p->stopping) return;
    p->stopping = true;
    if (!sim_program_running(&p->central.program)) {
        event_base_loopbreak(p->base);
        return;
    }
    sim_program_signal(&p->central.program, SIGTERM);
    event_add(p->patience, &(struct timeval){.tv_sec = END_US / 1000000});
}

static void playground_on_impatience(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    const playground *p = arg;
    event_base_loopbreak(p->base);
}

/* Central has ended by itself. Where that was its start, nobody gets any further; later the page shows it, and can start it again. */
static void playground_on_child(evutil_socket_t number, short what, void *arg)
{
    (void)number, (void)what;
    playground *p = arg;
    char how[64];
    if (!sim_keeper_reap(&p->central)) return;
    sim_program_describe(p->central.program.status, how, sizeof how);
    if (!p->stopping) fprintf(stderr, "kudos-sim playground: central ended with %s\n", how);
    if (!p->stopping && !p->central.ever_up) p->code = KD_EXIT_UNAVAILABLE;
    if (p->stopping || !p->central.ever_up) event_base_loopbreak(p->base);
}

static void playground_hear(playground *p)
{
    static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
    for (int i = 0; i < SIGNALS; i++) {
        event_callback_fn fn = numbers[i] == SIGCHLD ? playground_on_child : playground_on_signal;
        p->signals[i] = evsignal_new(p->base, numbers[i], fn, p);
        KD_ASSERT(p->signals[i] != NULL);
        evsignal_add(p->signals[i], NULL);
    }
    p->patience = evtimer_new(p->base, playground_on_impatience, p);
    KD_ASSERT(p->patience != NULL);
}

static void playground_finish(playground *p)
{
    kd_http_server_destroy(p->server);
    sim_crowd_destroy(p->desk.crowd);
    sim_keeper_finish(&p->central);
    sim_truth_destroy(p->desk.truth);
    for (uint32_t i = 0; i < SIM_REGIONS_MAX; i++) sim_region_close(&p->regions[i]);
    for (int i = 0; i < SIGNALS; i++) event_free(p->signals[i]);
    event_free(p->patience);
    event_base_free(p->base);
    sim_signer_finish(&p->signer);
}

int sim_sim_playground(int argc, char **argv)
{
    playground p = {.code = KD_EXIT_OK};
    int code = playground_parse(&p.o, argc, argv);
    if (code < 0) code = playground_read(&p);
    if (code >= 0) return code;
    p.base = event_base_new();
    KD_ASSERT(p.base != NULL);
    p.desk.run = kd_clock_wall_us();
    playground_hear(&p);
    sim_keeper_init(&p.central, p.base, p.o.central, p.o.log, (uint16_t)p.o.central_admin);
    p.code = playground_start(&p);
    if (p.code < 0) {
        p.code = KD_EXIT_OK;
        event_base_dispatch(p.base);
    }
    playground_finish(&p);
    return p.code;
}
