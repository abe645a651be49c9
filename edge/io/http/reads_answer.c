/* reads_answer.c - see the header. */
#include "edge/io/http/reads_answer.h"

#include <stdio.h>

#include "common/api/answer.h"
#include "common/base/display.h"
#include "common/io/http/etag.h"
#include "edge/io/http/answer.h"
#include "edge/io/http/reads_work.h"

static void write_counts(kd_json *j, const kd_edge_read *read, const kd_lookup *l, uint64_t now_us)
{
    kd_answer_write_counts(j, &(kd_answer_counts){
                                  .item = l->item,
                                  .counters = &read->call.origin->served.counters,
                                  .count = l->view.count,
                                  .told = l->view.told,
                                  .pending = l->view.pending,
                                  .now_us = now_us,
                                  .made_us = l->view.made_us,
                                  .as_of_us = l->view.as_of_us,
                                  .source = l->count_central ? "central" : "edge",
                                  .liked = read->members ? (kd_liked)l->liked : KD_LIKED_UNASKED,
                              });
}

static void reads_answer_write_liked(kd_json *j, const kd_lookup *l)
{
    kd_answer_write_liked(j, &(kd_answer_liked){.item = l->item,
                                                .liked = (kd_liked)l->liked,
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

static void write_item(kd_json *j, const kd_edge_read *read, const kd_lookup *l, uint64_t now_us)
{
    if (read->kind == KD_READ_DISPLAYS)
        write_display(j, read, l);
    else if (read->views)
        write_counts(j, read, l, now_us);
    else
        reads_answer_write_liked(j, l);
}

static void write_items(kd_json *j, const kd_edge_read *read, uint64_t now_us)
{
    kd_json_object(j);
    kd_json_key(j, "items");
    kd_json_array(j);
    for (uint32_t i = 0; i < read->count; i++) write_item(j, read, &read->at[i], now_us);
    kd_json_end_array(j);
    kd_json_end_object(j);
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
static void answer_display(kd_edge_read *read)
{
    const kd_shard *s = read->call.origin;
    bool whole = answer_display_whole(read);
    uint64_t as_of_us = answer_display_as_of(read);
    kd_http_request *req = read->call.req;
    char etag[KD_ETAG_MAX], cache[CACHE_CONTROL_MAX], as_of[KD_TIME_MS_MAX];
    kd_etag_write(kd_buf_view(&s->out), etag);
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
    kd_http_respond(req, 200, fields, count, kd_buf_view(&s->out));
}

void kd_reads_finish(kd_call *call)
{
    kd_edge_read *read = KD_CONTAINER(call, kd_edge_read, call);
    kd_shard *s = call->origin;
    uint64_t mono_us =
        kd_call_end(call, read->count > 1 ? &s->base.metrics.bulk_time : &s->base.metrics.read_time);
    uint64_t now_us = kd_clock_server_at_us(s->base.clock, mono_us);
    if (call->status != KD_OK) {
        kd_answer_error(call->req, call->status);
        return;
    }
    kd_json j = kd_answer_writer(call->req, &s->out);
    switch (read->kind) {
    case KD_READ_COUNTS:
        write_counts(&j, read, &read->at[0], now_us);
        break;
    case KD_READ_DISPLAY:
        write_display(&j, read, &read->at[0]);
        break;
    case KD_READ_LIKED:
        reads_answer_write_liked(&j, &read->at[0]);
        break;
    case KD_READ_DISPLAYS:
    case KD_READ_BULK:
    case KD_READ_LOOKUP:
        write_items(&j, read, now_us);
        break;
    }
    if (read->kind == KD_READ_DISPLAY || read->kind == KD_READ_DISPLAYS)
        answer_display(read);
    else
        kd_answer_body(call->req, kd_buf_view(&s->out), NULL, 0);
}
