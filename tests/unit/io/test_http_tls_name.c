/* test_http_tls_name.c - the one name by which a client's certificate is known.
 */
#include "common/io/http/server/http_tls_name.h"

#include <criterion/criterion.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

static X509 *certificate(void)
{
    X509 *cert = X509_new();
    cr_assert(cert);
    return cert;
}

static void add_common(X509 *cert, const char *text, int len)
{
    cr_assert(X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
                                         (const unsigned char *)text, len, -1, 0));
}

static void add_alternatives(X509 *cert, const char *list)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, list);
    cr_assert(extension && X509_add_ext(cert, extension, -1));
    X509_EXTENSION_free(extension);
}

/* A DNS name of any bytes, as no tool writes it. */
static void add_bytes(X509 *cert, const char *text, int len)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *string = ASN1_IA5STRING_new();
    cr_assert(ASN1_STRING_set(string, text, len));
    GENERAL_NAME_set0_value(name, GEN_DNS, string);
    sk_GENERAL_NAME_push(names, name);
    cr_assert(X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0));
    GENERAL_NAMES_free(names);
}

static void expect(X509 *cert, const char *wanted)
{
    char *name = http_tls_name_of(cert);
    if (wanted)
        cr_assert(name && strcmp(name, wanted) == 0, "%s, not %s", name ? name : "none", wanted);
    else
        cr_assert_null(name, "%s", name);
    free(name);
    X509_free(cert);
}

Test(http_tls_name, the_first_alternative_name_comes_before_the_common_name)
{
    const char *const lists[][2] = {
        {"DNS:edge-1.example,DNS:other.example", "edge-1.example"},
        {"IP:127.0.0.1,URI:spiffe://kudos/edge/1,DNS:edge-1.example", "spiffe://kudos/edge/1"},
        {"email:ops@example.org", "ops@example.org"},
        {"IP:127.0.0.1", "common"},
    };
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
        X509 *cert = certificate();
        add_common(cert, "common", -1);
        add_alternatives(cert, lists[i][0]);
        expect(cert, lists[i][1]);
    }
}

Test(http_tls_name, a_certificate_without_names_has_none)
{
    expect(certificate(), NULL);
}

Test(http_tls_name, a_common_name_may_be_utf8_but_must_be_clean)
{
    const struct {
        const char *text;
        int len;
        const char *wanted;
    } names[] = {{"J\xc3\xb6rg", -1, "J\xc3\xb6rg"},
                 {"admin\0.evil.example", 19, NULL},
                 {"admin\n", -1, NULL},
                 {"admin\x7f", -1, NULL}};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        X509 *cert = certificate();
        add_common(cert, names[i].text, names[i].len);
        expect(cert, names[i].wanted);
    }
}

Test(http_tls_name, two_common_names_are_none)
{
    X509 *cert = certificate();
    add_common(cert, "admin", -1);
    add_common(cert, "mallory", -1);
    expect(cert, NULL);
}

Test(http_tls_name, a_bad_alternative_name_is_not_replaced_by_another_one)
{
    char text[257];
    memset(text, 'a', sizeof(text));
    const struct {
        const char *text;
        int len;
    } bad[] = {{"admin\0.evil", 11}, {"", 0}, {"adm\xc3\xafn", 6}, {"a\tb", 3}, {text, 256}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        X509 *cert = certificate();
        add_common(cert, "admin", -1);
        add_bytes(cert, bad[i].text, bad[i].len);
        expect(cert, NULL);
    }
    X509 *longest = certificate();
    add_bytes(longest, text, 255);
    text[255] = '\0';
    expect(longest, text);
}
