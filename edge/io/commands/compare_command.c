/*
 * compare_command.c - see the header. The edge's rows are compared a page at a time, by digest. A page whose digest differs from central's is
 * compared in smaller pages; the rows of a small page that differs go to central, in one question, for a verdict on each. A question that cannot be
 * answered yet is asked again, for --wait in all.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/io/admin/admin_client.h"
#include "common/io/loop/clock.h"
#include "common/io/admin/compare_query.h"
#include "common/io/daemon/options_file.h"
#include "common/io/daemon/progress.h"
#include "common/base/text.h"
#include "edge/io/commands/compare.h"
#include "edge/io/commands/compare_command.h"
#include "edge/io/commands/stopped.h"

enum { PAGE_ROWS = 2048, SMALL_ROWS = KD_COMPARE_LINES_MAX, PAUSE_MIN_US = 10000, PAUSE_MAX_US = 500000 };

_Static_assert((int)KD_COMPARE_LINES_MAX *(int)KD_COMPARE_LINE_MAX <= (int)KD_ADMIN_BODY_MAX,
               "the rows of one question fit a request");

#define WAIT_DEFAULT "10s"

typedef struct {
    kd_admin_client *edge, *central;
    kd_stopped *stopped;    /* the edge's directory with --dir; NULL: `edge` is asked */
    kd_compare_query query; /* edge, partition and window; each question adds its range */
    uint64_t partitions, compared, rows, asked, differ, questions;
    uint64_t wait_us; /* what is left of --wait */
    kd_progress progress;
    kd_buf path;
    kd_admin_answer answer;
    char *error;
} comparing;

/* A row key that bounds a range; empty: the first key as a begin, no bound as an end. */
typedef struct {
    uint8_t data[KD_COMPARE_KEY_MAX];
    size_t len;
} key;

static kd_bytes view(const key *k)
{
    return kd_bytes_of(k->data, k->len);
}

/* The key at which the answer says to go on; empty: the range is done. False: it is no key. */
static bool take_next(comparing *c, key *next)
{
    kd_buf text = {0};
    bool good = kd_admin_str(&c->answer, "next", &text) &&
                kd_hex_read(kd_buf_view(&text), next->data, sizeof next->data, &next->len);
    kd_buf_finish(&text);
    if (!good) snprintf(c->error, KD_OPTIONS_ERROR_MAX, "an answer makes no sense");
    return good;
}

/* The edge or central has just started, is behind, or is busy: asked again, it may answer. */
static bool answer_may_change(const kd_admin_answer *a)
{
    return a->status == 404 || a->status == 409 || a->status == 503;
}

/* Pauses, longer each time, and takes that off c->wait_us. False: there is no time left to ask again. */
static bool wait_a_while(comparing *c, uint64_t *pause_us)
{
    uint64_t pause = KD_MIN(*pause_us, c->wait_us);
    *pause_us = KD_MIN(2 * *pause_us, (uint64_t)PAUSE_MAX_US);
    c->wait_us -= pause;
    return pause > 0 && usleep((useconds_t)pause) == 0;
}

/* GETs c->path, or POSTs `lines` to it if not NULL, until the answer is final or no time is left. Returns an exit code. */
static int ask_until_answered(comparing *c, kd_admin_client *whom, const kd_buf *lines)
{
    const char *path = (const char *)c->path.data;
    bool told = false;
    for (uint64_t pause_us = PAUSE_MIN_US;;) {
        c->questions++;
        int code = lines ? kd_admin_client_post(whom, path, kd_buf_view(lines), &c->answer, c->error)
                         : kd_admin_client_get(whom, path, &c->answer, c->error);
        if (code == KD_EXIT_OK || !answer_may_change(&c->answer) || !wait_a_while(c, &pause_us)) return code;
        if (pause_us == PAUSE_MAX_US && !told)
            fprintf(stderr, "compare: partition %u waits: %s\n", c->query.partition, c->error);
        told = pause_us == PAUSE_MAX_US;
    }
}

static int compare_command_ask(comparing *c, kd_admin_client *whom, const char *what,
                               const kd_compare_query *q, const kd_buf *lines)
{
    kd_buf_clear(&c->path);
    kd_buf_put(&c->path, "/admin/", 7);
    kd_buf_put(&c->path, what, strlen(what));
    kd_buf_put_u8(&c->path, '?');
    kd_compare_query_put(q, &c->path);
    return ask_until_answered(c, whom, lines);
}

/* Asks the stores of an edge that does not run. 409 may mean that rows are not in the store yet: they are written, and the question is asked once
 * more. */
static int ask_stopped(comparing *c, const char *what, const kd_compare_query *q)
{
    kd_buf why = {0};
    kd_edge *core = kd_stopped_shard(c->stopped, q->partition % kd_stopped_is(c->stopped)->shards);
    for (int tries = 2; tries > 0; tries--) {
        kd_buf_clear(&c->answer.body);
        c->answer.status = kd_compare_ask(core, what, q, &c->answer.body);
        if (c->answer.status != 409) break;
        if (kd_stopped_settle(c->stopped) != KD_OK) {
            snprintf(c->error, KD_OPTIONS_ERROR_MAX, "the edge's directory cannot be written");
            return KD_EXIT_FAILED;
        }
    }
    if (c->answer.status == 200) return KD_EXIT_OK;
    kd_admin_str(&c->answer, "error", &why);
    snprintf(c->error, KD_OPTIONS_ERROR_MAX, "%.*s", (int)why.len, (const char *)why.data);
    kd_buf_finish(&why);
    return c->answer.status == 409 ? KD_EXIT_UNAVAILABLE : KD_EXIT_FAILED;
}

static int ask_edge(comparing *c, const char *what, const kd_compare_query *q)
{
    return c->stopped ? ask_stopped(c, what, q) : compare_command_ask(c, c->edge, what, q, NULL);
}

/* The edge's digest of a page of at most `rows_max` rows; *next is where the page ends, empty at the end of the range. */
static int digest_edge(comparing *c, const key *from, const key *to, uint32_t rows_max, kd_range_digest *d,
                       key *next)
{
    kd_compare_query q = c->query;
    q.from = view(from);
    q.to = view(to);
    q.rows_max = rows_max;
    int code = ask_edge(c, "compare-digest", &q);
    if (code != KD_EXIT_OK) return code;
    *d = (kd_range_digest){kd_admin_number(&c->answer, "rows"), kd_admin_number(&c->answer, "digest")};
    return take_next(c, next) ? KD_EXIT_OK : KD_EXIT_FAILED;
}

/* Central's digest of the whole range, added up over as many answers as it takes. */
static int digest_central(comparing *c, const key *from, const key *to, kd_range_digest *d)
{
    kd_compare_query q = c->query;
    key at = *from;
    *d = (kd_range_digest){0};
    do {
        q.from = view(&at);
        q.to = view(to);
        int code = compare_command_ask(c, c->central, "compare-digest", &q, NULL);
        if (code != KD_EXIT_OK) return code;
        d->rows += kd_admin_number(&c->answer, "rows");
        d->digest += kd_admin_number(&c->answer, "digest");
        if (!take_next(c, &at)) return KD_EXIT_FAILED;
    } while (at.len > 0);
    return KD_EXIT_OK;
}

/* ---- row by row ---- */

static void print_row(const comparing *c, const kd_compare_row *row, kd_bytes verdict)
{
    char item[KD_ITEM_KEY_MAX];
    kd_item valid;
    if (kd_item_from_key(&valid, row->item) != KD_OK) return;
    kd_key_text(row->item, item);
    printf("differs partition=%u item=%s user=%.*s counter=%u time_us=%" PRIu64 " here=%s central=%.*s\n",
           c->query.partition, item, KD_PRINT(row->user), row->counter, row->time_us,
           row->liked ? "like" : "unlike", KD_PRINT(verdict));
}

/* Cuts the first word, up to a blank, off *verdicts. */
static kd_bytes take_verdict(kd_bytes *verdicts)
{
    size_t len = 0;
    while (len < verdicts->len && verdicts->data[len] != ' ') len++;
    kd_bytes verdict = kd_bytes_of(verdicts->data, len);
    size_t taken = KD_MIN(len + 1, verdicts->len);
    *verdicts = kd_bytes_of(verdicts->data + taken, verdicts->len - taken);
    return verdict;
}

/* A verdict that this program does not know, of a newer central, is not good. */
static bool verdict_good(kd_bytes verdict)
{
    for (kd_row_verdict v = 0; kd_row_verdict_good(v); v++)
        if (kd_bytes_eq(verdict, kd_bytes_str(kd_row_verdict_name(v)))) return true;
    return false;
}

/* Central's verdicts, one for each line, in the order of the lines. Prints the rows that differ. */
static int take_verdicts(comparing *c, kd_bytes lines, kd_bytes verdicts)
{
    key at;
    kd_compare_row row;
    int err;
    while ((err = kd_compare_line_read(&lines, at.data, &row)) == KD_OK) {
        kd_bytes verdict = take_verdict(&verdicts);
        c->asked++;
        if (verdict.len == 0) break;
        if (verdict_good(verdict)) continue;
        c->differ++;
        print_row(c, &row, verdict);
    }
    if (err == KD_ENOTFOUND && verdicts.len == 0) return KD_EXIT_OK;
    snprintf(c->error, KD_OPTIONS_ERROR_MAX, "an answer makes no sense");
    return KD_EXIT_FAILED;
}

static int judge_lines(comparing *c, const kd_buf *lines)
{
    kd_buf verdicts = {0};
    if (lines->len == 0) return KD_EXIT_OK;
    int code = compare_command_ask(c, c->central, "compare-rows", &c->query, lines);
    if (code == KD_EXIT_OK) {
        kd_admin_str(&c->answer, "verdicts", &verdicts);
        code = take_verdicts(c, kd_buf_view(lines), kd_buf_view(&verdicts));
    }
    kd_buf_finish(&verdicts);
    return code;
}

static int compare_command_judge_rows(comparing *c, const key *from, const key *to)
{
    kd_compare_query q = c->query;
    kd_buf lines = {0};
    key at = *from;
    int code;
    do {
        q.from = view(&at);
        q.to = view(to);
        code = ask_edge(c, "compare-rows", &q);
        if (code == KD_EXIT_OK && !(take_next(c, &at) && kd_admin_str(&c->answer, "lines", &lines)))
            code = KD_EXIT_FAILED;
        if (code == KD_EXIT_OK) code = judge_lines(c, &lines);
    } while (code == KD_EXIT_OK && at.len > 0);
    kd_buf_finish(&lines);
    return code;
}

/* ---- ranges ---- */

/* Compares a range in pages of `page_rows`. A large page that differs is compared in small ones, a small one row by row. */
static int compare_range(comparing *c, const key *first, const key *end, uint32_t page_rows)
{
    kd_range_digest here, there;
    key from = *first, next, to;
    do {
        int code = digest_edge(c, &from, end, page_rows, &here, &next);
        if (code != KD_EXIT_OK) return code;
        to = next.len > 0 ? next : *end;
        code = digest_central(c, &from, &to, &there);
        if (page_rows == PAGE_ROWS) c->rows += here.rows;
        if (code == KD_EXIT_OK && !kd_range_digest_eq(here, there))
            code = page_rows == PAGE_ROWS ? compare_range(c, &from, &to, SMALL_ROWS)
                                          : compare_command_judge_rows(c, &from, &to);
        if (code != KD_EXIT_OK) return code;
        kd_progress_show(&c->progress, "compare", c->query.partition, c->partitions, c->rows);
        from = next;
    } while (next.len > 0);
    return KD_EXIT_OK;
}

/* A partition that edge or central cannot compare now is left out and named on standard error; the verdict is then not "same". */
static int compare_partition(comparing *c, uint32_t partition)
{
    const key all = {.len = 0};
    c->query.partition = partition;
    c->query.window = (kd_compare_window){0};
    int code = ask_edge(c, "compare-window", &c->query);
    if (code == KD_EXIT_OK) {
        c->query.window =
            (kd_compare_window){kd_admin_number(&c->answer, "since"), kd_admin_number(&c->answer, "until")};
        code = compare_range(c, &all, &all, PAGE_ROWS);
    }
    if (code == KD_EXIT_OK) {
        c->compared++;
    } else if (c->answer.status == 409 || c->answer.status == 404) {
        fprintf(stderr, "compare: partition %u is left out: %s\n", partition, c->error);
        return KD_EXIT_OK;
    }
    return code;
}

static int compare_command_compare(comparing *c)
{
    int code = KD_EXIT_OK;
    for (uint32_t p = 0; code == KD_EXIT_OK && p < c->partitions; p++) code = compare_partition(c, p);
    return code;
}

/* ---- whom to ask ---- */

static int reach_edge(comparing *c, const char *url)
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

static int open_stopped(comparing *c, const char *dir, const kd_settings *settings)
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

static int print_last(const comparing *c)
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

static void tell_outbox(const comparing *c)
{
    uint64_t batches = 0;
    for (uint32_t n = 0; n < kd_stopped_is(c->stopped)->shards; n++)
        batches += kd_edge_outbox_batches(kd_stopped_shard(c->stopped, n));
    fprintf(stderr, "compare: %s holds %" PRIu64 " batches that it was not told are merged\n", c->query.edge,
            batches);
}

static int compare_command_run(comparing *c, const compare_arguments *w, const kd_settings *settings)
{
    int code = w->dir ? open_stopped(c, w->dir, settings) : reach_edge(c, w->url);
    if (code == KD_EXIT_OK) code = kd_admin_client_open(&c->central, w->central, "/admin/job", c->error);
    if (code == KD_EXIT_OK) code = compare_command_compare(c);
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
    comparing c = {.error = error, .wait_us = w.wait_us};
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
