/*
 * session.h - the causality token `Kudos-Session`: at which edges its user has spoken, and up to when (kudos/seen.h). Authenticated, so
 * that a client cannot push a clock forward, and bound to the user, so that it cannot be lent.
 *
 *     +---------+----------------------------------+---------+------------+----------------------------------+
 *     | version | time us be64 edge be32 life be32 | another | rest us be64 | SipHash-2-4-128(all that|user) |
 *     +---------+----------------------------------+---------+------------+----------------------------------+
 *
 * Version 2: 1 + 2 * 16 + 8 + 16 bytes, base64url: 76 characters. Version 1 had one time alone, 34 characters, and is still read: that time stands
 * for any edge.
 */
#ifndef KUDOS_COMMON_IO_HTTP_SESSION_H
#define KUDOS_COMMON_IO_HTTP_SESSION_H

#include "kudos/base.h"
#include "kudos/limits.h"
#include "kudos/seen.h"

enum { KD_SESSION_KEY_BYTES = 16, KD_SESSION_TEXT = 76 };

typedef struct {
    uint8_t bytes[KD_SESSION_KEY_BYTES];
} kd_session_key;

/* Derives the key from a secret of at least 16 bytes: hexadecimal text (blanks at the end ignored) or raw bytes.
 * KD_OK or KD_EINVAL. All edges need the same one. */
int kd_session_key_derive(kd_session_key *key, kd_bytes secret);
/* The same from a file, at most 4 KiB: also KD_ENOTFOUND, KD_EIO, KD_ETOOBIG. */
int kd_session_key_read(kd_session_key *key, const char *path);
/* Why kd_session_key_read failed. */
const char *kd_session_key_fault(int err);
/* A key that lives as long as the process, for when none is configured. */
void kd_session_key_random(kd_session_key *key);

/* Writes KD_SESSION_TEXT characters and a NUL. `user`: at most KD_ID_MAX bytes. */
void kd_session_encode(const kd_session_key *key, const kd_seen *seen, kd_bytes user, char *out);
/* KD_OK and *seen, or KD_EMALFORMED (wrong length, characters, version, user or MAC), *seen untouched. */
int kd_session_decode(const kd_session_key *key, kd_bytes token, kd_bytes user, kd_seen *seen);

#endif
