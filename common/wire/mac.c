/* mac.c - see the header. */
#include "common/wire/mac.h"

#include "common/wire/wire_msgpack.h"
#include "kudos/wire.h"

enum { MAC_VERSION = 1 };

const char *kd_mac_name(kd_mac_verdict verdict)
{
#define NAME(id, name) name,
    static const char *const names[] = {KD_MAC_LIST(NAME)};
#undef NAME
    return names[verdict];
}

kd_flow kd_mac_flow(kd_bytes record, kd_bytes *edge)
{
    kd_reader r = kd_reader_of(record);
    *edge = (kd_bytes){0};
    kd_msgpack_array(&r);
    kd_msgpack_uint(&r, UINT64_MAX); /* the schema: a newer one has its kind and name in the same places */
    uint64_t kind = kd_msgpack_uint(&r, UINT64_MAX);
    if (r.bad) return KD_FLOW_LIKES;
    if (kind == KD_RECORD_CLAIM || kind == KD_RECORD_DECISION || kind == KD_RECORD_HEARTBEAT)
        return KD_FLOW_CLAIM;
    if (kind == KD_RECORD_SNAPSHOT || kind == KD_RECORD_MARKER) return KD_FLOW_SNAPSHOT;
    if (kind == KD_RECORD_CHANGES || kind == KD_RECORD_MILESTONES) return KD_FLOW_CHANGES;
    kd_bytes name = kd_msgpack_str(&r, KD_NAME_MAX);
    if (kind != KD_RECORD_BATCH || r.bad || !kd_name_valid(name)) return KD_FLOW_LIKES;
    *edge = name;
    return KD_FLOW_BATCH;
}

void kd_mac_put_prefix(kd_buf *out, kd_bytes topic, uint32_t partition)
{
    static const char domain[] = "kudos record 1";
    KD_ASSERT(topic.len <= UINT16_MAX);
    kd_buf_put(out, domain, sizeof domain - 1);
    kd_buf_put_be16(out, (uint16_t)topic.len);
    kd_buf_put(out, topic.data, topic.len);
    kd_buf_put_be32(out, partition);
}

const kd_record_key *kd_mac_signer(const kd_keyring *ring, kd_flow flow, kd_bytes edge,
                                   const kd_record_key *last)
{
    bool many = flow == KD_FLOW_SNAPSHOT || flow == KD_FLOW_CHANGES; /* one for each that reads it */
    if (last && !many) return NULL;
    for (uint32_t i = last ? (uint32_t)(last - ring->at) + 1 : 0; i < ring->count; i++)
        if (kd_record_key_fits(&ring->at[i], flow, edge)) return &ring->at[i];
    return NULL;
}

void kd_mac_put(kd_buf *out, uint32_t id, const uint8_t mac[KD_MAC_BYTES])
{
    if (out->len == 0) kd_buf_put_u8(out, MAC_VERSION);
    kd_buf_put_be32(out, id);
    kd_buf_put(out, mac, KD_MAC_BYTES);
}

kd_mac_verdict kd_mac_choose(const kd_keyring *ring, kd_bytes header, kd_flow flow, kd_bytes edge,
                             const kd_record_key **key, const uint8_t **mac)
{
    bool foreign = false;
    if (!header.data) return KD_MAC_UNSIGNED;
    if (header.len < 1 + KD_MAC_ENTRY || header.len > KD_MAC_MAX || (header.len - 1) % KD_MAC_ENTRY != 0 ||
        header.data[0] != MAC_VERSION)
        return KD_MAC_MALFORMED;
    kd_reader r = kd_reader_of(kd_bytes_of(header.data + 1, header.len - 1));
    while (kd_reader_left(&r) > 0) {
        const kd_record_key *found = kd_record_key_by_id(ring, kd_read_be32(&r));
        kd_bytes bytes = kd_read_bytes(&r, KD_MAC_BYTES);
        if (!found) continue;
        foreign = true;
        if (!kd_record_key_fits(found, flow, edge)) continue;
        *key = found;
        *mac = bytes.data;
        return KD_MAC_GOOD;
    }
    return foreign ? KD_MAC_FOREIGN_KEY : KD_MAC_UNKNOWN_KEY;
}
