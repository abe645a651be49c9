/*
 * plays_token.c - attacks by tokens (JWT). A forged one is a token that was good at some time, with a part of its signature exchanged: it names a key that
 * the server knows, and costs it a whole verification.
 *
 * The part is the one from a quarter to half of the text of the signature, so that it stays one that has to be computed: the first bytes of RSA's stay
 * below the modulus, and the half of Ed25519's that must be small stays what it was.
 */
#include "common/base/text.h"
#include "sim/attack/play_hooks.h"

enum { FORGED_IN_FLIGHT = 50 };

static void token_put_forged(kd_buf *out, const char *token, uint64_t seed)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t at = out->len + (size_t)(strrchr(token, '.') + 1 - token), signature;
    kd_buf_put(out, token, strlen(token));
    signature = out->len - at;
    for (size_t i = signature / 4; i < signature / 2; i++)
        out->data[at + i] = (uint8_t)letters[kd_random_next(&seed) % (sizeof letters - 1)];
}

/* What is the same in each request stands in the dynamic table from the first one on; the token enters none. */
static void token_put_request(sim_raw *raw, kd_buf *block)
{
    kd_buf value = {0};
    sim_hpack_indexed(block, SIM_HPACK_GET);
    sim_hpack_indexed(block, SIM_HPACK_HTTP);
    if (raw->opened > 0) {
        sim_hpack_indexed(block, SIM_HPACK_NEWEST);
        sim_hpack_indexed(block, SIM_HPACK_NEWEST + 1);
    } else {
        kd_text_printf(&value, "/v1/%s/forged/like", raw->shared->collection);
        sim_hpack_insert_named(block, SIM_HPACK_AUTHORITY, kd_bytes_str(raw->shared->authority));
        sim_hpack_insert_named(block, SIM_HPACK_PATH, kd_buf_view(&value));
    }
    kd_buf_clear(&value);
    kd_buf_put(&value, "Bearer ", 7);
    token_put_forged(&value, raw->shared->token, raw->shared->seed + raw->shared->questions++);
    sim_hpack_named(block, SIM_HPACK_AUTHORIZATION, kd_buf_view(&value));
    kd_buf_finish(&value);
}

void sim_token_forged(sim_raw *raw)
{
    kd_buf block = {0};
    while (raw->out.len < SIM_RAW_CHUNK && raw->opened - raw->in.ended < FORGED_IN_FLIGHT) {
        kd_buf_clear(&block);
        token_put_request(raw, &block);
        raw->stream = raw->stream == 0 ? 1 : raw->stream + 2;
        raw->opened++;
        sim_frame_put(&raw->out, SIM_FRAME_HEADERS, SIM_FRAME_END_HEADERS | SIM_FRAME_END_STREAM, raw->stream,
                      kd_buf_view(&block));
    }
    kd_buf_finish(&block);
}
