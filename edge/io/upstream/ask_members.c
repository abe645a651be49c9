/* ask_members.c - see the header. One item is asked for by its own path, several by one lookup for each URL that leads some of them (ask_parts.h). */
#include "edge/io/upstream/ask_members.h"

#include "common/json/json_writer.h"
#include "edge/io/upstream/ask_parts.h"

/* User and token differ with every request: in the header compression tables they would only push out what repeats. */
static size_t members_fields(kd_http_client_field fields[4], kd_bytes user, const kd_members_wait *wait,
                             char wanted[KD_SEEN_TEXT_MAX])
{
    kd_bytes seen = kd_bytes_of(wanted, kd_seen_text(&wait->wanted, wanted));
    fields[0] = (kd_http_client_field){.name = kd_bytes_str("x-user-id"), .value = user, .no_index = true};
    fields[1] = (kd_http_client_field){.name = kd_bytes_str("kudos-seen"), .value = seen, .no_index = true};
    return 2;
}

/* ---- one item ---- */

static void ask_members_on_answer(void *arg, int result, int status, const kd_http_response *r)
{
    kd_members_wait *wait = arg;
    kd_asker *a = wait->asker;
    a->open--;
    /* Otherwise the answer stays unknown, as kd_ask_members has set it. */
    if (result == KD_OK && status == 200)
        wait->answers[0] = kd_central_words_liked(kd_http_response_body(r), &a->text);
    wait->fn(wait);
    kd_turn_wake(&a->base->turn);
}

static int members_ask_one(kd_asker *a, const char *counter, kd_bytes user, const kd_trace *trace,
                           kd_members_wait *wait)
{
    char parent[KD_TRACE_TEXT], wanted[KD_SEEN_TEXT_MAX];
    kd_http_client_field fields[4];
    size_t count = members_fields(fields, user, wait, wanted);
    if (trace->known) fields[count++] = kd_asker_trace_field(a, trace, parent);
    kd_asker_item_path(a, "/v1/", wait->items[0]);
    kd_buf_put_u8(&a->path, '/');
    kd_buf_put(&a->path, counter, strlen(counter));
    const kd_upstream_question question = {.method = "GET",
                                           .path = kd_buf_view(&a->path),
                                           .fields = fields,
                                           .field_count = count,
                                           .first = true,
                                           .tells = "liked",
                                           .partition = kd_asker_partition(a, wait->items[0]),
                                           .led = true,
                                           .deadline_ms = kd_asker_deadline_ms(a)};
    int err = kd_upstream_ask(&a->upstream, &question, ask_members_on_answer, wait);
    a->open += err == KD_OK;
    return err;
}

/* ---- several ---- */

/* The body of POST /v1/likes/lookup. */
static void members_write(void *arg, const uint32_t *at, uint32_t count)
{
    const kd_members_wait *wait = arg;
    char text[KD_ITEM_KEY_MAX];
    kd_json j = kd_json_of(&wait->asker->body);
    kd_json_object(&j);
    kd_json_key(&j, "counter"), kd_json_cstr(&j, wait->counter);
    kd_json_key(&j, "items"), kd_json_array(&j);
    for (uint32_t i = 0; i < count; i++)
        kd_json_str(&j, kd_bytes_of(text, kd_key_text(wait->items[at[i]], text)));
    kd_json_end_array(&j);
    kd_json_end_object(&j);
}

static void members_take(void *arg, const uint32_t *at, uint32_t count, kd_bytes body)
{
    kd_members_wait *wait = arg;
    kd_central_liked said[KD_BULK_ITEMS_MAX];
    kd_central_words_liked_each(body, &wait->asker->text, count, said);
    for (uint32_t i = 0; i < count; i++) wait->answers[at[i]] = said[i];
}

static void members_end(void *arg)
{
    kd_members_wait *wait = arg;
    wait->fn(wait);
}

static int members_ask_several(kd_asker *a, kd_bytes user, const kd_trace *trace, kd_members_wait *wait)
{
    char parent[KD_TRACE_TEXT], wanted[KD_SEEN_TEXT_MAX];
    kd_http_client_field fields[4];
    size_t count = members_fields(fields, user, wait, wanted);
    fields[count++] = (kd_http_client_field){.name = kd_bytes_str("content-type"),
                                             .value = kd_bytes_str("application/json")};
    if (trace->known) fields[count++] = kd_asker_trace_field(a, trace, parent);
    const kd_parts_question question = {.asker = a,
                                        .items = wait->items,
                                        .count = wait->count,
                                        .path = "/v1/likes/lookup",
                                        .fields = fields,
                                        .field_count = count,
                                        .first = true,
                                        .led = true,
                                        .arg = wait,
                                        .write = members_write,
                                        .answer = members_take,
                                        .end = members_end};
    return kd_ask_parts(&question);
}

int kd_ask_members(kd_asker *a, const char *counter, kd_bytes user, kd_ask_for asks, kd_members_wait *wait)
{
    if (kd_upstream_none(&a->upstream)) return KD_EUNAVAILABLE;
    int err = kd_asker_admit(a, asks.client, KD_ASK_USER);
    if (err != KD_OK) return err;
    wait->asker = a;
    wait->counter = counter;
    for (uint32_t i = 0; i < wait->count; i++)
        wait->answers[i] = (kd_central_liked){.liked = KD_LIKED_UNKNOWN};
    err = wait->count == 1 ? members_ask_one(a, counter, user, asks.trace, wait)
                           : members_ask_several(a, user, asks.trace, wait);
    if (err == KD_OK) kd_metric_add(&a->base->metrics.member_asks, 1);
    return err;
}
