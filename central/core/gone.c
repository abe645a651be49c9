/* gone.c - see kudos/gone.h. */
#include "kudos/gone.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "central/core/state.h"
#include "common/base/text.h"
#include "kudos/forget.h"

/* ---- what a partition holds ---- */

static void gone_name(char out[KD_NAME_MAX + 1], kd_bytes name)
{
    snprintf(out, KD_NAME_MAX + 1, "%.*s", KD_PRINT(name));
}

static void gone_look_at_backups(const kd_central *core, kd_gone_partition *f)
{
    kd_central_backup backups[KD_BACKUPS_MAX];
    uint32_t count = kd_central_backups(core, backups, KD_BACKUPS_MAX);
    f->oldest_backup = UINT64_MAX;
    if (kd_planted(core, KD_PLANT_GONE_FORGETS_BACKUP)) count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const kd_central_backup *b = &backups[i];
        if (b->complete) f->newest_backup = KD_MAX(f->newest_backup, b->version);
        if (b->version >= f->oldest_backup) continue;
        f->oldest_backup = b->version;
        gone_name(f->backup, b->id);
    }
}

static void gone_look_at_edges(const kd_central *core, kd_gone_partition *f)
{
    kd_central_edge *edges = kd_alloc(sizeof(*edges) * KD_EDGES_MAX);
    uint32_t count = kd_central_edges(core, edges, KD_EDGES_MAX);
    f->lowest_us = UINT64_MAX;
    for (uint32_t i = 0; i < count; i++) {
        bool author = kd_author_valid(edges[i].name);
        if (author || edges[i].retired || edges[i].watermark_us >= f->lowest_us) continue;
        f->lowest_us = edges[i].watermark_us;
        gone_name(f->edge, edges[i].name);
    }
    free(edges);
}

/* An edge that central must expect, and was never heard of, may hold anything. */
static void gone_look_at_unheard(const kd_central *core, kd_gone_partition *f)
{
    kd_central_forgetting held;
    kd_central_get_forgetting(core, &held);
    if (held.floor_held_by != KD_HELD_BY_UNHEARD) return;
    f->lowest_us = 0;
    gone_name(f->edge, held.floor_holder);
}

void kd_gone_look(const kd_central *c, kd_gone_partition *out)
{
    kd_central_stats stats;
    kd_central_get_stats(c, &stats);
    *out = (kd_gone_partition){.quarantined = (uint32_t)stats.quarantine_kept};
    gone_look_at_backups(c, out);
    gone_look_at_edges(c, out);
    gone_look_at_unheard(c, out);
}

/* ---- what follows ---- */

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

static bool gone_judge(kd_gone *g, const kd_gone_config *s, const kd_gone_partition *p, const kd_erased *told,
                       uint64_t now_us)
{
    if (told->finished_us == 0)
        gone_unknown(g, "unfinished");
    else if (p->quarantined > 0)
        gone_unknown(g, "quarantine");
    else if (p->oldest_backup < told->version)
        gone_unknown(g, "backup:%s", p->backup);
    else if (s->edge_row_ttl_us == 0)
        gone_unknown(g, "edges");
    else if (s->backups_kept && p->newest_backup < told->version)
        gone_unknown(g, "edges-wait-for-a-backup");
    else if (p->lowest_us < told->stamp_us && p->lowest_us + silent_us < now_us)
        gone_unknown(g, "edge:%s", p->edge);
    return g->reason[0] == '\0';
}

void kd_gone_add(kd_gone *g, const kd_gone_config *s, const kd_gone_partition *p, const kd_erased *told,
                 uint64_t now_us)
{
    if (g->reason[0] != '\0' || !gone_judge(g, s, p, told, now_us)) {
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
