/* object_name.c - see the header. */
#include "common/backup/object_name.h"

#include <stdio.h>

static const char *const endings[] = {[KD_OBJECT_ROWS] = ".rows", [KD_OBJECT_LIST] = ".list"};

static bool object_lower(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* ---- addresses ---- */

bool kd_object_place_is(const char *text)
{
    return strncmp(text, KD_OBJECT_SCHEME, sizeof KD_OBJECT_SCHEME - 1) == 0 || kd_object_place_is_dir(text);
}

bool kd_object_place_is_dir(const char *text)
{
    return strncmp(text, KD_OBJECT_SCHEME_DIR, sizeof KD_OBJECT_SCHEME_DIR - 1) == 0;
}

const char *kd_object_place_dir(const char *text)
{
    const char *path = text + sizeof KD_OBJECT_SCHEME_DIR - 1, *name = path;
    if (!kd_object_place_is_dir(text)) return NULL;
    while (*name == '/') name++;
    return name > path && *name != '\0' ? path : NULL;
}

/* How long the text is up to its first slash. */
static size_t object_segment(const char *text)
{
    const char *slash = strchr(text, '/');
    return slash ? (size_t)(slash - text) : strlen(text);
}

static bool object_bucket_valid(const char *bucket, size_t len)
{
    if (len < 3 || len > KD_BUCKET_MAX || !object_lower(bucket[0])) return false;
    for (size_t i = 0; i < len; i++)
        if (!object_lower(bucket[i]) && bucket[i] != '.' && bucket[i] != '-') return false;
    return true;
}

static bool object_segment_valid(const char *at, size_t len)
{
    if (len == 0 || (len == 1 && at[0] == '.') || (len == 2 && at[0] == '.' && at[1] == '.')) return false;
    for (size_t i = 0; i < len; i++) {
        bool upper = at[i] >= 'A' && at[i] <= 'Z';
        if (!object_lower(at[i]) && !upper && at[i] != '.' && at[i] != '_' && at[i] != '-') return false;
    }
    return true;
}

static bool object_prefix_valid(const char *prefix)
{
    while (*prefix != '\0') {
        size_t len = object_segment(prefix);
        if (!object_segment_valid(prefix, len)) return false;
        prefix += len + (prefix[len] == '/');
    }
    return true;
}

int kd_object_place_parse(kd_object_place *place, const char *text)
{
    *place = (kd_object_place){.bucket = ""};
    if (!kd_object_place_is(text) || kd_object_place_is_dir(text)) return KD_EINVAL;
    const char *bucket = text + sizeof KD_OBJECT_SCHEME - 1;
    size_t len = object_segment(bucket);
    const char *prefix = bucket + len + (bucket[len] == '/');
    size_t prefix_len = strlen(prefix);
    if (!object_bucket_valid(bucket, len) || prefix_len > KD_OBJECT_PREFIX_MAX ||
        !object_prefix_valid(prefix))
        return KD_EINVAL;
    memcpy(place->bucket, bucket, len);
    memcpy(place->prefix, prefix, prefix_len);
    if (prefix_len > 0 && prefix[prefix_len - 1] != '/') place->prefix[prefix_len] = '/';
    return KD_OK;
}

/* ---- objects ---- */

const char *kd_object_folder(char out[KD_OBJECT_NAME_MAX], uint32_t partition)
{
    snprintf(out, KD_OBJECT_NAME_MAX, "partition-%04u/", partition);
    return out;
}

const char *kd_object_name(char out[KD_OBJECT_NAME_MAX], uint32_t partition, kd_object_kind kind,
                           const uint8_t digest[KD_BACKUP_DIGEST])
{
    static const char hex[] = "0123456789abcdef";
    char *at = out + strlen(kd_object_folder(out, partition));
    for (size_t i = 0; i < KD_BACKUP_DIGEST; i++) {
        *at++ = hex[digest[i] >> 4];
        *at++ = hex[digest[i] & 15];
    }
    memcpy(at, endings[kind], strlen(endings[kind]) + 1);
    return out;
}

/* The value of a lower-case hexadecimal digit, or 16. */
static unsigned object_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10u : 16;
}

bool kd_object_name_parse(kd_bytes name, kd_object_kind *kind, uint8_t digest[KD_BACKUP_DIGEST])
{
    if (name.len <= 2 * KD_BACKUP_DIGEST) return false;
    for (size_t i = 0; i < KD_BACKUP_DIGEST; i++) {
        unsigned high = object_digit(name.data[2 * i]), low = object_digit(name.data[2 * i + 1]);
        if (high > 15 || low > 15) return false;
        digest[i] = (uint8_t)(high << 4 | low);
    }
    const kd_bytes ending = kd_bytes_of(name.data + 2 * KD_BACKUP_DIGEST, name.len - 2 * KD_BACKUP_DIGEST);
    *kind = kd_bytes_eq(ending, kd_bytes_str(endings[KD_OBJECT_LIST])) ? KD_OBJECT_LIST : KD_OBJECT_ROWS;
    return kd_bytes_eq(ending, kd_bytes_str(endings[*kind]));
}
