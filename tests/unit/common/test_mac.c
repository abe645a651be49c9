/* test_mac.c - keys of a file, who may sign what, and which MAC of a header is checked. */
#include "common/wire/mac.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "kudos/wire.h"

#define HEX "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

static kd_keyring ring;
static char error[256];

static int parse(const char *text)
{
    error[0] = 0;
    return kd_keyring_parse(&ring, kd_bytes_str(text), error, sizeof error);
}

static const kd_bytes nobody = {0};

static bool fits(uint32_t i, kd_flow flow, const char *edge)
{
    return kd_record_key_fits(&ring.at[i], flow, kd_bytes_str(edge));
}

Test(keyring, reads_ids_holders_and_keys_in_the_order_of_the_file)
{
    cr_assert_eq(parse("# comment\r\n\n 1 edge:mumbai " HEX "\r\n2\tcentral\t" HEX "\n4294967295 * " HEX),
                 KD_OK, "%s", error);
    cr_assert_eq(ring.count, 3);
    cr_assert_eq(ring.at[0].id, 1);
    cr_assert_eq(ring.at[0].holder, KD_HOLDER_EDGE);
    cr_assert_str_eq(ring.at[0].edge, "mumbai");
    cr_assert_eq(ring.at[0].bytes[1], 0x11);
    cr_assert_eq(ring.at[0].bytes[31], 0xff);
    cr_assert_eq(ring.at[1].holder, KD_HOLDER_CENTRAL);
    cr_assert_eq(ring.at[2].id, UINT32_MAX);
}

Test(keyring, names_the_line_that_is_wrong_and_never_a_key)
{
    static const char *const bad[] = {
        "1 central " HEX "\n0 central " HEX,
        "1 central " HEX "\n1 changes " HEX,
        "1 central " HEX "\n4294967296 central " HEX,
        "1 central " HEX "\n2x central " HEX,
        "1 central " HEX "\n2 edge: " HEX,
        "1 central " HEX "\n2 edge:Mumbai " HEX,
        "1 central " HEX "\n2 centrals " HEX,
        "1 central " HEX "\n2 central " HEX "00",
        "1 central " HEX "\n2 central 0011",
        "1 central " HEX "\n2 central " HEX " more",
        "1 central " HEX "\n2 central",
        "1 central " HEX "\n2 central zz112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF",
    };
    for (size_t i = 0; i < KD_COUNT(bad); i++) {
        cr_assert_eq(parse(bad[i]), KD_EINVAL, "%s", bad[i]);
        cr_assert_eq(ring.count, 0);
        cr_assert_not_null(strstr(error, "line 2"), "%s", error);
        cr_assert_null(strstr(error, "0011"), "%s", error);
    }
    cr_assert_eq(parse("# nothing\n"), KD_EINVAL);
    cr_assert_eq(parse(""), KD_EINVAL);
}

Test(keyring, takes_as_many_keys_as_a_header_has_room_for)
{
    kd_buf text = {0};
    char line[128];
    for (int i = 1; i <= KD_RECORD_KEYS_MAX + 1; i++) {
        int n = snprintf(line, sizeof line, "%d edge:e%d " HEX "\n", i, i);
        kd_buf_put(&text, line, (size_t)n);
        int err = kd_keyring_parse(&ring, kd_buf_view(&text), error, sizeof error);
        cr_assert_eq(err, i <= KD_RECORD_KEYS_MAX ? KD_OK : KD_EINVAL);
    }
    kd_buf_finish(&text);
}

Test(keyring, a_key_signs_only_what_its_holder_writes)
{
    cr_assert_eq(parse("1 edge:a " HEX "\n2 edge:* " HEX "\n3 central " HEX "\n4 changes " HEX "\n5 * " HEX),
                 KD_OK);
    static const bool table[5][4] = {
        /* batch of a, batch of b, claim, changes */
        {true, false, false, false}, {true, true, false, false}, {false, false, true, false},
        {false, false, false, true}, {true, true, true, true},
    };
    for (uint32_t i = 0; i < 5; i++) {
        cr_assert_eq(fits(i, KD_FLOW_BATCH, "a"), table[i][0], "%u", i);
        cr_assert_eq(fits(i, KD_FLOW_BATCH, "b"), table[i][1], "%u", i);
        cr_assert_eq(fits(i, KD_FLOW_CLAIM, ""), table[i][2], "%u", i);
        cr_assert_eq(fits(i, KD_FLOW_CHANGES, ""), table[i][3], "%u", i);
    }
    cr_assert_not(fits(0, KD_FLOW_SNAPSHOT, "b"), "an edge believes a snapshot by another edge's key");
    cr_assert_not(fits(2, KD_FLOW_SNAPSHOT, "a"));
    cr_assert(fits(0, KD_FLOW_SNAPSHOT, "a") && fits(0, KD_FLOW_SNAPSHOT, ""));
    for (uint32_t i = 0; i < 5; i++)
        cr_assert_eq(fits(i, KD_FLOW_LIKES, ""), i == 2 || i == 4,
                     "what no edge writes is signed by central, %u", i);
}

Test(keyring, a_program_needs_the_keys_that_it_signs_with)
{
    static const struct {
        const char *text, *edge;
        int err;
    } cases[] = {
        {"1 edge:a " HEX, "a", KD_OK},
        {"1 edge:* " HEX, "a", KD_OK},
        {"1 * " HEX, "a", KD_OK},
        {"1 edge:b " HEX, "a", KD_EINVAL},
        {"1 central " HEX, "a", KD_EINVAL},
        {"1 * " HEX, "", KD_OK},
        {"1 central " HEX "\n2 edge:a " HEX, "", KD_OK},
        {"1 central " HEX, "", KD_EINVAL},
        {"1 edge:a " HEX, "", KD_EINVAL},
    };
    for (size_t i = 0; i < KD_COUNT(cases); i++) {
        cr_assert_eq(parse(cases[i].text), KD_OK);
        cr_assert_eq(kd_keyring_check(&ring, kd_bytes_str(cases[i].edge), error, sizeof error), cases[i].err,
                     "%zu", i);
    }
}

static const uint32_t *signers(kd_flow flow, const char *edge)
{
    static uint32_t ids[8];
    uint32_t n = 0;
    for (const kd_record_key *k = NULL; (k = kd_mac_signer(&ring, flow, kd_bytes_str(edge), k));)
        ids[n++] = k->id;
    ids[n] = 0;
    return ids;
}

Test(mac, the_first_key_signs_and_a_snapshot_is_signed_for_each_edge)
{
    cr_assert_eq(parse("9 edge:b " HEX "\n1 edge:a " HEX "\n2 edge:a " HEX "\n3 central " HEX
                       "\n4 central " HEX "\n5 changes " HEX),
                 KD_OK);
    static const uint32_t batch[] = {1, 0}, claim[] = {3, 0}, snapshot[] = {9, 1, 2, 0}, changes[] = {5, 0};
    cr_assert_arr_eq(signers(KD_FLOW_BATCH, "a"), batch, sizeof batch);
    cr_assert_arr_eq(signers(KD_FLOW_CLAIM, ""), claim, sizeof claim);
    cr_assert_arr_eq(signers(KD_FLOW_SNAPSHOT, ""), snapshot, sizeof snapshot);
    cr_assert_arr_eq(signers(KD_FLOW_CHANGES, ""), changes, sizeof changes);
}

static kd_mac_verdict choose(kd_bytes header, kd_flow flow, const char *edge, uint32_t *id)
{
    const kd_record_key *key = NULL;
    const uint8_t *mac = NULL;
    kd_mac_verdict verdict = kd_mac_choose(&ring, header, flow, kd_bytes_str(edge), &key, &mac);
    *id = verdict == KD_MAC_GOOD ? key->id : 0;
    if (verdict == KD_MAC_GOOD) cr_assert_eq(mac[0], (uint8_t)key->id, "the MAC of another key");
    return verdict;
}

static kd_buf header_of(const uint32_t *ids, size_t n)
{
    kd_buf out = {0};
    uint8_t mac[KD_MAC_BYTES] = {0};
    for (size_t i = 0; i < n; i++) mac[0] = (uint8_t)ids[i], kd_mac_put(&out, ids[i], mac);
    return out;
}

Test(mac, the_entry_of_a_key_that_is_known_here_is_checked)
{
    static const uint32_t ids[] = {77, 9, 1};
    uint32_t id;
    kd_buf header = header_of(ids, 3);
    cr_assert_eq(parse("1 edge:a " HEX "\n9 edge:b " HEX), KD_OK);
    cr_assert_eq(choose(kd_buf_view(&header), KD_FLOW_SNAPSHOT, "a", &id), KD_MAC_GOOD);
    cr_assert_eq(id, 1);
    cr_assert_eq(choose(kd_buf_view(&header), KD_FLOW_SNAPSHOT, "c", &id), KD_MAC_FOREIGN_KEY);
    cr_assert_eq(choose(kd_buf_view(&header), KD_FLOW_CLAIM, "", &id), KD_MAC_FOREIGN_KEY);
    cr_assert_eq(parse("2 edge:a " HEX), KD_OK);
    cr_assert_eq(choose(kd_buf_view(&header), KD_FLOW_SNAPSHOT, "a", &id), KD_MAC_UNKNOWN_KEY);
    cr_assert_eq(choose(nobody, KD_FLOW_SNAPSHOT, "a", &id), KD_MAC_UNSIGNED);
    kd_buf_finish(&header);
}

Test(mac, a_header_of_another_shape_is_malformed)
{
    static const uint32_t ids[] = {1, 1};
    static const uint8_t mac[KD_MAC_BYTES] = {5};
    uint32_t id;
    kd_buf header = header_of(ids, 2);
    cr_assert_eq(parse("1 edge:a " HEX), KD_OK);
    for (size_t len = 0; len <= header.len; len++) {
        bool whole = len == 1 + KD_MAC_ENTRY || len == 1 + 2 * KD_MAC_ENTRY;
        cr_assert_eq(choose(kd_bytes_of(header.data, len), KD_FLOW_BATCH, "a", &id),
                     whole ? KD_MAC_GOOD : KD_MAC_MALFORMED, "%zu", len);
    }
    header.data[0] = 2;
    cr_assert_eq(choose(kd_buf_view(&header), KD_FLOW_BATCH, "a", &id), KD_MAC_MALFORMED);
    header.data[0] = 1;
    while (header.len <= KD_MAC_MAX) kd_mac_put(&header, 5, mac);
    cr_assert_eq(choose(kd_buf_view(&header), KD_FLOW_BATCH, "a", &id), KD_MAC_MALFORMED);
    kd_buf_finish(&header);
}

static kd_flow flow_of(const void *bytes, size_t len, kd_bytes *edge)
{
    return kd_mac_flow(kd_bytes_of(bytes, len), edge);
}

Test(mac, a_record_is_what_its_first_elements_say_also_in_a_newer_schema)
{
    kd_bytes edge;
    kd_buf out = {0};
    kd_batch b = {.edge = kd_bytes_str("a"), .region = kd_bytes_str("r"), .at = {1, 1}};
    kd_batch_encode(&b, &out);
    cr_assert_eq(kd_mac_flow(kd_buf_view(&out), &edge), KD_FLOW_BATCH);
    cr_assert(kd_bytes_eq(edge, kd_bytes_str("a")));
    cr_assert_eq(flow_of("\x93\x02\x01\xa1z", 5, &edge), KD_FLOW_BATCH);
    cr_assert(kd_bytes_eq(edge, kd_bytes_str("z")));
    cr_assert_eq(flow_of("\x93\x02\x02\x05", 4, &edge), KD_FLOW_CLAIM);
    cr_assert_eq(edge.len, 0);
    cr_assert_eq(flow_of("\x93\x01\x03", 3, &edge), KD_FLOW_LIKES, "fewer bytes than elements");
    cr_assert_eq(flow_of("\x92\x01\x03\x00", 4, &edge), KD_FLOW_SNAPSHOT);
    cr_assert_eq(flow_of("\x92\x01\x04\x00", 4, &edge), KD_FLOW_CHANGES);
    cr_assert_eq(flow_of("\x92\x01\x06\x00", 4, &edge), KD_FLOW_CHANGES, "milestones, by the same keys");
    cr_assert_eq(flow_of("\x92\x01\x05\x00", 4, &edge), KD_FLOW_CLAIM, "decisions, by centrals' key");
    cr_assert_eq(flow_of("\x93\x01\x01\xa1Z", 5, &edge), KD_FLOW_LIKES, "no name of an edge");
    cr_assert_eq(flow_of("\x92\x01\x09\x00", 4, &edge), KD_FLOW_LIKES);
    cr_assert_eq(flow_of("", 0, &edge), KD_FLOW_LIKES);
    kd_buf_finish(&out);
}
