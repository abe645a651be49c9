/* credentials.c - see the header. */
#include "common/io/http/credentials.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>

#include "common/io/daemon/options_file.h"

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

static kd_bytes credentials_trim(kd_bytes b)
{
    while (b.len > 0 && strchr(" \t\r", b.data[b.len - 1]) && b.data[b.len - 1] != 0) b.len--;
    while (b.len > 0 && (b.data[0] == ' ' || b.data[0] == '\t')) b = kd_bytes_of(b.data + 1, b.len - 1);
    return b;
}

/* Takes the next line with a token off *text; empty at the end. */
static kd_bytes credentials_next(kd_bytes *text)
{
    while (text->len > 0) {
        const uint8_t *end = memchr(text->data, '\n', text->len);
        size_t len = end ? (size_t)(end - text->data) : text->len;
        kd_bytes line = credentials_trim(kd_bytes_of(text->data, len));
        size_t used = len + (end != NULL);
        *text = kd_bytes_of(text->data + used, text->len - used);
        if (line.len > 0 && line.data[0] != '#') return line;
    }
    return kd_bytes_of(NULL, 0);
}

static void credentials_digest(uint8_t out[KD_TOKEN_DIGEST], kd_bytes token)
{
    int err = crypto_generichash(out, KD_TOKEN_DIGEST, token.data, token.len, NULL, 0);
    KD_ASSERT(err == 0);
}

/* Why the content cannot be used, or NULL. `first` may be NULL. */
static const char *credentials_parse(kd_bytes text, kd_tokens *tokens, char *first)
{
    for (kd_bytes line; (line = credentials_next(&text)).len > 0; tokens->count++) {
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

/* Why the file must not or cannot be read, or NULL, and its content is in *text. */
static const char *credentials_load(const char *path, kd_buf *text)
{
    struct stat info;
    if (stat(path, &info) != 0) return "there is no such file";
    if (!S_ISREG(info.st_mode)) return "must be a regular file";
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return "holds a secret and is open to group or others; chmod 600";
    int err = kd_file_read(path, FILE_MAX, text);
    return err == KD_OK ? NULL : err == KD_ETOOBIG ? "the file is too large" : "the file cannot be read";
}

static int credentials_read(const char *path, kd_tokens *tokens, char *first, const char **fault)
{
    kd_tokens fresh = {.count = 0};
    kd_buf text = {0};
    KD_ASSERT(sodium_init() >= 0);
    *fault = credentials_load(path, &text);
    if (!*fault) *fault = credentials_parse(kd_buf_view(&text), &fresh, first);
    if (text.cap > 0) sodium_memzero(text.data, text.cap);
    kd_buf_finish(&text);
    if (*fault) return KD_EINVAL;
    if (tokens) *tokens = fresh;
    return KD_OK;
}

int kd_tokens_read(kd_tokens *tokens, const char *path, const char **fault)
{
    return credentials_read(path, tokens, NULL, fault);
}

int kd_token_read(const char *path, char token[KD_TOKEN_MAX + 1], const char **fault)
{
    return credentials_read(path, NULL, token, fault);
}

int kd_tokens_check(const char *option, const char *path, char *error)
{
    const char *fault;
    if (!path || credentials_read(path, NULL, NULL, &fault) == KD_OK) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%s: %s", option, fault);
    return KD_EINVAL;
}

int kd_token_of_command(const char *option, char token[KD_TOKEN_MAX + 1], char *error)
{
    const char *path = option ? option : getenv(KD_TOKEN_FILE_VARIABLE), *fault;
    token[0] = '\0';
    if (!path || path[0] == '\0' || kd_token_read(path, token, &fault) == KD_OK) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%s: %s", option ? "--token-file" : KD_TOKEN_FILE_VARIABLE, fault);
    return KD_EINVAL;
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
    return credentials_trim(kd_bytes_of(authorization.data + n, authorization.len - n));
}
