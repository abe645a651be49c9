/* credentials.c - see the header. */
#include "common/io/http/credentials.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "common/base/text.h"
#include "common/conf/options.h"
#include "common/io/daemon/file_read.h"

enum { FILE_MAX = KD_TOKENS_MAX * (KD_TOKEN_MAX + 2) + 4096 };

static bool token_valid(kd_bytes token)
{
    static const char others[] = "._~+/=-";
    if (token.len < KD_TOKEN_MIN || token.len > KD_TOKEN_MAX) return false;
    for (size_t i = 0; i < token.len; i++) {
        uint8_t c = token.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && memchr(others, c, sizeof others - 1) == NULL) return false;
    }
    return true;
}

static void credentials_digest(uint8_t out[KD_TOKEN_DIGEST], kd_bytes token)
{
    int err = crypto_generichash(out, KD_TOKEN_DIGEST, token.data, token.len, NULL, 0);
    KD_ASSERT(err == 0);
}

/* Why the content cannot be used, or NULL. `first` may be NULL. */
static const char *credentials_parse(kd_bytes text, kd_tokens *tokens, char *first)
{
    for (kd_bytes line; (line = kd_text_take_line(&text, NULL)).len > 0; tokens->count++) {
        if (!token_valid(line)) return "a token is 16 to 256 characters of [A-Za-z0-9._~+/=-], one a line";
        if (tokens->count == KD_TOKENS_MAX) return "the file holds more than 8 tokens";
        credentials_digest(tokens->digest[tokens->count], line);
        if (first && tokens->count == 0) {
            memcpy(first, line.data, line.len);
            first[line.len] = '\0';
        }
    }
    return tokens->count > 0 ? NULL : "the file holds no token";
}

static int credentials_read(kd_tokens *tokens, char *first, const char *option, const char *path, char *error)
{
    char why[KD_OPTIONS_ERROR_MAX / 2];
    kd_tokens fresh = {.count = 0};
    kd_buf text = {0};
    const char *fault = why;
    KD_ASSERT(sodium_init() >= 0);
    if (kd_secret_read(path, FILE_MAX, &text, why, sizeof(why)) == KD_OK)
        fault = credentials_parse(kd_buf_view(&text), &fresh, first);
    kd_secret_finish(&text);
    if (!fault) {
        *tokens = fresh;
        return KD_OK;
    }
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%s: %s", option, fault);
    return KD_EINVAL;
}

int kd_tokens_read(kd_tokens *tokens, const char *option, const char *path, char *error)
{
    return path ? credentials_read(tokens, NULL, option, path, error) : KD_OK;
}

int kd_token_read(char token[KD_TOKEN_MAX + 1], const char *option, const char *path, char *error)
{
    kd_tokens unused;
    int err = path ? credentials_read(&unused, token, option, path, error) : KD_OK;
    if (!path || err != KD_OK) token[0] = '\0';
    return err;
}

int kd_token_of_command(const char *option, char token[KD_TOKEN_MAX + 1], char *error)
{
    const char *path = option ? option : getenv(KD_TOKEN_FILE_VARIABLE);
    if (path && path[0] == '\0') path = NULL;
    return kd_token_read(token, option ? "--token-file" : KD_TOKEN_FILE_VARIABLE, path, error);
}

bool kd_tokens_hold(const kd_tokens *tokens, kd_bytes token)
{
    uint8_t digest[KD_TOKEN_DIGEST];
    bool held = false;
    if (token.len > KD_TOKEN_MAX) return false;
    credentials_digest(digest, token);
    for (uint32_t i = 0; i < tokens->count; i++)
        held |= sodium_memcmp(digest, tokens->digest[i], KD_TOKEN_DIGEST) == 0;
    return held;
}

kd_bytes kd_bearer_token(kd_bytes authorization)
{
    static const char scheme[] = "bearer ";
    size_t n = sizeof scheme - 1;
    if (authorization.len <= n || strncasecmp((const char *)authorization.data, scheme, n) != 0)
        return kd_bytes_of(NULL, 0);
    return kd_text_trim(kd_bytes_of(authorization.data + n, authorization.len - n));
}
