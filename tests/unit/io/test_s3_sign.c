/* test_s3_sign.c - signatures against those that Amazon publishes, what an answer means, and the file of keys. */
#include <criterion/criterion.h>
#include <curl/curl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/io/s3/s3_client.h"
#include "common/io/s3/s3_outcome.h"
#include "common/io/s3/s3_sign.h"

/* Amazon S3, API reference, "Signature calculations for the Authorization header: examples". */
static const kd_s3_keys amazons = {.id = "AKIAIOSFODNN7EXAMPLE",
                                   .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void expect_signature(const kd_s3_keys *keys, kd_s3_signed request, const char *headers,
                             const char *signature)
{
    kd_buf out = {0};
    char wanted[512];
    request.host = "examplebucket.s3.amazonaws.com";
    request.region = "us-east-1";
    request.date = "20130524T000000Z";
    request.payload_hash = EMPTY;
    kd_s3_sign(keys, &request, &out);
    snprintf(
        wanted, sizeof wanted,
        "AWS4-HMAC-SHA256 "
        "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=%s,Signature=%s",
        headers, signature);
    cr_expect_str_eq((char *)out.data, wanted);
    kd_buf_finish(&out);
}

Test(s3_sign, is_that_of_the_published_examples)
{
    expect_signature(&amazons,
                     (kd_s3_signed){.method = "GET", .path = "/test.txt", .query = "", .range = "bytes=0-9"},
                     "host;range;x-amz-content-sha256;x-amz-date",
                     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    expect_signature(&amazons, (kd_s3_signed){.method = "GET", .path = "/", .query = "lifecycle="},
                     "host;x-amz-content-sha256;x-amz-date",
                     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    expect_signature(&amazons, (kd_s3_signed){.method = "GET", .path = "/", .query = "max-keys=2&prefix=J"},
                     "host;x-amz-content-sha256;x-amz-date",
                     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

Test(s3_sign, a_session_token_is_signed)
{
    kd_s3_keys keys = amazons;
    snprintf(keys.token, sizeof keys.token, "AQoDYXdzEPT//////////wEXAMPLE");
    kd_buf out = {0};
    const kd_s3_signed request = {.method = "GET",
                                  .host = "h",
                                  .path = "/",
                                  .query = "",
                                  .region = "r",
                                  .date = "20130524T000000Z",
                                  .payload_hash = EMPTY};
    kd_s3_sign(&keys, &request, &out);
    cr_expect(
        strstr((char *)out.data, "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,"));
    cr_expect_null(strstr((char *)out.data, keys.token));
    kd_buf_finish(&out);
}

Test(s3_sign, of_a_body)
{
    char hex[KD_S3_HEX_MAX];
    kd_s3_sha256(kd_bytes_of(NULL, 0), hex);
    cr_expect_str_eq(hex, EMPTY);
    kd_s3_sha256(kd_bytes_str("Welcome to Amazon S3."), hex);
    cr_expect_str_eq(hex, "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
}

/* ---- keys ---- */

static int read_keys(const char *text, mode_t mode, kd_s3_keys *keys, char error[256])
{
    char path[] = "/tmp/kudos-s3-keys-XXXXXX";
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fchmod(fd, mode) == 0);
    close(fd);
    int err = kd_s3_keys_read(keys, path, error, 256);
    unlink(path);
    return err;
}

Test(s3_sign, keys_are_read_from_a_file_of_their_owner_and_never_shown)
{
    static const char good[] =
        "# of central\naccess_key_id = ID\n\nsecret_access_key = very/secret+\nsession_token = tok\n";
    kd_s3_keys keys;
    char error[256] = "";
    cr_assert_eq(read_keys(good, 0600, &keys, error), KD_OK);
    cr_expect_str_eq(keys.id, "ID");
    cr_expect_str_eq(keys.secret, "very/secret+");
    cr_expect_str_eq(keys.token, "tok");
    cr_expect_eq(read_keys(good, 0640, &keys, error), KD_EINVAL);
    cr_expect(strstr(error, "chmod 600"));
    static const char *const wrong[] = {
        "access_key_id = a\n",
        "secret_access_key = verysecret\n",
        "access_key_id = a\naccess_key_id = b\nsecret_access_key = verysecret\n",
        "access_key_id=a\nsecret_access_key=verysecret\nwhat=verysecret\n",
        "access_key_id=a\nverysecret\n",
        "access_key_id=a\nsecret_access_key=very secret\n",
        ""};
    for (size_t i = 0; i < KD_COUNT(wrong); i++) {
        cr_expect_eq(read_keys(wrong[i], 0600, &keys, error), KD_EINVAL, "%s", wrong[i]);
        cr_expect_null(strstr(error, "verysecret"));
        cr_expect_str_eq(keys.secret, "");
    }
}

/* ---- answers ---- */

static int judged(int curl, long status, const char *code, bool *passing)
{
    char text[256], why[256];
    snprintf(text, sizeof text, "<Error><Code>%s</Code></Error>", code);
    const kd_s3_outcome outcome = {.curl = curl, .fault = "", .status = status, .text = kd_bytes_str(text)};
    return kd_s3_judge(&outcome, passing, why, sizeof why);
}

Test(s3_outcome, what_may_pass_is_tried_again_and_what_will_not_is_told)
{
    static const struct {
        int curl;
        long status;
        const char *code;
        int err;
        bool passing;
    } cases[] = {
        {CURLE_OK, 200, "", KD_OK, false},
        {CURLE_OK, 204, "", KD_OK, false},
        {CURLE_OK, 503, "SlowDown", KD_EUNAVAILABLE, true},
        {CURLE_OK, 500, "InternalError", KD_EUNAVAILABLE, true},
        {CURLE_OK, 429, "", KD_EUNAVAILABLE, true},
        {CURLE_OK, 400, "RequestTimeout", KD_EUNAVAILABLE, true},
        {CURLE_OK, 400, "XAmzContentSHA256Mismatch", KD_EUNAVAILABLE, true},
        {CURLE_OK, 400, "InvalidArgument", KD_EINVAL, false},
        {CURLE_OK, 404, "NoSuchKey", KD_ENOTFOUND, false},
        {CURLE_OK, 404, "", KD_ENOTFOUND, false},
        {CURLE_OK, 404, "NoSuchBucket", KD_EINVAL, false},
        {CURLE_OK, 403, "SignatureDoesNotMatch", KD_EINVAL, false},
        {CURLE_OK, 403, "RequestTimeTooSkewed", KD_EINVAL, false},
        {CURLE_OK, 301, "PermanentRedirect", KD_EINVAL, false},
        {CURLE_COULDNT_CONNECT, 0, "", KD_EUNAVAILABLE, true},
        {CURLE_RECV_ERROR, 0, "", KD_EUNAVAILABLE, true},
        {CURLE_PARTIAL_FILE, 200, "", KD_EUNAVAILABLE, true},
        {CURLE_OPERATION_TIMEDOUT, 0, "", KD_EUNAVAILABLE, true},
        {CURLE_PEER_FAILED_VERIFICATION, 0, "", KD_EUNTRUSTED, false},
        {CURLE_ABORTED_BY_CALLBACK, 0, "", KD_EAGAIN, false},
        {CURLE_WRITE_ERROR, 200, "", KD_ETOOBIG, false},
    };
    for (size_t i = 0; i < KD_COUNT(cases); i++) {
        bool passing = !cases[i].passing;
        cr_expect_eq(judged(cases[i].curl, cases[i].status, cases[i].code, &passing), cases[i].err, "%zu", i);
        cr_expect_eq(passing, cases[i].passing, "%zu", i);
    }
}

Test(s3_client, an_endpoint_is_a_scheme_a_host_and_a_port)
{
    static const char *const good[] = {"http://a", "https://s3.eu-1.example:9000", "http://[::1]:80"};
    static const char *const wrong[] = {
        "",        "http://", "ftp://a", "a", "https://u:p@a", "https://a/b", "https://a?b", "https://a b",
        "HTTP://a"};
    for (size_t i = 0; i < KD_COUNT(good); i++)
        cr_expect(kd_s3_endpoint_valid(kd_bytes_str(good[i])), "%s", good[i]);
    for (size_t i = 0; i < KD_COUNT(wrong); i++)
        cr_expect_not(kd_s3_endpoint_valid(kd_bytes_str(wrong[i])), "%s", wrong[i]);
}
