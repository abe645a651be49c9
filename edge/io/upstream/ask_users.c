/* ask_users.c - see the header. */
#include "edge/io/upstream/ask_users.h"

#include "common/json/json_writer.h"

static void ask_users_on_answer(void *arg, int result, int status, const kd_http_response *r)
{
    kd_users_wait *wait = arg;
    kd_asker *a = wait->asker;
    a->open--;
    bool good = result == KD_OK && status == 200;
    wait->fn(wait, good ? kd_http_response_body(r) : kd_bytes_of(NULL, 0));
    kd_turn_wake(&a->base->turn);
}

static void ask_users_write(kd_asker *a, const kd_users_wait *wait)
{
    kd_buf_clear(&a->body);
    kd_json j = kd_json_of(&a->body);
    kd_json_object(&j);
    if (wait->counter) kd_json_put_str(&j, "counter", kd_bytes_str(wait->counter));
    kd_json_key(&j, wait->counter ? "users" : "without");
    kd_json_array(&j);
    for (uint32_t i = 0; i < wait->count; i++) kd_json_str(&j, wait->users[i]);
    kd_json_end_array(&j);
    kd_json_end_object(&j);
}

int kd_ask_users(kd_asker *a, kd_ask_for asks, kd_users_wait *wait)
{
    char parent[KD_TRACE_TEXT];
    const char *tail = wait->counter ? "/likers/among" : "/counts";
    kd_http_client_field fields[2] = {
        {.name = kd_bytes_str("content-type"), .value = kd_bytes_str("application/json")}};
    size_t count = 1;
    if (kd_upstream_none(&a->upstream)) return KD_EUNAVAILABLE;
    int err = kd_asker_admit(a, asks.client, KD_ASK_USER);
    if (err != KD_OK) return err;
    wait->asker = a;
    kd_asker_item_path(a, "/v1/", wait->item);
    kd_buf_put(&a->path, tail, strlen(tail));
    ask_users_write(a, wait);
    if (asks.trace->known) fields[count++] = kd_asker_trace_field(a, asks.trace, parent);
    const kd_upstream_question question = {.method = "POST",
                                           .path = kd_buf_view(&a->path),
                                           .body = kd_buf_view(&a->body),
                                           .fields = fields,
                                           .field_count = count,
                                           .first = true,
                                           .tells = wait->counter ? "likers" : "counts",
                                           .partition = kd_asker_partition(a, wait->item),
                                           .led = true,
                                           .deadline_ms = kd_asker_deadline_ms(a)};
    err = kd_upstream_ask(&a->upstream, &question, ask_users_on_answer, wait);
    if (err != KD_OK) return err;
    a->open++;
    kd_metric_add(&a->base->metrics.member_asks, 1);
    return KD_OK;
}
