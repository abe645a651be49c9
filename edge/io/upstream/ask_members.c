/* ask_members.c - see the header. One item is asked for by its own path, several by one lookup. */
#include "edge/io/upstream/ask_members.h"

#include "common/json/json_writer.h"

static void ask_members_on_answer(void *arg, int result, int status, const kd_http_response *r)
{
    kd_members_wait *wait = arg;
    kd_asker *a = wait->asker;
    a->open--;
    /* Otherwise all answers stay unknown, as kd_ask_members has set them. */
    if (result == KD_OK && status == 200) {
        kd_bytes body = kd_http_response_body(r);
        if (wait->count == 1)
            wait->answers[0] = kd_central_words_liked(body, &a->text);
        else
            kd_central_words_liked_each(body, &a->text, wait->count, wait->answers);
    }
    wait->fn(wait);
    kd_turn_wake(&a->base->turn);
}

/* The body of POST /v1/likes/lookup. */
static void write_list(kd_asker *a, const char *counter, const kd_members_wait *wait)
{
    char text[KD_ITEM_KEY_MAX];
    kd_buf_clear(&a->body);
    kd_json j = kd_json_of(&a->body);
    kd_json_object(&j);
    kd_json_key(&j, "counter"), kd_json_cstr(&j, counter);
    kd_json_key(&j, "items"), kd_json_array(&j);
    for (uint32_t i = 0; i < wait->count; i++)
        kd_json_str(&j, kd_bytes_of(text, kd_key_text(wait->items[i], text)));
    kd_json_end_array(&j);
    kd_json_end_object(&j);
}

/* Sends the question whose body, if it has one, is in a->body. */
static int members_send(kd_asker *a, kd_bytes path, bool post, kd_bytes user, const kd_trace *trace,
                        kd_members_wait *wait)
{
    char parent[KD_TRACE_TEXT];
    char wanted[KD_SEEN_TEXT_MAX];
    size_t wanted_len = kd_seen_text(&wait->wanted, wanted);
    /* User and token differ with every request: in the header compression tables they would only push out what repeats. */
    kd_http_client_field fields[4] = {
        {.name = kd_bytes_str("x-user-id"), .value = user, .no_index = true},
        {.name = kd_bytes_str("kudos-seen"), .value = kd_bytes_of(wanted, wanted_len), .no_index = true},
    };
    size_t count = 2;
    if (post)
        fields[count++] = (kd_http_client_field){.name = kd_bytes_str("content-type"),
                                                 .value = kd_bytes_str("application/json")};
    if (trace->known) fields[count++] = kd_asker_trace_field(a, trace, parent);
    return kd_http_client_request_first(a->client, post ? "POST" : "GET", path, fields, count,
                                        kd_buf_view(&a->body), ask_members_on_answer, wait, 0);
}

int kd_ask_members(kd_asker *a, const char *counter, kd_bytes user, kd_ask_for asks, kd_members_wait *wait)
{
    bool one = wait->count == 1;
    if (!a->client) return KD_EUNAVAILABLE;
    int err = kd_asker_admit(a, asks.client, KD_ASK_USER);
    if (err != KD_OK) return err;
    wait->asker = a;
    for (uint32_t i = 0; i < wait->count; i++)
        wait->answers[i] = (kd_central_liked){.liked = KD_LIKED_UNKNOWN};
    kd_buf_clear(&a->body);
    if (one) {
        kd_asker_item_path(a, "/v1/", wait->items[0]);
        kd_buf_put_u8(&a->path, '/');
        kd_buf_put(&a->path, counter, strlen(counter));
    } else {
        write_list(a, counter, wait);
    }
    kd_bytes path = one ? kd_buf_view(&a->path) : kd_bytes_str("/v1/likes/lookup");
    err = members_send(a, path, !one, user, asks.trace, wait);
    if (err != KD_OK) return err;
    a->open++;
    kd_metric_add(&a->base->metrics.member_asks, 1);
    return KD_OK;
}
