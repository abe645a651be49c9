/*
 * audit_command.c - `kudos-central audit` and `kudos-central repair`: counts against membership. A central that runs is audited by a job of its own
 * (job_audit.c); the stores of one that is stopped are read here.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "central/io/commands/arguments.h"
#include "central/io/operator/audit_line.h"
#include "central/io/commands/commands.h"
#include "central/io/commands/order_run.h"
#include "common/io/daemon/progress.h"

typedef struct {
    const kd_source *source;
    const char *command;
    bool mend, dry_run;
    kd_audit_totals totals;
    uint32_t partition, partitions;
    uint64_t lines;
    kd_buf line, stale;
    kd_progress progress;
} audit_command;

static void audit_command_note(void *arg, const kd_audit_mismatch *m)
{
    audit_command *a = arg;
    kd_buf_clear(&a->line);
    kd_audit_line(&a->line, &a->source->settings.counters, a->partition, m);
    printf("%.*s\n", (int)a->line.len, (const char *)a->line.data);
}

static bool audit_command_go_on(void *arg, uint64_t rows)
{
    audit_command *a = arg;
    kd_progress_show(&a->progress, a->command, a->partition, a->partitions, rows);
    return true;
}

static int audit_command_check_identity(const kd_audit_result *r, uint32_t partition, uint32_t partitions)
{
    bool empty = r->partitions == 0;
    return empty || (r->partition == partition && r->partitions == partitions) ? KD_OK : KD_EMISMATCH;
}

static void audit_command_add(char *error, const char *broken)
{
    size_t len = strlen(error);
    snprintf(error + len, KD_OPTIONS_ERROR_MAX - len, ": %s", broken);
}

static int audit_command_store(void *arg, kd_leveldb *db, uint32_t partition, uint32_t partitions,
                               char *error)
{
    audit_command *a = arg;
    kd_writes writes = {.count = 0};
    const kd_store store = kd_leveldb_store(db);
    kd_audit_config config = {.counters = &a->source->settings.counters,
                              .arg = a,
                              .mismatch = audit_command_note,
                              .progress = audit_command_go_on};
    if (a->mend) config.mend = &writes;
    a->partition = partition;
    a->partitions = partitions;
    kd_audit_result result = {.broken = ""};
    int err = kd_source_stale(a->source, db, partition, &a->stale, error);
    if (err != KD_OK) return err;
    err = kd_audit_run(&store, &config, &result);
    if (err == KD_OK) err = audit_command_check_identity(&result, partition, partitions);
    if (err == KD_OK && a->mend && !a->dry_run && !kd_writes_empty(&writes))
        err = kd_leveldb_write(db, &writes, true);
    if (err == KD_OK) kd_audit_totals_add(&a->totals, &result);
    if (err != KD_OK) kd_source_tell_refused(a->source, &store, partition, partitions, err, error);
    if (err != KD_OK && result.broken[0]) audit_command_add(error, result.broken);
    kd_writes_finish(&writes);
    return err;
}

static int audit_command_dir(audit_command *a, char *error)
{
    int code = kd_source_each_store(a->source, audit_command_store, a, error);
    if (code == KD_EXIT_OK && a->stale.len > 0) {
        kd_order_print(&a->stale);
        fprintf(stderr,
                "Others led these partitions when this member ended or let them go, and went on since: "
                "what is told of them is as of then.\n");
    }
    kd_buf_finish(&a->line);
    kd_buf_finish(&a->stale);
    return code;
}

static int audit_command_url(audit_command *a, char *error)
{
    kd_order_told told;
    const kd_order order = {.kind = KD_ORDER_AUDIT};
    int code = kd_order_ask(a->source, &order, &told, error);
    if (code == KD_EXIT_OK) {
        a->totals = (kd_audit_totals){.partitions = told.partitions,
                                      .items = told.items,
                                      .members = told.members,
                                      .mismatches = told.mismatches};
        kd_order_print(&told.text);
    }
    kd_order_told_finish(&told);
    return code;
}

/* The last line; its exit code. */
static int audit_command_print(const kd_audit_totals *t)
{
    printf("audit partitions=%" PRIu64 " items=%" PRIu64 " members=%" PRIu64 " mismatches=%" PRIu64
           " verdict=%s\n",
           t->partitions, t->items, t->members, t->mismatches, t->mismatches == 0 ? "exact" : "wrong");
    return t->mismatches == 0 ? KD_EXIT_OK : KD_EXIT_FAILED;
}

static const kd_command_line audit_line = {
    .usage = "[--url URL | --dir DIR] [-c FILE] [--set section.key=value]...",
    .about =
        "Recomputes the counts of every item (in total, by region, by day) from its members and compares.\n"
        "With --url in a running central, from snapshots at one version each: traffic goes on and is no "
        "mistake.\n"
        "With --dir a line `stale partition= leader=` for each partition that another member led when this "
        "one ended or let\n"
        "it go: it is audited as it was then.\n"
        "Each difference is a line; the last one says: audit partitions= items= members= mismatches= "
        "verdict=exact|wrong\n"
        "Exit codes: 0 exact, 1 wrong or damaged, 2 usage, 4 not reached or in use.",
    .url = true,
    .dir = true,
};

int kd_command_audit(int argc, char **argv)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_arguments arguments;
    int code = kd_arguments_read(&arguments, &audit_line, argc, argv);
    if (code >= 0) return code;
    audit_command a = {.source = &arguments.source, .command = "audit"};
    code = arguments.source.dir ? audit_command_dir(&a, error) : audit_command_url(&a, error);
    if (code == KD_EXIT_OK) code = audit_command_print(&a.totals);
    kd_source_finish(&arguments.source);
    return kd_command_end("kudos-central", argv[0], code, error);
}

/* ---- repair ---- */

static int repair_command_print(const audit_command *a)
{
    const kd_audit_totals *t = &a->totals;
    const char *verdict = t->mismatches == 0  ? "exact"
                          : t->sums_wrong > 0 ? "partial"
                          : a->dry_run        ? "wrong"
                                              : "repaired";
    if (t->sums_wrong > 0)
        printf("sums without membership cannot be recomputed: %llu differences of theirs stay\n",
               (unsigned long long)t->sums_wrong);
    printf("repair partitions=%llu items=%llu mismatches=%llu items_%s=%llu verdict=%s\n",
           (unsigned long long)t->partitions, (unsigned long long)t->items, (unsigned long long)t->mismatches,
           a->dry_run ? "to_mend" : "mended", (unsigned long long)t->items_mended, verdict);
    return t->mismatches == 0 || (!a->dry_run && t->sums_wrong == 0) ? KD_EXIT_OK : KD_EXIT_FAILED;
}

int kd_command_repair(int argc, char **argv)
{
    static bool dry_run;
    static const kd_arg options[] = {
        KD_ARG_FLAG("dry-run", &dry_run, "says what it would change, and changes nothing")};
    static const kd_command_line line = {
        .usage = "--dir DIR [--dry-run] [-c FILE] [--set section.key=value]...",
        .about = "Audits the stores of a central that does not run and writes the counts that membership "
                 "gives, all of a\n"
                 "partition or nothing. The edges get them with the first snapshot after the next start. "
                 "Sums (views,\n"
                 "shares) have no membership and stay. Last line: repair partitions= items= mismatches= "
                 "items_mended= verdict=\n"
                 "exact|repaired|wrong|partial. Exit codes: 0 exact or repaired, 1 something is left, 2 "
                 "usage, 4 in use.",
        .options = options,
        .option_count = KD_COUNT(options),
        .dir = true,
    };
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_arguments arguments;
    int code = kd_arguments_read(&arguments, &line, argc, argv);
    if (code >= 0) return code;
    audit_command a = {.source = &arguments.source, .command = "repair", .mend = true, .dry_run = dry_run};
    code = audit_command_dir(&a, error);
    if (code == KD_EXIT_OK) code = repair_command_print(&a);
    kd_source_finish(&arguments.source);
    return kd_command_end("kudos-central", argv[0], code, error);
}
