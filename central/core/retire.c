/*
 * retire.c - see the header.
 *
 * `retired` stands in the edge's row beside applied, and is written with it. A batch of a retired edge is refused in merge_batch.c; registry.c leaves the
 * edge out of the low watermark, and stable.c out of what holds `stable`.
 */
#include "central/core/retire.h"

#include "central/core/commit.h"
#include "central/core/expect.h"
#include "central/core/log_position.h"
#include "central/core/registry.h"
#include "central/core/state.h"
#include "kudos/forget.h"

/* Index of an edge, or -1; authors are none. */
static int retire_find(const kd_central *c, kd_bytes name)
{
    int i = kd_registry_find(c, name);
    return i >= 0 && !kd_registered_is_author(&c->edges[i]) ? i : -1;
}

/* ---- gone ---- */

static bool retire_strike(kd_central *c, kd_bytes name, bool struck)
{
    const kd_expected *known = kd_expect_find(&c->expected, name);
    if (!known || known->struck == struck) return false;
    kd_expected e = *known;
    e.struck = struck;
    return kd_expect_put(c, &e);
}

static bool retire_edge(kd_central *c, kd_bytes name)
{
    int i = retire_find(c, name);
    bool struck = retire_strike(c, name, true);
    if (i < 0 || c->edges[i].tentative.retired) return struck;
    c->edges[i].tentative.retired = true;
    c->edges[i].tentative.refused = false;
    kd_registry_touch(c, (uint16_t)i);
    return true;
}

/* Batches that were refused meanwhile may be in the log alone: central had merged them before it was restored to a copy in which the edge is retired. */
static bool retire_take_back(kd_central *c, kd_bytes name)
{
    int i = retire_find(c, name);
    bool listed = retire_strike(c, name, false);
    if (i < 0 || !c->edges[i].tentative.retired) return listed;
    kd_registered_state *s = &c->edges[i].tentative;
    if (s->refused) kd_log_read_again(c);
    s->retired = s->refused = false;
    s->joined = c->begun + 1; /* backups made while it was retired have a low watermark without it */
    kd_registry_touch(c, (uint16_t)i);
    c->hand.look = true; /* batches that wait in quarantine */
    return true;
}

/* ---- expected ---- */

static kd_expected retire_expected(const kd_central *c, kd_bytes name, kd_bytes region)
{
    int i = retire_find(c, name);
    kd_expected e = {.name_len = (uint8_t)name.len, .region_len = (uint8_t)region.len};
    memcpy(e.name, name.data, name.len);
    if (region.len > 0) memcpy(e.region, region.data, region.len);
    e.heard = i >= 0 && c->edges[i].durable;
    e.struck = i >= 0 && c->edges[i].tentative.retired;
    return e;
}

static bool retire_expect_one(kd_central *c, kd_bytes name, kd_bytes region, bool configured)
{
    const kd_expected *known = kd_expect_find(&c->expected, name);
    kd_expected e = retire_expected(c, name, region);
    if (known && configured && !kd_planted(c, KD_PLANT_LISTED_AGAIN)) return false;
    bool same = known && known->struck == e.struck && kd_bytes_eq(kd_expected_region(known), region);
    return !same && kd_expect_put(c, &e);
}

static bool retire_expect(kd_central *c, const kd_decision *d)
{
    kd_bytes left = d->body, name, region;
    bool malformed = false, changed = false;
    while (kd_expected_next(&left, &name, &region, &malformed))
        changed |= retire_expect_one(c, name, region, d->author.len > 0);
    return changed;
}

kd_fed kd_retire_decide(kd_central *c, const kd_decision *d)
{
    bool changed = d->what == KD_DECIDED_EXPECT   ? retire_expect(c, d)
                   : d->what == KD_DECIDED_RETIRE ? retire_edge(c, d->body)
                                                  : retire_take_back(c, d->body);
    return changed ? KD_FED_DECIDED : KD_FED_IDLE;
}

/* ---- its author ---- */

static int retire_check_expected(const kd_central *c, const kd_decision *d)
{
    kd_bytes left = d->body, name, region;
    bool malformed = false;
    while (kd_expected_next(&left, &name, &region, &malformed)) {
        int i = retire_find(c, name);
        if (i >= 0 && c->edges[i].tentative.retired) return KD_ERETIRED;
        if (c->expected.count == KD_EDGES_MAX && !kd_expect_find(&c->expected, name)) return KD_EFULL;
    }
    return KD_OK;
}

int kd_retire_check(const kd_central *c, const kd_decision *d)
{
    if (d->what == KD_DECIDED_EXPECT) return d->author.len > 0 ? KD_OK : retire_check_expected(c, d);
    bool listed = kd_expect_find(&c->expected, d->body) != NULL;
    return listed || retire_find(c, d->body) >= 0 ? KD_OK : KD_ENOTFOUND;
}

int kd_retire_propose(const kd_central *c, kd_buf *body)
{
    kd_buf_clear(body);
    for (uint32_t i = 0; i < c->config.expected_edge_count && c->expected.count < KD_EDGES_MAX; i++) {
        kd_bytes name = kd_bytes_str(c->config.expected_edges[i]);
        const kd_expected *known = kd_expect_find(&c->expected, name);
        bool again = known && known->struck && kd_planted(c, KD_PLANT_LISTED_AGAIN);
        if (!known || again) kd_expected_put(body, name, (kd_bytes){0});
    }
    return body->len > 0 ? KD_OK : KD_ENOTFOUND;
}

/* ---- told ---- */

uint32_t kd_central_expected(const kd_central *c, kd_central_expected_edge *out, uint32_t max)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < c->expected.count && count < max; i++) {
        const kd_expected *e = &c->expected.at[i];
        out[count++] =
            (kd_central_expected_edge){kd_expected_name(e), kd_expected_region(e), e->struck, e->heard};
    }
    return count;
}
