/* walk.c - see the header. A page holds rows one behind the other: klen be32 | vlen be32 | key | value. */
#include "central/core/walk.h"

enum { PAGE_BYTES = 64 * 1024 };

static int walk_collect(void *arg, kd_bytes key, kd_bytes value)
{
    kd_walk *w = arg;
    kd_buf_put_be32(&w->page, (uint32_t)key.len);
    kd_buf_put_be32(&w->page, (uint32_t)value.len);
    kd_buf_put(&w->page, key.data, key.len);
    kd_buf_put(&w->page, value.data, value.len);
    if (w->page.len < PAGE_BYTES) return 0;
    kd_buf_clear(&w->from);
    kd_buf_put(&w->from, key.data, key.len);
    kd_buf_put_u8(&w->from, 0); /* the smallest key above it */
    return 1;
}

static int read_page(kd_walk *w)
{
    kd_buf_clear(&w->page);
    w->at = 0;
    int rc = w->store->scan(w->store->ctx, kd_buf_view(&w->from), kd_buf_view(&w->to), walk_collect, w);
    w->last = rc == KD_OK;
    return rc < 0 ? KD_EIO : KD_OK;
}

int kd_walk_next(kd_walk *w)
{
    w->there = false;
    if (w->at == w->page.len) {
        int err = w->last ? KD_OK : read_page(w);
        if (err != KD_OK || w->at == w->page.len) return err;
    }
    kd_reader r = kd_reader_of(kd_bytes_of(w->page.data + w->at, w->page.len - w->at));
    size_t klen = kd_read_be32(&r), vlen = kd_read_be32(&r);
    w->key = kd_read_bytes(&r, klen);
    w->value = kd_read_bytes(&r, vlen);
    w->at = (size_t)(r.p - w->page.data);
    w->there = true;
    return KD_OK;
}

int kd_walk_start(kd_walk *w, const kd_store *store, kd_bytes prefix)
{
    *w = (kd_walk){.store = store};
    kd_buf_put(&w->from, prefix.data, prefix.len);
    kd_prefix_end(prefix, &w->to);
    return kd_walk_next(w);
}

void kd_walk_finish(kd_walk *w)
{
    kd_buf_finish(&w->from);
    kd_buf_finish(&w->to);
    kd_buf_finish(&w->page);
    *w = (kd_walk){0};
}
