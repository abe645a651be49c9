/* jwt_settings.c - see the header. */
#include "common/io/jwt/jwt_settings.h"

#include <sodium.h>
#include <stdio.h>

#include "common/io/daemon/file_read.h"

#define SECOND_US ((uint64_t)1000000)

bool kd_jwt_url_valid(kd_bytes url)
{
    size_t scheme = url.len > 8 && memcmp(url.data, "https://", 8) == 0  ? 8
                    : url.len > 7 && memcmp(url.data, "http://", 7) == 0 ? 7
                                                                         : 0;
    for (size_t i = 0; i < url.len; i++)
        if (url.data[i] <= 0x20 || url.data[i] >= 0x7f || url.data[i] == '@') return false;
    return scheme > 0 && url.len < 2048;
}

bool kd_jwt_on(const kd_jwt_settings *s)
{
    return s->keys_file || s->secret_file || s->keys_url;
}

static int jwt_settings_refuse(char *error, const char *option, const char *fault)
{
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%s: %s", option, fault);
    return KD_EINVAL;
}

int kd_jwt_settings_check(const kd_jwt_settings *s, char *error)
{
    if (s->keys_file && s->keys_url)
        return jwt_settings_refuse(error, "jwt.keys_file and jwt.keys_url", "one of them is wanted");
    if (s->ca_file && !s->keys_url) return jwt_settings_refuse(error, "jwt.ca_file", "needs jwt.keys_url");
    if (s->leeway_us % SECOND_US != 0)
        return jwt_settings_refuse(error, "jwt.leeway", "whole seconds are wanted");
    if (s->refetch_min_us > s->refresh_interval_us)
        return jwt_settings_refuse(error, "jwt.refetch_min", "is above jwt.refresh_interval");
    if (!kd_jwt_on(s) && (s->issuer || s->audience.count > 0))
        return jwt_settings_refuse(error, "jwt.issuer and jwt.audience",
                                   "need jwt.keys_file, jwt.keys_url or jwt.secret_file");
    return KD_OK;
}

static int jwt_settings_load_keys(const char *path, kd_buf *text, char *error)
{
    int err = kd_file_read(path, KD_JWT_KEYS_BYTES_MAX, text);
    if (err == KD_OK) return KD_OK;
    kd_buf_clear(text);
    return jwt_settings_refuse(error, "jwt.keys_file",
                               err == KD_ENOTFOUND ? "there is no such file"
                               : err == KD_ETOOBIG ? "the file is larger than 256 KiB"
                                                   : "the file cannot be read");
}

static int jwt_settings_load_secret(const char *path, kd_buf *secret, char *error)
{
    char fault[KD_OPTIONS_ERROR_MAX - 32];
    if (kd_secret_read(path, KD_JWT_KEYS_BYTES_MAX, secret, fault, sizeof fault) == KD_OK) return KD_OK;
    return jwt_settings_refuse(error, "jwt.secret_file", fault);
}

int kd_jwt_settings_read(const kd_jwt_settings *s, kd_buf *text, kd_buf *secret, char *error)
{
    kd_buf_clear(text);
    kd_buf_clear(secret);
    int err = s->keys_file ? jwt_settings_load_keys(s->keys_file, text, error) : KD_OK;
    return err || !s->secret_file ? err : jwt_settings_load_secret(s->secret_file, secret, error);
}

int kd_jwt_settings_keys(const kd_jwt_settings *s, kd_bytes text, kd_bytes secret, kd_jwt_keys *keys,
                         char *error)
{
    const char *fault = NULL, *option = s->keys_url ? "jwt.keys_url" : "jwt.keys_file";
    *keys = (kd_jwt_keys){.count = 0};
    int err = s->keys_file || text.len > 0 ? kd_jwt_keys_add(keys, text, &fault) : KD_OK;
    if (err == KD_OK && s->secret_file) {
        option = "jwt.secret_file";
        err = kd_jwt_keys_add_secret(keys, secret, &fault);
    }
    if (err == KD_OK) return KD_OK;
    kd_jwt_keys_finish(keys);
    return jwt_settings_refuse(error, option, fault);
}

int kd_jwt_settings_check_files(const kd_jwt_settings *s, char *error)
{
    kd_buf text = {0}, secret = {0};
    kd_jwt_keys keys = {.count = 0};
    int err = kd_jwt_settings_read(s, &text, &secret, error);
    if (err == KD_OK) err = kd_jwt_settings_keys(s, kd_buf_view(&text), kd_buf_view(&secret), &keys, error);
    kd_jwt_keys_finish(&keys);
    if (secret.cap > 0) sodium_memzero(secret.data, secret.cap);
    kd_buf_finish(&text);
    kd_buf_finish(&secret);
    return err;
}

kd_jwt_policy kd_jwt_settings_policy(const kd_jwt_settings *s)
{
    return (kd_jwt_policy){.issuer = s->issuer,
                           .audience = &s->audience,
                           .user_claim = s->user_claim,
                           .scope_claim = s->scope_claim,
                           .leeway_s = s->leeway_us / SECOND_US};
}
