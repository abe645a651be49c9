/* fast_list.c - see the header. */
#include "kudos/fast_list.h"

#include <stdlib.h>

enum { SECOND_US = 1000000 };

static kd_fast *fast_find(kd_fast_list *list, kd_fast_kind kind, kd_bytes name)
{
    for (uint32_t i = 0; i < list->count; i++) {
        kd_fast *f = &list->at[i];
        if (f->kind == kind && kd_bytes_eq(name, kd_bytes_of(f->name, f->len))) return f;
    }
    return NULL;
}

static kd_fast *fast_room(kd_fast_list *list)
{
    if (list->count < KD_FAST_LIST_MAX) return &list->at[list->count++];
    kd_fast *oldest = &list->at[0];
    for (uint32_t i = 1; i < list->count; i++)
        if (list->at[i].last_us < oldest->last_us) oldest = &list->at[i];
    return oldest;
}

void kd_fast_list_note(kd_fast_list *list, kd_fast_kind kind, kd_bytes name, uint64_t used, uint64_t over,
                       uint64_t now_us)
{
    KD_ASSERT(name.len <= KD_ITEM_KEY_MAX);
    kd_fast *f = fast_find(list, kind, name);
    if (!f) {
        f = fast_room(list);
        *f = (kd_fast){.kind = kind, .len = (uint8_t)name.len, .since_us = now_us};
        memcpy(f->name, name.data, name.len);
    }
    f->last_us = KD_MAX(f->last_us, now_us);
    f->most = KD_MAX(f->most, used);
    f->over += over;
}

static int fast_order(const void *a, const void *b)
{
    const kd_fast *x = a, *y = b;
    uint64_t x_s = x->last_us / SECOND_US, y_s = y->last_us / SECOND_US;
    if (x_s != y_s) return x_s > y_s ? -1 : 1;
    return (x->most < y->most) - (x->most > y->most);
}

void kd_fast_list_sort(kd_fast_list *list)
{
    qsort(list->at, list->count, sizeof list->at[0], fast_order);
}
