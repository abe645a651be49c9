/* erase_gone.c - see the header. */
#include "central/io/operator/erase_gone.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "common/base/text.h"

static const uint64_t
    /* Kafka drops whole segments, by their newest record, and begins another one after so long, as it comes */
    segment_us = 7 * 86400000000ull,
    /* an edge of which nothing was merged for so long holds operations back that nobody else knows */
    silent_us = 60000000;

__attribute__((format(printf, 2, 3))) static void gone_unknown(kd_gone *g, const char *format, ...)
{
    va_list words;
    va_start(words, format);
    vsnprintf(g->reason, sizeof(g->reason), format, words);
    va_end(words);
}

static bool gone_look(kd_gone *g, const kd_central_settings *s, const kd_gone_partition *p,
                      const kd_erased *told, uint64_t now_us)
{
    bool kept = s->backups == KD_BACKUPS_KEPT;
    if (told->finished_us == 0)
        gone_unknown(g, "unfinished");
    else if (p->quarantined > 0)
        gone_unknown(g, "quarantine");
    else if (p->oldest_backup < told->version)
        gone_unknown(g, "backup:%s", p->backup);
    else if (s->edge_row_ttl_us == 0)
        gone_unknown(g, "edges");
    else if (kept && p->newest_backup < told->version)
        gone_unknown(g, "edges-wait-for-a-backup");
    else if (p->lowest_us < told->stamp_us && p->lowest_us + silent_us < now_us)
        gone_unknown(g, "edge:%s", p->edge);
    return g->reason[0] == '\0';
}

void kd_gone_add(kd_gone *g, const kd_central_settings *s, const kd_gone_partition *p, const kd_erased *told,
                 uint64_t now_us)
{
    if (g->reason[0] != '\0' || !gone_look(g, s, p, told, now_us)) {
        g->at_us = 0;
        return;
    }
    uint64_t topics_us = s->publish_changes ? KD_MAX(s->likes_retention_us, s->changes_retention_us)
                                            : s->likes_retention_us,
             /* an edge looks for rows that are too old when an eighth of their life has passed */
        edges_us = s->edge_row_ttl_us + s->edge_row_ttl_us / 8;
    g->at_us = KD_MAX(g->at_us, told->finished_us + topics_us + segment_us);
    g->at_us = KD_MAX(g->at_us, told->stamp_us + edges_us);
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
