/*
 * compare_ranges.c - see the header. The edge's rows are compared a page at a time, by digest. A page whose digest differs from central's is
 * compared in smaller pages; the rows of a small page that differs go to central, in one question, for a verdict on each. A question that cannot be
 * answered yet is asked again, for --wait in all.
 */
#include "edge/io/commands/compare_ranges.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/io/daemon/options_file.h"
#include "edge/io/commands/compare.h"

enum { PAGE_ROWS = 2048, SMALL_ROWS = KD_COMPARE_LINES_MAX, PAUSE_MIN_US = 10000, PAUSE_MAX_US = 500000 };

_Static_assert((int)KD_COMPARE_LINES_MAX *(int)KD_COMPARE_LINE_MAX <= (int)KD_ADMIN_BODY_MAX,
               "the rows of one question fit a request");

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
static bool take_next(kd_comparing *c, key *next)
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
static bool wait_a_while(kd_comparing *c, uint64_t *pause_us)
{
    uint64_t pause = KD_MIN(*pause_us, c->wait_us);
    *pause_us = KD_MIN(2 * *pause_us, (uint64_t)PAUSE_MAX_US);
    c->wait_us -= pause;
    return pause > 0 && usleep((useconds_t)pause) == 0;
}

/* GETs c->path, or POSTs `lines` to it if not NULL, until the answer is final or no time is left. Returns an exit code. */
static int ask_until_answered(kd_comparing *c, kd_admin_client *whom, const kd_buf *lines)
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

static int compare_ask(kd_comparing *c, kd_admin_client *whom, const char *what, const kd_compare_query *q,
                       const kd_buf *lines)
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
static int ask_stopped(kd_comparing *c, const char *what, const kd_compare_query *q)
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

static int ask_edge(kd_comparing *c, const char *what, const kd_compare_query *q)
{
    return c->stopped ? ask_stopped(c, what, q) : compare_ask(c, c->edge, what, q, NULL);
}

/* The edge's digest of a page of at most `rows_max` rows; *next is where the page ends, empty at the end of the range. */
static int digest_edge(kd_comparing *c, const key *from, const key *to, uint32_t rows_max, kd_range_digest *d,
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
static int digest_central(kd_comparing *c, const key *from, const key *to, kd_range_digest *d)
{
    kd_compare_query q = c->query;
    key at = *from;
    *d = (kd_range_digest){0};
    do {
        q.from = view(&at);
        q.to = view(to);
        int code = compare_ask(c, c->central, "compare-digest", &q, NULL);
        if (code != KD_EXIT_OK) return code;
        d->rows += kd_admin_number(&c->answer, "rows");
        d->digest += kd_admin_number(&c->answer, "digest");
        if (!take_next(c, &at)) return KD_EXIT_FAILED;
    } while (at.len > 0);
    return KD_EXIT_OK;
}

/* ---- row by row ---- */

static void print_row(const kd_comparing *c, const kd_compare_row *row, kd_bytes verdict)
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
static int take_verdicts(kd_comparing *c, kd_bytes lines, kd_bytes verdicts)
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

static int judge_lines(kd_comparing *c, const kd_buf *lines)
{
    kd_buf verdicts = {0};
    if (lines->len == 0) return KD_EXIT_OK;
    int code = compare_ask(c, c->central, "compare-rows", &c->query, lines);
    if (code == KD_EXIT_OK) {
        kd_admin_str(&c->answer, "verdicts", &verdicts);
        code = take_verdicts(c, kd_buf_view(lines), kd_buf_view(&verdicts));
    }
    kd_buf_finish(&verdicts);
    return code;
}

static int compare_judge_rows(kd_comparing *c, const key *from, const key *to)
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
static int compare_range(kd_comparing *c, const key *first, const key *end, uint32_t page_rows)
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
                                          : compare_judge_rows(c, &from, &to);
        if (code != KD_EXIT_OK) return code;
        kd_progress_show(&c->progress, "compare", c->query.partition, c->partitions, c->rows);
        from = next;
    } while (next.len > 0);
    return KD_EXIT_OK;
}

/* A partition that edge or central cannot compare now is left out and named on standard error; the verdict is then not "same". */
static int compare_partition(kd_comparing *c, uint32_t partition)
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

int kd_comparing_run(kd_comparing *c)
{
    int code = KD_EXIT_OK;
    for (uint32_t p = 0; code == KD_EXIT_OK && p < c->partitions; p++) code = compare_partition(c, p);
    return code;
}
