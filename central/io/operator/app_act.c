/* app_act.c - the orders of an operator, as the admin port takes them: /admin/... */
#include <stdio.h>

#include "central/io/operator/act_compare.h"
#include "central/io/operator/act_elsewhere.h"
#include "central/io/operator/act_import.h"
#include "central/io/daemon/app.h"
#include "common/base/text.h"
#include "common/json/json_writer.h"
#include "kudos/id.h"

static kd_jobs *app_act_jobs(kd_central_app *app, bool slow)
{
    return slow ? app->jobs : app->acts;
}

static bool app_act_follows(const kd_central_app *app)
{
    return app->settings.role == KD_ROLE_FOLLOWER;
}

static int app_act_refuse_follower(kd_buf *out)
{
    return kd_admin_refuse(out, 421, "this central follows: order it of its leader");
}

/* An item is of one partition. */
static void app_act_of_item(const kd_central_app *app, kd_order *order)
{
    kd_item item;
    if (order->item[0] == '\0' || kd_item_parse(&item, kd_bytes_str(order->item)) != KD_OK) return;
    order->partitions = (kd_partition_set){{0}};
    kd_partition_set_add(&order->partitions,
                         kd_partition(kd_item_key(&item), (uint32_t)app->settings.partitions));
}

/* A backup is one copy of all partitions: a member that leads all makes it. Other orders are carried out partition by partition, or by any member. */
static bool app_act_is_whole(kd_order_kind kind)
{
    return kind == KD_ORDER_BACKUP;
}

static bool app_act_is_of_any(kd_order_kind kind)
{
    return kind == KD_ORDER_MEMBERS || kind == KD_ORDER_BACKUP_PRUNE;
}

/* The first partition of the order that others lead, where this member can do nothing for it; UINT32_MAX: it can. */
static uint32_t app_act_elsewhere(kd_central_app *app, const kd_order *order)
{
    uint32_t first = UINT32_MAX;
    bool all = kd_partition_set_count(&order->partitions) == 0;
    if (app_act_is_of_any(order->kind)) return UINT32_MAX;
    for (uint32_t p = 0; p < app->settings.partitions; p++) {
        if (!all && !kd_partition_set_has(&order->partitions, p)) continue;
        bool served = kd_jobs_serves(app->jobs, p);
        if (served && !app_act_is_whole(order->kind)) return UINT32_MAX;
        if (!served && first == UINT32_MAX) first = p;
    }
    return first;
}

static int app_act_start(kd_central_app *app, const kd_admin_request *asked, kd_buf *out)
{
    kd_order order;
    uint64_t id;
    kd_json j = kd_json_of(out);
    int read = kd_order_from_query(&order, asked->query);
    order.body = asked->body;
    /* A backup is begun and completed by the job that copies it, and by nobody else: edges forget rows because it is said to be there. */
    bool of_backup_job = order.kind == KD_ORDER_BACKUP_BEGIN || order.kind == KD_ORDER_BACKUP_COMPLETE;
    if (read != KD_OK || of_backup_job)
        return kd_admin_refuse(out, 400,
                               "not an order: do=, name=, region=, item=, dir=, job=, id=, partitions=");
    if (app_act_follows(app) && !kd_order_of_follower(order.kind)) return app_act_refuse_follower(out);
    app_act_of_item(app, &order);
    uint32_t elsewhere = app_act_elsewhere(app, &order);
    if (elsewhere != UINT32_MAX && app_act_is_whole(order.kind)) return kd_act_refuse_whole(app, out);
    if (elsewhere != UINT32_MAX) return kd_act_refuse_elsewhere(app, elsewhere, out);
    /* The workers commit for the last time: an order might never be durable. */
    if (app->draining) return kd_admin_refuse(out, 503, "central is stopping");
    int err = kd_jobs_start(app_act_jobs(app, kd_order_slow(order.kind)), &order, &id);
    if (err == KD_EAGAIN) return kd_admin_refuse(out, 409, "another one is under way");
    if (err != KD_OK) return kd_admin_refuse(out, 503, "no thread could be started");
    kd_json_object(&j);
    kd_json_put_u64(&j, "job", id);
    kd_json_end_object(&j);
    return 202;
}

static int app_act_show(kd_central_app *app, bool slow, const char *query, kd_buf *out)
{
    static const char by_id[] = "job=";
    uint64_t id = 0;
    if (strncmp(query, by_id, sizeof(by_id) - 1) == 0) {
        if (!kd_text_number(kd_bytes_str(query + sizeof(by_id) - 1), &id))
            return kd_admin_refuse(out, 400, "job= is the number that the POST was answered with");
    }
    kd_jobs_show(app_act_jobs(app, slow), id, out);
    return 200;
}

/* /admin/job takes the orders that take long, /admin/act all others; a POST orders, a GET shows how far it is:
 * the order that job= names by the number of its POST, or else the last one. /admin/compare-...: act_compare.h, /admin/import: act_import.h. */
int kd_central_app_act(void *arg, const kd_admin_request *asked, kd_buf *out)
{
    kd_central_app *app = arg;
    bool slow = strcmp(asked->name, "job") == 0;
    if (strcmp(asked->name, asked->post ? "compare-rows" : "compare-digest") == 0)
        return kd_act_compare(app, asked, out);
    if (asked->post && strcmp(asked->name, "import") == 0 && app_act_follows(app))
        return app_act_refuse_follower(out);
    if (strcmp(asked->name, "import") == 0) return kd_act_import(app, asked, out);
    if (!slow && strcmp(asked->name, "act") != 0) return kd_admin_refuse(out, 404, "no such action");
    if (asked->post) return app_act_start(app, asked, out);
    return app_act_show(app, slow, asked->query, out);
}
