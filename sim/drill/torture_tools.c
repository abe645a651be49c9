/* torture_tools.c - see the header: one child, and the step that it is. */
#include "sim/drill/torture_tools.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/commands/args.h"
#include "sim/drill/files.h"

enum {
    PAUSE_US = 500000,
    AUDIT_LIMIT_US = 60000000,
    RESTORE_KILLED_PERCENT = 50,
    SAID_BYTES = 400,
    FORGET_TRIES = 50,
};

typedef enum { NOTHING, AUDIT, BACKUP, RESTORE, CHECK, FORGET, LEFT } step;

struct sim_torture_tools {
    sim_fleet *fleet;
    bool points;
    sim_program tool;
    step step;
    uint64_t random, next_us;
    uint32_t made, kept, forget; /* numbers of backups; kept, forget: 0: none */
    uint32_t tries;              /* of forgetting */
    bool armed;
    char log[FLEET_PATH_MAX + 32], binary[FLEET_PATH_MAX + 32], url[64];
    sim_torture_tools_counts counts;
};

typedef struct {
    char text[FLEET_PATH_MAX + 64];
} path;

static path torture_tools_backup_at(const sim_torture_tools *t, uint32_t number)
{
    path p;
    snprintf(p.text, sizeof p.text, "%s/backup-%u", t->fleet->options.directory, number);
    return p;
}

static path place_of(const sim_torture_tools *t, const char *more)
{
    path p;
    snprintf(p.text, sizeof p.text, "%s/restored%s", t->fleet->options.directory, more);
    return p;
}

static void remove_backup(const sim_torture_tools *t, uint32_t number)
{
    path at = torture_tools_backup_at(t, number), partial = at;
    snprintf(partial.text + strlen(partial.text), 16, ".partial");
    sim_files_remove(at.text);
    sim_files_remove(partial.text);
}

/* ---- a command ------------------------------------------------------------------------------------------------- */

static void torture_tools_run(sim_torture_tools *t, step s, const char *const *words, const char *variable)
{
    const char *argv[12] = {t->binary}, *variables[] = {variable, NULL};
    for (size_t i = 0; words[i]; i++) argv[i + 1] = words[i];
    truncate(t->log, 0);
    t->step = s;
    t->armed = variable != NULL;
    if (sim_program_start(&t->tool, &(sim_program_command){.argv = argv, .variables = variables}) != KD_OK)
        sim_fleet_fail(t->fleet, "%s: %s", t->binary, strerror(errno));
}

static void start_audit(sim_torture_tools *t)
{
    torture_tools_run(t, AUDIT, (const char *const[]){"audit", "--url", t->url, NULL}, NULL);
}

static void start_backup(sim_torture_tools *t)
{
    char name[24];
    path at = torture_tools_backup_at(t, ++t->made);
    snprintf(name, sizeof name, "b%u", t->made);
    torture_tools_run(t, BACKUP,
                      (const char *const[]){"backup", at.text, "--name", name, "--url", t->url, NULL}, NULL);
}

static void start_restore(sim_torture_tools *t, bool armed)
{
    char point[48];
    path from = torture_tools_backup_at(t, t->made), to = place_of(t, "");
    snprintf(point, sizeof point, "KUDOS_KILL_AT=restore-partition:%u",
             1 + (unsigned)(kd_random_next(&t->random) % t->fleet->scenario->partitions));
    torture_tools_run(t, RESTORE, (const char *const[]){"restore", from.text, "--to", to.text, NULL},
                      armed ? point : NULL);
}

static void start_check(sim_torture_tools *t)
{
    path at = place_of(t, "");
    torture_tools_run(t, CHECK, (const char *const[]){"audit", "--dir", at.text, NULL}, NULL);
}

static void start_forget(sim_torture_tools *t)
{
    char name[24];
    snprintf(name, sizeof name, "b%u", t->forget);
    torture_tools_run(t, FORGET, (const char *const[]){"backup", "--forget", name, "--url", t->url, NULL},
                      NULL);
}

/* ---- its end --------------------------------------------------------------------------------------------------- */

static void wrong(sim_torture_tools *t, const char *what)
{
    char how[64];
    kd_buf said = {0};
    sim_program_describe(t->tool.status, how, sizeof how);
    if (sim_files_read_end(t->log, SAID_BYTES, &said) != KD_OK) said.len = 0;
    sim_fleet_fail(t->fleet, "%s ended with %s: %.*s", what, how, (int)said.len,
                   said.len ? (const char *)said.data : "");
    kd_buf_finish(&said);
}

static void after_restore(sim_torture_tools *t, int code)
{
    path place = place_of(t, ""), half = place_of(t, ".restoring");
    bool killed = t->armed && WIFSIGNALED(t->tool.status) && WTERMSIG(t->tool.status) == SIGKILL;
    if (killed && access(place.text, F_OK) == 0)
        wrong(t, "backup: half a restore is in its place; the command");
    if (!killed && code != 0) wrong(t, "backup: restore");
    t->counts.restores += code == 0;
    t->counts.restores_killed += killed;
    if (killed) {
        sim_files_remove(half.text);
        start_restore(t, false);
    } else if (code == 0) {
        start_check(t);
    }
}

static void after_check(sim_torture_tools *t, int code)
{
    path place = place_of(t, "");
    if (code != 0) wrong(t, "audit: of a restored backup");
    sim_files_remove(place.text);
    t->forget = t->kept;
    t->kept = t->made;
    t->tries = 0;
}

static void after_forget(sim_torture_tools *t, int code)
{
    if (code == KD_EXIT_UNAVAILABLE && ++t->tries < FORGET_TRIES) return; /* central is away: again later */
    remove_backup(t, t->forget);
    t->forget = 0;
}

static void torture_tools_ended(sim_torture_tools *t)
{
    int code = WIFEXITED(t->tool.status) ? WEXITSTATUS(t->tool.status) : -1;
    step s = t->step;
    t->step = NOTHING;
    t->counts.interrupted += (s == AUDIT || s == BACKUP) && code != 0;
    if (s == AUDIT) {
        t->counts.audits += code == 0;
        if (code == KD_EXIT_FAILED) wrong(t, "audit: of the running central");
    } else if (s == BACKUP && code == 0) {
        t->counts.backups++;
        start_restore(t, t->points && kd_random_next(&t->random) % 100 < RESTORE_KILLED_PERCENT);
    } else if (s == BACKUP) {
        t->forget = t->made; /* central may know of it */
        t->tries = 0;
    } else if (s == RESTORE) {
        after_restore(t, code);
    } else if (s == CHECK) {
        after_check(t, code);
    } else if (s == FORGET) {
        after_forget(t, code);
    } else if (s == LEFT) {
        if (code != 0) wrong(t, "audit: of the directory that central left");
        t->counts.audits += code == 0;
    }
}

/* ---- from outside ---------------------------------------------------------------------------------------------- */

void sim_torture_tools_tick(sim_torture_tools *t, uint64_t now_us, bool acting)
{
    if (sim_program_reap(&t->tool)) {
        t->next_us = now_us + PAUSE_US / 2 + kd_random_next(&t->random) % PAUSE_US;
        torture_tools_ended(t);
    }
    if (!acting || sim_program_running(&t->tool) || now_us < t->next_us || t->fleet->failed) return;
    /* Its port moves when somebody else has it. */
    snprintf(t->url, sizeof t->url, "http://127.0.0.1:%u", t->fleet->nodes[FLEET_CENTRAL].admin_port);
    if (t->forget)
        start_forget(t);
    else if (kd_random_next(&t->random) % 2)
        start_audit(t);
    else
        start_backup(t);
}

static bool reaped(void *arg)
{
    sim_torture_tools *t = arg;
    sim_torture_tools_tick(t, sim_fleet_now_us(t->fleet), false);
    return t->fleet->failed || !sim_program_running(&t->tool);
}

void sim_torture_tools_audit_left(sim_torture_tools *t)
{
    sim_fleet *f = t->fleet;
    sim_fleet_node *central = &f->nodes[FLEET_CENTRAL];
    sim_fleet_wait(f, reaped, t, AUDIT_LIMIT_US);
    if (f->failed || f->interrupted) return;
    sim_fleet_node_kill(central, 1);
    central->start_at_us = 0;
    torture_tools_run(t, LEFT, (const char *const[]){"audit", "--dir", central->data, NULL}, NULL);
    if (!sim_fleet_wait(f, reaped, t, AUDIT_LIMIT_US)) sim_program_kill(&t->tool);
    central->start_at_us = sim_fleet_now_us(f) + 1;
}

sim_torture_tools_counts sim_torture_tools_total(const sim_torture_tools *t)
{
    return t->counts;
}

sim_torture_tools *sim_torture_tools_create(sim_fleet *f, uint64_t seed, bool points)
{
    sim_torture_tools *t = kd_alloc(sizeof *t);
    *t = (sim_torture_tools){.fleet = f, .random = seed ^ 0x746f6f6c73, .points = points};
    snprintf(t->log, sizeof t->log, "%s/operator.log", f->options.directory);
    snprintf(t->binary, sizeof t->binary, "%s/kudos-central", f->options.programs);
    sim_program_init(&t->tool, f->base, "operator", t->log);
    return t;
}

void sim_torture_tools_destroy(sim_torture_tools *t)
{
    if (!t) return;
    sim_program_finish(&t->tool);
    free(t);
}
