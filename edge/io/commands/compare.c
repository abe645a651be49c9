/* compare.c - see the header. */
#include "edge/io/commands/compare.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/io/loop/ask.h"
#include "common/json/json_writer.h"
#include "edge/io/shard/shard.h"
#include "kudos/edge_compare.h"

enum { ASK_TIMEOUT_MS = 2000, ROWS_MAX = 4096 };

static int list_row(void *arg, const kd_compare_row *row)
{
    kd_compare_line_put(row, arg);
    return 0;
}

static int edge_compare_refused(kd_buf *out, int err)
{
    return kd_admin_refuse(out, err == KD_ENOTFOUND ? 404 : 503, kd_strerror(err));
}

static int ask_window(kd_edge *e, const kd_compare_query *q, kd_buf *out)
{
    kd_compare_window window;
    int err = kd_edge_compare_window(e, q->partition, &window);
    /* 409, in which kudos-edge compare knows that asking again helps. */
    if (err == KD_EAGAIN) return kd_admin_refuse(out, 409, kd_edge_compare_awaits(e, q->partition));
    if (err != KD_OK) return edge_compare_refused(out, err);
    kd_json j = kd_json_of(out);
    kd_json_object(&j);
    kd_json_put_u64(&j, "since", window.since_us);
    kd_json_put_u64(&j, "until", window.until_us);
    kd_json_end_object(&j);
    return 200;
}

static uint32_t edge_compare_rows_max(const kd_compare_query *q, uint32_t bound)
{
    return q->rows_max ? KD_MIN(q->rows_max, bound) : bound;
}

static int ask_digest(kd_edge *e, const kd_compare_query *q, kd_buf *out)
{
    kd_range_digest digest;
    kd_buf next = {0};
    int err = kd_edge_compare_digest(e, q->partition, q->from, q->to, q->window,
                                     edge_compare_rows_max(q, ROWS_MAX), &digest, &next);
    if (err == KD_OK) kd_compare_answer(&digest, &next, out);
    kd_buf_finish(&next);
    return err == KD_OK ? 200 : edge_compare_refused(out, err);
}

static int ask_rows(kd_edge *e, const kd_compare_query *q, kd_buf *out)
{
    kd_buf next = {0}, hex = {0}, lines = {0};
    int err = kd_edge_compare_rows(e, q->partition, q->from, q->to, q->window,
                                   edge_compare_rows_max(q, KD_COMPARE_LINES_MAX), list_row, &lines, &next);
    if (err == KD_OK) {
        kd_json j = kd_json_of(out);
        kd_hex_put(kd_buf_view(&next), &hex);
        kd_json_object(&j);
        kd_json_put_str(&j, "next", kd_buf_view(&hex));
        kd_json_put_str(&j, "lines", kd_buf_view(&lines));
        kd_json_end_object(&j);
    }
    kd_buf_finish(&next);
    kd_buf_finish(&hex);
    kd_buf_finish(&lines);
    return err == KD_OK ? 200 : edge_compare_refused(out, err);
}

static const struct {
    const char *name;
    int (*ask)(kd_edge *e, const kd_compare_query *q, kd_buf *out);
} questions[] = {{"compare-window", ask_window}, {"compare-digest", ask_digest}, {"compare-rows", ask_rows}};

static int edge_compare_find(const char *what)
{
    for (size_t i = 0; i < KD_COUNT(questions); i++)
        if (strcmp(what, questions[i].name) == 0) return (int)i;
    return -1;
}

int kd_compare_ask(kd_edge *e, const char *what, const kd_compare_query *q, kd_buf *out)
{
    int i = edge_compare_find(what);
    KD_ASSERT(i >= 0);
    return questions[i].ask(e, q, out);
}

/* ---- on the shard's thread ---- */

/* A question on its way to a shard. The main loop waits for it, but may give up first: then the shard frees it (common/io/loop/ask.h). */
typedef struct {
    kd_ask ask;
    char what[24];
    kd_compare_query query;
    int status;
    kd_buf answer;
} compare_question;

static void edge_compare_work(kd_ask *ask)
{
    compare_question *q = KD_CONTAINER(ask, compare_question, ask);
    kd_shard *s = ask->owner;
    q->status = kd_compare_ask(s->base.edge, q->what, &q->query, &q->answer);
}

static void edge_compare_dispose(kd_ask *ask)
{
    compare_question *q = KD_CONTAINER(ask, compare_question, ask);
    kd_buf_finish(&q->answer);
    free(q);
}

static int ask_shard(kd_edge_app *app, const char *what, const char *query, kd_buf *out)
{
    compare_question *q = kd_alloc(sizeof *q);
    snprintf(q->what, sizeof q->what, "%s", what);
    q->ask.work = edge_compare_work;
    q->ask.dispose = edge_compare_dispose;
    if (kd_compare_query_read(&q->query, query) != KD_OK || q->query.partition >= app->settings.partitions) {
        edge_compare_dispose(&q->ask);
        return kd_admin_refuse(out, 400, "not a question about a partition");
    }
    kd_shard *s = app->shards[q->query.partition % app->shard_count];
    q->ask.owner = s;
    bool done = kd_ask_run(&q->ask, s->base.loop, ASK_TIMEOUT_MS);
    int status = done ? q->status : kd_admin_refuse(out, 503, "the shard did not answer in time");
    if (done) kd_buf_put(out, q->answer.data, q->answer.len);
    kd_ask_let_go(&q->ask);
    return status;
}

static int compare_about(const kd_edge_app *app, kd_buf *out)
{
    kd_json j = kd_json_of(out);
    kd_json_object(&j);
    kd_json_put_str(&j, "edge", kd_bytes_str(app->settings.name));
    kd_json_put_u64(&j, "partitions", app->settings.partitions);
    kd_json_end_object(&j);
    return 200;
}

int kd_compare_act(void *arg, const kd_admin_request *asked, kd_buf *out)
{
    kd_edge_app *app = arg;
    const char *name = asked->name;
    if (asked->post) return kd_admin_refuse(out, 405, "this is a GET");
    if (strcmp(name, "compare") == 0) return compare_about(app, out);
    if (app->drain.state != KD_DRAIN_NO) return kd_admin_refuse(out, 503, "the edge is stopping");
    return edge_compare_find(name) < 0 ? kd_admin_refuse(out, 404, "no such question")
                                       : ask_shard(app, name, asked->query, out);
}
