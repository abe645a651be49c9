/*
 * jwt_json.h - the JSON and base64url of tokens and key sets, more strictly than the formats ask: what two readers could understand in two ways is
 * refused. Pure.
 */
#ifndef KUDOS_COMMON_JWT_JWT_JSON_H
#define KUDOS_COMMON_JWT_JWT_JSON_H

#include <jansson.h>

#include "kudos/base.h"

enum { KD_JWT_DEPTH_MAX = 8 };

/* A JSON object, which the caller gives back with json_decref. NULL: the text is something else, a member stands twice in an object, or objects and
 * arrays nest deeper than KD_JWT_DEPTH_MAX. */
json_t *kd_jwt_json_read(kd_bytes text);
/* base64url without padding into `out`. False: other characters, padding, bits that stand for nothing, or more than `room` bytes. */
bool kd_jwt_base64(kd_bytes text, uint8_t *out, size_t room, size_t *len);
/* A member that is a string, as a view that lives as long as `object`; empty with false when it is missing or of another type. */
bool kd_jwt_json_string(const json_t *object, const char *name, kd_bytes *value);

#endif
