/* compare_command.c - see the header. The arguments, whom to ask, and the verdict; the comparison itself is in compare_ranges.c. */
#include "edge/io/commands/compare_command.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/base/text.h"
#include "common/io/daemon/args.h"
#include "common/io/daemon/options_file.h"
#include "common/io/http/credentials.h"
#include "edge/io/commands/compare_ranges.h"

#define URL_DEFAULT "http://127.0.0.1:9441"

enum { WAIT_DEFAULT_US = 10000000 };

/* ---- whom to ask ---- */

static int reach_edge(kd_comparing *c, const char *url, const char *token)
{
    kd_buf name = {0};
    int code = kd_admin_client_open(&c->edge, url, token, "/admin/compare", c->error);
    if (code == KD_EXIT_OK) code = kd_admin_client_get(c->edge, "/admin/compare", &c->answer, c->error);
    if (code != KD_EXIT_OK) return code;
    kd_admin_str(&c->answer, "edge", &name);
    snprintf(c->query.edge, sizeof c->query.edge, "%.*s", (int)name.len, (const char *)name.data);
    kd_buf_finish(&name);
    c->partitions = kd_admin_number(&c->answer, "partitions");
    if (c->query.edge[0] != '\0' && c->partitions > 0 && c->partitions <= KD_PARTITIONS_MAX)
        return KD_EXIT_OK;
    snprintf(c->error, KD_OPTIONS_ERROR_MAX,
             "%.200s answers, but does not tell an edge's name and partitions: is it an edge's admin port?",
             url);
    return KD_EXIT_USAGE;
}

static int open_stopped(kd_comparing *c, const char *dir, const kd_settings *settings)
{
    int code = kd_stopped_open(&c->stopped, dir, settings, c->error);
    if (code != KD_EXIT_OK) return code;
    const kd_edge_stored *is = kd_stopped_is(c->stopped);
    snprintf(c->query.edge, sizeof c->query.edge, "%s", is->edge);
    c->partitions = is->partitions;
    return KD_EXIT_OK;
}

/* ---- the command ---- */

typedef struct {
    const char *central, *url, *dir, *file, *token_file;
    char token[KD_TOKEN_MAX + 1];
    uint64_t wait_us;
} compare_command_words;

/* -1 to go on, or the exit code. */
static int compare_command_read_words(compare_command_words *w, int argc, char **argv)
{
    const kd_arg table[] = {
        KD_ARG_TEXT("central", "URL", &w->central,
                    "central's admin port, or its public one (from a trusted peer)", .required = true),
        KD_ARG_TEXT("url", "URL", &w->url, "the edge's admin port; default: " URL_DEFAULT),
        KD_ARG_TEXT("token-file", "FILE", &w->token_file,
                    "file whose first line is the token to show to both; default: the file "
                    "that " KD_TOKEN_FILE_VARIABLE " names, or no token"),
        KD_ARG_TEXT("dir", "DIR", &w->dir,
                    "data directory of an edge that does not run; opened as a start does, refused while a "
                    "process holds "
                    "it. What it had not shipped is not compared: how many batches that are is told"),
        KD_ARG_TEXT(NULL, "FILE", &w->file, "configuration of that edge (counters)", .letter = 'c'),
        KD_ARG_DURATION("wait", "TIME", &w->wait_us,
                        "how long in all it asks again for what the edge or central cannot answer yet, such "
                        "as right after "
                        "a start; default: 10s. What is missing then is named and left out"),
    };
    const kd_args args = {
        .program = "kudos-edge",
        .command = "compare",
        .usage = "--central URL [--url URL | --dir DIR [-c FILE]] [--token-file FILE] [--wait TIME]",
        .about =
            "Asks an edge and central whether central holds every operation that the edge was told is "
            "merged: by digests\n"
            "of ranges of rows, and where these differ row by row. Traffic may go on. A difference that "
            "is none (a user who went\n"
            "on at another edge) is not shown; a row that central lacks, or of which it holds an earlier "
            "word, is a like lost.\n"
            "Last line: compare partitions= rows= asked= differ= questions= "
            "verdict=same|different|unknown (not all could be compared).\n"
            "Exit codes: 0 same, 1 different, 2 usage, 3 unknown, 4 not reached.",
        .at = table,
        .count = KD_COUNT(table)};
    *w = (compare_command_words){.wait_us = WAIT_DEFAULT_US};
    int code = kd_args_read(&args, argc, argv);
    if (code >= 0) return code;
    if (w->url && w->dir) return kd_args_refuse(&args, "--url and --dir exclude each other");
    if (w->file && !w->dir) return kd_args_refuse(&args, "-c goes with --dir");
    if (!w->url) w->url = URL_DEFAULT;
    return -1;
}

static int print_last(const kd_comparing *c)
{
    bool open = c->compared < c->partitions;
    printf("compare partitions=%" PRIu64 " rows=%" PRIu64 " asked=%" PRIu64 " differ=%" PRIu64
           " questions=%" PRIu64 " verdict=%s\n",
           c->compared, c->rows, c->asked, c->differ, c->questions,
           c->differ > 0 ? "different"
           : open        ? "unknown"
                         : "same");
    return c->differ > 0 ? KD_EXIT_FAILED : open ? KD_EXIT_UNKNOWN : KD_EXIT_OK;
}

static void tell_outbox(const kd_comparing *c)
{
    uint64_t batches = 0;
    for (uint32_t n = 0; n < kd_stopped_is(c->stopped)->shards; n++)
        batches += kd_edge_outbox_batches(kd_stopped_shard(c->stopped, n));
    fprintf(stderr, "compare: %s holds %" PRIu64 " batches that it was not told are merged\n", c->query.edge,
            batches);
}

static int compare_command_run(kd_comparing *c, const compare_command_words *w, const kd_settings *settings)
{
    int code = w->dir ? open_stopped(c, w->dir, settings) : reach_edge(c, w->url, w->token);
    if (code == KD_EXIT_OK)
        code = kd_admin_client_open(&c->central, w->central, w->token, "/admin/job", c->error);
    if (code == KD_EXIT_OK) code = kd_comparing_run(c);
    if (code == KD_EXIT_OK && c->stopped) tell_outbox(c);
    if (code != KD_EXIT_OK) return code;
    c->error[0] = '\0'; /* left over from a question that was answered later */
    return print_last(c);
}

int kd_command_compare(int argc, char **argv)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_settings settings;
    compare_command_words w;
    int code = compare_command_read_words(&w, argc, argv);
    if (code >= 0) return code;
    kd_comparing c = {.error = error, .wait_us = w.wait_us};
    if (kd_token_of_command(w.token_file, w.token, error) != KD_OK ||
        kd_stopped_settings(&settings, w.file, error) != KD_OK) {
        fprintf(stderr, "kudos-edge compare: %s\n", error);
        return KD_EXIT_USAGE;
    }
    code = compare_command_run(&c, &w, &settings);
    kd_stopped_close(c.stopped);
    kd_options_finish(&kd_edge_options, &settings);
    kd_admin_client_close(c.edge);
    kd_admin_client_close(c.central);
    kd_buf_finish(&c.path);
    kd_buf_finish(&c.answer.body);
    return kd_command_end("kudos-edge", "compare", code, error);
}
