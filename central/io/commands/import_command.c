/*
 * import_command.c - `kudos-central import FILE`: likes that were made elsewhere, with their times, and sums.
 *
 * The file is read twice. The first time nothing is sent: each line is looked at, and the chunks of each partition are counted. The job is named after
 * all that decides how the file is cut (the lines, and what is said of them here), so the same command is the same job.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "central/io/commands/arguments.h"
#include "central/io/commands/commands.h"
#include "central/io/import/import_send.h"
#include "common/io/daemon/line_file.h"
#include "common/io/loop/clock.h"

static const char *counter_name = "like", *collection = "posts", *region = "import";
static const kd_arg options[] = {
    KD_ARG_TEXT("counter", "NAME", &counter_name, "set counter of a log's likes [like]"),
    KD_ARG_TEXT("collection", "NAME", &collection, "collection of a log's items that name none [posts]"),
    KD_ARG_TEXT("region", "NAME", &region, "region in which a log's likes count [import]"),
};

static const kd_command_line line = {
    .usage = "FILE [--counter NAME] [--collection NAME] [--region NAME] [--url URL] [-c FILE] [--set "
             "section.key=value]...",
    .about =
        "Brings likes that were made elsewhere into a running central, with their times. FILE, plain or .gz, "
        "has lines of a\n"
        "log (unix milliseconds, user, item, op 1 or -1, with tabs between) or of an export (counter, item, "
        "user, stamp in us,\n"
        "region; of a sum: counter, item, amount, region). Nothing is sent if a line is neither. Said again "
        "it goes on where it was broken off, and "
        "does nothing where\n"
        "it was done.\n"
        "Last line: import events= acked= pairs= verdict=exact|unknown. Exit codes: 0 all is merged, 1 "
        "refused, 2 usage or a\n"
        "line, 4 not reached, or not merged in time: say it again.",
    .options = options,
    .option_count = KD_COUNT(options),
    .words_min = 1,
    .words_max = 1,
    .settings = true,
    .token = true,
    .url = true,
};

typedef struct {
    kd_import_form form;
    kd_import_kind kind;
    kd_import_plan *plan;
    uint64_t events, digest;
    uint64_t *chunks; /* of each partition */
    kd_import_send *send;
    char *error; /* of the sending */
    int code;    /* of the sending */
} import_run;

/* ---- the first time ---- */

static int import_count_chunk(void *arg, const kd_import_chunk *chunk)
{
    import_run *r = arg;
    r->chunks[chunk->partition] = chunk->seq;
    return KD_OK;
}

static void import_digest(import_run *r, kd_bytes text)
{
    uint64_t both[2] = {r->digest, kd_hash(text)};
    r->digest = kd_hash(kd_bytes_of(both, sizeof both));
}

static int import_take_line(void *arg, kd_bytes text, const char **why)
{
    import_run *r = arg;
    kd_import_row row;
    int err = kd_import_line_read(&r->form, &r->kind, text, &row, why);
    if (err != KD_OK) return err;
    r->events++;
    import_digest(r, text);
    return kd_import_plan_add(r->plan, &row);
}

/* Reads the file, with a plan of its own. KD_OK, or as kd_line_file_each. */
static int import_read(import_run *r, const char *file, uint32_t partitions, kd_import_chunk_fn fn,
                       uint64_t *pairs, char *error)
{
    r->plan = kd_import_plan_create(partitions, fn, r);
    r->kind = KD_IMPORT_UNKNOWN;
    r->events = r->digest = 0;
    int err = kd_line_file_each(file, import_take_line, r, error);
    if (err == KD_OK) err = kd_import_plan_end(r->plan);
    *pairs = kd_import_plan_pairs(r->plan);
    kd_import_plan_destroy(r->plan);
    return err;
}

/* ---- the second time ---- */

static int import_send_chunk(void *arg, const kd_import_chunk *chunk)
{
    import_run *r = arg;
    r->code = kd_import_send_chunk(r->send, chunk, r->error);
    return r->code == KD_EXIT_OK ? KD_OK : KD_EUNAVAILABLE;
}

static void import_name_job(import_run *r, uint32_t partitions, char *job, size_t size)
{
    import_digest(r, kd_bytes_str(counter_name));
    import_digest(r, kd_bytes_str(collection));
    import_digest(r, kd_bytes_str(region));
    import_digest(r, kd_bytes_of(&partitions, sizeof partitions));
    snprintf(job, size, "import-%016" PRIx64, r->digest);
}

static int import_send_all(import_run *r, kd_admin_client *client, const char *file, uint32_t partitions,
                           char *error)
{
    char job[32], ignored[KD_LINE_FILE_ERROR_MAX];
    uint64_t events = r->events, pairs;
    import_name_job(r, partitions, job, sizeof job);
    int code = kd_import_send_create(&r->send, client, job, r->chunks, partitions, error);
    if (code != KD_EXIT_OK) return code;
    r->error = error;
    r->code = KD_EXIT_OK;
    int err = import_read(r, file, partitions, import_send_chunk, &pairs, ignored);
    if (r->code != KD_EXIT_OK) return r->code;
    if (err != KD_OK || r->events != events) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%s was changed meanwhile", file);
        return KD_EXIT_FAILED;
    }
    return kd_import_send_end(r->send, error);
}

static int import_by(import_run *r, kd_admin_client *client, const char *file, char *error)
{
    uint32_t partitions;
    uint64_t pairs;
    char fault[KD_LINE_FILE_ERROR_MAX];
    int code = kd_import_partitions(client, &partitions, error);
    if (code != KD_EXIT_OK) return code;
    r->chunks = kd_alloc(partitions * sizeof *r->chunks);
    if (import_read(r, file, partitions, import_count_chunk, &pairs, fault) != KD_OK) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%s", fault);
        return KD_EXIT_USAGE;
    }
    uint64_t events = r->events;
    code = import_send_all(r, client, file, partitions, error);
    uint64_t acked = r->send ? kd_import_send_acked(r->send) : 0;
    printf("import events=%" PRIu64 " acked=%" PRIu64 " pairs=%" PRIu64 " verdict=%s\n", events, acked, pairs,
           code == KD_EXIT_OK && acked == events ? "exact" : "unknown");
    return code;
}

/* -1: go on. */
static int import_form(import_run *r, const kd_counters *counters, char *error)
{
    int at = kd_counters_by_name(counters, kd_bytes_str(counter_name));
    const char *fault =
        at < 0 || counters->at[at].kind != KD_SET        ? "--counter is no set counter of the configuration"
        : !kd_collection_valid(kd_bytes_str(collection)) ? "--collection is not [a-z][a-z0-9_-]{0,31}"
        : !kd_name_valid(kd_bytes_str(region))           ? "--region is not [a-z0-9][a-z0-9._-]{0,31}"
                                                         : NULL;
    if (fault) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%s", fault);
        return KD_EXIT_USAGE;
    }
    r->form = (kd_import_form){counters, counters->at[at].id, collection, kd_bytes_str(region),
                               kd_day_of(kd_clock_wall_us())};
    return -1;
}

int kd_command_import(int argc, char **argv)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_arguments a;
    kd_admin_client *client = NULL;
    import_run r = {.chunks = NULL};
    int code = kd_arguments_read(&a, &line, argc, argv);
    if (code >= 0) return code;
    code = import_form(&r, &a.source.settings.counters, error);
    if (code < 0) code = kd_admin_client_open(&client, a.source.url, a.source.token, "/admin/job", error);
    if (code == KD_EXIT_OK) code = import_by(&r, client, a.words[0], error);
    kd_import_send_destroy(r.send);
    free(r.chunks);
    kd_admin_client_close(client);
    kd_source_finish(&a.source);
    return kd_command_end("kudos-central", argv[0], code, error);
}
