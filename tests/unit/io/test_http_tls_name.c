/* test_http_tls_name.c - the names by which a client's certificate is known.
 */
#include "common/io/http/server/http_tls_name.h"

#include <criterion/criterion.h>
#include <openssl/x509v3.h>
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

/* One DNS name more, of any bytes, as no tool writes it. */
static void add_bytes(X509 *cert, const char *text, int len)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    if (!names) names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *string = ASN1_IA5STRING_new();
    cr_assert(ASN1_STRING_set(string, text, len));
    GENERAL_NAME_set0_value(name, GEN_DNS, string);
    sk_GENERAL_NAME_push(names, name);
    cr_assert(X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_REPLACE));
    GENERAL_NAMES_free(names);
}

/* `wanted`: the names with a blank behind each. */
static void expect(X509 *cert, const char *wanted)
{
    char text[20000] = "";
    kd_strings names = http_tls_names_of(cert);
    for (uint32_t i = 0; i < names.count; i++) {
        strcat(text, names.at[i]);
        strcat(text, " ");
    }
    cr_expect_str_eq(text, wanted);
    kd_strings_finish(&names);
    X509_free(cert);
}

Test(http_tls_name, dns_names_and_uris_count_and_nothing_else)
{
    const char *const lists[][2] = {
        {"DNS:edge-1.example,DNS:other.example", "edge-1.example other.example "},
        {"IP:127.0.0.1,URI:spiffe://kudos/edge/1,DNS:edge-1.example",
         "spiffe://kudos/edge/1 edge-1.example "},
        {"email:ops@example.org", ""},
        {"IP:127.0.0.1,RID:1.2.3.4", ""},
        {"DNS:*.example", "*.example "},
    };
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
        X509 *cert = certificate();
        add_common(cert, "common", -1);
        add_alternatives(cert, lists[i][0]);
        expect(cert, lists[i][1]);
    }
}

Test(http_tls_name, a_common_name_is_none)
{
    X509 *cert = certificate();
    add_common(cert, "admin", -1);
    expect(cert, "");
    expect(certificate(), "");
}

Test(http_tls_name, with_a_name_that_is_not_clean_there_is_none)
{
    char text[257];
    memset(text, 'a', sizeof(text));
    const struct {
        const char *text;
        int len;
    } bad[] = {{"admin\0.evil", 11}, {"", 0}, {"adm\xc3\xafn", 6}, {"a\tb", 3}, {text, 256}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        X509 *cert = certificate();
        add_bytes(cert, "good", 4);
        add_bytes(cert, bad[i].text, bad[i].len);
        expect(cert, "");
    }
    X509 *longest = certificate();
    add_bytes(longest, text, 255);
    text[255] = ' ';
    text[256] = '\0';
    expect(longest, text);
}

Test(http_tls_name, with_too_many_names_there_is_none)
{
    for (int more = 0; more < 2; more++) {
        X509 *cert = certificate();
        char wanted[3 * HTTP_TLS_NAMES_MAX + 1] = "";
        for (int i = 0; i < HTTP_TLS_NAMES_MAX + more; i++) {
            add_bytes(cert, "a", 1);
            if (!more) strcat(wanted, "a ");
        }
        expect(cert, wanted);
    }
}
