/* operator_tool.c - see the header: the orders that wait, and the running command of kudos-central. */
#include "sim/drill/operator_tool.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/io/daemon/options_file.h"
#include "sim/drill/files.h"
#include "sim/scenario/points.h"

enum {
    PAUSE_US = 500000, /* between two commands, give or take half */
    AUDIT_LEFT_LIMIT_US = 60000000,
    RESTORE_KILLED_PERCENT = 50,
    SAID_BYTES = 400,
    FORGET_TRIES = 50,
};

/* The purpose of the running command. ORDER: one that the scenario names. CHECK: audit of a restored backup. LEFT: audit of the directory as the killed central left it. */
typedef enum { NOTHING, AUDIT, BACKUP, RESTORE, CHECK, FORGET, LEFT, ORDER } step;

struct sim_operator_tool {
    sim_fleet *fleet;
    sim_order_book *book;
    sim_program tool;
    step step;
    uint64_t random, next_us, left_us;  /* left_us: when the command LEFT began */
    uint32_t audits, rehearsals, lefts; /* orders that wait */
    uint32_t made;                      /* the number of the last backup */
    uint32_t kept;                      /* number of the last backup whose restore was audited; 0: none */
    uint32_t forget;                    /* number of the backup that central is to forget; 0: none */
    uint32_t tries;                     /* commands so far to forget that backup */
    uint32_t replaced;                  /* the central node's `replaced` when it was killed for LEFT */
    bool late;                          /* LEFT took too long and was killed */
    bool armed;                         /* the restore that runs kills itself half way */
    char log[FLEET_PATH_MAX + 32], binary[FLEET_PATH_MAX + 32], url[64];
    sim_operator_tool_counts counts;
};

typedef struct {
    char text[FLEET_PATH_MAX + 64];
} path;

static path operator_tool_backup_at(const sim_operator_tool *t, uint32_t number)
{
    path p;
    snprintf(p.text, sizeof p.text, "%s/backup-%u", t->fleet->options.directory, number);
    return p;
}

static path restored_at(const sim_operator_tool *t, const char *more)
{
    path p;
    snprintf(p.text, sizeof p.text, "%s/restored%s", t->fleet->options.directory, more);
    return p;
}

static void operator_tool_remove_backup(const sim_operator_tool *t, uint32_t number)
{
    path at = operator_tool_backup_at(t, number), partial = at;
    snprintf(partial.text + strlen(partial.text), 16, ".partial");
    sim_files_remove(at.text);
    sim_files_remove(partial.text);
}

/* ---- a command ------------------------------------------------------------------------------------------------- */

static void operator_tool_run(sim_operator_tool *t, step s, const char *const *words, const char *variable)
{
    const char *argv[12] = {t->binary}, *variables[] = {variable, NULL};
    for (size_t i = 0; words[i]; i++) argv[i + 1] = words[i];
    truncate(t->log, 0);
    t->step = s;
    t->armed = variable != NULL;
    if (sim_program_start(&t->tool, &(sim_program_command){.argv = argv, .variables = variables}) != KD_OK)
        sim_fleet_fail(t->fleet, "%s: %s", t->binary, strerror(errno));
}

static void start_audit(sim_operator_tool *t)
{
    operator_tool_run(t, AUDIT, (const char *const[]){"audit", "--url", t->url, NULL}, NULL);
}

static void start_backup(sim_operator_tool *t)
{
    char name[24];
    path at = operator_tool_backup_at(t, ++t->made);
    snprintf(name, sizeof name, "b%u", t->made);
    operator_tool_run(t, BACKUP,
                      (const char *const[]){"backup", at.text, "--name", name, "--url", t->url, NULL}, NULL);
}

static void start_restore(sim_operator_tool *t, bool armed)
{
    char point[48];
    path from = operator_tool_backup_at(t, t->made), to = restored_at(t, "");
    snprintf(point, sizeof point, "KUDOS_KILL_AT=%s:%u", sim_point_name(KD_POINT_RESTORE_PARTITION),
             1 + (unsigned)(kd_random_next(&t->random) % t->fleet->scenario->partitions));
    operator_tool_run(t, RESTORE, (const char *const[]){"restore", from.text, "--to", to.text, NULL},
                      armed ? point : NULL);
}

static void start_check(sim_operator_tool *t)
{
    path at = restored_at(t, "");
    operator_tool_run(t, CHECK, (const char *const[]){"audit", "--dir", at.text, NULL}, NULL);
}

static void start_forget(sim_operator_tool *t)
{
    char name[24];
    snprintf(name, sizeof name, "b%u", t->forget);
    operator_tool_run(t, FORGET, (const char *const[]){"backup", "--forget", name, "--url", t->url, NULL},
                      NULL);
}

/* ---- its end --------------------------------------------------------------------------------------------------- */

static void wrong(sim_operator_tool *t, const char *what)
{
    char how[64];
    kd_buf said = {0};
    sim_program_describe(t->tool.status, how, sizeof how);
    if (sim_files_read_end(t->log, SAID_BYTES, &said) != KD_OK) said.len = 0;
    sim_fleet_fail(t->fleet, "%s ended with %s: %.*s", what, how, (int)said.len,
                   said.len ? (const char *)said.data : "");
    kd_buf_finish(&said);
}

static void after_restore(sim_operator_tool *t, int code)
{
    path place = restored_at(t, ""), half = restored_at(t, ".restoring");
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

static void after_check(sim_operator_tool *t, int code)
{
    path place = restored_at(t, "");
    if (code != 0) wrong(t, "audit: of a restored backup");
    sim_files_remove(place.text);
    t->forget = t->kept;
    t->kept = t->made;
    t->tries = 0;
}

static void after_forget(sim_operator_tool *t, int code)
{
    if (code == KD_EXIT_UNAVAILABLE && ++t->tries < FORGET_TRIES) return; /* central is away: again later */
    operator_tool_remove_backup(t, t->forget);
    t->forget = 0;
}

/* The audit is not judged if it was killed, or if central's directory was put back or emptied meanwhile: that is not what central left. */
static void after_left(sim_operator_tool *t, int code)
{
    sim_fleet_node *central = &t->fleet->nodes[FLEET_CENTRAL];
    bool judged = central->replaced == t->replaced && !t->late;
    sim_fleet_node_release(central);
    if (judged && code != 0) wrong(t, "audit: of the directory that central left");
    t->counts.audits += code == 0;
}

static void after_order(sim_operator_tool *t, int code)
{
    kd_buf said = {0};
    if (sim_files_read_end(t->log, SAID_BYTES, &said) != KD_OK) said.len = 0;
    if (!sim_order_book_ended(t->book, code, kd_buf_view(&said)))
        wrong(t, "order: a command of the operator");
    kd_buf_finish(&said);
}

static void operator_tool_ended(sim_operator_tool *t)
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
        start_restore(t, sim_point_known(KD_POINT_RESTORE_PARTITION) &&
                             kd_random_next(&t->random) % 100 < RESTORE_KILLED_PERCENT);
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
        after_left(t, code);
    } else if (s == ORDER) {
        after_order(t, code);
    }
}

/* ---- from outside ---------------------------------------------------------------------------------------------- */

static void start_left(sim_operator_tool *t, uint64_t now_us)
{
    sim_fleet_node *central = &t->fleet->nodes[FLEET_CENTRAL];
    t->lefts--;
    t->left_us = now_us;
    t->replaced = central->replaced;
    sim_fleet_node_hold(central);
    operator_tool_run(t, LEFT, (const char *const[]){"audit", "--dir", central->data, NULL}, NULL);
}

static void operator_tool_next(sim_operator_tool *t)
{
    sim_order_command order;
    /* Central's admin port changes when another process has taken it. */
    snprintf(t->url, sizeof t->url, "http://127.0.0.1:%u", t->fleet->nodes[FLEET_CENTRAL].admin_port);
    if (sim_order_book_command(t->book, t->url, &order)) {
        operator_tool_run(t, ORDER, order.words, NULL);
    } else if (t->forget) {
        start_forget(t);
    } else if (t->audits) {
        t->audits--;
        start_audit(t);
    } else if (t->rehearsals) {
        t->rehearsals--;
        start_backup(t);
    }
}

void sim_operator_tool_tick(sim_operator_tool *t, uint64_t now_us, bool acting)
{
    t->late = t->step == LEFT && now_us > t->left_us + AUDIT_LEFT_LIMIT_US;
    if (t->late) sim_program_signal(&t->tool, SIGKILL);
    if (sim_program_reap(&t->tool)) {
        t->next_us = now_us + PAUSE_US / 2 + kd_random_next(&t->random) % PAUSE_US;
        operator_tool_ended(t);
    }
    if (sim_program_running(&t->tool) || t->fleet->failed) return;
    if (t->lefts)
        start_left(t, now_us);
    else if ((acting || sim_order_book_waits(t->book)) && now_us >= t->next_us)
        operator_tool_next(t);
}

void sim_operator_tool_audit(sim_operator_tool *t)
{
    t->audits++;
}

void sim_operator_tool_rehearse(sim_operator_tool *t)
{
    t->rehearsals++;
}

void sim_operator_tool_audit_left(sim_operator_tool *t)
{
    t->lefts++;
}

bool sim_operator_tool_idle(const sim_operator_tool *t, bool acting)
{
    bool waits = acting && (t->audits || t->rehearsals || t->forget);
    return !sim_program_running(&t->tool) && !t->lefts && !waits && !sim_order_book_waits(t->book);
}

sim_operator_tool_counts sim_operator_tool_total(const sim_operator_tool *t)
{
    return t->counts;
}

sim_operator_tool *sim_operator_tool_create(sim_fleet *f, sim_order_book *book, uint64_t seed)
{
    sim_operator_tool *t = kd_alloc(sizeof *t);
    *t = (sim_operator_tool){.fleet = f, .book = book, .random = seed ^ 0x746f6f6c73};
    snprintf(t->log, sizeof t->log, "%s/operator.log", f->options.directory);
    snprintf(t->binary, sizeof t->binary, "%s/kudos-central", f->options.programs);
    sim_program_init(&t->tool, f->base, "operator", t->log);
    return t;
}

void sim_operator_tool_destroy(sim_operator_tool *t)
{
    if (!t) return;
    sim_program_finish(&t->tool);
    free(t);
}
