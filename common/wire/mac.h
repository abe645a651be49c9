/*
 * mac.h - the keyed digest of a record, which Kafka carries as the header `kudos-mac` beside it.
 *
 *     +-----------+-------------+---------------+-----
 *     | version 1 | key id be32 | MAC, 16 bytes | ... the last two once more for each further key
 *     +-----------+-------------+---------------+-----
 *
 *     digest = BLAKE2b-256("kudos record 1", length of the topic be16, topic, partition be32, value)
 *     MAC    = BLAKE2b-128 keyed by the 32 bytes of the key, of the digest
 *
 * Topic and partition are in it, so that a genuine record is worth nothing elsewhere. A snapshot has a MAC for each key of an edge; batches, claims
 * and decisions have one. Here are the format and the decisions; common/io/kafka/record_keys.h computes. Golden vector: tests/vectors/mac.hex.
 */
#ifndef KUDOS_COMMON_WIRE_MAC_H
#define KUDOS_COMMON_WIRE_MAC_H

#include "common/wire/keyring.h"

#define KD_MAC_HEADER "kudos-mac"
enum {
    KD_MAC_BYTES = 16,
    KD_MAC_ENTRY = 4 + KD_MAC_BYTES,
    KD_MAC_MAX = 1 + KD_RECORD_KEYS_MAX * KD_MAC_ENTRY
};

/* id, the value of the label `reason`: what is wrong with a record */
#define KD_MAC_LIST(X)                                                                                       \
    X(GOOD, "good")                                                                                          \
    X(UNSIGNED, "unsigned")       /* it has no MAC */                                                        \
    X(MALFORMED, "malformed")     /* what should be MACs is none, or is of a newer version */                \
    X(UNKNOWN_KEY, "unknown-key") /* no key here has one of its ids */                                       \
    X(FOREIGN_KEY, "foreign-key") /* the key is of another holder than the record's writer */                \
    X(WRONG, "wrong")             /* the MAC is not that of the record */

#define KD_MAC_ID(id, name) KD_MAC_##id,
typedef enum { KD_MAC_LIST(KD_MAC_ID) KD_MAC_VERDICTS } kd_mac_verdict;

/* The value of the label `reason`, static. */
const char *kd_mac_name(kd_mac_verdict verdict);

/* What a record is by what it says of itself; *edge: the edge that a batch names, a view, else empty. In every schema the kind is the second element,
 * and the name of the edge the third one of a batch. A record of another kind, or that cannot be read so far, is KD_FLOW_LIKES. */
kd_flow kd_mac_flow(kd_bytes record, kd_bytes *edge);

/* What the digest is made of, in front of the value: appended to *out. `topic`: at most 65535 bytes. */
void kd_mac_put_prefix(kd_buf *out, kd_bytes topic, uint32_t partition);
/* The next key, behind `last` (NULL: the first), by which a record has to carry a MAC; NULL: there is none. `edge` as in kd_record_key_fits. */
const kd_record_key *kd_mac_signer(const kd_keyring *ring, kd_flow flow, kd_bytes edge,
                                   const kd_record_key *last);
/* Appends a MAC to *out, which is empty at the first one. */
void kd_mac_put(kd_buf *out, uint32_t id, const uint8_t mac[KD_MAC_BYTES]);
/* Which MAC of a header to check. `header`: its value, data NULL where the record has none. KD_MAC_GOOD: *key made *mac, a view, if the record is
 * genuine; else what is wrong. */
kd_mac_verdict kd_mac_choose(const kd_keyring *ring, kd_bytes header, kd_flow flow, kd_bytes edge,
                             const kd_record_key **key, const uint8_t **mac);

#endif
