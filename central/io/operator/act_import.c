/* act_import.c - see the header. */
#include "central/io/operator/act_import.h"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>

#include "central/io/operator/act_elsewhere.h"
#include "central/io/operator/job_decide.h"
#include "common/base/text.h"
#include "common/json/json_writer.h"

enum { IMPORT_ASK_MS = 2000 };

static bool act_import_number(const struct evkeyvalq *words, const char *key, uint64_t max, uint64_t *n)
{
    const char *value = evhttp_find_header(words, key);
    return value && kd_text_number(kd_bytes_str(value), n) && *n <= max;
}

static kd_bytes act_import_name(const struct evkeyvalq *words, const char *key)
{
    const char *value = evhttp_find_header(words, key);
    return kd_bytes_str(value ? value : "");
}

static bool act_import_read_decision(const struct evkeyvalq *words, kd_decision *d)
{
    uint64_t last;
    if (!act_import_number(words, "seq", UINT32_MAX, &d->seq) ||
        !act_import_number(words, "last", 1, &last) || d->seq == 0)
        return false;
    d->last = last == 1;
    d->what = KD_DECIDED_OPERATIONS;
    d->region = act_import_name(words, "region");
    d->author = kd_bytes_str(KD_IMPORT_AUTHOR);
    return kd_name_valid(d->region);
}

static int act_import_answer(const kd_central_app *app, const kd_job_progress *p, kd_buf *out)
{
    kd_json j = kd_json_of(out);
    kd_json_object(&j);
    kd_json_put_u64(&j, "partitions", app->settings.partitions);
    kd_json_put_u64(&j, "durable", p->durable ? p->seq : 0);
    kd_membership_put_urls(app->membership, &j);
    kd_json_end_object(&j);
    return 200;
}

static int act_import_ask(kd_central_app *app, uint32_t partition, const kd_decision *d, bool write,
                          kd_buf *out)
{
    kd_worker *w = &app->workers[partition % app->settings.workers];
    kd_job_said said;
    int err = kd_job_decide_ask(w, partition, d->job, write ? d : NULL, IMPORT_ASK_MS, &said);
    if (err != KD_OK) return kd_admin_refuse(out, 503, "the worker of the partition did not answer in time");
    if (said.written == KD_OK) return act_import_answer(app, &said.progress, out);
    if (said.written == KD_EINVAL || said.written == KD_ETOOBIG)
        return kd_admin_refuse(
            out, 400,
            "central would not merge these operations: another partition count, a counter that is not "
            "configured as a set, or a time more than two days ahead");
    if (said.written == KD_EFULL)
        return kd_admin_refuse(
            out, 400,
            "the partition remembers as many imports with sums as it can, and takes no more "
            "of them: sums of an import that was forgotten could be added again");
    return kd_admin_refuse(out, 503, "the partition takes no decisions at the moment");
}

static int act_import_asked(kd_central_app *app, const kd_admin_request *asked, const struct evkeyvalq *words,
                            kd_buf *out)
{
    uint64_t partition;
    kd_decision d = {.job = act_import_name(words, "job"), .body = asked->body};
    bool known = act_import_number(words, "partition", app->settings.partitions - 1, &partition) &&
                 kd_name_valid(d.job) && (!asked->post || act_import_read_decision(words, &d));
    if (!known) return kd_admin_refuse(out, 400, "not an import: job=, partition=, seq=, last=, region=");
    if (app->membership && !kd_jobs_serves(app->jobs, (uint32_t)partition))
        return kd_act_refuse_elsewhere(app, (uint32_t)partition, out);
    if (app->draining) return kd_admin_refuse(out, 503, "central is stopping");
    return act_import_ask(app, (uint32_t)partition, &d, asked->post, out);
}

int kd_act_import(kd_central_app *app, const kd_admin_request *asked, kd_buf *out)
{
    struct evkeyvalq words;
    if (evhttp_parse_query_str(asked->query, &words) != 0)
        return kd_admin_refuse(out, 400, "the query cannot be read");
    int status = act_import_asked(app, asked, &words, out);
    evhttp_clear_headers(&words);
    return status;
}
