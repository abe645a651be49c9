/* fleet.c - see the header. */
#include "sim/drill/fleet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/io/loop/clock.h"
#include "sim/drill/ask.h"
#include "sim/drill/files.h"

enum {
    TICK_US = 4000,
    READY_LIMIT_US = 90000000,
    READY_ASK_MS = 2000,
    SECRET_BYTES = 32,
    ENDING_ASKS_US = 3000000
};

bool sim_fleet_all_ready(void *fleet_)
{
    const sim_fleet *f = fleet_;
    if (f->failed) return true;
    for (uint32_t i = 0; i < FLEET_NODES; i++) {
        if (f->nodes[i].exists && f->nodes[i].wanted && !sim_fleet_serves(&f->nodes[i])) return false;
    }
    return !f->broker_starting && sim_fleet_kafka_settled(f);
}

/* ---- the loop -------------------------------------------------------------------------------------------------- */

static void fleet_on_ready(void *arg, int status, kd_bytes body)
{
    sim_fleet_node *n = arg;
    (void)body;
    n->asking = false;
    if (status == 200 && sim_program_running(&n->process)) n->ready = true;
}

static void look_after(sim_fleet *f, sim_fleet_node *n, uint64_t now)
{
    if (sim_program_reap(&n->process)) sim_fleet_node_ended(n);
    if (!sim_program_running(&n->process) && !n->held && n->start_at_us && now >= n->start_at_us)
        sim_fleet_node_start(n);
    if (!sim_program_running(&n->process) || n->ready || n->asking || n->process.stopped) return;
    n->asking = true;
    sim_ask_get(f->base, n->admin_port, "/readyz", NULL, READY_ASK_MS, fleet_on_ready, n);
}

/* Reaps, restarts, asks who is ready. */
static void fleet_on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    sim_fleet *f = arg;
    uint64_t now = sim_fleet_now_us(f);
    sim_fleet_kafka_tick(f);
    for (uint32_t i = 0; i < FLEET_NODES; i++) {
        if (f->nodes[i].exists) look_after(f, &f->nodes[i], now);
    }
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

static int write_secret(const sim_fleet *f)
{
    char path[FLEET_PATH_MAX + 32];
    uint64_t random = f->random;
    kd_buf bytes = {0};
    for (int i = 0; i < SECRET_BYTES / 8; i++) kd_buf_put_be64(&bytes, kd_random_next(&random));
    snprintf(path, sizeof path, "%s/session.secret", f->options.directory);
    int rc = sim_files_write(path, kd_buf_view(&bytes));
    kd_buf_finish(&bytes);
    return rc;
}

int sim_fleet_create(sim_fleet **out, const sim_fleet_options *options)
{
    const struct timeval every = {.tv_usec = TICK_US};
    char log[FLEET_PATH_MAX];
    sim_fleet *f = kd_alloc(sizeof *f);
    f->options = *options;
    f->scenario = options->scenario;
    f->base = options->base;
    f->brokers = options->brokers;
    f->random = options->seed ^ kd_clock_wall_us(); /* ports: two drills of one seed may run side by side */
    f->began_us = kd_clock_mono_us();
    f->wall_began_us = kd_clock_wall_us();
    snprintf(log, sizeof log, "%s/broker.log", options->directory);
    sim_program_init(&f->broker, f->base, "broker", log);
    f->tick = event_new(f->base, -1, EV_PERSIST, fleet_on_tick, f);
    KD_ASSERT(f->tick != NULL);
    event_add(f->tick, &every);
    *out = f;
    if (sim_files_make(options->directory) != KD_OK || write_secret(f) != KD_OK) {
        int cause = errno;
        sim_fleet_destroy(f);
        errno = cause;
        *out = NULL;
        return KD_EIO;
    }
    return KD_OK;
}

static bool fleet_init_node(sim_fleet *f, sim_fleet_node *n)
{
    if (sim_fleet_node_init(f, (uint32_t)(n - f->nodes)) == KD_OK) return true;
    sim_fleet_fail(f, "no ports or directory for %s: %s", n->name, strerror(errno));
    return false;
}

static int start_nodes(sim_fleet *f)
{
    if (sim_fleet_net_init_own(f) != KD_OK) {
        sim_fleet_fail(f, "no ports: %s", strerror(errno));
        return KD_EUNAVAILABLE;
    }
    for (uint32_t i = 0; i < sim_fleet_centrals(f); i++)
        if (!fleet_init_node(f, sim_fleet_central_at(f, i))) return KD_EUNAVAILABLE;
    for (uint32_t i = 0; i < f->scenario->edge_count; i++)
        if (!fleet_init_node(f, &f->nodes[i])) return KD_EUNAVAILABLE;
    sim_fleet_net_refresh(f);
    for (uint32_t i = 0; i < sim_fleet_centrals(f); i++)
        if (sim_scenario_begins(f->scenario, i)) sim_fleet_node_start(sim_fleet_central_at(f, i));
    for (uint32_t i = 0; i < f->scenario->edge_count; i++) sim_fleet_node_start(&f->nodes[i]);
    return KD_OK;
}

int sim_fleet_start(sim_fleet *f)
{
    if (sim_fleet_kafka_start(f) != KD_OK || start_nodes(f) != KD_OK) return KD_EUNAVAILABLE;
    if (!sim_fleet_wait(f, sim_fleet_all_ready, f, READY_LIMIT_US))
        sim_fleet_fail(f, "the programs were not ready within %d s", READY_LIMIT_US / 1000000);
    return f->failed ? KD_EUNAVAILABLE : KD_OK;
}

static bool nothing_asked(void *arg)
{
    (void)arg;
    return sim_ask_open() == 0;
}

void sim_fleet_destroy(sim_fleet *f)
{
    if (!f) return;
    event_del(f->tick);
    for (uint32_t i = 0; i < FLEET_NODES; i++) {
        if (f->nodes[i].exists) sim_program_kill(&f->nodes[i].process);
    }
    sim_fleet_kafka_finish(f);
    /* Questions under way hold pointers to the nodes, which are freed below. All processes are dead, so each question ends soon. */
    uint64_t end = sim_fleet_now_us(f) + ENDING_ASKS_US;
    while (!nothing_asked(NULL) && sim_fleet_now_us(f) < end) event_base_loop(f->base, EVLOOP_ONCE);
    for (uint32_t i = 0; i < FLEET_NODES; i++) {
        if (f->nodes[i].exists) sim_fleet_node_finish(&f->nodes[i]);
    }
    sim_fleet_net_finish_own(f);
    event_free(f->tick);
    free(f);
}
