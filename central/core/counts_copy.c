/* counts_copy.c - see the header. */
#include "central/core/counts_copy.h"

#include "central/core/state.h"

#include <stdlib.h>

kd_counts_copy *kd_central_counts_copy(kd_central *c, uint32_t max)
{
    kd_counts_copy *copy = kd_alloc(sizeof *copy);
    const kd_count_entry *e;
    copy->version = c->version;
    while (copy->count < max) {
        e = kd_table_next(&c->counts.table, &c->copy_cursor);
        if (!e) {
            c->copy_cursor = 0;
            break;
        }
        copy->at = kd_grow(copy->at, copy->count, &copy->cap, sizeof *copy->at);
        copy->at[copy->count++] = (kd_copied_item){.item.len = e->key_len, .part_count = e->part_count};
        kd_buf_put(&copy->arena, e->key, e->key_len);
        kd_buf_put(&copy->arena, e->parts, e->part_count * sizeof *e->parts);
    }
    return copy;
}

void kd_counts_copy_destroy(kd_counts_copy *copy)
{
    if (!copy) return;
    kd_buf_finish(&copy->arena);
    free(copy->at);
    free(copy);
}

static int counts_copy_compare(const void *left, const void *right)
{
    const kd_copied_item *a = left, *b = right;
    return kd_bytes_cmp(a->item, b->item);
}

void kd_counts_copy_sort(kd_counts_copy *copy)
{
    size_t at = 0;
    for (uint32_t i = 0; i < copy->count; i++) {
        kd_copied_item *c = &copy->at[i];
        c->item.data = copy->arena.data + at;
        c->parts_at = at + c->item.len;
        at = c->parts_at + c->part_count * sizeof(kd_count_part);
    }
    if (copy->count) qsort(copy->at, copy->count, sizeof *copy->at, counts_copy_compare);
}

void kd_counts_copy_parts(const kd_counts_copy *copy, uint32_t i, kd_parts *out)
{
    const kd_copied_item *c = &copy->at[i];
    for (uint32_t n = 0; n < c->part_count; n++) {
        kd_count_part part;
        memcpy(&part, copy->arena.data + c->parts_at + n * sizeof part, sizeof part);
        kd_parts_add(out, part.where, part.value);
    }
}
