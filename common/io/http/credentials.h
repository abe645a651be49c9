/*
 * credentials.h - bearer tokens (RFC 6750) by which a program, an operator or an edge is known.
 *
 * A token file has a token a line: 16 to 256 characters of [A-Za-z0-9._~+/=-]. Blank lines and lines that begin with # are left out. Only the owner
 * may be able to read it. Several tokens are good at once, so that they can be changed one after another: who asks shows the first one of its file.
 * The tokens themselves are not kept by who is asked: only digests, which are compared in constant time.
 */
#ifndef KUDOS_COMMON_IO_HTTP_CREDENTIALS_H
#define KUDOS_COMMON_IO_HTTP_CREDENTIALS_H

#include "kudos/base.h"

enum { KD_TOKENS_MAX = 8, KD_TOKEN_MIN = 16, KD_TOKEN_MAX = 256, KD_TOKEN_DIGEST = 32 };

/* The environment variable that names the token file of a command. */
#define KD_TOKEN_FILE_VARIABLE "KUDOS_TOKEN_FILE"

/* Zero is the empty list, which takes no token. */
typedef struct {
    uint8_t digest[KD_TOKENS_MAX][KD_TOKEN_DIGEST];
    uint32_t count;
} kd_tokens;

/* Reads 1 to KD_TOKENS_MAX tokens from the file of an option; without a path *tokens stay as they were. KD_OK; or KD_EINVAL, *tokens as they were, with
 * `error` (KD_OPTIONS_ERROR_MAX bytes), which names the option. */
int kd_tokens_read(kd_tokens *tokens, const char *option, const char *path, char *error);
/* Whether `token` is one of them. The time does not tell which, nor how much of one it begins with. */
bool kd_tokens_hold(const kd_tokens *tokens, kd_bytes token);
/* The first token of the file of an option, to be shown to others, with a NUL; empty without a path. KD_OK; or KD_EINVAL with the empty text and `error`
 * (KD_OPTIONS_ERROR_MAX bytes), which names the option. */
int kd_token_read(char token[KD_TOKEN_MAX + 1], const char *option, const char *path, char *error);
/* kd_token_read of the file that --token-file names (`option`), else, where that is NULL, of the one that KUDOS_TOKEN_FILE names. */
int kd_token_of_command(const char *option, char token[KD_TOKEN_MAX + 1], char *error);
/* The token of an Authorization value "Bearer TOKEN", as a view; empty when it is another scheme. */
kd_bytes kd_bearer_token(kd_bytes authorization);

#endif
