/*
 * fleet_node.c - one node: its process started, killed, stopped, copied; and whether its end was the scenario's doing.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/drill/files.h"
#include "sim/drill/fleet_config.h"
#include "sim/drill/fleet_net.h"
#include "sim/drill/fleet_node.h"
#include "sim/drill/power.h"
#include "sim/scenario/points.h"

enum {
    EXIT_UNAVAILABLE = 4,
    AGAIN_US = 1000000,          /* until a process that ended over what it needed is started again */
    STORAGE_GRACE_US = 20000000, /* of a process that notices a failed write after its disk was mended */
    TAIL_BYTES = 700,
    SAID_BYTES = 256 * 1024, /* of the end of a log: a process may log much between the error and its end */
    FULL_BYTES = 8,          /* a note of the library that watches syncs fits; no file of a store does */
};

/* What the programs' logs say of a disk's error: LevelDB's text, and strerror's for files of their own, of which a full disk takes a part. */
static const char *const storage_errors[] = {"IO error", "Input/output error", "No space left on device"};
/* Of a higher claim, and of a taken port. */
static const char FENCED[] = "\"fenced\"", PORT_TAKEN[] = "Address already in use";

static void fleet_node_check(sim_fleet_node *n, int rc, const char *what)
{
    if (rc != KD_OK)
        sim_fleet_fail(n->fleet, "the drill's own directory: %s of %s: %s", what, n->name, strerror(errno));
}

/* Inlined, gcc takes the scenario's names for parts of the node (-Wrestrict). */
__attribute__((noinline)) static void set_name(sim_fleet_node *n)
{
    const sim_fleet *f = n->fleet;
    if (sim_fleet_is_member(n))
        snprintf(n->name, sizeof n->name, "%s", sim_scenario_who(f->scenario, sim_fleet_identity(n)));
    else if (n->index == FLEET_CENTRAL || n->index == FLEET_SECOND)
        snprintf(n->name, sizeof n->name, "%s", n->index == FLEET_CENTRAL ? "central" : "central-2");
    else
        snprintf(n->name, sizeof n->name, "%s%s", f->scenario->edges[sim_fleet_identity(n)],
                 n->index >= FLEET_TWIN ? "-copy" : "");
    const char *d = f->options.directory;
    snprintf(n->data, sizeof n->data, "%s/%s.data", d, n->name);
    snprintf(n->config, sizeof n->config, "%s/%s.conf", d, n->name);
    snprintf(n->clock_file, sizeof n->clock_file, "%s/%s.clock", d, n->name);
    snprintf(n->sync_file, sizeof n->sync_file, "%s/%s.sync", d, n->name);
}

/* The port of a node that is down is free to bind, and still that node's. */
static bool is_given(const sim_fleet *f, uint16_t port)
{
    for (uint32_t i = 0; i < FLEET_NODES; i++)
        if (f->nodes[i].port == port || f->nodes[i].admin_port == port) return true;
    return false;
}

static uint16_t choose_port(sim_fleet *f)
{
    uint16_t port;
    do port = sim_files_free_port(&f->random);
    while (port != 0 && is_given(f, port));
    return port;
}

static int choose_ports(sim_fleet_node *n)
{
    n->port = choose_port(n->fleet);
    n->admin_port = choose_port(n->fleet);
    if (n->port && n->admin_port) return KD_OK;
    errno = EADDRINUSE;
    return KD_EIO;
}

int sim_fleet_node_init(sim_fleet *f, uint32_t index)
{
    char log[2 * FLEET_PATH_MAX];
    sim_fleet_node *n = &f->nodes[index];
    *n = (sim_fleet_node){.fleet = f, .index = index, .exists = true};
    set_name(n);
    snprintf(log, sizeof log, "%s/%s.log", f->options.directory, n->name);
    sim_program_init(&n->process, f->base, n->name, log);
    int rc = choose_ports(n);
    if (rc == KD_OK) rc = sim_fleet_net_init(n);
    return rc == KD_OK ? sim_fleet_config_write(n) : rc;
}

void sim_fleet_node_finish(sim_fleet_node *n)
{
    sim_program_finish(&n->process);
    sim_fleet_net_finish(n);
    n->exists = false;
}

/* ---- start and end --------------------------------------------------------------------------------------------- */

/* The environment of a process: libraries preloaded for its clock and its syncs, their settings, and the point at which it kills itself. */
typedef struct {
    char preload[4 * FLEET_PATH_MAX], clock[FLEET_PATH_MAX + 64], synced[FLEET_PATH_MAX + 64],
        sync[FLEET_PATH_MAX + 64], point[80];
    const char *list[9];
} surroundings;

static void surround(const sim_fleet_node *n, surroundings *s)
{
    const sim_fleet_options *o = &n->fleet->options;
    const char **next = s->list; // cppcheck-suppress ctuuninitvar ; it is filled here
    snprintf(s->preload, sizeof s->preload, "LD_PRELOAD=%s%s%s", o->powercut ? o->powercut : "",
             o->powercut && o->faketime ? ":" : "", o->faketime ? o->faketime : "");
    snprintf(s->clock, sizeof s->clock, "FAKETIME_TIMESTAMP_FILE=%s", n->clock_file);
    snprintf(s->synced, sizeof s->synced, "KUDOS_POWERCUT_DIR=%s", n->data);
    snprintf(s->sync, sizeof s->sync, "KUDOS_SYNC_ORDER=%s", n->sync_file);
    if (o->powercut || o->faketime) *next++ = s->preload;
    if (o->powercut) *next++ = s->synced, *next++ = s->sync;
    if (o->faketime)
        *next++ = s->clock, *next++ = "FAKETIME_CACHE_DURATION=1", *next++ = "FAKETIME_DONT_FAKE_MONOTONIC=1";
    if (n->armed_pass) {
        snprintf(s->point, sizeof s->point, "KUDOS_KILL_AT=%s:%u", sim_point_name(n->armed_point),
                 n->armed_pass);
        *next++ = s->point;
    }
    *next = NULL;
}

void sim_fleet_node_start(sim_fleet_node *n)
{
    const sim_fleet *f = n->fleet;
    char binary[FLEET_PATH_MAX + 32];
    surroundings around;
    snprintf(binary, sizeof binary, "%s/%s", f->options.programs,
             sim_fleet_is_edge(n) ? "kudos-edge" : "kudos-central");
    surround(n, &around);
    const char *argv[] = {binary, "-c", n->config, NULL};
    if (f->options.faketime && access(n->clock_file, F_OK) != 0) sim_fleet_node_clock(n, 0);
    if (f->options.powercut) fleet_node_check(n, sim_power_on(n->data), "notes");
    n->start_at_us = 0;
    n->wanted = true;
    n->ready = n->draining = n->fenced = false;
    n->started_us = sim_fleet_now_us(f);
    if (sim_program_start(&n->process, &(sim_program_command){.argv = argv, .variables = around.list}) !=
        KD_OK) {
        sim_fleet_fail(n->fleet, "%s: %s", binary, strerror(errno));
        return;
    }
    if (n->full) fleet_node_check(n, sim_program_limit_files(&n->process, FULL_BYTES), "limit");
    if (n->frozen) sim_program_stop(&n->process);
}

/* libfaketime keeps its state in shared memory, by pid. A killed process leaves it there, and a later process of the same pid would fail over it. */
static void forget_clock(pid_t pid)
{
    char name[64];
    snprintf(name, sizeof name, "/dev/shm/faketime_shm_%d", (int)pid);
    unlink(name);
    snprintf(name, sizeof name, "/dev/shm/sem.faketime_sem_%d", (int)pid);
    unlink(name);
}

static void after_kill(sim_fleet_node *n)
{
    if (n->fleet->options.powercut)
        fleet_node_check(n, sim_power_cut(n->data, &n->fleet->random), "power cut");
    n->fleet->kills++;
    n->ready = false;
}

static void put_down(sim_fleet_node *n)
{
    pid_t pid = n->process.pid;
    if (!sim_program_running(&n->process)) return;
    sim_program_kill(&n->process);
    if (n->fleet->options.faketime) forget_clock(pid);
    after_kill(n);
}

void sim_fleet_node_kill(sim_fleet_node *n, uint64_t back_after_us)
{
    put_down(n);
    n->start_at_us = sim_fleet_now_us(n->fleet) + KD_MAX(back_after_us, UINT64_C(1));
}

void sim_fleet_node_arm(sim_fleet_node *n, uint32_t point, uint32_t pass, uint64_t back_after_us)
{
    n->armed_point = point;
    n->armed_pass = pass;
    n->armed_back_us = KD_MAX(back_after_us, UINT64_C(1));
}

void sim_fleet_node_disarm(sim_fleet_node *n)
{
    bool armed = n->armed_pass > 0;
    n->armed_pass = 0;
    if (armed && sim_program_running(&n->process)) sim_fleet_node_kill(n, 1);
}

void sim_fleet_node_hold(sim_fleet_node *n)
{
    n->held = true;
    sim_fleet_node_kill(n, 1);
}

void sim_fleet_node_release(sim_fleet_node *n)
{
    n->held = false;
    n->start_at_us = sim_fleet_now_us(n->fleet) + 1;
}

static bool said(const sim_fleet_node *n, const char *what)
{
    kd_buf end = {0};
    bool does = sim_files_read_end(n->process.log, SAID_BYTES, &end) == KD_OK && end.len > 0 &&
                memmem(end.data, end.len, what, strlen(what)) != NULL;
    kd_buf_finish(&end);
    return does;
}

static bool said_storage_failed(const sim_fleet_node *n)
{
    for (size_t i = 0; i < KD_COUNT(storage_errors); i++)
        if (said(n, storage_errors[i])) return true;
    return false;
}

static void died(sim_fleet_node *n, const char *how)
{
    kd_buf end = {0};
    if (sim_files_read_end(n->process.log, TAIL_BYTES, &end) != KD_OK) end.len = 0;
    while (end.len > 0 && end.data[end.len - 1] == '\n') end.len--;
    const uint8_t *line = end.len ? memrchr(end.data, '\n', end.len) : NULL;
    size_t from = line ? (size_t)(line + 1 - end.data) : 0;
    sim_fleet_fail(n->fleet, "process died: %s ended with %s; its last words (%s): %.*s", n->name, how,
                   n->process.log, (int)(end.len - from), end.len ? (const char *)end.data + from : "");
    kd_buf_finish(&end);
}

/* Another process has taken a port of this node, so it gets other ones. Its peers and users connect to the links, whose targets are set anew. */
static void move_ports(sim_fleet_node *n)
{
    fleet_node_check(n, choose_ports(n), "ports");
    fleet_node_check(n, sim_fleet_config_write(n), "configuration");
    sim_fleet_net_refresh(n->fleet);
}

static bool disk_failed(const sim_fleet_node *n, uint64_t now)
{
    return n->full || (n->full_until_us && now < n->full_until_us + STORAGE_GRACE_US) ||
           (n->sync_fails_us && now < n->sync_fails_us + STORAGE_GRACE_US);
}

void sim_fleet_node_ended(sim_fleet_node *n)
{
    char how[64];
    uint64_t now = sim_fleet_now_us(n->fleet);
    int status = n->process.status;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    sim_program_describe(status, how, sizeof how);
    n->ready = false;
    if (n->fleet->on_ended) n->fleet->on_ended(n->fleet->on_ended_arg, n, how);
    if (n->armed_pass && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        after_kill(n);
        n->armed_pass = 0;
        n->start_at_us = now + n->armed_back_us;
        if (n->fleet->on_point) n->fleet->on_point(n->fleet->on_point_arg, n, n->armed_point);
    } else if (n->draining && (code == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM))) {
        /* SIGTERM itself ends it when it comes right after the start, before the program handles it. */
        n->start_at_us = n->wanted ? now + 1 : 0;
    } else if (code > 0 && disk_failed(n, now) && said_storage_failed(n)) {
        n->fleet->kills++; /* a process that its disk has ended counts as killed, as in the simulation */
        if (n->sync_fails_us) sim_fleet_node_sync(n, false, 0);
        n->start_at_us =
            n->full ? 0 : now + AGAIN_US; /* sim_fleet_node_fill starts it when there is room again */
    } else if (code > 0 && n->fleet->nodes[FLEET_SECOND].exists && said(n, FENCED)) {
        n->fenced = true;
        n->wanted = n->index != FLEET_CENTRAL || !n->fleet->nodes[FLEET_SECOND].wanted;
        n->start_at_us = n->wanted && n->index == FLEET_CENTRAL ? now + AGAIN_US : 0;
    } else if (code == EXIT_UNAVAILABLE) {
        if (said(n, PORT_TAKEN)) move_ports(n);
        n->start_at_us = now + AGAIN_US;
    } else {
        died(n, how);
    }
}

void sim_fleet_node_restart(sim_fleet_node *n)
{
    /* Asked twice, a process ends at once and with code 1. */
    if (!sim_program_running(&n->process) || n->draining) return;
    n->draining = true;
    sim_program_signal(&n->process, SIGTERM);
}

/* ---- stopped for a while --------------------------------------------------------------------------------------- */

void sim_fleet_node_freeze(sim_fleet_node *n)
{
    if (n->frozen++ == 0) sim_program_stop(&n->process);
}

void sim_fleet_node_thaw(sim_fleet_node *n)
{
    KD_ASSERT(n->frozen > 0);
    if (--n->frozen > 0) return;
    n->thawed_us = sim_fleet_now_us(n->fleet);
    sim_program_continue(&n->process);
}

void sim_fleet_node_fill(sim_fleet_node *n, bool full)
{
    n->full = full ? n->full + 1 : n->full - 1;
    if (n->full > 1 || (full && !sim_program_running(&n->process))) return;
    if (!full && n->full == 0) n->full_until_us = sim_fleet_now_us(n->fleet);
    if (sim_program_running(&n->process))
        fleet_node_check(n, sim_program_limit_files(&n->process, n->full ? (uint64_t)FULL_BYTES : UINT64_MAX),
                         "limit");
    else if (n->wanted && n->start_at_us == 0)
        n->start_at_us = sim_fleet_now_us(n->fleet) + 1;
}

void sim_fleet_node_sync(sim_fleet_node *n, bool fails, uint64_t slow_us)
{
    char line[40];
    int len = snprintf(line, sizeof line, "%d %llu\n", fails, (unsigned long long)slow_us);
    if (!fails && !slow_us)
        unlink(n->sync_file);
    else
        fleet_node_check(n, sim_files_write(n->sync_file, kd_bytes_of(line, (size_t)len)), "order of syncs");
    if (fails) n->sync_fails_us = sim_fleet_now_us(n->fleet);
}

void sim_fleet_node_clock(sim_fleet_node *n, int64_t offset_us)
{
    char line[40];
    int len = snprintf(line, sizeof line, "%+.6f\n", (double)offset_us / 1e6);
    fleet_node_check(n, sim_files_write(n->clock_file, kd_bytes_of(line, (size_t)len)), "clock");
}

/* ---- directories ----------------------------------------------------------------------------------------------- */

/* As a crash would leave it. */
static int copy_as_it_stands(sim_fleet_node *n, const char *to)
{
    bool running = sim_program_running(&n->process) && !n->process.stopped;
    if (running) sim_program_stop(&n->process);
    int rc = sim_files_copy(n->data, to, "LOCK");
    int cause = errno;
    if (running) sim_program_continue(&n->process);
    errno = cause;
    return rc;
}

static void backup_path(const sim_fleet_node *n, char path[FLEET_PATH_MAX + 32])
{
    snprintf(path, FLEET_PATH_MAX + 32, "%s.backup", n->data);
}

void sim_fleet_node_backup(sim_fleet_node *n)
{
    char path[FLEET_PATH_MAX + 32];
    backup_path(n, path);
    int rc = copy_as_it_stands(n, path);
    fleet_node_check(n, rc, "backup");
    n->backed_up = rc == KD_OK;
}

bool sim_fleet_node_restore(sim_fleet_node *n, uint64_t back_after_us)
{
    char path[FLEET_PATH_MAX + 32];
    if (!n->backed_up) return false;
    backup_path(n, path);
    sim_fleet_node_kill(n, back_after_us);
    n->replaced++;
    fleet_node_check(n, sim_files_copy(path, n->data, "LOCK"), "restore");
    return true;
}

void sim_fleet_node_wipe(sim_fleet_node *n, uint64_t back_after_us)
{
    sim_fleet_node_kill(n, back_after_us);
    n->replaced++;
    fleet_node_check(n, sim_files_remove(n->data), "wipe");
}

void sim_fleet_node_twin(sim_fleet_node *n)
{
    sim_fleet *f = n->fleet;
    uint32_t index = n->index == FLEET_CENTRAL ? (uint32_t)FLEET_SECOND : FLEET_TWIN + n->index;
    sim_fleet_node *twin = &f->nodes[index];
    if (!twin->exists && sim_fleet_node_init(f, index) != KD_OK) {
        sim_fleet_fail(f, "no ports or directory for %s: %s", twin->name, strerror(errno));
        return;
    }
    fleet_node_check(n, copy_as_it_stands(n, twin->data), "copy");
    sim_fleet_net_refresh(f);
    if (!sim_program_running(&twin->process)) sim_fleet_node_start(twin);
}

void sim_fleet_node_twin_gone(sim_fleet_node *n)
{
    sim_fleet *f = n->fleet;
    sim_fleet_node *twin =
        &f->nodes[n->index == FLEET_CENTRAL ? (uint32_t)FLEET_SECOND : FLEET_TWIN + n->index];
    if (!twin->exists) return;
    put_down(twin);
    twin->wanted = false;
    twin->start_at_us = 0;
    if (!sim_program_running(&n->process) && n->fenced) { /* the claim that fenced it is gone */
        n->wanted = true;
        n->start_at_us = sim_fleet_now_us(f) + 1;
    }
}
