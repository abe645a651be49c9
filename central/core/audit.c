/*
 * audit.c - walks counts and membership side by side, item by item, and compares them; kudos/audit.h says what is compared.
 *
 * Membership rows are in the order of counter, then item; count rows in the order of items. So one walk for each counter and one over the counts are
 * merged. Redo and the copy of memory are sorted in memory beforehand. Memory is bounded by what a central holds anyway: the items that redo rows
 * name, and a page for each walk.
 */
#include "central/core/audit_index.h"
#include "central/core/audit_load.h"
#include "central/core/audit_mend.h"
#include "central/core/audit_state.h"
#include "central/core/row.h"

/* ---- what is reported ---- */

static void audit_report(kd_audit *a, kd_audit_kind kind, uint64_t where, uint64_t stored,
                         uint64_t recomputed)
{
    kd_audit_mismatch m = {.kind = kind,
                           .part = (kd_audit_part)kd_part_kind_of(where),
                           .item = kd_buf_view(&a->item),
                           .counter = kd_part_counter(where),
                           .stored = (int64_t)stored,
                           .recomputed = (int64_t)recomputed};
    uint32_t id = kd_part_id(where);
    bool named = m.part == KD_AUDIT_REGION && kind != KD_AUDIT_SUM && id < a->region_count;
    if (named) m.region = kd_region_name(&a->regions[id]);
    if (m.part == KD_AUDIT_DAY) m.day = id;
    a->result->mismatches++;
    if (a->config->mismatch) a->config->mismatch(a->config->arg, &m);
}

/* Reports every part in which the two differ, of all counters or of sets alone. True when there is such a part. */
static bool audit_diff(kd_audit *a, kd_audit_kind kind, const kd_parts *left, const kd_parts *right,
                       bool sets_only)
{
    bool any = false;
    for (uint32_t i = 0, j = 0; i < left->count || j < right->count;) {
        uint64_t l = i < left->count ? left->at[i].where : UINT64_MAX;
        uint64_t r = j < right->count ? right->at[j].where : UINT64_MAX;
        uint64_t where = KD_MIN(l, r);
        uint64_t a_value = l == where ? left->at[i++].value : 0,
                 b_value = r == where ? right->at[j++].value : 0;
        if (a_value == b_value || (sets_only && !kd_audit_is_set(a, kd_part_counter(where)))) continue;
        audit_report(a, kind, where, a_value, b_value);
        any = true;
    }
    return any;
}

/* Reports a sum whose total is not what its regions, or its days, add up to. */
static void audit_check_sum(kd_audit *a, uint8_t counter)
{
    uint64_t sums[KD_PART_DAY + 1] = {0};
    for (uint32_t i = 0; i < a->stored.count; i++)
        if (kd_part_counter(a->stored.at[i].where) == counter)
            sums[kd_part_kind_of(a->stored.at[i].where)] += a->stored.at[i].value;
    for (kd_part_kind kind = KD_PART_REGION; kind <= KD_PART_DAY; kind++) {
        if (sums[kind] == sums[KD_PART_TOTAL]) continue;
        audit_report(a, KD_AUDIT_SUM, kd_part_where(counter, kind, 0), sums[KD_PART_TOTAL], sums[kind]);
        a->result->sums_wrong++;
    }
}

static void audit_check_sums(kd_audit *a)
{
    int before = -1;
    for (uint32_t i = 0; i < a->stored.count; i++) {
        uint8_t counter = kd_part_counter(a->stored.at[i].where);
        if (counter != before && !kd_audit_is_set(a, counter)) audit_check_sum(a, counter);
        before = counter;
    }
}

/* ---- one item ---- */

static kd_bytes audit_item_of(const kd_walk *counts)
{
    return kd_bytes_of(counts->key.data + 1, counts->key.len - 1);
}

static int audit_read_row(kd_audit *a)
{
    uint64_t accurate;
    if (!a->counts.there || !kd_bytes_eq(audit_item_of(&a->counts), kd_buf_view(&a->item))) return KD_OK;
    if (kd_parts_read_row(&a->stored, a->counts.value, &accurate) != KD_OK)
        return kd_audit_broken(a, "a row of counts");
    return kd_audit_row(a) ? kd_walk_next(&a->counts) : KD_EAGAIN;
}

/* The counts of the item by the store: as of the version of the copy of memory, where there is one, and as of now. */
static void audit_add_redo(kd_audit *a)
{
    const kd_audit_redo *l = a->redo_at < a->redo_count ? a->redo_items[a->redo_at] : NULL;
    bool ours = l && kd_bytes_eq(kd_bytes_of(l->key, l->key_len), kd_buf_view(&a->item));
    if (ours) kd_parts_add_all(&a->stored, &l->redo);
    if (a->config->shown) kd_parts_add_all(&a->as_of_shown, &a->stored);
    if (!ours) return;
    kd_parts_add_all(&a->stored, &l->after);
    a->redo_at++;
}

/* Counts the likes of the item in one counter. */
static int audit_count_members(kd_audit *a, kd_walk *w)
{
    uint8_t counter;
    kd_bytes item, user;
    kd_stored_row row;
    while (w->there) {
        if (!kd_member_key_valid(w->key)) return kd_audit_broken(a, "the key of a member");
        kd_member_key_parse(w->key, &counter, &item, &user);
        if (!kd_bytes_eq(item, kd_buf_view(&a->item))) return KD_OK;
        if (kd_stored_row_decode(w->value, &row) != KD_OK || row.region >= a->region_count)
            return kd_audit_broken(a, "the row of a member");
        if (row.liked) kd_parts_count(&a->recomputed, counter, row.region, kd_day_of(row.time_us), 1);
        a->result->members += row.liked;
        int err = kd_audit_row(a) ? kd_walk_next(w) : KD_EAGAIN;
        if (err != KD_OK) return err;
    }
    return KD_OK;
}

/* True when the copy of memory holds the item. */
static bool audit_read_shown(kd_audit *a)
{
    kd_counts_copy *copy = a->config->shown;
    if (!copy || a->shown_at == copy->count) return false;
    if (!kd_bytes_eq(copy->at[a->shown_at].item, kd_buf_view(&a->item))) return false;
    kd_counts_copy_parts(copy, a->shown_at++, &a->shown);
    return true;
}

static bool audit_any_count(const kd_parts *p)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (p->at[i].value != 0) return true;
    return false;
}

static int audit_check_item(kd_audit *a)
{
    kd_parts_clear(&a->stored);
    kd_parts_clear(&a->as_of_shown);
    kd_parts_clear(&a->recomputed);
    kd_parts_clear(&a->shown);
    int err = audit_read_row(a);
    audit_add_redo(a);
    for (uint32_t c = 1; err == KD_OK && c < KD_COUNTER_BYTES; c++)
        if (a->has_members[c]) err = audit_count_members(a, &a->members[c]);
    if (err != KD_OK) return err;
    bool in_memory = audit_read_shown(a);
    a->result->items += audit_any_count(&a->stored) || audit_any_count(&a->recomputed);
    /* Sums have no membership to be counted again from: of them only the additions are checked. */
    bool wrong = audit_diff(a, KD_AUDIT_STORED, &a->stored, &a->recomputed, true);
    if (in_memory) audit_diff(a, KD_AUDIT_SHOWN, &a->shown, &a->as_of_shown, false);
    audit_check_sums(a);
    return wrong && a->config->mend ? kd_audit_mend_item(a) : KD_OK;
}

/* ---- all items ---- */

static void audit_lower(kd_bytes *least, kd_bytes item)
{
    if (!least->data || kd_bytes_cmp(item, *least) < 0) *least = item;
}

/* The smallest item at which a walk stands, into a->item; *more is false when all are at their end. */
static int audit_next_item(kd_audit *a, bool *more)
{
    kd_bytes least = {0}, item, user;
    uint8_t counter;
    if (a->counts.there) audit_lower(&least, audit_item_of(&a->counts));
    if (a->redo_at < a->redo_count)
        audit_lower(&least, kd_bytes_of(a->redo_items[a->redo_at]->key, a->redo_items[a->redo_at]->key_len));
    if (a->config->shown && a->shown_at < a->config->shown->count)
        audit_lower(&least, a->config->shown->at[a->shown_at].item);
    for (uint32_t c = 1; c < KD_COUNTER_BYTES; c++) {
        if (!a->members[c].there) continue;
        if (!kd_member_key_valid(a->members[c].key)) return kd_audit_broken(a, "the key of a member");
        kd_member_key_parse(a->members[c].key, &counter, &item, &user);
        audit_lower(&least, item);
    }
    *more = least.data != NULL;
    kd_buf_clear(&a->item);
    kd_buf_put(&a->item, least.data, least.len);
    return KD_OK;
}

/* No counter has the wire id 0, or one above KD_COUNTER_ID_MAX. */
static int audit_stray_row(void *arg, kd_bytes key, kd_bytes value)
{
    (void)key;
    (void)value;
    return kd_audit_broken(arg, "a member of a counter that cannot be");
}

static int audit_start_walks(kd_audit *a)
{
    const uint8_t counts[] = {KD_ROW_COUNTS}, member[] = {KD_ROW_MEMBER}, first[] = {KD_ROW_MEMBER, 1},
                  last[] = {KD_ROW_MEMBER, KD_COUNTER_BYTES}, end[] = {KD_ROW_MEMBER + 1};
    int err = kd_walk_start(&a->counts, a->store, kd_bytes_of(counts, 1));
    for (uint8_t c = 1; err == KD_OK && c < KD_COUNTER_BYTES; c++) {
        const uint8_t prefix[] = {KD_ROW_MEMBER, c};
        err = kd_walk_start(&a->members[c], a->store, kd_bytes_of(prefix, 2));
        a->has_members[c] = a->members[c].there;
    }
    if (err == KD_OK)
        err =
            a->store->scan(a->store->ctx, kd_bytes_of(member, 1), kd_bytes_of(first, 2), audit_stray_row, a);
    if (err == KD_OK)
        err = a->store->scan(a->store->ctx, kd_bytes_of(last, 2), kd_bytes_of(end, 1), audit_stray_row, a);
    return err;
}

static int audit_check_items(kd_audit *a)
{
    bool more = true;
    int err = audit_start_walks(a);
    if (a->config->shown) kd_counts_copy_sort(a->config->shown);
    while (err == KD_OK) {
        err = audit_next_item(a, &more);
        if (err != KD_OK || !more) break;
        err = audit_check_item(a);
    }
    if (err == KD_OK) err = kd_audit_index(a);
    if (err != KD_OK || !a->config->mend) return err;
    kd_audit_mend_end(a);
    kd_audit_index_mend(a);
    return KD_OK;
}

static void audit_finish(kd_audit *a)
{
    kd_audit_unload(a);
    kd_walk_finish(&a->counts);
    for (uint32_t c = 0; c < KD_COUNTER_BYTES; c++) kd_walk_finish(&a->members[c]);
    kd_parts_finish(&a->stored);
    kd_parts_finish(&a->as_of_shown);
    kd_parts_finish(&a->recomputed);
    kd_parts_finish(&a->shown);
    kd_buf_finish(&a->item);
    for (kd_index i = 0; i < KD_INDICES; i++) kd_buf_finish(&a->index[i].cursor);
    kd_buf_finish(&a->mended);
    kd_buf_finish(&a->value);
    kd_buf_finish(&a->key);
}

int kd_audit_run(const kd_store *store, const kd_audit_config *config, kd_audit_result *result)
{
    kd_audit a = {.store = store, .config = config, .result = result};
    *result = (kd_audit_result){0};
    int err = kd_audit_load(&a);
    if (err == KD_OK) err = audit_check_items(&a);
    audit_finish(&a);
    return err;
}
