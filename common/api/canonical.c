/* canonical.c - see the header. */
#include "common/api/canonical.h"

#include <stdlib.h>

/* By text, not by key: a key begins with a length. */
static int canonical_compare(const void *a, const void *b)
{
    char left[KD_ITEM_KEY_MAX], right[KD_ITEM_KEY_MAX];
    kd_key_text(kd_item_key(a), left);
    kd_key_text(kd_item_key(b), right);
    return strcmp(left, right); /* by bytes as unsigned, and no text holds a NUL */
}

static void canonical_put(const kd_item *item, kd_buf *out)
{
    char text[KD_ITEM_KEY_MAX];
    size_t len = kd_key_text(kd_item_key(item), text);
    kd_buf_put(out, text, len);
}

void kd_canonical_items(kd_item *items, uint32_t *count, kd_buf *out)
{
    uint32_t kept = 0;
    qsort(items, *count, sizeof(*items), canonical_compare);
    kd_buf_put(out, "items=", 6);
    for (uint32_t i = 0; i < *count; i++) {
        if (kept > 0 && kd_bytes_eq(kd_item_key(&items[kept - 1]), kd_item_key(&items[i]))) continue;
        if (kept > 0) kd_buf_put(out, ",", 1);
        canonical_put(&items[i], out);
        if (kept != i) items[kept] = items[i];
        kept++;
    }
    *count = kept;
}
