/* central/io/act_compare.c - see the header. A question looks at a bounded number of rows on the worker's thread. */
#include "central/io/act_compare.h"

#include <stdlib.h>

#include "common/io/compare_query.h"
#include "common/json_writer.h"
#include "kudos/central_compare.h"

enum { ASK_TIMEOUT_MS = 2000, ROWS_MAX = 8192 };

typedef struct {
    kd_ask ask;
    kd_compare_query query;
    bool row;
    int rc;
    kd_range_digest digest;
    kd_buf next;
    kd_row_verdict verdict;
} question;

static void work(kd_ask *ask)
{
    question *q = KD_CONTAINER(ask, question, ask);
    const kd_tenure *t = kd_worker_tenure(ask->owner, q->query.partition);
    kd_bytes edge = kd_bytes_str(q->query.edge);
    q->rc = KD_EUNAVAILABLE;
    if (t->core == NULL) return;
    if (!q->row) {
        q->rc = kd_central_compare_digest(t->core, edge, q->query.from, q->query.to, q->query.window,
                                          ROWS_MAX, &q->digest, &q->next);
        return;
    }
    kd_compare_row row = {.time_us = q->query.time_us, .liked = q->query.liked};
    q->rc = kd_compare_row_of(q->query.from, &row);
    if (q->rc == KD_OK) q->rc = kd_central_compare_row(t->core, edge, &row, &q->verdict);
}

static void dispose(kd_ask *ask)
{
    question *q = KD_CONTAINER(ask, question, ask);
    kd_buf_finish(&q->next);
    free(q);
}

static void put_verdict(kd_row_verdict verdict, kd_buf *out)
{
    kd_json j = kd_json_of(out);
    kd_json_object(&j);
    kd_json_put_str(&j, "verdict", kd_bytes_str(kd_row_verdict_name(verdict)));
    kd_json_put_u64(&j, "good", kd_row_verdict_good(verdict));
    kd_json_end_object(&j);
}

static int status_of(int rc)
{
    switch (rc) {
    case KD_ENOTFOUND:
        return 404;
    case KD_EAGAIN:
        return 409;
    case KD_EINVAL:
    case KD_EMALFORMED:
        return 400;
    default:
        return 503;
    }
}

static int answer(question *q, kd_buf *out)
{
    if (q->rc != KD_OK)
        return kd_admin_refuse(out, status_of(q->rc),
                               q->rc == KD_ENOTFOUND ? "central does not know this edge" : kd_strerror(q->rc));
    if (q->row)
        put_verdict(q->verdict, out);
    else
        kd_compare_answer(&q->digest, &q->next, out);
    return 200;
}

int kd_act_compare(kd_app *app, bool row, const char *query, kd_buf *out)
{
    question *q = kd_alloc(sizeof(*q));
    q->row = row;
    q->ask.work = work;
    q->ask.dispose = dispose;
    q->rc = kd_compare_query_read(&q->query, query);
    bool known = q->rc == KD_OK && q->query.partition < app->settings.partitions;
    if (!known) {
        q->rc = KD_EINVAL;
        int status = answer(q, out);
        dispose(&q->ask);
        return status;
    }
    kd_worker *w = &app->workers[q->query.partition % app->settings.workers];
    q->ask.owner = w;
    bool done = kd_ask_run(&q->ask, w->loop, ASK_TIMEOUT_MS);
    int status = done ? answer(q, out) : 503;
    kd_ask_let_go(&q->ask);
    return status;
}
