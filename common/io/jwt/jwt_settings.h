/*
 * jwt_settings.h - the section [jwt] of both programs: rows for an option table, one text for both, and what they fill.
 */
#ifndef KUDOS_COMMON_IO_JWT_JWT_SETTINGS_H
#define KUDOS_COMMON_IO_JWT_JWT_SETTINGS_H

#include "common/conf/options.h"
#include "common/jwt/jwt.h"

typedef struct {
    char *keys_file, *secret_file, *keys_url, *ca_file;
    uint64_t refresh_interval_us, refetch_min_us;
    char *issuer;
    kd_strings audience;
    char *user_claim, *scope_claim;
    uint64_t leeway_us, cache_max;
} kd_jwt_settings;

/* Rows for a member `jwt` (kd_jwt_settings) of `config`. */
#define KD_JWT_OPTIONS(config)                                                                               \
    KD_OPTION_PATH(config, jwt.keys_file, "jwt", "keys_file", NULL,                                          \
                   "Public keys that users' tokens are verified by: a JWK Set, or PEM", .must_exist = true,  \
                   .more = "Without this, jwt.keys_url and jwt.secret_file no token is taken. Read again "   \
                           "when the file changes, and on SIGHUP."),                                         \
        KD_OPTION_PATH(config, jwt.secret_file, "jwt", "secret_file", NULL,                                  \
                       "File with the secret of HS256, at least 32 bytes, besides public keys",              \
                       .secret = true,                                                                       \
                       .more = "Line ends behind it do not count. Who verifies by a secret can make "        \
                               "tokens, too. Read again like jwt.keys_file."),                               \
        KD_OPTION_STRING(                                                                                    \
            config, jwt.keys_url, "jwt", "keys_url", NULL,                                                   \
            "http:// or https:// address of a JWK Set, instead of jwt.keys_file", .valid = kd_jwt_url_valid, \
            .allowed = "http:// or https:// and a host",                                                     \
            .more = "Redirects are not followed. The last set is kept while the provider is away."),         \
        KD_OPTION_PATH(config, jwt.ca_file, "jwt", "ca_file", NULL,                                          \
                       "PEM of the authorities that jwt.keys_url is checked against; empty: the system's",   \
                       .must_exist = true),                                                                  \
        KD_OPTION_DURATION(config, jwt.refresh_interval_us, "jwt", "refresh_interval", "5m",                 \
                           "How often jwt.keys_url is fetched", .min = 1000000,                              \
                           .max = 86400 * (uint64_t)1000000),                                                \
        KD_OPTION_DURATION(config, jwt.refetch_min_us, "jwt", "refetch_min", "30s",                          \
                           "It is fetched at once for a key that is not known, but at most this often",      \
                           .min = 1000000, .max = 3600 * (uint64_t)1000000),                                 \
        KD_OPTION_STRING(config, jwt.issuer, "jwt", "issuer", NULL,                                          \
                         "What `iss` of a token must be; empty: anything"),                                  \
        KD_OPTION_LIST(config, jwt.audience, "jwt", "audience", "",                                          \
                       "One of these must be in `aud` of a token",                                           \
                       .more = "Empty: tokens that name an audience are refused."),                          \
        KD_OPTION_STRING(config, jwt.user_claim, "jwt", "user_claim", "sub",                                 \
                         "The claim that is the user's id", .required = true),                               \
        KD_OPTION_STRING(config, jwt.scope_claim, "jwt", "scope_claim", "scope",                             \
                         "The claim with the scopes: a text with blanks between them, or a list",            \
                         .required = true),                                                                  \
        KD_OPTION_DURATION(config, jwt.leeway_us, "jwt", "leeway", "5s",                                     \
                           "By how much `exp` and `nbf` may be missed; whole seconds",                       \
                           .max = 600 * (uint64_t)1000000),                                                  \
        KD_OPTION_UINT(config, jwt.cache_max, "jwt", "cache_max", "20000",                                   \
                       "Verified tokens that are remembered until they expire; 0: none", .max = 10000000,    \
                       .unit = "tokens")

/* Whether the text is http:// or https:// with something behind, without blanks and without a user. */
bool kd_jwt_url_valid(kd_bytes url);
/* Whether any source of keys is configured: else no token is ever taken. */
bool kd_jwt_on(const kd_jwt_settings *s);
/* Checks the options against each other. KD_OK, or KD_EINVAL with `error` (KD_OPTIONS_ERROR_MAX bytes). Opens no files. */
int kd_jwt_settings_check(const kd_jwt_settings *s, char *error);
/* Reads the files of keys into `text` and `secret`, which are cleared first and stay empty where there is no such file. KD_OK; or KD_EINVAL with `error`,
 * which names the option. The caller finishes both, also after an error. */
int kd_jwt_settings_read(const kd_jwt_settings *s, kd_buf *text, kd_buf *secret, char *error);
/* The keys of both texts, either of which may be empty. KD_OK, and the caller finishes *keys; or KD_EINVAL with `error`, and *keys is empty. */
int kd_jwt_settings_keys(const kd_jwt_settings *s, kd_bytes text, kd_bytes secret, kd_jwt_keys *keys,
                         char *error);
/* kd_jwt_settings_read and kd_jwt_settings_keys, to see whether they would do. */
int kd_jwt_settings_check_files(const kd_jwt_settings *s, char *error);
/* What the options demand of a token; a view into *s. */
kd_jwt_policy kd_jwt_settings_policy(const kd_jwt_settings *s);

#endif
