/* erase_gone.c - see the header. */
#include "central/io/operator/erase_gone.h"

#include <time.h>

#include "common/base/text.h"

kd_gone_config kd_gone_configured(const kd_central_settings *s)
{
    return (kd_gone_config){.backups_kept = s->backups == KD_BACKUPS_KEPT,
                            .publish_changes = s->publish_changes,
                            .likes_retention_us = s->likes_retention_us,
                            .changes_retention_us = s->changes_retention_us,
                            .edge_row_ttl_us = s->edge_row_ttl_us};
}

void kd_gone_put(const kd_gone *g, kd_buf *out)
{
    char when[32];
    time_t at = (time_t)(g->at_us / 1000000) + 1;
    struct tm tm;
    if (g->reason[0] != '\0' || g->at_us == 0) {
        kd_text_printf(out, "gone_at=unknown reason=%s", g->reason);
        return;
    }
    gmtime_r(&at, &tm);
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
    kd_text_printf(out, "gone_at=%s", when);
}
