/*
 * audit_index.c - see the header.
 *
 * Entries stand in another order than the rows that they come from. So two passes over all of them only add up digests: the sum over the entries that
 * rows should have is that over the entries there are, or something is wrong. Which, is looked up one by one, and only then.
 */
#include "central/core/audit_index.h"

#include "central/core/index.h"
#include "central/core/row.h"

/* ---- the rows of the indices ---- */

static int audit_index_load(kd_audit *a, kd_index index)
{
    const uint8_t key[] = {kd_index_prefix(index)};
    kd_index_row row;
    int err = a->store->get(a->store->ctx, kd_bytes_of(key, 1), &a->value);
    if (err == KD_ENOTFOUND) return KD_OK;
    if (err != KD_OK) return err;
    if (kd_index_row_read(kd_buf_view(&a->value), index, &row) != KD_OK)
        return kd_audit_broken(a, "the state of an index");
    a->index[index].stage = row.stage;
    a->index[index].walked = row.walked;
    a->index[index].in_step = row.version == a->result->version;
    kd_buf_put(&a->index[index].cursor, row.cursor.data, row.cursor.len);
    return KD_OK;
}

/* One that is left behind, or not complete, answers nothing, and is built first. */
static bool audit_index_counts(const kd_audit *a, kd_index index)
{
    return a->index[index].in_step && a->index[index].stage == KD_INDEX_COMPLETE;
}

/* ---- digests ---- */

static void audit_index_add(kd_audit *a, kd_index index, kd_bytes key, kd_bytes value, bool wanted)
{
    kd_audit_index_sums *s = &a->index[index];
    kd_buf_clear(&a->value);
    kd_buf_put(&a->value, key.data, key.len);
    kd_buf_put(&a->value, value.data, value.len);
    uint64_t digest = kd_hash(kd_buf_view(&a->value));
    s->digest += wanted ? digest : -digest;
    s->entries += wanted ? -1 : 1;
}

/* The entry that the row of that member should have, in a->key; its value behind it. Returns the length of the key. */
static size_t audit_index_entry(kd_audit *a, kd_index index, const kd_member *m, uint16_t region)
{
    kd_buf_clear(&a->key);
    kd_index_key_put(&a->key, index, m);
    size_t len = a->key.len;
    kd_index_value_put(&a->key, index, region);
    return len;
}

typedef struct {
    kd_audit *a;
    kd_index index;
    void (*each)(kd_audit *a, kd_index index, const kd_member *m, uint16_t region);
} audit_index_pass;

static int audit_index_member(void *arg, kd_bytes key, kd_bytes value)
{
    const audit_index_pass *p = arg;
    kd_stored_row row;
    kd_member m = {.liked = true};
    if (!kd_audit_row(p->a)) return KD_EAGAIN;
    if (!kd_member_key_valid(key) || kd_stored_row_decode(value, &row) != KD_OK)
        return kd_audit_broken(p->a, "the row of a member");
    if (!row.liked) return 0;
    kd_member_key_parse(key, &m.counter, &m.item, &m.user);
    m.time_us = row.time_us;
    p->each(p->a, p->index, &m, row.region);
    return 0;
}

static void audit_index_want(kd_audit *a, kd_index index, const kd_member *m, uint16_t region)
{
    size_t len = audit_index_entry(a, index, m, region);
    kd_bytes all = kd_buf_view(&a->key);
    audit_index_add(a, index, kd_bytes_of(all.data, len), kd_bytes_of(all.data + len, all.len - len), true);
}

static int audit_index_have(void *arg, kd_bytes key, kd_bytes value)
{
    const audit_index_pass *p = arg;
    if (!kd_audit_row(p->a)) return KD_EAGAIN;
    audit_index_add(p->a, p->index, key, value, false);
    return 0;
}

/* ---- which are wrong ---- */

static void audit_index_report(kd_audit *a, kd_index index, const kd_member *m, bool stored)
{
    const kd_audit_mismatch found = {.kind = KD_AUDIT_ENTRY,
                                     .item = m->item,
                                     .user = m->user,
                                     .index = kd_index_name(index),
                                     .counter = m->counter,
                                     .stored = stored,
                                     .recomputed = !stored};
    a->result->mismatches++;
    a->index[index].wrong = true;
    if (a->config->mismatch) a->config->mismatch(a->config->arg, &found);
}

static void audit_index_look_up(kd_audit *a, kd_index index, const kd_member *m, uint16_t region)
{
    size_t len = audit_index_entry(a, index, m, region);
    kd_bytes all = kd_buf_view(&a->key), value = kd_bytes_of(all.data + len, all.len - len);
    int err = a->store->get(a->store->ctx, kd_bytes_of(all.data, len), &a->value);
    if (err != KD_OK && err != KD_ENOTFOUND)
        a->index[index].err = err;
    else if (err == KD_ENOTFOUND || !kd_bytes_eq(kd_buf_view(&a->value), value))
        audit_index_report(a, index, m, false);
}

/* Reports the entry unless its member has a like of that time; the value is compared with the member's (audit_index_look_up). */
static int audit_index_check_entry(void *arg, kd_bytes key, kd_bytes value)
{
    const audit_index_pass *p = arg;
    kd_audit *a = p->a;
    kd_member m;
    kd_stored_row row;
    (void)value;
    if (!kd_audit_row(a)) return KD_EAGAIN;
    if (!kd_index_key_read(p->index, key, &m)) return kd_audit_broken(a, "the key of an index's entry");
    kd_buf_clear(&a->key);
    kd_member_key_put(&a->key, m.counter, m.item, m.user);
    int err = a->store->get(a->store->ctx, kd_buf_view(&a->key), &a->value);
    if (err != KD_OK && err != KD_ENOTFOUND) return err;
    if (err == KD_OK && kd_stored_row_decode(kd_buf_view(&a->value), &row) != KD_OK)
        return kd_audit_broken(a, "the row of a member");
    if (err == KD_ENOTFOUND || !row.liked || row.time_us != m.time_us)
        audit_index_report(a, p->index, &m, true);
    return 0;
}

/* ---- an index ---- */

static int audit_index_scan(const audit_index_pass *p, uint8_t prefix, bool entries, kd_scan_fn visit)
{
    const kd_store *store = p->a->store;
    const uint8_t from[] = {prefix, 0}, to[] = {(uint8_t)(prefix + 1)};
    return store->scan(store->ctx, kd_bytes_of(from, entries ? 2 : 1), kd_bytes_of(to, 1), visit, (void *)p);
}

static int audit_index_one(kd_audit *a, kd_index index)
{
    kd_audit_index_sums *s = &a->index[index];
    audit_index_pass p = {a, index, audit_index_want};
    if (!audit_index_counts(a, index)) return KD_OK;
    int err = audit_index_scan(&p, KD_ROW_MEMBER, false, audit_index_member);
    if (err == KD_OK) err = audit_index_scan(&p, kd_index_prefix(index), true, audit_index_have);
    if (err != KD_OK || (s->digest == 0 && s->entries == 0)) return err;
    p.each = audit_index_look_up;
    err = audit_index_scan(&p, KD_ROW_MEMBER, false, audit_index_member);
    if (err == KD_OK) err = s->err;
    return err == KD_OK ? audit_index_scan(&p, kd_index_prefix(index), true, audit_index_check_entry) : err;
}

int kd_audit_index(kd_audit *a)
{
    int err = KD_OK;
    for (kd_index i = 0; err == KD_OK && i < KD_INDICES; i++) {
        err = audit_index_load(a, i);
        if (err == KD_OK) err = audit_index_one(a, i);
    }
    return err;
}

void kd_audit_index_mend(kd_audit *a)
{
    bool raised = a->result->items_mended > 0;
    for (kd_index i = 0; i < KD_INDICES; i++) {
        const uint8_t key[] = {kd_index_prefix(i)};
        const kd_audit_index_sums *s = &a->index[i];
        if (!s->in_step || (!s->wrong && !raised)) continue;
        /* A wrong one is left behind: a start removes it, and builds it anew. */
        const kd_index_row row = {s->stage, s->wrong ? 0 : a->result->version + 1, s->walked,
                                  kd_buf_view(&s->cursor)};
        kd_buf_clear(&a->value);
        kd_index_row_put(&row, &a->value);
        kd_writes_put(a->config->mend, kd_bytes_of(key, 1), kd_buf_view(&a->value));
    }
}
