/* test_record_keys.c - MACs as they are computed: the golden vector, what they cover, and keys that are read again. */
#include "common/io/kafka/record_keys.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kudos/wire.h"

#define KEY_A "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_B "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
#define TOPIC kd_bytes_str("kudos.likes.v1")

static char path[] = "/tmp/kudos-keys-XXXXXX";

static void write_keys(const char *text)
{
    FILE *f = fopen(path, "w");
    cr_assert_not_null(f);
    fputs(text, f);
    fclose(f);
}

static void setup(void)
{
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
}

static void teardown(void)
{
    unlink(path);
}

TestSuite(record_keys, .init = setup, .fini = teardown);

static kd_record_keys *keys_of(const char *text, const char *edge)
{
    kd_record_keys *keys;
    char error[256] = "";
    write_keys(text);
    cr_assert_eq(kd_record_keys_create(&keys, path, edge, error, sizeof error), KD_OK, "%s", error);
    return keys;
}

static void read_hex(const char *name, kd_buf *out)
{
    char line[512], file[128];
    unsigned byte;
    snprintf(file, sizeof file, "tests/vectors/%s.hex", name);
    FILE *f = fopen(file, "r");
    cr_assert_not_null(f, "%s: run from the top of the tree", file);
    while (fgets(line, sizeof line, f))
        for (const char *p = line; isxdigit((unsigned char)*p) || *p == ' '; p += *p == ' ' ? 1 : 2)
            if (*p != ' ' && sscanf(p, "%2x", &byte) == 1) kd_buf_put_u8(out, (uint8_t)byte);
    fclose(f);
}

/* The vector was made by another program. A claim is signed by its first key alone, so each key makes its entry by itself. */
Test(record_keys, macs_are_those_of_the_golden_vector)
{
    static const char *const files[] = {"7 * " KEY_A, "16909060 * " KEY_B};
    kd_buf claim = {0}, golden = {0}, header = {0};
    read_hex("claim", &claim);
    read_hex("mac", &golden);
    cr_assert_eq(golden.len, 1 + 2 * KD_MAC_ENTRY);
    for (size_t i = 0; i < 2; i++) {
        kd_record_keys *keys = keys_of(files[i], NULL);
        kd_record_keys_sign(keys, TOPIC, 3, kd_buf_view(&claim), &header);
        cr_assert_eq(header.len, 1 + KD_MAC_ENTRY);
        cr_assert_eq(header.data[0], golden.data[0]);
        cr_assert_arr_eq(header.data + 1, golden.data + 1 + i * KD_MAC_ENTRY, KD_MAC_ENTRY);
        cr_assert_eq(kd_record_keys_verify(keys, TOPIC, 3, kd_buf_view(&claim), kd_buf_view(&golden)),
                     KD_MAC_GOOD);
        kd_record_keys_destroy(keys);
    }
    kd_buf_finish(&claim);
    kd_buf_finish(&golden);
    kd_buf_finish(&header);
}

static void encode_batch(const char *edge, kd_buf *out)
{
    kd_batch b = {.edge = kd_bytes_str(edge), .region = kd_bytes_str("r"), .at = {1, 1}};
    b.digest = kd_body_digest(b.body);
    kd_buf_clear(out);
    kd_batch_encode(&b, out);
}

Test(record_keys, a_mac_holds_for_its_topic_partition_and_bytes_alone)
{
    kd_buf batch = {0}, header = {0};
    kd_record_keys *edge = keys_of("1 edge:a " KEY_A, "a");
    kd_record_keys *central = keys_of("1 edge:a " KEY_A "\n2 central " KEY_B, NULL);
    encode_batch("a", &batch);
    kd_record_keys_sign(edge, TOPIC, 3, kd_buf_view(&batch), &header);
#define VERIFY(topic, partition)                                                                             \
    kd_record_keys_verify(central, topic, partition, kd_buf_view(&batch), kd_buf_view(&header))
    cr_assert_eq(VERIFY(TOPIC, 3), KD_MAC_GOOD);
    cr_assert_eq(VERIFY(TOPIC, 4), KD_MAC_WRONG);
    cr_assert_eq(VERIFY(kd_bytes_str("kudos.likes.v2"), 3), KD_MAC_WRONG);
    for (size_t at = 0; at < header.len; at++) {
        header.data[at] ^= 1;
        cr_assert_neq(VERIFY(TOPIC, 3), KD_MAC_GOOD, "byte %zu of the header", at);
        header.data[at] ^= 1;
    }
    for (size_t at = 0; at < batch.len; at++) {
        batch.data[at] ^= 0x10;
        cr_assert_neq(VERIFY(TOPIC, 3), KD_MAC_GOOD, "byte %zu of the record", at);
        batch.data[at] ^= 0x10;
    }
    kd_record_keys_destroy(edge);
    kd_record_keys_destroy(central);
    kd_buf_finish(&batch);
    kd_buf_finish(&header);
}

Test(record_keys, the_key_of_an_edge_is_worth_nothing_for_the_batch_of_another)
{
    kd_buf batch = {0}, own = {0}, header = {0};
    /* Edge a has been taken over: it signs with its key, under any name. */
    kd_record_keys *thief = keys_of("1 edge:* " KEY_A, "a");
    kd_record_keys *central = keys_of("1 edge:a " KEY_A "\n2 edge:b " KEY_B "\n3 central " KEY_B, NULL);
    encode_batch("b", &batch);
    encode_batch("a", &own);
    kd_record_keys_sign(thief, TOPIC, 0, kd_buf_view(&own), &header);
    cr_assert_eq(kd_record_keys_verify(central, TOPIC, 0, kd_buf_view(&own), kd_buf_view(&header)),
                 KD_MAC_GOOD);
    kd_record_keys_sign(thief, TOPIC, 0, kd_buf_view(&batch), &header);
    cr_assert_eq(kd_record_keys_verify(central, TOPIC, 0, kd_buf_view(&batch), kd_buf_view(&header)),
                 KD_MAC_FOREIGN_KEY);
    kd_record_keys_destroy(thief);
    kd_record_keys_destroy(central);
    kd_buf_finish(&batch);
    kd_buf_finish(&own);
    kd_buf_finish(&header);
}

Test(record_keys, records_without_a_mac_are_believed_only_when_told_so)
{
    static const kd_bytes none = {0};
    kd_buf batch = {0};
    kd_record_keys *central = keys_of("1 * " KEY_A, NULL);
    encode_batch("b", &batch);
    cr_assert_eq(kd_record_keys_verify(central, TOPIC, 0, kd_buf_view(&batch), none), KD_MAC_UNSIGNED);
    kd_record_keys_accept_unsigned(central, true);
    cr_assert_eq(kd_record_keys_verify(central, TOPIC, 0, kd_buf_view(&batch), none), KD_MAC_GOOD);
    cr_assert_eq(kd_record_keys_verify(central, TOPIC, 0, kd_buf_view(&batch), kd_bytes_str("")),
                 KD_MAC_MALFORMED, "an empty header is not none");
    kd_record_keys_destroy(central);
    kd_buf_finish(&batch);
}

Test(record_keys, a_file_that_is_not_good_leaves_the_keys_as_they_are)
{
    char error[256] = "";
    kd_buf batch = {0}, header = {0};
    kd_record_keys *keys = keys_of("1 * " KEY_A, NULL);
    encode_batch("b", &batch);
    kd_record_keys_sign(keys, TOPIC, 0, kd_buf_view(&batch), &header);
    write_keys("2 * 00");
    cr_assert_eq(kd_key_file_reload(kd_record_keys_file(keys), error, sizeof error), KD_EINVAL);
    cr_assert_not_null(strstr(error, "kafka.keys_file: line 1"), "%s", error);
    write_keys("2 * " KEY_B);
    chmod(path, 0640);
    cr_assert_eq(kd_key_file_reload(kd_record_keys_file(keys), error, sizeof error), KD_EINVAL);
    cr_assert_not_null(strstr(error, "chmod 600"), "%s", error);
    cr_assert_eq(kd_record_keys_verify(keys, TOPIC, 0, kd_buf_view(&batch), kd_buf_view(&header)),
                 KD_MAC_GOOD);
    chmod(path, 0600);
    cr_assert_eq(kd_key_file_reload(kd_record_keys_file(keys), error, sizeof error), KD_OK, "%s", error);
    cr_assert_eq(kd_record_keys_verify(keys, TOPIC, 0, kd_buf_view(&batch), kd_buf_view(&header)),
                 KD_MAC_UNKNOWN_KEY);
    unlink(path);
    cr_assert_eq(kd_key_file_reload(kd_record_keys_file(keys), error, sizeof error), KD_EINVAL);
    kd_record_keys_destroy(keys);
    kd_buf_finish(&batch);
    kd_buf_finish(&header);
}
