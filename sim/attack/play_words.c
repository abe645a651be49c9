/* play_words.c - see the header. */
#include "common/base/text.h"
#include "sim/attack/play_hooks.h"

void sim_play_items_path(const sim_raw *raw, const char *word, uint64_t from, uint32_t count, kd_buf *out)
{
    kd_buf_clear(out);
    kd_text_printf(out, "/v1/counts?items=");
    for (uint64_t at = from; at < from + count; at++)
        kd_text_printf(out, "%s%s/%s%llu", at > from ? "," : "", raw->shared->collection, word,
                       (unsigned long long)at);
}

void sim_play_bulk_path(const sim_raw *raw, const char *word, uint64_t from, kd_buf *out)
{
    sim_play_items_path(raw, word, from, SIM_PLAY_BULK_ITEMS, out);
}

void sim_play_request(sim_raw *raw, const char *method, kd_bytes path, uint8_t flags)
{
    kd_buf block = {0};
    raw->stream = raw->stream == 0 ? 1 : raw->stream + 2;
    raw->opened++;
    sim_hpack_request(&block, method, raw->shared->authority, path);
    sim_frame_put(&raw->out, SIM_FRAME_HEADERS, flags | SIM_FRAME_END_HEADERS, raw->stream,
                  kd_buf_view(&block));
    kd_buf_finish(&block);
}

void sim_play_open(sim_raw *raw)
{
    sim_frame_preface(&raw->out, SIM_FRAME_WINDOW_MAX);
}

void sim_play_open_block(sim_raw *raw)
{
    kd_buf block = {0};
    sim_play_open(raw);
    sim_hpack_request(&block, "GET", raw->shared->authority, kd_bytes_str("/v1/counts"));
    raw->stream = 1;
    sim_frame_put(&raw->out, SIM_FRAME_HEADERS, SIM_FRAME_END_STREAM, raw->stream, kd_buf_view(&block));
    kd_buf_finish(&block);
}
