/* app_act.c - what the admin port lets an operator do: /admin/... */
#include <stdio.h>

#include "central/io/operator/act_compare.h"
#include "central/io/daemon/app.h"
#include "common/json/json_writer.h"

static kd_jobs *jobs_of(kd_central_app *app, bool slow)
{
    return slow ? app->jobs : app->acts;
}

static int app_act_start(kd_central_app *app, const char *query, kd_buf *out)
{
    kd_order order;
    uint64_t id;
    kd_json j = kd_json_of(out);
    int read = kd_order_from_query(&order, query);
    /* Only the maker of a copy may say that there is one: the edges forget upon it. */
    bool within = order.kind == KD_ORDER_BACKUP_BEGIN || order.kind == KD_ORDER_BACKUP_COMPLETE;
    if (read != KD_OK || within) return kd_admin_refuse(out, 400, "not an order: do=, name=, dir=, id=");
    if (app->draining) return kd_admin_refuse(out, 503, "central is stopping");
    int rc = kd_jobs_start(jobs_of(app, kd_order_slow(order.kind)), &order, &id);
    if (rc == KD_EAGAIN) return kd_admin_refuse(out, 409, "another one is under way");
    if (rc != KD_OK) return kd_admin_refuse(out, 503, "no thread could be started");
    kd_json_object(&j);
    kd_json_put_u64(&j, "job", id);
    kd_json_end_object(&j);
    return 202;
}

/* /admin/job: of what takes long, /admin/act: of what does not. A POST orders, a GET tells how far it is. */
int kd_central_app_act(void *arg, const kd_admin_request *asked, kd_buf *out)
{
    kd_central_app *app = arg;
    bool slow = strcmp(asked->name, "job") == 0;
    if (strcmp(asked->name, asked->post ? "compare-rows" : "compare-digest") == 0)
        return kd_act_compare(app, asked, out);
    if (!slow && strcmp(asked->name, "act") != 0) return kd_admin_refuse(out, 404, "no such action");
    if (asked->post) return app_act_start(app, asked->query, out);
    kd_jobs_show(jobs_of(app, slow), out);
    return 200;
}
