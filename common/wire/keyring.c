/* keyring.c - see the header. */
#include "common/wire/keyring.h"

#include <stdio.h>

#include "common/base/text.h"
#include "kudos/id.h"

/* Takes the next word of a line; empty at its end. */
static kd_bytes keyring_word(kd_bytes *line)
{
    size_t from = 0, to;
    while (from < line->len && kd_text_is_blank(line->data[from])) from++;
    for (to = from; to < line->len && !kd_text_is_blank(line->data[to]);) to++;
    kd_bytes word = kd_bytes_of(line->data + from, to - from);
    *line = kd_bytes_of(line->data + to, line->len - to);
    return word;
}

static int keyring_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool keyring_read_hex(kd_bytes text, uint8_t *out, size_t len)
{
    if (text.len != 2 * len) return false;
    for (size_t i = 0; i < len; i++) {
        int high = keyring_digit(text.data[2 * i]), low = keyring_digit(text.data[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool keyring_read_holder(kd_bytes word, kd_record_key *key)
{
    static const struct {
        const char *word;
        kd_key_holder holder;
    } known[] = {{"*", KD_HOLDER_EVERYBODY},
                 {"edge:*", KD_HOLDER_EDGES},
                 {"central", KD_HOLDER_CENTRAL},
                 {"changes", KD_HOLDER_CHANGES},
                 {"visitors", KD_HOLDER_VISITORS}};
    for (size_t i = 0; i < KD_COUNT(known); i++) {
        if (!kd_bytes_eq(word, kd_bytes_str(known[i].word))) continue;
        key->holder = known[i].holder;
        return true;
    }
    if (word.len < 5 || memcmp(word.data, "edge:", 5) != 0) return false;
    kd_bytes name = kd_bytes_of(word.data + 5, word.len - 5);
    if (!kd_name_valid(name)) return false;
    key->holder = KD_HOLDER_EDGE;
    memcpy(key->edge, name.data, name.len);
    return true;
}

const kd_record_key *kd_record_key_by_id(const kd_keyring *ring, uint32_t id)
{
    for (uint32_t i = 0; i < ring->count; i++)
        if (ring->at[i].id == id) return &ring->at[i];
    return NULL;
}

/* Why a line is no key, or NULL, and *key is filled. */
static const char *keyring_read_line(const kd_keyring *ring, kd_bytes line, kd_record_key *key)
{
    uint64_t id;
    kd_bytes number = keyring_word(&line), holder = keyring_word(&line), hex = keyring_word(&line);
    *key = (kd_record_key){0};
    if (keyring_word(&line).len > 0) return "more than an id, a holder and a key";
    if (!kd_text_number(number, &id) || id < 1 || id > UINT32_MAX)
        return "the id must be a number from 1 to 4294967295";
    key->id = (uint32_t)id;
    if (kd_record_key_by_id(ring, key->id)) return "the id stands in a line above, too";
    if (!keyring_read_holder(holder, key))
        return "the holder must be edge:NAME, edge:*, central, changes, visitors or *";
    if (!keyring_read_hex(hex, key->bytes, sizeof key->bytes))
        return "the key must be 32 bytes in hexadecimal, 64 digits";
    return ring->count < KD_RECORD_KEYS_MAX ? NULL : "more than 256 keys";
}

int kd_keyring_parse(kd_keyring *ring, kd_bytes text, char *error, size_t size)
{
    const char *fault = NULL;
    uint32_t number = 0;
    *ring = (kd_keyring){0};
    for (kd_bytes line; !fault && (line = kd_text_take_line(&text, &number)).len > 0;) {
        kd_record_key key;
        fault = keyring_read_line(ring, line, &key);
        if (!fault) ring->at[ring->count++] = key;
    }
    if (!fault && ring->count > 0) return KD_OK;
    *ring = (kd_keyring){0};
    if (fault)
        snprintf(error, size, "line %u: %s", number, fault);
    else
        snprintf(error, size, "there is no key in it");
    return KD_EINVAL;
}

bool kd_record_key_fits(const kd_record_key *key, kd_flow flow, kd_bytes edge)
{
    bool of_edge =
        key->holder == KD_HOLDER_EDGES ||
        (key->holder == KD_HOLDER_EDGE && (edge.len == 0 || kd_bytes_eq(kd_bytes_str(key->edge), edge)));
    if (key->holder == KD_HOLDER_EVERYBODY) return true;
    switch (flow) {
    case KD_FLOW_BATCH:
    case KD_FLOW_SNAPSHOT:
        return of_edge;
    case KD_FLOW_CLAIM:
    case KD_FLOW_LIKES: /* no edge writes one: with the key of an edge it is rubbish, which would fill the quarantine */
        return key->holder == KD_HOLDER_CENTRAL;
    case KD_FLOW_CHANGES:
        return key->holder == KD_HOLDER_CHANGES;
    case KD_FLOW_VISITORS:
        return key->holder == KD_HOLDER_VISITORS;
    }
    return false;
}

static bool keyring_has(const kd_keyring *ring, kd_flow flow, kd_bytes edge)
{
    for (uint32_t i = 0; i < ring->count; i++)
        if (kd_record_key_fits(&ring->at[i], flow, edge)) return true;
    return false;
}

int kd_keyring_check(const kd_keyring *ring, kd_bytes edge, char *error, size_t size)
{
    static const kd_bytes any = {0};
    if (edge.len > 0 && !keyring_has(ring, KD_FLOW_BATCH, edge))
        snprintf(error, size, "no key of this edge: one of edge:%.*s, edge:* or * is needed", KD_PRINT(edge));
    else if (edge.len == 0 && !keyring_has(ring, KD_FLOW_CLAIM, any))
        snprintf(error, size, "no key for claims: one of central or * is needed");
    else if (edge.len == 0 && !keyring_has(ring, KD_FLOW_SNAPSHOT, any))
        snprintf(error, size, "no key of an edge: one of edge:NAME, edge:* or * is needed");
    else
        return KD_OK;
    return KD_EINVAL;
}

int kd_keyring_check_visitors(const kd_keyring *ring, kd_bytes edge, char *error, size_t size)
{
    static const kd_bytes any = {0};
    (void)edge;
    if (keyring_has(ring, KD_FLOW_VISITORS, any)) return KD_OK;
    snprintf(error, size, "no key for tokens of visitors: one of visitors or * is needed");
    return KD_EINVAL;
}
