/* act_elsewhere.c - see the header. */
#include "central/io/operator/act_elsewhere.h"

#include <stdio.h>

#include "common/base/text.h"
#include "common/json/json_writer.h"

static void act_elsewhere_put(kd_central_app *app, const char *why, kd_bytes leader, kd_buf *out)
{
    kd_json j = kd_json_of(out);
    kd_json_object(&j);
    kd_json_put_str(&j, "error", kd_bytes_str(why));
    if (leader.len > 0) kd_json_put_str(&j, "leader", leader);
    kd_membership_put_urls(app->membership, &j);
    kd_json_end_object(&j);
}

int kd_act_refuse_elsewhere(kd_central_app *app, uint32_t partition, kd_buf *out)
{
    kd_buf url = {.data = NULL};
    char why[KD_MEMBER_URL_MAX + 96];
    bool known = kd_membership_leader(app->membership, partition, &url);
    snprintf(why, sizeof(why), "this member does not lead partition %u: %s%.*s", partition,
             known ? "order it of " : "nobody is known to lead it at the moment",
             KD_PRINT(kd_buf_view(&url)));
    act_elsewhere_put(app, why, known ? kd_buf_view(&url) : (kd_bytes){0}, out);
    kd_buf_finish(&url);
    return known ? 421 : 503;
}

int kd_act_refuse_whole(kd_central_app *app, kd_buf *out)
{
    act_elsewhere_put(app, "a backup is made by a member that leads all partitions; this one does not",
                      (kd_bytes){0}, out);
    return 421;
}
