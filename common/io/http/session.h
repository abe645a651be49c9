/*
 * session.h - the causality token `Kudos-Session`: at which edges its user has written, and up to which stamp (kudos/seen.h). The user's next stamp,
 * at any edge, is above it. The token is authenticated, so that no client can push an edge's stamps into the future, and bound to its user, so that
 * it cannot be lent.
 *
 *     +---------+----------------------------------+---------+------------+----------------------------------+
 *     | version | time us be64 edge be32 life be32 | another | rest us be64 | SipHash-2-4-128(the rest, user) |
 *     +---------+----------------------------------+---------+------------+----------------------------------+
 *
 * Version 2: 1 + 2 * 16 + 8 + 16 bytes, base64url: 76 characters. Version 3 tells of one edge and nothing else, 44 characters: the token of most users,
 * written where it suffices. Version 1 held one time alone, 34 characters, and is still read: it becomes `rest`, the time that stands for any edge.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SESSION_H
#define KUDOS_COMMON_IO_HTTP_SESSION_H

#include "kudos/base.h"
#include "kudos/limits.h"
#include "kudos/seen.h"

enum { KD_SESSION_KEY_BYTES = 16, KD_SESSION_TEXT = 76 /* at most */ };

typedef struct {
    uint8_t bytes[KD_SESSION_KEY_BYTES];
} kd_session_key;

/* Derives the key from a secret: raw bytes, or hexadecimal text (blanks at its end are ignored) that stands for bytes; at least 16 of them, KD_EINVAL
 * otherwise. All edges need the same secret, for a user may come to any of them. */
int kd_session_key_derive(kd_session_key *key, kd_bytes secret);
/* As kd_session_key_derive, with the secret from the file of an option. KD_EINVAL with `error` (KD_OPTIONS_ERROR_MAX bytes), which names the option:
 * also when the file cannot be read, others than its owner may read it, or it holds more than 4 KiB. */
int kd_session_key_read(kd_session_key *key, const char *option, const char *path, char *error);
/* A random key, where none is configured: its tokens are worth nothing after a restart, or at another edge. */
void kd_session_key_random(kd_session_key *key);

/* Writes KD_SESSION_TEXT characters at most and a NUL; returns how many, without the NUL. `user`: at most KD_ID_MAX bytes. */
size_t kd_session_encode(const kd_session_key *key, const kd_seen *seen, kd_bytes user, char *out);
/* KD_OK and *seen. KD_EMALFORMED: wrong length, characters, version, user or MAC; *seen is untouched. */
int kd_session_decode(const kd_session_key *key, kd_bytes token, kd_bytes user, kd_seen *seen);

#endif
