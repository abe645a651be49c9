/* fleet.c - see the header: the whole; nodes, network and Kafka are beside. */
#include "sim/drill/fleet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
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

uint64_t fleet_now_us(const fleet *f)
{
    return kd_clock_mono_us() - f->began_us;
}

void fleet_begin(fleet *f)
{
    f->began_us = kd_clock_mono_us();
    f->wall_began_us = kd_clock_wall_us();
}

uint64_t fleet_wall_us(const fleet *f, uint64_t now_us)
{
    return f->wall_began_us + now_us;
}

void fleet_fail(fleet *f, const char *format, ...)
{
    va_list args;
    if (f->failed) return;
    f->failed = true;
    va_start(args, format);
    vsnprintf(f->failure, sizeof f->failure, format, args);
    va_end(args);
}

fleet_node *fleet_who(fleet *f, int who)
{
    if (who == SCENARIO_CENTRAL) return &f->nodes[FLEET_CENTRAL];
    KD_ASSERT(who >= 0 && (uint32_t)who < f->scenario->edge_count);
    return &f->nodes[who];
}

bool fleet_serves(const fleet_node *n)
{
    return n->exists && program_running(&n->process) && !n->process.stopped && n->ready;
}

bool fleet_all_ready(void *fleet_)
{
    const fleet *f = fleet_;
    if (f->failed) return true;
    for (uint32_t i = 0; i < FLEET_NODES; i++) {
        if (f->nodes[i].exists && f->nodes[i].wanted && !fleet_serves(&f->nodes[i])) return false;
    }
    return !f->broker_starting && fleet_kafka_settled(f);
}

/* ---- the loop -------------------------------------------------------------------------------------------------- */

bool fleet_wait(fleet *f, bool (*holds)(void *arg), void *arg, uint64_t limit_us)
{
    uint64_t end = fleet_now_us(f) + limit_us;
    while (!f->interrupted && fleet_now_us(f) < end) {
        if (holds(arg)) return true;
        event_base_loop(f->base, EVLOOP_ONCE); /* the tick is always due soon */
    }
    return false;
}

static void fleet_on_ready(void *arg, int status, kd_bytes body)
{
    fleet_node *n = arg;
    (void)body;
    n->asking = false;
    if (status == 200 && program_running(&n->process)) n->ready = true;
}

static void look_after(fleet *f, fleet_node *n, uint64_t now)
{
    if (program_reap(&n->process)) fleet_node_ended(n);
    if (!program_running(&n->process) && n->start_at_us && now >= n->start_at_us) fleet_node_start(n);
    if (!program_running(&n->process) || n->ready || n->asking || n->process.stopped) return;
    n->asking = true;
    ask_get(f->base, n->admin_port, "/readyz", NULL, READY_ASK_MS, fleet_on_ready, n);
}

/* Reaps, restarts, asks who is ready. */
static void fleet_on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    fleet *f = arg;
    uint64_t now = fleet_now_us(f);
    fleet_kafka_tick(f);
    for (uint32_t i = 0; i < FLEET_NODES; i++) {
        if (f->nodes[i].exists) look_after(f, &f->nodes[i], now);
    }
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

static int write_secret(const fleet *f)
{
    char path[FLEET_PATH_MAX + 32];
    uint64_t random = f->random;
    kd_buf bytes = {0};
    for (int i = 0; i < SECRET_BYTES / 8; i++) kd_buf_put_be64(&bytes, kd_random_next(&random));
    snprintf(path, sizeof path, "%s/session.secret", f->options.directory);
    int rc = files_write(path, kd_buf_view(&bytes));
    kd_buf_finish(&bytes);
    return rc;
}

int fleet_create(fleet **out, const fleet_options *options)
{
    const struct timeval every = {.tv_usec = TICK_US};
    char log[FLEET_PATH_MAX];
    fleet *f = kd_alloc(sizeof *f);
    f->options = *options;
    f->scenario = options->scenario;
    f->base = options->base;
    f->brokers = options->brokers;
    f->random =
        options->seed ^ kd_clock_wall_us(); /* ports: two drills of one seed may run side by side */
    f->began_us = kd_clock_mono_us();
    f->wall_began_us = kd_clock_wall_us();
    snprintf(log, sizeof log, "%s/broker.log", options->directory);
    program_init(&f->broker, f->base, "broker", log);
    f->tick = event_new(f->base, -1, EV_PERSIST, fleet_on_tick, f);
    KD_ASSERT(f->tick != NULL);
    event_add(f->tick, &every);
    *out = f;
    if (files_make(options->directory) != KD_OK || write_secret(f) != KD_OK) {
        int cause = errno;
        fleet_destroy(f);
        errno = cause;
        *out = NULL;
        return KD_EIO;
    }
    return KD_OK;
}

static int start_nodes(fleet *f)
{
    if (fleet_net_init_own(f) != KD_OK) {
        fleet_fail(f, "no ports: %s", strerror(errno));
        return KD_EUNAVAILABLE;
    }
    for (uint32_t i = 0; i <= f->scenario->edge_count; i++) {
        uint32_t index = i < f->scenario->edge_count ? i : FLEET_CENTRAL;
        if (fleet_node_init(f, index) != KD_OK) {
            fleet_fail(f, "no ports or directory for %s: %s", f->nodes[index].name, strerror(errno));
            return KD_EUNAVAILABLE;
        }
    }
    fleet_net_refresh(f);
    fleet_node_start(&f->nodes[FLEET_CENTRAL]);
    for (uint32_t i = 0; i < f->scenario->edge_count; i++) fleet_node_start(&f->nodes[i]);
    return KD_OK;
}

int fleet_start(fleet *f)
{
    if (fleet_kafka_start(f) != KD_OK || start_nodes(f) != KD_OK) return KD_EUNAVAILABLE;
    if (!fleet_wait(f, fleet_all_ready, f, READY_LIMIT_US))
        fleet_fail(f, "the programs were not ready within %d s", READY_LIMIT_US / 1000000);
    return f->failed ? KD_EUNAVAILABLE : KD_OK;
}

static bool nothing_asked(void *arg)
{
    (void)arg;
    return ask_open() == 0;
}

void fleet_destroy(fleet *f)
{
    if (!f) return;
    event_del(f->tick);
    for (uint32_t i = 0; i < FLEET_NODES; i++) {
        if (f->nodes[i].exists) program_kill(&f->nodes[i].process);
    }
    fleet_kafka_finish(f);
    /* Questions under way refer to the nodes; nobody is left to answer them. */
    uint64_t end = fleet_now_us(f) + ENDING_ASKS_US;
    while (!nothing_asked(NULL) && fleet_now_us(f) < end) event_base_loop(f->base, EVLOOP_ONCE);
    for (uint32_t i = 0; i < FLEET_NODES; i++) {
        if (f->nodes[i].exists) fleet_node_finish(&f->nodes[i]);
    }
    fleet_net_finish_own(f);
    event_free(f->tick);
    free(f);
}
