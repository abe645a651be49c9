/* compare_command.c - see the header. The arguments, whom to ask, and the verdict; the comparison itself is in compare_ranges.c. */
#include "edge/io/commands/compare_command.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/base/text.h"
#include "common/io/daemon/options_file.h"
#include "edge/io/commands/compare_ranges.h"

#define WAIT_DEFAULT "10s"

/* ---- whom to ask ---- */

static int reach_edge(kd_comparing *c, const char *url)
{
    kd_buf name = {0};
    int code = kd_admin_client_open(&c->edge, url, "/admin/compare", c->error);
    if (code == KD_EXIT_OK) code = kd_admin_client_get(c->edge, "/admin/compare", &c->answer, c->error);
    if (code != KD_EXIT_OK) return code;
    kd_admin_str(&c->answer, "edge", &name);
    snprintf(c->query.edge, sizeof c->query.edge, "%.*s", (int)name.len, (const char *)name.data);
    kd_buf_finish(&name);
    c->partitions = kd_admin_number(&c->answer, "partitions");
    return KD_EXIT_OK;
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
    const char *central, *url, *dir, *file;
    uint64_t wait_us;
    bool help, bad;
} compare_arguments;

static compare_arguments compare_read_arguments(int argc, char **argv)
{
    static const struct option options[] = {
        {"central", required_argument, NULL, 'C'}, {"url", required_argument, NULL, 'u'},
        {"dir", required_argument, NULL, 'd'},     {"wait", required_argument, NULL, 'w'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    compare_arguments w = {.url = NULL};
    const char *wait = WAIT_DEFAULT;
    optind = 0;
    for (int got; (got = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
        if (got == 'C')
            w.central = optarg;
        else if (got == 'u')
            w.url = optarg;
        else if (got == 'd')
            w.dir = optarg;
        else if (got == 'c')
            w.file = optarg;
        else if (got == 'w')
            wait = optarg;
        else if (got == 'h')
            w.help = true;
        else
            w.bad = true;
    }
    w.bad = w.bad || optind < argc || w.central == NULL || (w.url && w.dir) || (w.file && !w.dir) ||
            !kd_text_duration(kd_bytes_str(wait), &w.wait_us);
    if (!w.url) w.url = "http://127.0.0.1:9441";
    return w;
}

static void compare_command_print_usage(FILE *out, bool all)
{
    fputs("usage: kudos-edge compare --central URL [--url URL | --dir DIR [-c FILE]] [--wait TIME]\n", out);
    if (!all) return;
    fputs("\nAsks an edge and central whether central holds every operation that the edge was told is "
          "merged: by digests\n"
          "of ranges of rows, and where these differ row by row. Traffic may go on. A difference that is "
          "none (a user who went\n"
          "on at another edge) is not shown; a row that central lacks, or of which it holds an earlier word, "
          "is a like lost.\n"
          "Last line: compare partitions= rows= asked= differ= questions= verdict=same|different|unknown "
          "(not all "
          "could be compared).\n"
          "Exit codes: 0 same, 1 different, 2 usage, 3 unknown, 4 not reached.\n\n"
          "  --central URL\n        central's admin port, or its public one (from a trusted peer)\n"
          "  --url URL\n        the edge's admin port; default: http://127.0.0.1:9441\n"
          "  --dir DIR\n        data directory of an edge that does not run; opened as a start does, "
          "refused while a process holds it.\n"
          "        What it had not shipped is not compared: how many batches that are is told\n"
          "  -c FILE\n        configuration of that edge (counters)\n"
          "  --wait TIME\n        how long in all it asks again for what the edge or central cannot answer "
          "yet, such as "
          "right after a start;\n"
          "        default: " WAIT_DEFAULT ". What is missing then is named and left out\n"
          "  --help\n        prints this\n",
          out);
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

static int compare_command_run(kd_comparing *c, const compare_arguments *w, const kd_settings *settings)
{
    int code = w->dir ? open_stopped(c, w->dir, settings) : reach_edge(c, w->url);
    if (code == KD_EXIT_OK) code = kd_admin_client_open(&c->central, w->central, "/admin/job", c->error);
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
    compare_arguments w = compare_read_arguments(argc, argv);
    kd_comparing c = {.error = error, .wait_us = w.wait_us};
    if (w.help || w.bad) {
        compare_command_print_usage(w.help ? stdout : stderr, w.help);
        return kd_command_end("kudos-edge", "compare", w.help ? KD_EXIT_OK : KD_EXIT_USAGE, "");
    }
    if (kd_stopped_settings(&settings, w.file, error) != KD_OK) {
        fprintf(stderr, "kudos-edge compare: %s\n", error);
        return KD_EXIT_USAGE;
    }
    int code = compare_command_run(&c, &w, &settings);
    kd_stopped_close(c.stopped);
    kd_options_finish(&kd_edge_options, &settings);
    kd_admin_client_close(c.edge);
    kd_admin_client_close(c.central);
    kd_buf_finish(&c.path);
    kd_buf_finish(&c.answer.body);
    return kd_command_end("kudos-edge", "compare", code, error);
}
