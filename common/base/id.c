/* id.c - names and keys of items, users and counters; where an item lives. */
#include "kudos/id.h"

#include <xxhash.h>

/* Bytes that an id may have. A table, because central asks for each byte of each user. */
static const uint8_t id_bytes[256] = {
    ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, ['0' ... '9'] = 1, ['.'] = 1, ['_'] = 1, ['~'] = 1,
    [':'] = 1,         ['@'] = 1,         ['='] = 1,         ['+'] = 1, ['-'] = 1,
};

static bool name_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool kd_id_is_dots(kd_bytes id)
{
    return kd_bytes_eq(id, kd_bytes_str(".")) || kd_bytes_eq(id, kd_bytes_str(".."));
}

bool kd_id_valid(kd_bytes id)
{
    if (id.len < 1 || id.len > KD_ID_MAX) return false;
    uint8_t all = 1;
    for (size_t i = 0; i < id.len; i++) all &= id_bytes[id.data[i]];
    return all != 0;
}

bool kd_id_visitor(kd_bytes id)
{
    size_t n = sizeof KD_VISITOR_PREFIX - 1;
    return id.len >= n && memcmp(id.data, KD_VISITOR_PREFIX, n) == 0;
}

bool kd_collection_valid(kd_bytes name)
{
    if (name.len < 1 || name.len > KD_COLLECTION_MAX) return false;
    if (name.data[0] < 'a' || name.data[0] > 'z') return false;
    for (size_t i = 1; i < name.len; i++)
        if (!name_byte(name.data[i])) return false;
    return true;
}

bool kd_name_valid(kd_bytes name)
{
    if (name.len < 1 || name.len > KD_NAME_MAX) return false;
    if (!name_byte(name.data[0]) || name.data[0] == '-' || name.data[0] == '_') return false;
    for (size_t i = 1; i < name.len; i++)
        if (!name_byte(name.data[i]) && name.data[i] != '.') return false;
    return true;
}

bool kd_author_valid(kd_bytes name)
{
    if (name.len < 2 || name.len > KD_NAME_MAX || name.data[0] != '_') return false;
    return kd_name_valid(kd_bytes_of(name.data + 1, name.len - 1));
}

int kd_item_make(kd_item *item, kd_bytes collection, kd_bytes id)
{
    if (!kd_collection_valid(collection) || !kd_id_valid(id)) return KD_EINVAL;
    uint8_t *p = item->data;
    *p++ = (uint8_t)collection.len;
    memcpy(p, collection.data, collection.len);
    p += collection.len;
    *p++ = (uint8_t)id.len;
    memcpy(p, id.data, id.len);
    item->len = (uint8_t)(2 + collection.len + id.len);
    return KD_OK;
}

int kd_item_parse(kd_item *item, kd_bytes text)
{
    const uint8_t *slash = text.len ? memchr(text.data, '/', text.len) : NULL;
    if (!slash) return KD_EINVAL;
    size_t left = (size_t)(slash - text.data);
    return kd_item_make(item, kd_bytes_of(text.data, left), kd_bytes_of(slash + 1, text.len - left - 1));
}

bool kd_item_key_valid(kd_bytes key)
{
    kd_reader r = kd_reader_of(key);
    kd_bytes collection = kd_read_bytes(&r, kd_read_u8(&r));
    kd_bytes id = kd_read_bytes(&r, kd_read_u8(&r));
    return !r.bad && kd_reader_left(&r) == 0 && kd_collection_valid(collection) && kd_id_valid(id);
}

int kd_item_from_key(kd_item *item, kd_bytes key)
{
    if (!kd_item_key_valid(key)) return KD_EMALFORMED;
    memcpy(item->data, key.data, key.len);
    item->len = (uint8_t)key.len;
    return KD_OK;
}

kd_bytes kd_key_collection(kd_bytes key)
{
    return kd_bytes_of(key.data + 1, key.data[0]);
}

kd_bytes kd_key_id(kd_bytes key)
{
    size_t at = 1 + (size_t)key.data[0];
    return kd_bytes_of(key.data + at + 1, key.data[at]);
}

size_t kd_key_text(kd_bytes key, char *out)
{
    kd_bytes collection = kd_key_collection(key), id = kd_key_id(key);
    memcpy(out, collection.data, collection.len);
    out[collection.len] = '/';
    memcpy(out + collection.len + 1, id.data, id.len);
    size_t len = collection.len + 1 + id.len;
    out[len] = 0;
    return len;
}

uint64_t kd_hash(kd_bytes b)
{
    return XXH64(b.data, b.len, 0);
}

uint32_t kd_partition(kd_bytes item_key, uint32_t partitions)
{
    return (uint32_t)(kd_hash(item_key) % partitions);
}

int kd_counters_by_name(const kd_counters *c, kd_bytes name)
{
    for (uint32_t i = 0; i < c->count; i++)
        if (name.len > 0 && kd_bytes_eq(kd_bytes_str(c->at[i].name), name)) return (int)i;
    return -1;
}

int kd_counters_by_id(const kd_counters *c, uint8_t id)
{
    for (uint32_t i = 0; i < c->count; i++)
        if (c->at[i].id == id) return (int)i;
    return -1;
}

const kd_counter *kd_counters_lacks(const kd_counters *fresh, const kd_counters *old)
{
    for (uint32_t i = 0; i < old->count; i++) {
        const kd_counter *was = &old->at[i];
        int at = kd_counters_by_name(fresh, kd_bytes_str(was->name));
        if (at < 0 || fresh->at[at].id != was->id || fresh->at[at].kind != was->kind) return was;
    }
    return NULL;
}

void kd_counters_append(kd_counters *counters, const kd_counters *fresh)
{
    for (uint32_t i = 0; i < fresh->count; i++) {
        if (kd_counters_by_id(counters, fresh->at[i].id) >= 0) continue;
        KD_ASSERT(counters->count < KD_COUNTERS_MAX);
        counters->at[counters->count++] = fresh->at[i];
    }
}
