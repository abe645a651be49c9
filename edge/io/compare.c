/* edge/io/compare.c - the admin port's side; see the header. A question looks at a bounded number of rows on the shard's
 * thread. */
#include "edge/io/compare.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/io/ask.h"
#include "common/io/compare_query.h"
#include "common/json_writer.h"
#include "edge/io/shard.h"
#include "kudos/edge_compare.h"

enum { ASK_TIMEOUT_MS = 2000, ROWS_MAX = 4096, LISTED_MAX = 256 };

typedef enum { WINDOW, DIGEST, ROWS } what;

typedef struct {
    kd_ask ask;
    what what;
    kd_compare_query query;
    int rc;
    kd_compare_window window;
    kd_range_digest digest;
    kd_buf next, key, lines; /* lines: key in hex, time, liked */
} question;

static int list_row(void *arg, const kd_compare_row *row)
{
    question *q = arg;
    char rest[40];
    kd_compare_key(row, &q->key);
    kd_hex_put(kd_buf_view(&q->key), &q->lines);
    int n = snprintf(rest, sizeof rest, " %" PRIu64 " %d\n", row->time_us, row->liked);
    kd_buf_put(&q->lines, rest, (size_t)n);
    return 0;
}

static void work(kd_ask *ask)
{
    question *q = KD_CONTAINER(ask, question, ask);
    kd_shard *s = ask->owner;
    const kd_compare_query *c = &q->query;
    uint32_t most = c->rows_max ? KD_MIN(c->rows_max, (uint32_t)ROWS_MAX) : ROWS_MAX;
    if (q->what == WINDOW)
        q->rc = kd_edge_compare_window(s->edge, c->partition, &q->window);
    else if (q->what == DIGEST)
        q->rc = kd_edge_compare_digest(s->edge, c->partition, c->from, c->to, c->window, most, &q->digest,
                                       &q->next);
    else
        q->rc = kd_edge_compare_rows(s->edge, c->partition, c->from, c->to, c->window,
                                     KD_MIN(most, (uint32_t)LISTED_MAX), list_row, q, &q->next);
}

static void dispose(kd_ask *ask)
{
    question *q = KD_CONTAINER(ask, question, ask);
    kd_buf_finish(&q->next);
    kd_buf_finish(&q->key);
    kd_buf_finish(&q->lines);
    free(q);
}

static int answer(const question *q, kd_buf *out)
{
    kd_buf hex = {0};
    kd_json j = kd_json_of(out);
    if (q->rc == KD_EAGAIN)
        return kd_admin_refuse(
            out, 409,
            "not comparable now: nothing heard from central yet, or operations are being sent again");
    if (q->rc != KD_OK) return kd_admin_refuse(out, q->rc == KD_ENOTFOUND ? 404 : 503, kd_strerror(q->rc));
    if (q->what == DIGEST) {
        kd_compare_answer(&q->digest, &q->next, out);
        return 200;
    }
    kd_hex_put(kd_buf_view(&q->next), &hex);
    kd_json_object(&j);
    kd_json_put_u64(&j, "since", q->window.since_us);
    kd_json_put_u64(&j, "until", q->window.until_us);
    kd_json_put_str(&j, "next", kd_buf_view(&hex));
    kd_json_put_str(&j, "lines", kd_buf_view(&q->lines));
    kd_json_end_object(&j);
    kd_buf_finish(&hex);
    return 200;
}

static int ask_shard(kd_app *app, what about, const char *query, kd_buf *out)
{
    question *q = kd_alloc(sizeof *q);
    q->what = about;
    q->ask.work = work;
    q->ask.dispose = dispose;
    if (kd_compare_query_read(&q->query, query) != KD_OK || q->query.partition >= app->settings.partitions) {
        dispose(&q->ask);
        return kd_admin_refuse(out, 400, "not a question about a partition");
    }
    kd_shard *s = app->shards[q->query.partition % app->shard_count];
    q->ask.owner = s;
    bool done = kd_ask_run(&q->ask, s->loop, ASK_TIMEOUT_MS);
    int status = done ? answer(q, out) : kd_admin_refuse(out, 503, "the shard did not answer in time");
    kd_ask_let_go(&q->ask);
    return status;
}

static int about(const kd_app *app, kd_buf *out)
{
    kd_json j = kd_json_of(out);
    kd_json_object(&j);
    kd_json_put_str(&j, "edge", kd_bytes_str(app->settings.name));
    kd_json_put_u64(&j, "partitions", app->settings.partitions);
    kd_json_end_object(&j);
    return 200;
}

int kd_compare_act(void *arg, bool post, const char *name, const char *query, kd_buf *out)
{
    kd_app *app = arg;
    if (post) return kd_admin_refuse(out, 405, "this is a GET");
    if (strcmp(name, "compare") == 0) return about(app, out);
    if (app->drain.state != KD_DRAIN_NO) return kd_admin_refuse(out, 503, "the edge is stopping");
    if (strcmp(name, "compare-window") == 0) return ask_shard(app, WINDOW, query, out);
    if (strcmp(name, "compare-digest") == 0) return ask_shard(app, DIGEST, query, out);
    if (strcmp(name, "compare-rows") == 0) return ask_shard(app, ROWS, query, out);
    return kd_admin_refuse(out, 404, "no such question");
}
