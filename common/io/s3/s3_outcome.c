/* s3_outcome.c - see the header. */
#include "common/io/s3/s3_outcome.h"

#include <curl/curl.h>
#include <stdio.h>

#include "common/backup/s3_xml.h"
#include "common/base/text.h"

/* Codes of an error's document that say: the same request may well succeed. Those with status 400 tell of a body that did not arrive as it was sent. */
static const char *const passing_codes[] = {"RequestTimeout",
                                            "IncompleteBody",
                                            "BadDigest",
                                            "SlowDown",
                                            "InternalError",
                                            "OperationAborted",
                                            "XAmzContentSHA256Mismatch",
                                            "ServiceUnavailable"};

static bool outcome_code_passes(kd_bytes code)
{
    for (size_t i = 0; i < KD_COUNT(passing_codes); i++)
        if (kd_bytes_eq(code, kd_bytes_str(passing_codes[i]))) return true;
    return false;
}

static int outcome_of_curl(const kd_s3_outcome *o, bool *passing, char *why, size_t size)
{
    snprintf(why, size, "%s", o->fault[0] ? o->fault : curl_easy_strerror((CURLcode)o->curl));
    switch (o->curl) {
    case CURLE_ABORTED_BY_CALLBACK:
        snprintf(why, size, "given up, since the program is stopping");
        return KD_EAGAIN;
    case CURLE_WRITE_ERROR:
        snprintf(why, size, "the answer is longer than it may be");
        return KD_ETOOBIG;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return KD_EUNTRUSTED;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return KD_EINVAL;
    default:
        *passing = true;
        return KD_EUNAVAILABLE;
    }
}

int kd_s3_judge(const kd_s3_outcome *o, bool *passing, char *why, size_t size)
{
    char shown[KD_TEXT_SHOWN_MAX];
    *passing = false;
    if (o->curl != CURLE_OK) return outcome_of_curl(o, passing, why, size);
    if (o->status >= 200 && o->status < 300) return KD_OK;
    kd_bytes code = kd_s3_xml_text(o->text, "Code");
    snprintf(why, size, "is answered with status %ld %s", o->status, kd_text_shown(code, shown));
    *passing = o->status == 408 || o->status == 429 || o->status >= 500 || outcome_code_passes(code);
    if (*passing) return KD_EUNAVAILABLE;
    bool other = code.len > 0 && !kd_bytes_eq(code, kd_bytes_str("NoSuchKey"));
    return o->status == 404 && !other ? KD_ENOTFOUND : KD_EINVAL;
}
