/*
 * bulk.c - reads all items, WINDOW requests in flight at a time. No request is tried again: after an error the reading is over.
 */
#include <stdlib.h>

#include "sim/users/bulk.h"

enum { WINDOW = 4, READ_MS = 10000 };

typedef struct {
    sim_bulk_read *read;
    uint32_t from, count;
} bulk_chunk;

static void bulk_ask(sim_bulk_read *r);

static void bulk_on_answer(void *arg, int result, int status, const kd_http_response *response)
{
    bulk_chunk *c = arg;
    sim_bulk_read *r = c->read;
    r->in_flight--;
    if (result == KD_OK && status == 200)
        result = sim_bulk_answer(&r->hooks, c->from, c->count, kd_http_response_body(response));
    else if (result == KD_OK)
        result = status;
    if (r->error == 0) r->error = result;
    free(c);
    bulk_ask(r);
}

static int ask_chunk(sim_bulk_read *r)
{
    bulk_chunk *c = kd_alloc(sizeof *c);
    kd_buf body = {0};
    *c = (bulk_chunk){.read = r, .from = r->next};
    c->count = KD_MIN(r->items - r->next, (uint32_t)KD_BULK_ITEMS_MAX);
    sim_bulk_ask(&r->hooks, c->from, c->count, &body);
    kd_http_client_field type = {kd_bytes_str("content-type"), kd_bytes_str("application/json"), false};
    int rc = kd_http_client_request(r->client, "POST", kd_bytes_str("/v1/counts"), &type, 1,
                                    kd_buf_view(&body), bulk_on_answer, c, READ_MS);
    kd_buf_finish(&body);
    if (rc != KD_OK) {
        free(c);
        return rc;
    }
    r->next += c->count;
    r->in_flight++;
    return KD_OK;
}

static void bulk_ask(sim_bulk_read *r)
{
    while (r->error == 0 && r->next < r->items && r->in_flight < WINDOW) r->error = ask_chunk(r);
    if (r->in_flight == 0) r->hooks.done(r->hooks.arg, r->error);
}

void sim_bulk_read_start(sim_bulk_read *r)
{
    bulk_ask(r);
}
