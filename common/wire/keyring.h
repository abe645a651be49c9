/*
 * keyring.h - the keys by which records of Kafka and tokens of visitors are authenticated, as a file holds them.
 *
 * A key is a secret that central shares with its holder, and with nobody else. Whoever can check a record by a key can also make one with it. So an
 * edge has only its own key: stolen, it makes batches of that edge, and snapshots that this edge alone believes. Claims are checked by keys that
 * centrals alone hold.
 *
 *     # id  holder       key: 32 bytes in hexadecimal
 *     1     edge:mumbai  5f0c...
 *     2     central      91aa...
 *
 *     holder      makes, with central                     who has it
 *     edge:NAME   batches of that edge, its snapshots     that edge, central
 *     edge:*      batches of every edge, snapshots        all edges, central
 *     central     claims and decisions                    centrals alone
 *     changes     records of changes and milestones       central, their readers
 *     visitors    tokens of visitors                      all edges, central
 *     *           everything                              everybody: for small setups
 *
 * Of several keys of a holder the first one signs batches, claims and tokens, and all are believed: that is how keys are changed without a pause.
 */
#ifndef KUDOS_COMMON_WIRE_KEYRING_H
#define KUDOS_COMMON_WIRE_KEYRING_H

#include "kudos/base.h"
#include "kudos/limits.h"

enum { KD_RECORD_KEY_BYTES = 32, KD_RECORD_KEYS_MAX = 256, KD_KEYRING_TEXT_MAX = 64 * 1024 };

typedef enum {
    KD_HOLDER_EVERYBODY,
    KD_HOLDER_EDGES,
    KD_HOLDER_EDGE,
    KD_HOLDER_CENTRAL,
    KD_HOLDER_CHANGES,
    KD_HOLDER_VISITORS,
} kd_key_holder;

typedef struct {
    uint32_t id; /* from 1, no two alike */
    kd_key_holder holder;
    char edge[KD_NAME_MAX + 1]; /* of KD_HOLDER_EDGE, else "" */
    uint8_t bytes[KD_RECORD_KEY_BYTES];
} kd_record_key;

/* In the order of the file. Plain memory, which its owner wipes. */
typedef struct {
    uint32_t count;
    kd_record_key at[KD_RECORD_KEYS_MAX];
} kd_keyring;

/* What is signed, a record but for the last one, and so whose key may have done so. */
typedef enum {
    KD_FLOW_BATCH,    /* of a named edge */
    KD_FLOW_CLAIM,    /* of a central, or a decision that it wrote */
    KD_FLOW_SNAPSHOT, /* of central, for edges; `edge` is the reader, or empty for all of them */
    KD_FLOW_CHANGES,  /* of central, for others */
    KD_FLOW_LIKES,    /* a record of the likes topic that does not tell its writer */
    KD_FLOW_VISITORS, /* a token of a visitor (common/io/http/visitor.h): no record */
} kd_flow;

/* Fills *ring from the text of a file. KD_OK, or KD_EINVAL with a sentence in `error` that names the line and never shows a key; *ring is then
 * wiped. */
int kd_keyring_parse(kd_keyring *ring, kd_bytes text, char *error, size_t size);
/* Whether a program can work with these keys. `edge`: the name of the edge; empty: central. KD_OK, or KD_EINVAL with `error`. */
int kd_keyring_check(const kd_keyring *ring, kd_bytes edge, char *error, size_t size);
/* Whether there is a key for tokens of visitors; `edge` is not looked at. KD_OK, or KD_EINVAL with `error`. */
int kd_keyring_check_visitors(const kd_keyring *ring, kd_bytes edge, char *error, size_t size);
/* The key with this number, or NULL. */
const kd_record_key *kd_record_key_by_id(const kd_keyring *ring, uint32_t id);
/* Whether a key signs such things. `edge`: the writer of a batch, or the reader of a snapshot; empty: any edge. */
bool kd_record_key_fits(const kd_record_key *key, kd_flow flow, kd_bytes edge);

#endif
