/* act_compare.c - see the header. A question looks at a bounded number of rows, so that the worker's other work does not wait long. */
#include "central/io/operator/act_compare.h"

#include <stdlib.h>

#include "common/io/admin/compare_query.h"
#include "common/io/loop/ask.h"
#include "common/json/json_writer.h"
#include "kudos/central_compare.h"

enum { ASK_TIMEOUT_MS = 2000, ROWS_MAX = 8192 };

typedef struct {
    kd_ask ask;
    kd_compare_query query;
    bool rows;
    kd_buf lines; /* of the rows that are asked for */
    int err;
    kd_range_digest digest;
    kd_buf next;
    kd_buf verdicts;
} act_compare_question;

static int act_compare_put_verdict(act_compare_question *q, kd_central *core, const kd_compare_row *row)
{
    kd_row_verdict verdict;
    int err = kd_central_compare_row(core, kd_bytes_str(q->query.edge), row, &verdict);
    if (err != KD_OK) return err;
    const char *name = kd_row_verdict_name(verdict);
    if (q->verdicts.len > 0) kd_buf_put_u8(&q->verdicts, ' ');
    kd_buf_put(&q->verdicts, name, strlen(name));
    return KD_OK;
}

static int act_compare_judge_rows(act_compare_question *q, kd_central *core)
{
    uint8_t key[KD_COMPARE_KEY_MAX];
    kd_compare_row row;
    kd_bytes lines = kd_buf_view(&q->lines);
    for (uint32_t n = 0;; n++) {
        int err = kd_compare_line_read(&lines, key, &row);
        if (err == KD_ENOTFOUND) return KD_OK;
        if (err == KD_OK)
            err = n < KD_COMPARE_LINES_MAX ? act_compare_put_verdict(q, core, &row) : KD_ETOOBIG;
        if (err != KD_OK) return err;
    }
}

static void act_compare_work(kd_ask *ask)
{
    act_compare_question *q = KD_CONTAINER(ask, act_compare_question, ask);
    const kd_tenure *t = kd_worker_tenure(ask->owner, q->query.partition);
    kd_bytes edge = kd_bytes_str(q->query.edge);
    q->err = KD_EUNAVAILABLE;
    if (!t->core) return;
    q->err = q->rows ? act_compare_judge_rows(q, t->core)
                     : kd_central_compare_digest(t->core, edge, q->query.from, q->query.to, q->query.window,
                                                 ROWS_MAX, &q->digest, &q->next);
}

static void act_compare_dispose(kd_ask *ask)
{
    act_compare_question *q = KD_CONTAINER(ask, act_compare_question, ask);
    kd_buf_finish(&q->next);
    kd_buf_finish(&q->lines);
    kd_buf_finish(&q->verdicts);
    free(q);
}

static void answer_rows(const kd_buf *verdicts, kd_buf *out)
{
    kd_json j = kd_json_of(out);
    kd_json_object(&j);
    kd_json_put_str(&j, "verdicts", kd_buf_view(verdicts));
    kd_json_end_object(&j);
}

static int act_compare_status_of(int err)
{
    switch (err) {
    case KD_ENOTFOUND:
        return 404;
    case KD_EAGAIN:
        return 409;
    case KD_EINVAL:
    case KD_EMALFORMED:
    case KD_ETOOBIG:
        return 400;
    default:
        return 503;
    }
}

static const char *act_compare_reason_of(int err)
{
    switch (err) {
    case KD_ENOTFOUND:
        return "central has merged nothing of this edge in this partition";
    case KD_EAGAIN:
        return "central has not merged yet what the edge was told is merged";
    case KD_EUNAVAILABLE:
        return "central has not opened this partition yet";
    default:
        return kd_strerror(err);
    }
}

static int act_compare_answer(const act_compare_question *q, kd_buf *out)
{
    if (q->err != KD_OK)
        return kd_admin_refuse(out, act_compare_status_of(q->err), act_compare_reason_of(q->err));
    if (q->rows)
        answer_rows(&q->verdicts, out);
    else
        kd_compare_answer(&q->digest, &q->next, out);
    return 200;
}

int kd_act_compare(kd_central_app *app, const kd_admin_request *asked, kd_buf *out)
{
    act_compare_question *q = kd_alloc(sizeof(*q));
    q->rows = asked->post;
    kd_buf_put(&q->lines, asked->body.data, asked->body.len);
    q->ask.work = act_compare_work;
    q->ask.dispose = act_compare_dispose;
    q->err = kd_compare_query_read(&q->query, asked->query);
    bool known = q->err == KD_OK && q->query.partition < app->settings.partitions;
    if (!known) {
        q->err = KD_EINVAL;
        int status = act_compare_answer(q, out);
        act_compare_dispose(&q->ask);
        return status;
    }
    kd_worker *w = &app->workers[q->query.partition % app->settings.workers];
    q->ask.owner = w;
    bool done = kd_ask_run(&q->ask, w->loop, ASK_TIMEOUT_MS);
    int status = done ? act_compare_answer(q, out)
                      : kd_admin_refuse(out, 503, "the worker of the partition did not answer in time");
    kd_ask_let_go(&q->ask);
    return status;
}
