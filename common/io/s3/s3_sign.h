/*
 * s3_sign.h - AWS Signature Version 4 in the `Authorization` header, as S3 takes it ("Authenticating Requests: Using the Authorization Header", API reference
 * of Amazon S3). A function of its arguments, the time included.
 *
 * Why not CURLOPT_AWS_SIGV4: libcurl 7.88.1, of Debian 12, sends no x-amz-content-sha256 by itself, without which S3 refuses a request, and signs the query
 * as it stands, without sorting it and without the = of an empty value (curl's issues 9717, 8107); later versions rewrite it. One text would be
 * signed in two ways. This one is short, and is held against the vectors that Amazon publishes (tests/unit/io/test_s3_sign.c).
 */
#ifndef KUDOS_COMMON_IO_S3_S3_SIGN_H
#define KUDOS_COMMON_IO_S3_S3_SIGN_H

#include "kudos/base.h"

enum { KD_S3_DATE_MAX = 17, KD_S3_HEX_MAX = 65, KD_S3_KEY_MAX = 256, KD_S3_TOKEN_MAX = 4096 };

/* Secrets: kd_s3_keys_wipe ends them. */
typedef struct {
    char id[KD_S3_KEY_MAX], secret[KD_S3_KEY_MAX];
    char token[KD_S3_TOKEN_MAX]; /* of a session; empty: none */
} kd_s3_keys;

/* What is signed. Path and query are as they are sent: percent-encoded, the query's parameters in order and each with its =. */
typedef struct {
    const char *method, *host, *path, *query, *region;
    const char *date;         /* 20260102T030405Z */
    const char *payload_hash; /* SHA-256 of the body, in hexadecimal */
    const char *range;        /* a further header that is signed, of the vectors; NULL: none */
} kd_s3_signed;

/* SHA-256 in lower-case hexadecimal. */
void kd_s3_sha256(kd_bytes body, char hex[KD_S3_HEX_MAX]);
/* Appends the value of `Authorization`, and a NUL that is not counted in the length. Signed are host, x-amz-content-sha256, x-amz-date and, with a token,
 * x-amz-security-token. */
void kd_s3_sign(const kd_s3_keys *keys, const kd_s3_signed *request, kd_buf *out);

/* Reads `access_key_id = ...`, `secret_access_key = ...` and perhaps `session_token = ...` from a file that nobody else may read. KD_OK, or KD_EINVAL with
 * `error`, which shows nothing of what the file holds. */
int kd_s3_keys_read(kd_s3_keys *keys, const char *path, char *error, size_t size);
/* Forgets them. */
void kd_s3_keys_wipe(kd_s3_keys *keys);

#endif
