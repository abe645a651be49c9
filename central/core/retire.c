/*
 * retire.c - edges that are gone for good, and edges that come back after all (rule 23).
 *
 * `retired` stands in the edge's row beside applied, and is written with it. A batch of a retired edge is refused in merge.c; registry.c leaves the
 * edge out of the low watermark, and stable.c out of what holds `stable`.
 */
#include "central/core/commit.h"
#include "central/core/log_position.h"
#include "central/core/registry.h"
#include "central/core/state.h"
#include "kudos/forget.h"

static int set_retired(kd_central *c, kd_bytes name, bool retired, uint64_t *version)
{
    int i = kd_registry_find(c, name);
    if (i < 0 || kd_registered_is_author(&c->edges[i])) return KD_ENOTFOUND;
    int err = kd_commit_order(c, version);
    if (err != KD_OK) return err;
    kd_registered_state *s = &c->edges[i].tentative;
    if (s->retired == retired) return KD_OK;
    s->retired = retired;
    if (!retired) {
        s->joined = *version; /* backups made while it was retired have a low watermark without it */
        kd_log_read_again(c); /* its batches that were refused meanwhile */
    }
    kd_registry_touch(c, (uint16_t)i);
    return KD_OK;
}

int kd_central_retire(kd_central *c, kd_bytes edge, uint64_t *version)
{
    return set_retired(c, edge, true, version);
}

int kd_central_readmit(kd_central *c, kd_bytes edge, uint64_t *version)
{
    return set_retired(c, edge, false, version);
}
