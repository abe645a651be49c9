/*
 * media.h - in which form a client wants its answer: JSON, or MessagePack where `Accept` (RFC 9110, 12.5.1) names it. Pure.
 */
#ifndef KUDOS_COMMON_API_MEDIA_H
#define KUDOS_COMMON_API_MEDIA_H

#include "common/json/json_writer.h"

typedef enum { KD_MEDIA_JSON, KD_MEDIA_MSGPACK, KD_MEDIA_VND_MSGPACK } kd_media;

/* What the lines of Accept said so far. Zero-initialised: nothing, which means JSON. */
typedef struct {
    uint16_t json, application, any, msgpack, vnd; /* weight in thousandths and one; 0: not named */
} kd_media_wish;

/* Takes a line of Accept into account. An element that cannot be read is passed over. */
void kd_media_read(kd_media_wish *wish, kd_bytes accept);
/* MessagePack where it is named with a weight above 0 that is not below that of JSON; JSON where both are named with the same. A client that accepts
 * neither gets JSON. */
kd_media kd_media_choose(const kd_media_wish *wish);
/* The content-type of an answer, and of a problem, in that form; static. */
const char *kd_media_type(kd_media media);
const char *kd_media_problem_type(kd_media media);
/* A writer of that form that appends to *out. */
kd_json kd_media_writer(kd_media media, kd_buf *out);

#endif
