/*
 * http_h2_guard.h - what a client of HTTP/2 may ask of one connection before it is a flood, and which frames come too late. Pure: no session, no
 * socket, no clock.
 *
 * nghttp2 tells the application neither of frames on streams that are gone nor of frames of unknown types, and goes on decoding a header block that
 * nobody wants. So the guard reads the heads of the frames itself, before nghttp2 does, and weighs each field of a header block.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SERVER_HTTP_H2_GUARD_H
#define KUDOS_COMMON_IO_HTTP_SERVER_HTTP_H2_GUARD_H

#include "common/io/http/server/http_server.h"

enum { HTTP_H2_HEAD_BYTES = 9 };

/* The head of a frame. */
typedef struct {
    uint32_t length;
    uint8_t type;
    uint8_t flags;
    int32_t stream;
} http_h2_head;

typedef struct {
    /* Where in a frame the client's bytes are. */
    uint8_t preface_left; /* bytes of the connection preface still to come */
    uint8_t head_len;     /* bytes of the next head that have come */
    uint8_t head[HTTP_H2_HEAD_BYTES];
    uint32_t payload_left;
    /* The present header block, and whether the last frame that was announced ends it. */
    size_t block_bytes;
    bool block_ends;
    /* Streams. */
    int32_t top;      /* the highest one that a HEADERS frame has named */
    int32_t pardoned; /* the highest one that was ended by us before its client had ended it */
    /* Floods. */
    int64_t second_ms; /* the second in which the next two count */
    uint32_t resets;
    uint32_t controls;
    uint32_t windows;       /* WINDOW_UPDATE frames that the client has earned */
    uint32_t continuations; /* of the present header block, likewise the next two */
    uint32_t fields;
    size_t field_bytes;
} http_h2_guard;

/* A connection of which no byte has come, not even the preface. */
void http_h2_guard_init(http_h2_guard *g);

/* Goes on reading at data.data[*used]. True: the head of a frame has come whole, it is in *head, and *used is behind it. False: *used is data.len. */
bool http_h2_guard_next(http_h2_guard *g, kd_bytes data, size_t *used, http_h2_head *head);

/* Goes on behind the frame whose head came last, as far as its bytes have come. True: it has come whole, and *used is behind it. */
bool http_h2_guard_whole(http_h2_guard *g, kd_bytes data, size_t *used);

/* Bytes that nghttp2 may hold of a header block that has not come whole, or 0: it keeps a field until its last byte. */
size_t http_h2_guard_held(const http_h2_guard *g);

/* Whether http_h2_guard_frame needs to know of this frame's stream. Only then nghttp2 has to take all earlier frames first. */
bool http_h2_guard_asks(const http_h2_guard *g, const http_h2_head *head);

/* A frame comes. gone: its stream was open and is not any more, false for what http_h2_guard_asks does not ask. 0: nghttp2 may have it; else the
 * error of HTTP/2 (RFC 9113, 7) to end the connection with. now_ms is monotonic. */
uint32_t http_h2_guard_frame(http_h2_guard *g, const kd_http_config *limits, int64_t now_ms,
                             const http_h2_head *head, bool gone);

/* A control frame that the guard cannot know by its head. False: that is a flood. */
bool http_h2_guard_control(http_h2_guard *g, const kd_http_config *limits, int64_t now_ms);
/* A stream was reset or refused, by whichever side. False: that is a flood. */
bool http_h2_guard_reset(http_h2_guard *g, const kd_http_config *limits, int64_t now_ms);

/* A block of header fields begins. */
void http_h2_guard_block(http_h2_guard *g);
/* One field of it, valid or not, of so many bytes of name and value. False: the block is beyond HTTP_H2_EXCESS times a limit, and the next field is
 * not worth decoding. */
bool http_h2_guard_field(http_h2_guard *g, const kd_http_config *limits, size_t bytes);

/* We have ended this stream: frames of it that are on their way to us are no fault of the client. */
void http_h2_guard_pardon(http_h2_guard *g, int32_t stream);
/* A DATA frame of so many bytes has left: the client will give its window back. */
void http_h2_guard_sent(http_h2_guard *g, size_t bytes);

#endif
