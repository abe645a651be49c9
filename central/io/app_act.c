/* central/io/app_act.c - what the admin port lets an operator do: /admin/... */
#include <stdio.h>

#include "central/io/app.h"
#include "common/json_writer.h"

static int refuse(kd_buf *out, int status, const char *why)
{
    kd_json j = kd_json_of(out);
    kd_json_object(&j);
    kd_json_key(&j, "error");
    kd_json_cstr(&j, why);
    kd_json_end_object(&j);
    return status;
}

static int start_job(kd_app *app, const kd_job_order *order, kd_buf *out)
{
    uint64_t id;
    kd_json j = kd_json_of(out);
    if (app->draining) return refuse(out, 503, "central is stopping");
    int rc = kd_jobs_start(app->jobs, order, &id);
    if (rc == KD_EAGAIN) return refuse(out, 409, "another audit or backup is running");
    if (rc != KD_OK) return refuse(out, 503, "no thread could be started");
    kd_json_object(&j);
    kd_json_key(&j, "job");
    kd_json_u64(&j, id);
    kd_json_end_object(&j);
    return 202;
}

static int act_job(kd_app *app, const char *query, kd_buf *out)
{
    (void)query;
    kd_jobs_show(app->jobs, out);
    return 200;
}

static int act_audit(kd_app *app, const char *query, kd_buf *out)
{
    const kd_job_order order = {.kind = KD_JOB_AUDIT};
    (void)query;
    return start_job(app, &order, out);
}

static const struct {
    const char *name;
    bool post;
    int (*run)(kd_app *app, const char *query, kd_buf *out);
} acts[] = {
    {"job", false, act_job},
    {"audit", true, act_audit},
};

int kd_app_act(void *arg, bool post, const char *name, const char *query, kd_buf *out)
{
    kd_app *app = arg;
    for (size_t i = 0; i < KD_COUNT(acts); i++)
        if (strcmp(acts[i].name, name) == 0)
            return acts[i].post == post ? acts[i].run(app, query, out)
                                        : refuse(out, 405, acts[i].post ? "this is a POST" : "this is a GET");
    return refuse(out, 404, "no such action");
}
