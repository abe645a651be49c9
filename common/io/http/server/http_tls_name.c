/* http_tls_name.c - see the header. "admin\0.evil.example" would pass for "admin": what is not clean is no name. */
#include "common/io/http/server/http_tls_name.h"

#include <openssl/x509v3.h>

#include "kudos/base.h"

enum { PEER_NAME_MAX = 255 };

static char *name_take(const unsigned char *text, int len, bool ascii)
{
    if (len < 1 || len > PEER_NAME_MAX) return NULL;
    for (int i = 0; i < len; i++) {
        if (text[i] < 0x20 || text[i] == 0x7f || (ascii && text[i] >= 0x7f)) return NULL;
    }
    char *name = kd_realloc(NULL, (size_t)len + 1);
    memcpy(name, text, (size_t)len);
    name[len] = '\0';
    return name;
}

/* The first alternative name of a kind that names somebody; NULL: none. A view into `names`. */
static const ASN1_IA5STRING *name_alternative(const GENERAL_NAMES *names)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *one = sk_GENERAL_NAME_value(names, i);
        if (one->type == GEN_DNS || one->type == GEN_URI || one->type == GEN_EMAIL) return one->d.ia5;
    }
    return NULL;
}

static char *name_common(X509 *certificate)
{
    X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) return NULL;
    unsigned char *text = NULL;
    int len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    char *name = name_take(text, len, false);
    OPENSSL_free(text);
    return name;
}

char *http_tls_name_of(X509 *certificate)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    const ASN1_IA5STRING *first = name_alternative(names);
    char *name = first ? name_take(ASN1_STRING_get0_data(first), ASN1_STRING_length(first), true)
                       : name_common(certificate);
    GENERAL_NAMES_free(names);
    return name;
}
