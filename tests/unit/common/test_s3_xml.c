/* test_s3_xml.c - what is read out of the documents of an S3 server. */
#include <criterion/criterion.h>

#include "common/backup/s3_xml.h"

Test(s3_xml, a_page_of_a_list)
{
    kd_bytes page = kd_bytes_str(
        "<?xml version=\"1.0\"?><ListBucketResult "
        "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>true"
        "</IsTruncated><Contents><Key>a/1</Key><Size>3</Size></Contents><Contents><Key>a/2</Key></Contents>"
        "<Contents><Key>a/3</Key>");
    kd_bytes content;
    cr_expect(kd_bytes_eq(kd_s3_xml_text(page, "IsTruncated"), kd_bytes_str("true")));
    cr_assert(kd_s3_xml_next(&page, "Contents", &content));
    cr_expect(kd_bytes_eq(kd_s3_xml_text(content, "Key"), kd_bytes_str("a/1")));
    cr_assert(kd_s3_xml_next(&page, "Contents", &content));
    cr_expect(kd_bytes_eq(kd_s3_xml_text(content, "Key"), kd_bytes_str("a/2")));
    cr_expect_eq(kd_s3_xml_text(content, "Size").len, 0, "of this one, not of another");
    cr_expect_not(kd_s3_xml_next(&page, "Contents", &content), "it is torn");
}

Test(s3_xml, what_is_no_document_has_nothing_in_it)
{
    kd_bytes none = kd_bytes_of(NULL, 0), content;
    cr_expect_not(kd_s3_xml_next(&none, "Key", &content));
    cr_expect_eq(kd_s3_xml_text(kd_bytes_str("<Key"), "Key").len, 0);
    cr_expect_eq(kd_s3_xml_text(kd_bytes_str("</Key><Key>"), "Key").len, 0);
}

Test(s3_xml, a_document_counts_as_a_whole_or_not_at_all)
{
    static const char *const none[] = {"",
                                       "<html><body>busy</body></html>",
                                       "<ListBucketResult",
                                       "<ListBucketResult><Contents>",
                                       "<ListBucketResult></ListBucketResul",
                                       "<ListBucketResults></ListBucketResult>",
                                       "<Error><Code>SlowDown</Code></Error>",
                                       "<x><ListBucketResult></ListBucketResult>",
                                       "<ListBucketResult></ListBucketResult><x>"};
    static const char *const whole[] = {
        "<ListBucketResult>a</ListBucketResult>",
        "<?xml version=\"1.0\"?>\n<ListBucketResult>a</ListBucketResult>\r\n",
        " <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">a</ListBucketResult>"};
    kd_bytes content;
    for (size_t i = 0; i < KD_COUNT(none); i++)
        cr_expect_not(kd_s3_xml_root(kd_bytes_str(none[i]), "ListBucketResult", &content), "%s", none[i]);
    for (size_t i = 0; i < KD_COUNT(whole); i++) {
        cr_expect(kd_s3_xml_root(kd_bytes_str(whole[i]), "ListBucketResult", &content), "%s", whole[i]);
        cr_expect(kd_bytes_eq(content, kd_bytes_str("a")));
    }
}
