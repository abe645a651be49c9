/*
 * http_tls_suites.c - see the header. OpenSSL skips names that it does not know as long as it knows one of a list; an operator who has mistyped one
 * would never hear of it. So each is tried alone first.
 */
#include "common/io/http/server/http_tls_suites.h"

#include <openssl/err.h>
#include <stdio.h>

const char *const kd_http_tls_versions[] = {"1.2", "1.3", NULL};

enum { SUITE_NAME_MAX = 63 };

static bool suites_is_13(const SSL_CIPHER *cipher)
{
    return strcmp(SSL_CIPHER_get_version(cipher), "TLSv1.3") == 0;
}

/* How many ciphers the context has, of TLS 1.3 or of the versions before. */
static int suites_count(SSL_CTX *context, bool of_13)
{
    STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(context);
    int n = 0;
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++)
        n += suites_is_13(sk_SSL_CIPHER_value(ciphers, i)) == of_13;
    return n;
}

static bool suites_set(SSL_CTX *context, bool of_13, const char *list)
{
    int rv = of_13 ? SSL_CTX_set_ciphersuites(context, list) : SSL_CTX_set_cipher_list(context, list);
    ERR_clear_error();
    return rv == 1 && suites_count(context, of_13) > 0;
}

/* "!NAME" and its like take ciphers out, and say nothing alone. "@SECLEVEL" changes more than ciphers, and is not known. */
static bool suites_known(SSL_CTX *context, bool of_13, const char *name)
{
    if (!of_13 && name[0] != '\0' && strchr("!-+", name[0])) name++;
    return name[0] != '\0' && name[0] != '@' && suites_set(context, of_13, name);
}

static int suites_refuse(char *error, size_t size, const char *option, const char *name,
                         const char *complaint)
{
    snprintf(error, size, "%s: %s: %s", option, name, complaint);
    return KD_EINVAL;
}

/* Whether each name of a list is known. OpenSSL also parts the older list by commas and blanks. */
static int suites_check_names(SSL_CTX *context, bool of_13, const char *option, const char *list, char *error,
                              size_t size)
{
    for (const char *at = list;; at++) {
        size_t len = strcspn(at, of_13 ? ":" : ":, ;");
        char name[SUITE_NAME_MAX + 1];
        snprintf(name, sizeof(name), "%.*s", (int)KD_MIN(len, (size_t)SUITE_NAME_MAX), at);
        if (len > SUITE_NAME_MAX || !suites_known(context, of_13, name))
            return suites_refuse(error, size, option, name, "OpenSSL knows no such cipher");
        at += len;
        if (*at == '\0') return KD_OK;
    }
}

/* AEAD, keys that are agreed anew for each connection, and a server that shows who it is: what is left of TLS 1.2 beside HTTP/2. */
static bool suites_modern(const SSL_CIPHER *cipher)
{
    int exchange = SSL_CIPHER_get_kx_nid(cipher);
    bool forward = exchange == NID_kx_ecdhe || exchange == NID_kx_dhe;
    return forward && SSL_CIPHER_is_aead(cipher) && SSL_CIPHER_get_auth_nid(cipher) != NID_auth_null;
}

static int suites_check_strength(SSL_CTX *context, const char *option, char *error, size_t size)
{
    STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(context);
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
        const SSL_CIPHER *cipher = sk_SSL_CIPHER_value(ciphers, i);
        if (!suites_is_13(cipher) && !suites_modern(cipher))
            return suites_refuse(error, size, option, SSL_CIPHER_get_name(cipher),
                                 "is no AEAD cipher with forward secrecy");
    }
    return KD_OK;
}

static int suites_take(SSL_CTX *context, bool of_13, const char *option, const char *list, char *error,
                       size_t size)
{
    int err = suites_check_names(context, of_13, option, list, error, size);
    if (err != KD_OK) return err;
    if (!suites_set(context, of_13, list))
        return suites_refuse(error, size, option, list, "leaves no cipher");
    return of_13 ? KD_OK : suites_check_strength(context, option, error, size);
}

int http_tls_suites_set(SSL_CTX *context, const kd_http_tls_options *options, char *error, size_t error_size)
{
    const char *ciphers = options->ciphers ? options->ciphers : KD_HTTP_TLS_CIPHERS;
    const char *suites = options->ciphersuites ? options->ciphersuites : KD_HTTP_TLS_CIPHERSUITES;
    SSL_CTX_set_min_proto_version(context,
                                  options->min_version == KD_HTTP_TLS_13 ? TLS1_3_VERSION : TLS1_2_VERSION);
    int err = suites_take(context, false, "http.tls_ciphers", ciphers, error, error_size);
    return err != KD_OK ? err
                        : suites_take(context, true, "http.tls_ciphersuites", suites, error, error_size);
}

int kd_http_tls_check_ciphers(const kd_http_tls_options *options, char *error, size_t error_size)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    KD_ASSERT(context);
    int err = http_tls_suites_set(context, options, error, error_size);
    SSL_CTX_free(context);
    return err;
}
