/* jwt_json.c - see the header. */
#include "common/jwt/jwt_json.h"

#include <sodium.h>

/* jansson reads by recursion, so the depth is counted before. Brackets in a string do not count. */
static bool jwt_json_flat(kd_bytes text)
{
    uint32_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            depth++;
        else if (!quoted && (c == '}' || c == ']') && depth > 0)
            depth--;
        if (depth > KD_JWT_DEPTH_MAX) return false;
    }
    return true;
}

json_t *kd_jwt_json_read(kd_bytes text)
{
    json_error_t error;
    if (text.len == 0 || !jwt_json_flat(text)) return NULL;
    json_t *object = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(object)) return object;
    json_decref(object);
    return NULL;
}

bool kd_jwt_base64(kd_bytes text, uint8_t *out, size_t room, size_t *len)
{
    const char *end = NULL;
    if (text.len == 0) return false;
    const char *at = (const char *)text.data;
    int err =
        sodium_base642bin(out, room, at, text.len, NULL, len, &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return err == 0 && end == at + text.len;
}

bool kd_jwt_json_string(const json_t *object, const char *name, kd_bytes *value)
{
    const json_t *member = json_object_get(object, name);
    bool text = json_is_string(member);
    *value = text ? kd_bytes_of(json_string_value(member), json_string_length(member)) : kd_bytes_of(NULL, 0);
    return text;
}
