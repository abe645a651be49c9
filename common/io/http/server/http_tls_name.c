/*
 * http_tls_name.c - see the header. "admin\0.evil.example" would pass for "admin": what is not clean is no name, and a certificate with such a name has
 * none, because nobody can say what its authority meant.
 */
#include "common/io/http/server/http_tls_name.h"

#include <openssl/x509v3.h>

enum { PEER_NAME_MAX = 255 };

static bool name_clean(kd_bytes name)
{
    if (name.len < 1 || name.len > PEER_NAME_MAX) return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.data[i] < 0x20 || name.data[i] >= 0x7f) return false;
    return true;
}

/* False: the certificate is to have no names. */
static bool names_add(kd_strings *names, const ASN1_IA5STRING *text)
{
    kd_bytes name = kd_bytes_of(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text));
    if (!name_clean(name) || names->count == HTTP_TLS_NAMES_MAX) return false;
    names->at[names->count++] = kd_string_copy(name);
    return true;
}

kd_strings http_tls_names_of(X509 *certificate)
{
    kd_strings names = {.at = kd_alloc(HTTP_TLS_NAMES_MAX * sizeof *names.at)};
    GENERAL_NAMES *all = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool good = true;
    for (int i = 0; good && i < sk_GENERAL_NAME_num(all); i++) {
        const GENERAL_NAME *one = sk_GENERAL_NAME_value(all, i);
        if (one->type == GEN_DNS || one->type == GEN_URI) good = names_add(&names, one->d.ia5);
    }
    GENERAL_NAMES_free(all);
    if (!good || names.count == 0) kd_strings_finish(&names);
    return names;
}
