/* frames.c - see the header. */
#include "sim/client/frames.h"

static const char PREFACE[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum { CANCEL = 8 };

/* ---- frames ---- */

void sim_frame_put(kd_buf *out, sim_frame_type type, uint8_t flags, uint32_t stream, kd_bytes payload)
{
    kd_buf_put_u8(out, (uint8_t)(payload.len >> 16));
    kd_buf_put_be16(out, (uint16_t)payload.len);
    kd_buf_put_u8(out, (uint8_t)type);
    kd_buf_put_u8(out, flags);
    kd_buf_put_be32(out, stream);
    kd_buf_put(out, payload.data, payload.len);
}

static void frames_put_number(kd_buf *out, sim_frame_type type, uint32_t stream, uint32_t number)
{
    uint32_t be = __builtin_bswap32(number);
    sim_frame_put(out, type, 0, stream, kd_bytes_of(&be, sizeof be));
}

void sim_frame_window(kd_buf *out, uint32_t stream, uint32_t increment)
{
    frames_put_number(out, SIM_FRAME_WINDOW_UPDATE, stream, increment);
}

void sim_frame_reset(kd_buf *out, uint32_t stream)
{
    frames_put_number(out, SIM_FRAME_RST_STREAM, stream, CANCEL);
}

void sim_frame_preface(kd_buf *out, uint32_t window)
{
    uint8_t setting[SIM_SETTING_BYTES] = {0, SIM_SETTING_WINDOW};
    uint32_t be = __builtin_bswap32(window);
    memcpy(setting + 2, &be, sizeof be);
    kd_buf_put(out, PREFACE, sizeof PREFACE - 1);
    sim_frame_put(out, SIM_FRAME_SETTINGS, 0, 0, kd_bytes_of(setting, sizeof setting));
    sim_frame_window(out, 0, SIM_FRAME_WINDOW_MAX - SIM_FRAME_WINDOW);
}

/* ---- HPACK ---- */

/* RFC 7541, 5.1, with the pattern of the representation in the bits above the prefix. */
static void hpack_number(kd_buf *block, uint8_t pattern, uint32_t prefix_max, size_t number)
{
    if (number < prefix_max) {
        kd_buf_put_u8(block, (uint8_t)(pattern | number));
        return;
    }
    kd_buf_put_u8(block, (uint8_t)(pattern | prefix_max));
    kd_buf_put_varint(block, number - prefix_max);
}

static void hpack_text(kd_buf *block, kd_bytes text)
{
    hpack_number(block, 0, 0x7f, text.len);
    kd_buf_put(block, text.data, text.len);
}

static void hpack_field(kd_buf *block, uint8_t pattern, const char *name, kd_bytes value)
{
    kd_buf_put_u8(block, pattern);
    hpack_text(block, kd_bytes_str(name));
    hpack_text(block, value);
}

void sim_hpack_literal(kd_buf *block, const char *name, kd_bytes value)
{
    hpack_field(block, 0x00, name, value);
}

void sim_hpack_insert(kd_buf *block, const char *name, kd_bytes value)
{
    hpack_field(block, 0x40, name, value);
}

static void hpack_named(kd_buf *block, uint8_t pattern, uint32_t prefix_max, uint32_t name, kd_bytes value)
{
    hpack_number(block, pattern, prefix_max, name);
    hpack_text(block, value);
}

void sim_hpack_named(kd_buf *block, uint32_t name, kd_bytes value)
{
    hpack_named(block, 0x00, 0x0f, name, value);
}

void sim_hpack_insert_named(kd_buf *block, uint32_t name, kd_bytes value)
{
    hpack_named(block, 0x40, 0x3f, name, value);
}

void sim_hpack_indexed(kd_buf *block, uint32_t index)
{
    hpack_number(block, 0x80, 0x7f, index);
}

void sim_hpack_request(kd_buf *block, const char *method, const char *authority, kd_bytes path)
{
    sim_hpack_literal(block, ":method", kd_bytes_str(method));
    sim_hpack_literal(block, ":scheme", kd_bytes_str("http"));
    sim_hpack_literal(block, ":authority", kd_bytes_str(authority));
    sim_hpack_literal(block, ":path", path);
}

/* ---- reading ---- */

void sim_frame_reader_init(sim_frame_reader *r)
{
    *r = (sim_frame_reader){.initial_window = SIM_FRAME_WINDOW, .window = SIM_FRAME_WINDOW};
}

static uint32_t frames_be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Of SETTINGS only the first setting is looked at while bytes are kept; `payload` holds one at a time. */
static void reader_setting(sim_frame_reader *r)
{
    if (r->payload[0] == 0 && r->payload[1] == SIM_SETTING_WINDOW)
        r->initial_window = frames_be32(r->payload + 2);
}

static void reader_frame_over(sim_frame_reader *r)
{
    uint8_t type = r->head[3], flags = r->head[4];
    uint32_t stream = frames_be32(r->head + 5);
    bool carries_end = type == SIM_FRAME_DATA || type == SIM_FRAME_HEADERS;
    if ((carries_end && (flags & SIM_FRAME_END_STREAM)) || type == SIM_FRAME_RST_STREAM) r->ended++;
    if (type == SIM_FRAME_SETTINGS && !(flags & SIM_FRAME_ACK)) r->settings = true;
    if (type == SIM_FRAME_GOAWAY) r->goaway = true;
    if (type == SIM_FRAME_WINDOW_UPDATE && stream == 0 && r->kept >= 4) r->window += frames_be32(r->payload);
    r->have = 0;
}

static void reader_payload(sim_frame_reader *r, kd_bytes *bytes)
{
    uint8_t type = r->head[3];
    bool looked_at = type == SIM_FRAME_SETTINGS || type == SIM_FRAME_WINDOW_UPDATE;
    while (looked_at && r->skip > 0 && bytes->len > 0) {
        r->payload[r->kept++] = *bytes->data;
        *bytes = kd_bytes_of(bytes->data + 1, bytes->len - 1);
        r->skip--;
        if (type == SIM_FRAME_SETTINGS && r->kept == SIM_SETTING_BYTES) reader_setting(r);
        if (r->kept == sizeof r->payload) r->kept = 0;
    }
    size_t over = KD_MIN((size_t)r->skip, bytes->len);
    r->skip -= (uint32_t)over;
    *bytes = kd_bytes_of(bytes->data + over, bytes->len - over);
}

void sim_frame_read(sim_frame_reader *r, kd_bytes bytes)
{
    while (bytes.len > 0) {
        if (r->have == SIM_FRAME_HEAD) {
            reader_payload(r, &bytes);
        } else {
            r->head[r->have++] = *bytes.data;
            bytes = kd_bytes_of(bytes.data + 1, bytes.len - 1);
            if (r->have == SIM_FRAME_HEAD) {
                r->skip = (uint32_t)r->head[0] << 16 | (uint32_t)r->head[1] << 8 | r->head[2];
                r->kept = 0;
            }
        }
        if (r->have == SIM_FRAME_HEAD && r->skip == 0) reader_frame_over(r);
    }
}
