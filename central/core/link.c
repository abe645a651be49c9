/* link.c - see the header. */
#include "central/core/link.h"

#include "central/core/commit.h"
#include "central/core/redo.h"
#include "central/core/row.h"
#include "central/core/state.h"

static const uint8_t link_key[] = {KD_ROW_FOLLOWS, 1};

enum { LINKED = 1, BROKEN = 2, ADOPTED = 4 };

/* ---- the row ---- */

static int link_decode(kd_central *c, kd_promoter *p)
{
    kd_reader r = kd_reader_of(kd_buf_view(&c->value));
    uint8_t flags = kd_read_u8(&r);
    p->linked = flags & LINKED;
    p->broken = flags & BROKEN;
    p->adopted = flags & ADOPTED;
    p->epoch = kd_read_be64(&r);
    p->version = kd_read_be64(&r);
    p->own = kd_read_be64(&r);
    c->follower.heard_version = kd_read_be64(&r);
    p->counts_offset = (int64_t)kd_read_be64(&r);
    p->renamed = kd_read_be64(&r);
    p->base = kd_read_be64(&r);
    p->chain_count = kd_read_u8(&r);
    if (p->chain_count > KD_CHAIN_MAX) return KD_EMALFORMED;
    for (uint32_t i = 0; i < p->chain_count; i++) {
        p->chain[i].epoch = kd_read_be64(&r);
        p->chain[i].last = kd_read_be64(&r);
    }
    p->told = kd_reader_left(&r) > 0 ? kd_read_be64(&r) : p->own;
    bool sane = p->told <= p->own && p->epoch < KD_TIME_END_US && p->version < KD_TIME_END_US &&
                p->own <= c->version && c->follower.heard_version < KD_TIME_END_US;
    return r.bad || kd_reader_left(&r) != 0 || !sane ? KD_EMALFORMED : KD_OK;
}

void kd_link_put(kd_central *c, kd_commit *k)
{
    kd_promoter *p = &c->promoter;
    bool kept = p->linked || p->broken || p->adopted || p->counts_offset >= 0 || kd_follows_now(c);
    if (!p->changed) return;
    p->changed = false;
    if (!kept && p->stored) kd_writes_delete(&k->writes, kd_bytes_of(link_key, 2));
    p->stored = kept;
    if (!kept) return;
    kd_buf_clear(&c->value);
    kd_buf_put_u8(&c->value, (uint8_t)(p->linked * LINKED | p->broken * BROKEN | p->adopted * ADOPTED));
    kd_buf_put_be64(&c->value, p->epoch);
    kd_buf_put_be64(&c->value, p->version);
    kd_buf_put_be64(&c->value, p->own);
    kd_buf_put_be64(&c->value, c->follower.heard_version);
    kd_buf_put_be64(&c->value, (uint64_t)p->counts_offset);
    kd_buf_put_be64(&c->value, p->renamed);
    kd_buf_put_be64(&c->value, p->base);
    kd_buf_put_u8(&c->value, (uint8_t)p->chain_count);
    for (uint32_t i = 0; i < p->chain_count; i++) {
        kd_buf_put_be64(&c->value, p->chain[i].epoch);
        kd_buf_put_be64(&c->value, p->chain[i].last);
    }
    kd_buf_put_be64(&c->value, p->told);
    kd_writes_put(&k->writes, kd_bytes_of(link_key, 2), kd_buf_view(&c->value));
}

int kd_link_load(kd_central *c)
{
    kd_promoter *p = &c->promoter;
    p->counts_offset = -1;
    int err = c->store.get(c->store.ctx, kd_bytes_of(link_key, 2), &c->value);
    if (err != KD_OK) return err == KD_ENOTFOUND ? KD_OK : err;
    p->stored = true;
    return link_decode(c, p);
}

/* ---- while it follows ---- */

void kd_link_told(kd_central *c, uint64_t told)
{
    if (told <= c->delivered) return;
    c->delivered = c->taken = told;
    kd_redo_settle(c);
}

void kd_link_agreed(kd_central *c, const kd_follow_heard *h, uint64_t own, uint64_t told)
{
    kd_promoter *p = &c->promoter;
    kd_link_told(c, told);
    if (p->linked && p->epoch == h->epoch && p->version == h->version && own <= c->published) return;
    p->linked = true;
    p->adopted = false;
    p->epoch = h->epoch;
    p->version = h->version;
    p->counts_offset = h->offset;
    p->chain_count = h->chain_count;
    memcpy(p->chain, h->chain, sizeof p->chain);
    if (own >= c->published) {
        p->broken = false;
        c->published = c->snapshot_version = own;
    }
    p->own = c->published;
    p->changed = true;
    kd_commit_open(c)->fed = true;
    kd_redo_settle(c);
}

void kd_link_break(kd_central *c)
{
    c->published = c->snapshot_version = c->version;
    c->promoter.own = c->delivered = c->taken = c->version;
    c->promoter.broken = c->promoter.changed = true;
    kd_redo_settle(c);
}

int64_t kd_central_counts_offset(const kd_central *c)
{
    return c->promoter.counts_offset;
}

/* ---- the first snapshot ---- */

uint64_t kd_link_label(const kd_central *c, uint64_t version)
{
    const kd_promoter *p = &c->promoter;
    bool renamed =
        p->adopted && version > p->told && version <= p->renamed && !kd_planted(c, KD_PLANT_LABELS_OWN);
    return renamed ? version - p->told + p->base : version;
}

bool kd_link_previous(const kd_central *c, uint64_t before, uint64_t *previous)
{
    const kd_promoter *p = &c->promoter;
    bool told = p->adopted && before == p->own;
    *previous = told ? KD_MIN(p->version, c->version) : before; /* below it but for a planted bug */
    if (told && kd_planted(c, KD_PLANT_PREVIOUS_OWN)) *previous = c->version;
    return !told || !p->broken;
}

/*
 * Of a snapshot with several parts, which may come in any order, the next one tells: it was made when all of them had been delivered. Versions up to `base`
 * are those of leaders before, which the first snapshot names.
 */
void kd_link_read_back(kd_central *c, const kd_snapshot *head)
{
    kd_promoter *p = &c->promoter;
    uint64_t whole = head->parts == 1 ? head->version : head->previous;
    bool counts = head->epoch == c->epoch && c->follower.marked_epoch <= head->epoch;
    if (counts && whole > p->base) p->read_back = KD_MAX(p->read_back, whole);
}

uint64_t kd_link_installed(const kd_central *c)
{
    if (!c->config.in_group || c->redo.owed_bytes > KD_FOLLOW_REDO_MAX) return c->snapshot_version;
    return KD_MAX(c->published, KD_MIN(c->promoter.read_back, c->snapshot_version));
}

void kd_link_published(kd_central *c)
{
    kd_promoter *p = &c->promoter;
    bool told = !c->config.publish_changes || c->delivered >= p->renamed;
    if (!p->adopted || c->published <= p->own || !told) return;
    p->adopted = p->broken = false;
    p->changed = true;
}
