/* reads_answer.c - see the header. */
#include "edge/io/http/reads_answer.h"

#include <stdio.h>

#include "common/api/answer.h"
#include "common/base/display.h"
#include "common/io/http/etag.h"
#include "edge/io/http/answer.h"
#include "edge/io/http/reads_velocity.h"

static void write_counts(kd_json *j, const kd_edge_read *read, const kd_lookup *l, uint64_t now_us)
{
    kd_answer_write_counts(
        j,
        &(kd_answer_counts){
            .item = l->item,
            .counters = &read->call.origin->served.counters,
            .count = l->view.count,
            .told = l->view.told,
            .pending = l->view.pending,
            .now_us = now_us,
            .made_us = l->view.made_us,
            .as_of_us = l->view.as_of_us,
            .closed = l->view.closed,
            .velocity = l->velocity ? l->velocity->at : NULL,
            .velocity_made_us = kd_reads_velocity_made_us(l, now_us),
            .source = l->count_central ? "central" : "edge",
            .liked = read->members && !read->named ? (kd_liked)l->liked[read->counters[0]] : KD_LIKED_UNASKED,
            .me = read->named ? l->liked : NULL,
        });
}

static void reads_answer_write_liked(kd_json *j, const kd_edge_read *read, const kd_lookup *l)
{
    kd_answer_write_liked(j, &(kd_answer_liked){.item = l->item,
                                                .liked = (kd_liked)l->liked[read->counters[0]],
                                                .source = l->liked_central ? "central" : "edge"});
}

static void write_display(kd_json *j, const kd_edge_read *read, const kd_lookup *l)
{
    const kd_counters *counters = &read->call.origin->served.counters;
    kd_json_object(j);
    kd_answer_write_item(j, l->item);
    kd_json_key(j, "display");
    kd_json_object(j);
    for (uint32_t i = 0; i < counters->count; i++) {
        if (counters->at[i].name[0] == 0) continue; /* not offered */
        kd_json_key_bytes(j, kd_bytes_str(counters->at[i].name));
        kd_answer_write_display(j, i < l->view.told ? &l->view.count[i] : NULL);
    }
    kd_json_end_object(j);
    kd_json_end_object(j);
}

/* Answers that caches keep. */
static bool reads_answer_displays(const kd_edge_read *read)
{
    return read->kind == KD_READ_COUNT || read->kind == KD_READ_DISPLAY || read->kind == KD_READ_DISPLAYS;
}

static void write_item(kd_json *j, const kd_edge_read *read, const kd_lookup *l, uint64_t now_us)
{
    if (read->kind == KD_READ_COUNT)
        kd_answer_write_count_alone(j, read->counters[0] < l->view.told ? &l->view.count[read->counters[0]]
                                                                        : NULL);
    else if (reads_answer_displays(read))
        write_display(j, read, l);
    else if (read->views)
        write_counts(j, read, l, now_us);
    else
        reads_answer_write_liked(j, read, l);
}

enum { CACHE_CONTROL_MAX = 160 };

/* Appends ", name=seconds", unless that is none. */
static void answer_put_age(char *text, const char *name, uint64_t us)
{
    size_t len = strlen(text);
    if (us > 0)
        snprintf(text + len, CACHE_CONTROL_MAX - len, ", %s=%llu", name, (unsigned long long)(us / 1000000));
}

static void answer_cache_control(const kd_settings *set, uint32_t level, char text[CACHE_CONTROL_MAX])
{
    snprintf(text, CACHE_CONTROL_MAX, "public, max-age=%llu",
             (unsigned long long)(kd_level_display_age_us(level, set->display_max_age_us) / 1000000));
    answer_put_age(text, "stale-while-revalidate", set->display_while_revalidate_us);
    answer_put_age(text, "stale-if-error", set->display_if_error_us);
}

/* Whether every form of every item is known. A counter that was just added is null, too, and must not stay so in caches. */
static bool answer_display_whole(const kd_edge_read *read)
{
    if (read->kind == KD_READ_COUNT) return read->counters[0] < read->at[0].view.told;
    for (uint32_t i = 0; i < read->count; i++)
        if (read->at[i].view.told < read->call.origin->served.counters.count) return false;
    return true;
}

/* Of the number that is the oldest; 0: of one it is unknown. */
static uint64_t answer_display_as_of(const kd_edge_read *read)
{
    uint64_t as_of_us = UINT64_MAX;
    for (uint32_t i = 0; i < read->count; i++) as_of_us = KD_MIN(as_of_us, read->at[i].view.as_of_us);
    return as_of_us;
}

/*
 * The ETag is a hash of the body, so JSON and MessagePack have their own. The body holds the display forms alone, so it stays the same while the shown
 * forms do. A stale number may be
 * cached as well: otherwise, while central cannot be reached, every viewer of the region would come to the edge. A 304 carries all fields but
 * content-type, so that caches update Kudos-As-Of.
 */
static void answer_display(kd_edge_read *read, kd_bytes body)
{
    const kd_shard *s = read->call.origin;
    bool whole = answer_display_whole(read);
    uint64_t as_of_us = answer_display_as_of(read);
    kd_http_request *req = read->call.req;
    char etag[KD_ETAG_MAX], cache[CACHE_CONTROL_MAX], as_of[KD_TIME_MS_MAX];
    kd_etag_write(body, etag);
    answer_cache_control(s->base.settings, read->call.level, cache);
    kd_http_field fields[5] = {{"etag", kd_bytes_str(etag)},
                               {"cache-control", kd_bytes_str(whole ? cache : "no-store")},
                               {"vary", kd_bytes_str("accept")}};
    size_t count = 3;
    if (whole && as_of_us)
        fields[count++] =
            (kd_http_field){"kudos-as-of", kd_bytes_of(as_of, kd_display_time_ms(as_of_us, as_of))};
    if (kd_etag_is_held(req, etag)) {
        kd_http_respond(req, 304, fields, count, kd_bytes_of(NULL, 0));
        return;
    }
    fields[count++] =
        (kd_http_field){"content-type", kd_bytes_str(kd_media_type(kd_http_request_media(req)))};
    kd_http_respond(req, 200, fields, count, body);
}

static void reads_answer_leave(kd_edge_read *read, kd_bytes body)
{
    if (reads_answer_displays(read))
        answer_display(read, body);
    else
        kd_answer_body(read->call.req, body, NULL, 0);
}

static void reads_answer_one(kd_edge_read *read, uint64_t now_us)
{
    kd_shard *s = read->call.origin;
    kd_json j = kd_answer_writer(read->call.req, &s->out);
    write_item(&j, read, &read->at[0], now_us);
    reads_answer_leave(read, kd_buf_view(&s->out));
}

/* ---- many items: in pieces, with a look for new input between them ---- */

enum { ITEMS_A_PIECE = 16 };

struct kd_reads_text {
    kd_buf out; /* the shard's own buffer is used by others between two pieces */
    kd_json j;
    uint64_t now_us; /* of all ages */
    uint32_t written;
};

static void reads_text_open(kd_edge_read *read, uint64_t now_us)
{
    struct kd_reads_text *text = kd_http_request_alloc(read->call.req, sizeof *text);
    text->j = kd_answer_writer(read->call.req, &text->out);
    text->now_us = now_us;
    kd_json_object(&text->j);
    kd_json_key(&text->j, "items");
    kd_json_array(&text->j);
    read->text = text;
}

/* True: it is whole. */
static bool reads_text_more(kd_edge_read *read)
{
    struct kd_reads_text *text = read->text;
    uint32_t end = KD_MIN(read->count, text->written + ITEMS_A_PIECE);
    while (text->written < end) write_item(&text->j, read, &read->at[text->written++], text->now_us);
    if (end < read->count) return false;
    kd_json_end_array(&text->j);
    kd_json_end_object(&text->j);
    return true;
}

static bool reads_answer_is_list(const kd_edge_read *read)
{
    return read->kind == KD_READ_DISPLAYS || read->kind == KD_READ_BULK || read->kind == KD_READ_LOOKUP;
}

/* The memory of the text is the request's, and gone with the answer, but for the buffer. */
static void reads_answer_list(kd_edge_read *read)
{
    kd_buf out = read->text->out;
    reads_answer_leave(read, kd_buf_view(&out));
    kd_buf_finish(&out);
}

static void answer_live(kd_edge_read *read)
{
    kd_live_client *client = read->live;
    for (uint32_t i = 0; i < read->count; i++) {
        const kd_lookup *l = &read->at[i];
        kd_live_put(kd_live_client_live(client), kd_live_client_stream(client), i,
                    &(kd_live_found){.view = &l->view,
                                     .at_us = l->at_us,
                                     .liked = l->liked[read->counters[0]],
                                     .central = l->count_central,
                                     .unchanged = l->unchanged,
                                     .shard = l->errand->shard->base.index});
    }
    kd_live_hub_begin(client, read->call.req);
}

void kd_reads_finish(kd_call *call)
{
    kd_edge_read *read = KD_CONTAINER(call, kd_edge_read, call);
    kd_shard *s = call->origin;
    bool list = reads_answer_is_list(read) && call->status == KD_OK;
    if (list && !read->text) reads_text_open(read, kd_clock_server_at_us(s->base.clock, kd_clock_mono_us()));
    if (list && !reads_text_more(read)) {
        kd_call_finish_again(call);
        return;
    }
    uint64_t mono_us =
        kd_call_end(call, read->count > 1 ? &s->base.metrics.bulk_time : &s->base.metrics.read_time);
    if (call->status != KD_OK && read->live) kd_live_hub_abandon(read->live);
    if (call->status != KD_OK)
        kd_answer_error(call->req, call->status);
    else if (read->live)
        answer_live(read);
    else if (list)
        reads_answer_list(read);
    else
        reads_answer_one(read, kd_clock_server_at_us(s->base.clock, mono_us));
}
