/*
 * http_client_request.c - see the header.
 *
 * A request keeps its buffers when it goes back to the pool, so that a busy client allocates nothing per request. The head's names and values point
 * into `text`, and nghttp2 gets them uncopied: they must not change until the stream is closed.
 */
#include "common/io/http/client/http_client_request.h"

#include <stdlib.h>

kd_client_request *kd_client_request_take(kd_http_client *c)
{
    kd_client_request *r = SLIST_FIRST(&c->pool);
    if (r) {
        SLIST_REMOVE_HEAD(&c->pool, spare);
    } else {
        r = kd_alloc(sizeof *r);
        r->client = c;
        kd_link_init(&r->at);
        kd_link_init(&r->deadline.at);
    }
    r->conn = NULL;
    r->stream = 0;
    r->replays = 0;
    kd_client_response_reset(&r->response);
    return r;
}

static void client_request_shrink(kd_buf *b)
{
    if (b->cap > KD_CLIENT_POOLED_BYTES) kd_buf_finish(b);
}

void kd_client_request_release(kd_client_request *r)
{
    KD_ASSERT(!r->cb);
    kd_link_remove(&r->at);
    client_request_shrink(&r->text);
    client_request_shrink(&r->response.head);
    client_request_shrink(&r->response.body);
    /* To the front: the object that was used last is the likeliest to be in the processor's caches. */
    SLIST_INSERT_HEAD(&r->client->pool, r, spare);
}

void kd_client_pool_finish(kd_http_client *c)
{
    for (kd_client_request *r; (r = SLIST_FIRST(&c->pool));) {
        SLIST_REMOVE_HEAD(&c->pool, spare);
        kd_buf_finish(&r->text);
        kd_buf_finish(&r->response.head);
        kd_buf_finish(&r->response.body);
        free(r);
    }
}

static void client_request_add(kd_client_request *r, kd_bytes name, kd_bytes value, bool no_index)
{
    uint8_t flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;
    if (no_index) flags |= NGHTTP2_NV_FLAG_NO_INDEX;
    r->head[r->head_count++] = (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name.data,
                                            .namelen = name.len,
                                            .value = (uint8_t *)(uintptr_t)value.data,
                                            .valuelen = value.len,
                                            .flags = flags};
}

/* Copies into text, which has the room, and returns the view of the copy. */
static kd_bytes keep(kd_buf *text, kd_bytes b)
{
    size_t at = text->len;
    kd_buf_put(text, b.data, b.len);
    return kd_bytes_of(text->data + at, b.len);
}

int kd_client_request_fill(kd_client_request *r, const char *method, kd_bytes path,
                           const kd_http_client_field *fields, size_t field_count, kd_bytes body)
{
    size_t bytes = strlen(method) + path.len;
    for (size_t i = 0; i < field_count; i++) bytes += fields[i].name.len + fields[i].value.len;
    if (field_count > KD_HTTP_CLIENT_FIELDS_MAX || bytes > KD_HEADER_BYTES_MAX) return KD_EINVAL;
    kd_buf_clear(&r->text);
    kd_buf_reserve(&r->text, bytes + body.len + 1); /* before any view of it is taken */
    const kd_client_url *url = &r->client->url;
    r->head_count = 0;
    client_request_add(r, kd_bytes_str(":method"), keep(&r->text, kd_bytes_str(method)), false);
    client_request_add(r, kd_bytes_str(":scheme"), kd_bytes_str(url->tls ? "https" : "http"), false);
    client_request_add(r, kd_bytes_str(":authority"), kd_bytes_str(url->authority), false);
    client_request_add(r, kd_bytes_str(":path"), keep(&r->text, path), false);
    if (r->client->authorization.len > 0)
        client_request_add(r, kd_bytes_str("authorization"), kd_buf_view(&r->client->authorization), true);
    for (size_t i = 0; i < field_count; i++) {
        kd_bytes name = keep(&r->text, fields[i].name);
        client_request_add(r, name, keep(&r->text, fields[i].value), fields[i].no_index);
    }
    r->body_at = r->body_sent = r->text.len;
    keep(&r->text, body);
    return KD_OK;
}

void kd_client_response_reset(kd_http_response *p)
{
    kd_buf_clear(&p->head);
    kd_buf_clear(&p->body);
    p->status = 0;
    p->fields = 0;
    p->too_big = p->complete = false;
}

static int client_request_status_of(kd_bytes value)
{
    if (value.len != 3) return 0;
    return (value.data[0] - '0') * 100 + (value.data[1] - '0') * 10 + (value.data[2] - '0');
}

void kd_client_response_field(kd_http_response *p, kd_bytes name, kd_bytes value)
{
    if (name.len == 7 && memcmp(name.data, ":status", 7) == 0) {
        p->status = client_request_status_of(value);
        return;
    }
    if (++p->fields > KD_HEADERS_MAX || p->head.len + name.len + value.len > KD_HEADER_BYTES_MAX) {
        p->too_big = true;
        return;
    }
    kd_buf_put_be16(&p->head, (uint16_t)name.len);
    kd_buf_put_be16(&p->head, (uint16_t)value.len);
    kd_buf_put(&p->head, name.data, name.len);
    kd_buf_put(&p->head, value.data, value.len);
}

void kd_client_response_data(kd_http_response *p, kd_bytes data, uint32_t max)
{
    if (p->body.len + data.len > max) {
        p->too_big = true;
        return;
    }
    kd_buf_put(&p->body, data.data, data.len);
}

kd_bytes kd_http_response_body(const kd_http_response *r)
{
    return kd_buf_view(&r->body);
}

kd_bytes kd_http_response_header(const kd_http_response *r, const char *name)
{
    kd_reader in = kd_reader_of(kd_buf_view(&r->head));
    kd_bytes wanted = kd_bytes_str(name);
    while (kd_reader_left(&in) > 0) {
        size_t name_len = kd_read_be16(&in), value_len = kd_read_be16(&in);
        kd_bytes n = kd_read_bytes(&in, name_len);
        kd_bytes v = kd_read_bytes(&in, value_len);
        if (kd_bytes_eq(n, wanted)) return v;
    }
    return (kd_bytes){.data = NULL, .len = 0};
}
