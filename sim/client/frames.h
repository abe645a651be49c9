/*
 * frames.h - HTTP/2 frames and HPACK that no library writes for attackers and pumps: anything that the format can express. Pure.
 *
 * Functions append to a buffer and check nothing. The reader, which is the attackers', looks at little more than the heads of frames: enough to know which
 * windows the peer opened and how many streams ended.
 */
#ifndef KUDOS_SIM_CLIENT_FRAMES_H
#define KUDOS_SIM_CLIENT_FRAMES_H

#include "kudos/base.h"

/* RFC 9113, 6. */
typedef enum {
    SIM_FRAME_DATA = 0,
    SIM_FRAME_HEADERS = 1,
    SIM_FRAME_RST_STREAM = 3,
    SIM_FRAME_SETTINGS = 4,
    SIM_FRAME_PING = 6,
    SIM_FRAME_GOAWAY = 7,
    SIM_FRAME_WINDOW_UPDATE = 8,
    SIM_FRAME_CONTINUATION = 9,
} sim_frame_type;

enum {
    SIM_FRAME_HEAD = 9,          /* bytes before the payload */
    SIM_FRAME_MAX = 16 * 1024,   /* of a payload, unless the peer allows more */
    SIM_FRAME_END_STREAM = 0x1,  /* of DATA and HEADERS */
    SIM_FRAME_ACK = 0x1,         /* of SETTINGS and PING */
    SIM_FRAME_END_HEADERS = 0x4, /* of HEADERS and CONTINUATION */
    SIM_FRAME_WINDOW = 65535,    /* a window's first size */
    SIM_FRAME_WINDOW_MAX = 0x7fffffff,
    SIM_SETTING_STREAMS = 3, /* SETTINGS_MAX_CONCURRENT_STREAMS */
    SIM_SETTING_WINDOW = 4,  /* SETTINGS_INITIAL_WINDOW_SIZE */
    SIM_SETTING_BYTES = 6,   /* of one setting */
};

/* One frame. */
void sim_frame_put(kd_buf *out, sim_frame_type type, uint8_t flags, uint32_t stream, kd_bytes payload);
/* The client's preface and its SETTINGS, with this SETTINGS_INITIAL_WINDOW_SIZE, and a WINDOW_UPDATE that opens the connection's window wide. */
void sim_frame_preface(kd_buf *out, uint32_t window);
/* WINDOW_UPDATE; stream 0 is the connection. */
void sim_frame_window(kd_buf *out, uint32_t stream, uint32_t increment);
/* RST_STREAM with CANCEL. */
void sim_frame_reset(kd_buf *out, uint32_t stream);

/* HPACK (RFC 7541, 6), names in lower case: appends a field that enters no table. */
void sim_hpack_literal(kd_buf *block, const char *name, kd_bytes value);
/* Fields of the static table (RFC 7541, appendix A): those whose name is wanted without their value, and those with it. */
enum {
    SIM_HPACK_AUTHORITY = 1,
    SIM_HPACK_PATH = 4,
    SIM_HPACK_AUTHORIZATION = 23,
    SIM_HPACK_CONTENT_LENGTH = 28,
    SIM_HPACK_CONTENT_TYPE = 31,
    SIM_HPACK_GET = 2,
    SIM_HPACK_POST = 3,
    SIM_HPACK_HTTP = 6,
    SIM_HPACK_STATUS_200 = 8,
    SIM_HPACK_NEWEST = 62, /* the first of the dynamic table */
};
/* Appends a field that has the name of number `name` of the tables, and enters no table. */
void sim_hpack_named(kd_buf *block, uint32_t name, kd_bytes value);
/* Appends a field with such a name that enters the dynamic table. */
void sim_hpack_insert_named(kd_buf *block, uint32_t name, kd_bytes value);
/* Appends a field that enters the dynamic table. */
void sim_hpack_insert(kd_buf *block, const char *name, kd_bytes value);
/* Appends a reference to a field of the tables. */
void sim_hpack_indexed(kd_buf *block, uint32_t index);
/* The four pseudo fields of a request. */
void sim_hpack_request(kd_buf *block, const char *method, const char *authority, kd_bytes path);

/* What the peer's bytes have told so far. Initialise with sim_frame_reader_init. */
typedef struct {
    uint8_t head[SIM_FRAME_HEAD];
    uint8_t payload[6]; /* the first bytes of the frame that is being read */
    uint32_t have, skip, kept;
    uint32_t initial_window; /* of streams that we send on */
    int64_t window;          /* of the connection: what the peer granted, nothing that was sent taken off */
    uint32_t ended;          /* streams that the peer ended or reset */
    bool settings;           /* the peer's SETTINGS have come */
    bool goaway;             /* the peer's GOAWAY has come: it takes no more streams */
} sim_frame_reader;

/* Nothing read yet: the windows are those that RFC 9113, 6.9.2 begins with. */
void sim_frame_reader_init(sim_frame_reader *r);
/* Takes the next bytes of the connection, cut anywhere. */
void sim_frame_read(sim_frame_reader *r, kd_bytes bytes);

#endif
