/* act_elsewhere.c - see the header. */
#include "central/io/operator/act_elsewhere.h"

#include <stdio.h>

#include "common/base/text.h"
#include "common/json/json_writer.h"

int kd_act_refuse_elsewhere(kd_central_app *app, uint32_t partition, kd_buf *out)
{
    kd_buf url = {.data = NULL};
    char why[KD_MEMBER_URL_MAX + 96];
    kd_json j = kd_json_of(out);
    bool known = kd_membership_leader(app->membership, partition, &url);
    snprintf(why, sizeof(why), "this member does not lead partition %u: %s%.*s", partition,
             known ? "order it of " : "nobody is known to lead it at the moment",
             KD_PRINT(kd_buf_view(&url)));
    kd_json_object(&j);
    kd_json_put_str(&j, "error", kd_bytes_str(why));
    if (known) kd_json_put_str(&j, "leader", kd_buf_view(&url));
    kd_json_put_u64(&j, "proven", kd_membership_proven(app->membership));
    kd_json_end_object(&j);
    kd_buf_finish(&url);
    return known ? 421 : 503;
}
