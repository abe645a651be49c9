/*
 * audit_mend.c - see the header.
 *
 * Mended rows are accurate at a version of their own, one above the version of the store, so that an open applies no redo row to them. The redo row
 * of that version names the items and changes nothing. The first snapshot after the next start carries every item that redo rows name, so the edges
 * get the mended counts.
 */
#include "central/core/audit_mend.h"

#include "central/core/meta.h"
#include "central/core/row.h"

#include <stdlib.h>

/* One group of writes is one record of LevelDB's log, and is held in memory. */
static const size_t mend_bytes_max = 512u << 20;

int kd_audit_mend_item(kd_audit *a)
{
    kd_parts row = {0};
    for (uint32_t i = 0; i < a->stored.count; i++)
        if (!kd_audit_is_set(a, kd_part_counter(a->stored.at[i].where)))
            kd_parts_add(&row, a->stored.at[i].where, a->stored.at[i].value);
    kd_parts_add_all(&row, &a->recomputed);
    kd_buf_clear(&a->value);
    kd_parts_put_row(&row, a->result->version + 1, &a->value);
    kd_parts_finish(&row);
    kd_bytes item = kd_buf_view(&a->item);
    kd_writes_put(a->config->mend, kd_key_named(&a->key, KD_ROW_COUNTS, item), kd_buf_view(&a->value));
    kd_buf_put_u8(&a->mended, (uint8_t)item.len);
    kd_buf_put(&a->mended, item.data, item.len);
    a->result->items_mended++;
    return a->config->mend->buf.len > mend_bytes_max ? KD_ETOOBIG : KD_OK;
}

/* An effect from liked to liked, in one place: it moves no count and is no change for the changes topic, but it names its item. */
static void name_items(kd_audit *a)
{
    uint32_t n = (uint32_t)a->result->items_mended;
    kd_effect *effects = kd_alloc(n * sizeof *effects);
    kd_reader r = kd_reader_of(kd_buf_view(&a->mended));
    for (uint32_t i = 0; i < n; i++) {
        size_t len = kd_read_u8(&r);
        effects[i] = (kd_effect){.item = kd_read_bytes(&r, len), .user = kd_bytes_str("-")};
        effects[i].counter = 1;
        effects[i].was = effects[i].is = true;
    }
    kd_buf_clear(&a->value);
    kd_effects_encode(effects, n, &a->value);
    free(effects);
    kd_writes_put(a->config->mend, kd_key_numbered(&a->key, KD_ROW_REDO, a->result->version + 1),
                  kd_buf_view(&a->value));
}

void kd_audit_mend_end(kd_audit *a)
{
    const uint8_t key[] = {KD_ROW_META};
    if (a->result->items_mended == 0) return;
    /* An effect has to name an edge and a region. A store that knows none has told nobody a count. */
    if (a->edge_count > 0 && a->region_count > 0) name_items(a);
    kd_buf_clear(&a->value);
    kd_meta_with_version(kd_buf_view(&a->meta), a->result->version + 1, &a->value);
    kd_writes_put(a->config->mend, kd_bytes_of(key, 1), kd_buf_view(&a->value));
}
