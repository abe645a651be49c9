/*
 * visitor.h - the token of a visitor, somebody without an account: a pseudonym that this deployment has drawn, and its signature. Whoever has one of the
 * keys can tell that the pseudonym was drawn here; nothing is stored for it.
 *
 *     kudos-visitor~ + base64url of
 *     +---------+-------------+--------------------+-------------------+------------------------------------------------------+
 *     | version | key id be32 | pseudonym 16 bytes | good until s be64 | BLAKE2b-128 by the key of ("kudos visitor 1", the rest) |
 *     +---------+-------------+--------------------+-------------------+------------------------------------------------------+
 *
 * 45 bytes, 60 characters, 74 with what stands in front. `~` is in no JWT, so the two kinds of bearer tokens cannot be taken for each other. The id of a visitor is visitor~ and the
 * base64url of the pseudonym, 30 characters: valid as an id of a user, and reserved (kudos/id.h). Nobody chooses it: it is drawn at random, and said by a
 * token alone.
 *
 * The MAC of a record (common/wire/mac.h) covers 32 bytes, this one more: by a key that signs both (holder *) none stands for the other.
 */
#ifndef KUDOS_COMMON_IO_HTTP_VISITOR_H
#define KUDOS_COMMON_IO_HTTP_VISITOR_H

#include "common/wire/keyring.h"

enum { KD_PSEUDONYM_BYTES = 16, KD_VISITOR_ID = 30, KD_VISITOR_TEXT = 74 };

typedef struct {
    uint8_t pseudonym[KD_PSEUDONYM_BYTES];
    uint64_t good_until_s; /* unix seconds: from this one on the token has expired */
} kd_visitor;

/* id, the value of the label `reason`, what the client is told */
#define KD_VISITOR_FAULTS(X)                                                                                 \
    X(MALFORMED, "malformed", "malformed: no token of a visitor")                                            \
    X(UNKNOWN_KEY, "unknown-key", "unknown key: none here is the one that signed this visitor's token")      \
    X(SIGNATURE, "bad-signature", "bad signature of a visitor's token")                                      \
    X(EXPIRED, "expired", "expired: POST /v1/visitors without a token gives a new one, of another visitor")

#define KD_VISITOR_FAULT_ID(id, name, detail) KD_VISITOR_##id,
typedef enum {
    KD_VISITOR_GOOD = -1,
    KD_VISITOR_FAULTS(KD_VISITOR_FAULT_ID) KD_VISITOR_FAULT_COUNT
} kd_visitor_fault;

/* What the client is told, static; not of KD_VISITOR_GOOD. */
const char *kd_visitor_fault_detail(kd_visitor_fault fault);

/* A pseudonym that nobody has. */
void kd_visitor_draw(kd_visitor *v);
/* Writes the id, KD_VISITOR_ID characters, without a NUL. */
void kd_visitor_id(const kd_visitor *v, char *out);
/* Writes KD_VISITOR_TEXT characters and a NUL, signed by the first key for visitors of the ring, which has one (kd_keyring_check_visitors). */
void kd_visitor_encode(const kd_keyring *ring, const kd_visitor *v, char *out);
/* Whether a bearer token is meant as a visitor's. */
bool kd_visitor_meant(kd_bytes token);
/* KD_VISITOR_GOOD and *v; or why not, and *v is worth nothing. Of several faults the first of the list. */
kd_visitor_fault kd_visitor_decode(const kd_keyring *ring, kd_bytes token, uint64_t now_s, kd_visitor *v);

#endif
