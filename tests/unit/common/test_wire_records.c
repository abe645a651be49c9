/* test_wire_records.c - whole records: round trips, golden vectors, and damaged or hostile bytes. */
#include "tests/unit/common/wire_samples.h"

#include "common/wire/wire_msgpack.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- golden vectors: tests/vectors/NAME.hex, '#' begins a comment ---- */

static void read_vector(const char *name, kd_buf *out)
{
    char path[128];
    snprintf(path, sizeof path, "tests/vectors/%s.hex", name);
    FILE *f = fopen(path, "r");
    cr_assert_not_null(f, "%s: run from the top of the tree", path);
    for (int c, high = -1; (c = fgetc(f)) != EOF;) {
        if (c == '#')
            while (c != '\n' && c != EOF) c = fgetc(f);
        if (!isxdigit(c)) continue;
        int digit = isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
        if (high < 0)
            high = digit;
        else
            kd_buf_put_u8(out, (uint8_t)(high << 4 | digit)), high = -1;
    }
    fclose(f);
}

static void assert_vector(const char *name, kd_bytes bytes)
{
    kd_buf golden = {0};
    read_vector(name, &golden);
    if (!kd_bytes_eq(bytes, kd_buf_view(&golden))) {
        fprintf(stderr, "%s is now:", name);
        for (size_t i = 0; i < bytes.len; i++) fprintf(stderr, "%s%02x", i % 32 ? " " : "\n", bytes.data[i]);
        fprintf(stderr, "\n");
        cr_assert_fail("%s differs from its golden vector", name);
    }
    kd_buf_finish(&golden);
}

Test(wire_vectors, likes_topic)
{
    sample_arena a = {0};
    kd_body body = fixed_body(&a), empty = {0};
    kd_buf encoded = {0}, nothing = {0}, batch = {0}, claim = {0};
    kd_body_encode(&body, &encoded);
    assert_vector("body", kd_buf_view(&encoded));
    kd_body_encode(&empty, &nothing);
    assert_vector("body-empty", kd_buf_view(&nothing));
    kd_batch b = fixed_batch(&a, kd_buf_view(&encoded));
    kd_batch_encode(&b, &batch);
    assert_vector("batch", kd_buf_view(&batch));
    b.viral = true;
    kd_batch_encode(&b, (kd_buf_clear(&batch), &batch));
    assert_vector("batch-viral", kd_buf_view(&batch));
    kd_claim c = fixed_claim();
    kd_claim_encode(&c, &claim);
    assert_vector("claim", kd_buf_view(&claim));
    c = (kd_claim){.epoch = 9,
                   .central = kd_bytes_str("central-b"),
                   .at_us = c.at_us,
                   .supersedes = 3,
                   .author = 0x123456789abcdef,
                   .history = {70000, 0xfedcba9876543210}};
    kd_claim_encode(&c, (kd_buf_clear(&claim), &claim));
    assert_vector("claim-named", kd_buf_view(&claim));
    kd_buf_finish(&encoded);
    kd_buf_finish(&nothing);
    kd_buf_finish(&batch);
    kd_buf_finish(&claim);
    sample_free(&a);
}

Test(wire_vectors, decisions)
{
    sample_arena a = {0};
    kd_body body = fixed_operations(&a);
    kd_buf encoded = {0}, record = {0};
    kd_body_encode(&body, &encoded);
    kd_decision d = fixed_decision(kd_buf_view(&encoded)), close = fixed_close(&a);
    kd_decision_encode(&d, &record);
    assert_vector("decision", kd_buf_view(&record));
    kd_decision_encode(&close, (kd_buf_clear(&record), &record));
    assert_vector("decision-close", kd_buf_view(&record));
    kd_body nothing = {0};
    kd_body_encode(&nothing, (kd_buf_clear(&encoded), &encoded));
    kd_decision undone = fixed_put_back(kd_buf_view(&encoded));
    kd_decision_encode(&undone, (kd_buf_clear(&record), &record));
    assert_vector("decision-put-back", kd_buf_view(&record));
    kd_decision erase = fixed_erase();
    kd_decision_encode(&erase, (kd_buf_clear(&record), &record));
    assert_vector("decision-erase", kd_buf_view(&record));
    kd_decision order = fixed_order(KD_DECIDED_RETIRE, kd_bytes_str("mumbai-1"));
    kd_decision_encode(&order, (kd_buf_clear(&record), &record));
    assert_vector("decision-retire", kd_buf_view(&record));
    kd_decided_id_put((kd_buf_clear(&encoded), &encoded), 0x0123456789abcdef);
    order = fixed_order(KD_DECIDED_DROP, kd_buf_view(&encoded));
    kd_decision_encode(&order, (kd_buf_clear(&record), &record));
    assert_vector("decision-drop", kd_buf_view(&record));
    kd_expected_put((kd_buf_clear(&encoded), &encoded), kd_bytes_str("mumbai-1"), kd_bytes_str("in"));
    kd_expected_put(&encoded, kd_bytes_str("virginia-1"), (kd_bytes){0});
    order = fixed_order(KD_DECIDED_EXPECT, kd_buf_view(&encoded));
    order.author = kd_bytes_str(KD_EXPECT_CONFIGURED);
    kd_decision_encode(&order, (kd_buf_clear(&record), &record));
    assert_vector("decision-expect", kd_buf_view(&record));
    order = fixed_order(KD_DECIDED_FLOOR, (kd_bytes){0});
    order.stamp_us = 1699990000000000;
    kd_decision_encode(&order, (kd_buf_clear(&record), &record));
    assert_vector("decision-floor", kd_buf_view(&record));
    kd_buf_finish(&encoded);
    kd_buf_finish(&record);
    sample_free(&a);
}

Test(wire_vectors, counts_and_changes_topics)
{
    sample_arena a = {0};
    kd_buf snapshot = {0}, changes = {0};
    kd_snapshot s = fixed_snapshot(&a);
    kd_snapshot_encode(&s, &snapshot);
    assert_vector("snapshot", kd_buf_view(&snapshot));
    kd_buf_clear(&snapshot);
    s.edges[1].retired = true;
    kd_snapshot_encode(&s, &snapshot);
    assert_vector("snapshot-retired", kd_buf_view(&snapshot));
    s.edges[1].retired = false;
    s.items[1].closed = true;
    kd_snapshot_encode(&s, (kd_buf_clear(&snapshot), &snapshot));
    assert_vector("snapshot-closed", kd_buf_view(&snapshot));
    s.history = (kd_history){.read = 70000, .digest = 0xfedcba9876543210};
    s.untold = 2;
    kd_snapshot_encode(&s, (kd_buf_clear(&snapshot), &snapshot));
    assert_vector("snapshot-history", kd_buf_view(&snapshot));
    s.history = (kd_history){0};
    s.untold = 0;
    s.items[1].closed = false;
    kd_snapshot read = fixed_read(&a);
    kd_snapshot_encode(&read, (kd_buf_clear(&snapshot), &snapshot));
    assert_vector("snapshot-read", kd_buf_view(&snapshot));
    kd_changes c = fixed_changes(&a);
    kd_changes_encode(&c, &changes);
    assert_vector("changes", kd_buf_view(&changes));
    kd_changes of_uuids = fixed_changes_of_uuids(&a);
    kd_changes_encode(&of_uuids, (kd_buf_clear(&changes), &changes));
    assert_vector("changes-uuids", kd_buf_view(&changes));
    kd_buf_finish(&snapshot);
    kd_buf_finish(&changes);
    sample_free(&a);
}

Test(wire_vectors, milestones_topic)
{
    sample_arena a = {0};
    kd_buf record = {0};
    kd_milestones m = fixed_milestones(&a);
    kd_milestones_encode(&m, &record);
    assert_vector("milestones", kd_buf_view(&record));
    kd_buf_finish(&record);
    sample_free(&a);
}

Test(wire_vectors, members_topic)
{
    kd_buf record = {0};
    kd_held held[] = {{.partition = 0, .state = KD_HELD_LEADS, .epoch = 1767225600123456, .read = 70000},
                      {.partition = 3,
                       .state = KD_HELD_AGREED,
                       .epoch = 903,
                       .read = 12,
                       .yields = kd_bytes_str("central-3")}};
    const kd_heartbeat h = {.member = kd_bytes_str("central-1"),
                            .run = 0xfedcba9876543210,
                            .seq = 300,
                            .started_us = 1767225600000000,
                            .at_us = 1767225900000000,
                            .url = kd_bytes_str("https://central-1.example:8440"),
                            .zone = kd_bytes_str("a"),
                            .leaving = true,
                            .partitions = 8,
                            .held = held,
                            .held_count = 2};
    kd_heartbeat_encode(&h, &record);
    assert_vector("heartbeat", kd_buf_view(&record));
    /* Clients are sent to the URL: a script is none. */
    uint8_t *url = memmem(record.data, record.len, "https://", 8);
    kd_heartbeat read;
    cr_assert_not_null(url);
    memcpy(url, "script:/", 8);
    cr_expect_eq(kd_heartbeat_decode(kd_buf_view(&record), &read), KD_EMALFORMED);
    kd_buf_finish(&record);
}

Test(wire_vectors, marker)
{
    kd_buf record = {0};
    const kd_marker m = {.partition = 3,
                         .epoch = 9,
                         .central = kd_bytes_str("central-b"),
                         .at_us = 1700000000000000,
                         .version = 5000};
    kd_marker_encode(&m, &record);
    assert_vector("marker", kd_buf_view(&record));
    kd_buf_finish(&record);
}

/* ---- decoding and encoding of any kind ---- */

/* Decodes a record of any kind; if it is accepted, encodes it again into *again. */
static int decode_any(kd_bytes record, kd_buf *again)
{
    kd_batch batch;
    kd_claim claim;
    kd_snapshot snapshot;
    kd_changes changes;
    kd_decision decision;
    kd_milestones milestones;
    kd_heartbeat heartbeat;
    kd_marker marker;
    int kind = kd_record_peek(record), err = kind;
    switch (kind) {
    case KD_RECORD_BATCH:
        if ((err = kd_batch_decode(record, &batch)) == KD_OK) kd_batch_encode(&batch, again);
        break;
    case KD_RECORD_CLAIM:
        if ((err = kd_claim_decode(record, &claim)) == KD_OK) kd_claim_encode(&claim, again);
        break;
    case KD_RECORD_SNAPSHOT:
        if ((err = kd_snapshot_decode(record, &snapshot)) == KD_OK) kd_snapshot_encode(&snapshot, again);
        kd_snapshot_finish(&snapshot);
        break;
    case KD_RECORD_CHANGES:
        if ((err = kd_changes_decode(record, &changes)) == KD_OK) kd_changes_encode(&changes, again);
        kd_changes_finish(&changes);
        break;
    case KD_RECORD_DECISION:
        if ((err = kd_decision_decode(record, &decision)) == KD_OK) kd_decision_encode(&decision, again);
        break;
    case KD_RECORD_MILESTONES:
        if ((err = kd_milestones_decode(record, &milestones)) == KD_OK)
            kd_milestones_encode(&milestones, again);
        kd_milestones_finish(&milestones);
        break;
    case KD_RECORD_HEARTBEAT:
        if ((err = kd_heartbeat_decode(record, &heartbeat)) == KD_OK) kd_heartbeat_encode(&heartbeat, again);
        kd_heartbeat_finish(&heartbeat);
        break;
    case KD_RECORD_MARKER:
        if ((err = kd_marker_decode(record, &marker)) == KD_OK) kd_marker_encode(&marker, again);
        break;
    default:
        break;
    }
    return err;
}

static int decode_only(kd_bytes record)
{
    kd_buf again = {0};
    int err = decode_any(record, &again);
    kd_buf_finish(&again);
    return err;
}

static const char *const records[] = {"batch",           "batch-viral",       "claim",
                                      "snapshot",        "snapshot-retired",  "snapshot-read",
                                      "changes",         "changes-uuids",     "decision",
                                      "decision-close",  "decision-put-back", "milestones",
                                      "snapshot-closed", "decision-erase",    "snapshot-history",
                                      "heartbeat",       "claim-named",       "marker"};

/* Length of the array head before the schema: one byte up to 15 elements, three bytes from 16 on. */
static size_t head_len(const kd_buf *record)
{
    return record->data[0] == 0xdc ? 3 : 1;
}

static void each_record(void (*check)(kd_buf *record))
{
    for (size_t i = 0; i < KD_COUNT(records); i++) {
        kd_buf record = {0};
        read_vector(records[i], &record);
        cr_assert_eq(decode_only(kd_buf_view(&record)), KD_OK);
        check(&record);
        kd_buf_finish(&record);
    }
}

static void cut_everywhere(kd_buf *record)
{
    for (size_t cut = 0; cut < record->len; cut++) {
        uint8_t *exact = kd_dup(kd_bytes_of(record->data, cut));
        cr_assert_eq(decode_only(kd_bytes_of(exact, cut)), KD_EMALFORMED, "cut at %zu", cut);
        free(exact);
    }
}

static void flip_everywhere(kd_buf *record)
{
    kd_buf again = {0};
    for (size_t at = 0; at < record->len; at++) {
        uint8_t kept = record->data[at];
        for (unsigned flip = 1; flip < 256; flip++) {
            record->data[at] = (uint8_t)(kept ^ flip);
            kd_buf_clear(&again);
            if (decode_any(kd_buf_view(record), &again) == KD_OK)
                cr_assert(kd_bytes_eq(kd_buf_view(record), kd_buf_view(&again)), "byte %zu", at);
        }
        record->data[at] = kept;
    }
    kd_buf_finish(&again);
}

/* Whether an element behind these is known: the vectors snapshot-history and batch-viral have all of them. */
static bool lacks_known_element(const kd_buf *record)
{
    int kind = kd_record_peek(kd_buf_view(record));
    return (kind == KD_RECORD_SNAPSHOT && (head_len(record) == 1 || record->data[2] < 20)) ||
           (kind == KD_RECORD_BATCH && record->data[0] == 0x9e);
}

static void add_elements(kd_buf *record)
{
    if (lacks_known_element(record)) return;
    static const uint8_t extra[] = {0x83, 0xa1, 'a', 0xc0, 0xa1, 'b', 0xcb, 1, 2, 3,   4,
                                    5,    6,    7,   8,    0xa1, 'c', 0xd4, 9, 9, 0xff};
    kd_buf_put(record, extra, sizeof extra);
    cr_assert_eq(decode_only(kd_buf_view(record)), KD_EMALFORMED, "bytes behind the record");
    if (head_len(record) == 3) {
        record->data[2] = (uint8_t)(record->data[2] + 2);
    } else if (record->data[0] + 2 > 0x9f) { /* two more would not fit into a head of one byte */
        kd_buf wide = {0};
        kd_buf_put_u8(&wide, 0xdc);
        kd_buf_put_be16(&wide, (uint16_t)((record->data[0] & 15) + 2));
        kd_buf_put(&wide, record->data + 1, record->len - 1);
        cr_assert_eq(decode_only(kd_buf_view(&wide)), KD_OK, "elements of a newer program are skipped");
        kd_buf_finish(&wide);
        return;
    } else {
        record->data[0] = (uint8_t)(record->data[0] + 2);
    }
    cr_assert_eq(decode_only(kd_buf_view(record)), KD_OK, "elements of a newer program are skipped");
}

static void nest_deeply(kd_buf *record)
{
    size_t len = record->len;
    bool narrow = record->data[0] < 0x9f && !lacks_known_element(record);
    if (narrow) record->data[0]++;
    for (int depth = 1; depth <= 34 && narrow; depth++) {
        record->len = len;
        for (int i = 0; i < depth; i++) kd_buf_put_u8(record, 0x91);
        kd_buf_put_u8(record, 0xc0);
        cr_assert_eq(decode_only(kd_buf_view(record)), depth <= 32 ? KD_OK : KD_EMALFORMED, "%d levels",
                     depth);
    }
}

static void change_version(kd_buf *record)
{
    uint8_t *schema = record->data + head_len(record), *kind = schema + 1;
    *schema = 2;
    cr_assert_eq(decode_only(kd_buf_view(record)), KD_EVERSION);
    *schema = 0;
    cr_assert_eq(decode_only(kd_buf_view(record)), KD_EMALFORMED);
    *schema = 1;
    *kind = KD_RECORD_MARKER + 1;
    cr_assert_eq(decode_only(kd_buf_view(record)), KD_EVERSION);
    *kind = 0;
    cr_assert_eq(decode_only(kd_buf_view(record)), KD_EMALFORMED);
}

static void claim_huge_lengths(kd_buf *record)
{
    static const uint8_t tags[] = {0xdd, 0xdf, 0xdb, 0xc6, 0xc9};
    kd_buf bad = {0};
    for (size_t t = 0; t < KD_COUNT(tags); t++) {
        for (size_t at = 0; at < record->len; at++) {
            kd_buf_clear(&bad);
            kd_buf_put(&bad, record->data, at);
            kd_buf_put_u8(&bad, tags[t]);
            kd_buf_put_be32(&bad, t % 2 ? UINT32_MAX : 1u << 27);
            kd_buf_put(&bad, record->data + at, record->len - at);
            cr_assert_lt(decode_only(kd_buf_view(&bad)), 0);
        }
    }
    kd_buf_finish(&bad);
}

/* Floats, negatives, nil and maps in place of each small number of the envelope. */
static void change_types(kd_buf *record)
{
    static const uint8_t tags[] = {0xca, 0xcb, 0xc0, 0xc2, 0xc3, 0xe0, 0xff,
                                   0xd0, 0xd3, 0xd4, 0x80, 0x81, 0xc1};
    for (size_t t = 0; t < KD_COUNT(tags); t++) {
        for (size_t i = 0; i < 3; i++) {
            size_t at = i == 0 ? 0 : head_len(record) + i - 1;
            uint8_t kept = record->data[at];
            record->data[at] = tags[t];
            cr_assert_eq(decode_only(kd_buf_view(record)), KD_EMALFORMED, "tag %x at %zu", tags[t], at);
            record->data[at] = kept;
        }
    }
}

Test(wire_records, cut)
{
    each_record(cut_everywhere);
}
Test(wire_records, flipped)
{
    each_record(flip_everywhere);
}
Test(wire_records, extended)
{
    each_record(add_elements);
}
Test(wire_records, nested)
{
    each_record(nest_deeply);
}
Test(wire_records, of_other_versions)
{
    each_record(change_version);
}
Test(wire_records, with_huge_lengths)
{
    each_record(claim_huge_lengths);
}
Test(wire_records, with_other_types)
{
    each_record(change_types);
}

/* ---- rules of each kind ---- */

/* Of seq, last, what, epoch. */
/* A decision with fields that kd_decision_encode would not write. */
static void encode_unchecked(kd_decided what, uint64_t stamp_us, kd_bytes body, kd_buf *record)
{
    kd_buf_clear(record);
    kd_msgpack_put_array(record, 14);
    kd_msgpack_put_uint(record, KD_WIRE_SCHEMA);
    kd_msgpack_put_uint(record, KD_RECORD_DECISION);
    kd_msgpack_put_str(record, kd_bytes_str("order-5"));
    kd_msgpack_put_uint(record, 1);
    kd_msgpack_put_uint(record, 1);
    kd_msgpack_put_uint(record, what);
    kd_msgpack_put_uint(record, 3);
    kd_msgpack_put_str(record, kd_bytes_str("central-a"));
    kd_msgpack_put_uint(record, 1700000000000000);
    kd_msgpack_put_bin(record, (kd_bytes){0});
    kd_msgpack_put_uint(record, stamp_us);
    kd_msgpack_put_str(record, (kd_bytes){0});
    kd_msgpack_put_str(record, (kd_bytes){0});
    kd_msgpack_put_bin(record, body);
}

static int decode_changed_decision(const char *vector, const char *around, uint8_t what)
{
    kd_buf record = {0};
    kd_decision d;
    read_vector(vector, &record);
    uint8_t *last = memmem(record.data, record.len, around, 4);
    cr_assert_not_null(last);
    last[2] = what;
    int err = kd_decision_decode(kd_buf_view(&record), &d);
    kd_buf_finish(&record);
    return err;
}

Test(wire_records, a_body_that_does_not_fit_the_sort_of_a_decision_is_none)
{
    static const struct {
        kd_decided what;
        const char *body;
        uint64_t stamp_us;
    } wrong[] = {{KD_DECIDED_RETIRE, "", 0},
                 {KD_DECIDED_RETIRE, "Mumbai", 0},
                 {KD_DECIDED_DROP, "1234567", 0},
                 {KD_DECIDED_RELEASE, "123456789", 0},
                 {KD_DECIDED_EXPECT, "", 0},
                 {KD_DECIDED_EXPECT, "\x05mumba", 0},
                 {KD_DECIDED_EXPECT, "\x01m\x01I", 0},
                 {KD_DECIDED_COLLECT, "x", 0},
                 {KD_DECIDED_FLOOR, "", 0},
                 {KD_DECIDED_READMIT, "mumbai", 7}};
    for (size_t i = 0; i < KD_COUNT(wrong); i++) {
        kd_buf record = {0};
        kd_decision d = fixed_order(KD_DECIDED_RETIRE, kd_bytes_str("mumbai")), read;
        kd_decision_encode(&d, &record);
        cr_assert_eq(kd_decision_decode(kd_buf_view(&record), &read), KD_OK);
        encode_unchecked(wrong[i].what, wrong[i].stamp_us, kd_bytes_str(wrong[i].body), &record);
        cr_expect_eq(kd_decision_decode(kd_buf_view(&record), &read), KD_EMALFORMED, "%zu", i);
        kd_buf_finish(&record);
    }
}

Test(wire_records, a_decision_of_an_unknown_sort_is_of_a_newer_program_and_one_of_another_sort_is_none)
{
    cr_assert_eq(decode_changed_decision("decision-close", "\1\1\1\3", 18), KD_EVERSION);
    cr_assert_eq(decode_changed_decision("decision-close", "\1\1\1\3", 11), KD_EMALFORMED,
                 "that an edge is gone names no item");
    cr_assert_eq(decode_changed_decision("decision-close", "\1\1\1\3", 8), KD_OK, "so has the end of a life");
    cr_assert_eq(decode_changed_decision("decision-close", "\1\1\1\3", 7), KD_EMALFORMED,
                 "lives name no item");
    cr_assert_eq(decode_changed_decision("decision-close", "\1\1\1\3", 2), KD_OK,
                 "an open has the same fields");
    cr_assert_eq(decode_changed_decision("decision-close", "\1\1\1\3", 4), KD_EMALFORMED,
                 "operations name no item");
    cr_assert_eq(decode_changed_decision("decision-close", "\1\1\1\3", 0), KD_EMALFORMED);
    cr_assert_eq(decode_changed_decision("decision", "\2\0\4\3", 1), KD_EMALFORMED, "a close needs an item");
}

static int decode_changed_batch(void (*change)(kd_batch *b))
{
    sample_arena a = {0};
    kd_buf body = {0}, record = {0};
    kd_body empty = {0};
    kd_body_encode(&empty, &body);
    kd_batch b = fixed_batch(&a, kd_buf_view(&body)), decoded;
    change(&b);
    kd_batch_encode(&b, &record);
    int err = kd_batch_decode(kd_buf_view(&record), &decoded);
    if (err == KD_OK) cr_assert(kd_position_cmp(decoded.at, b.at) == 0 && kd_bytes_eq(decoded.edge, b.edge));
    kd_buf_finish(&body);
    kd_buf_finish(&record);
    sample_free(&a);
    return err;
}

static void nothing(kd_batch *b)
{
    (void)b;
}
static void first_ever(kd_batch *b)
{
    b->after = (kd_position){0}, b->after_digest = 0;
}
static void other_incarnation(kd_batch *b)
{
    b->after.incarnation--, b->after.seq = 99;
}
static void wrong_digest(kd_batch *b)
{
    b->digest ^= 1;
}
static void bad_edge(kd_batch *b)
{
    b->edge = kd_bytes_str("Mumbai");
}
static void no_region(kd_batch *b)
{
    b->region = (kd_bytes){0};
}
static void half_after(kd_batch *b)
{
    b->after = (kd_position){.incarnation = 0, .seq = 1};
}
static void seq_too_large(kd_batch *b)
{
    b->at.seq = KD_TIME_END_US;
}
static void late_stamp(kd_batch *b)
{
    b->complete_to_us = UINT64_MAX;
}

Test(wire_batch, envelope_is_checked)
{
    cr_assert_eq(decode_changed_batch(nothing), KD_OK);
    cr_assert_eq(decode_changed_batch(first_ever), KD_OK);
    cr_assert_eq(decode_changed_batch(other_incarnation), KD_OK);
    cr_assert_eq(decode_changed_batch(wrong_digest), KD_EMALFORMED);
    cr_assert_eq(decode_changed_batch(bad_edge), KD_EMALFORMED);
    cr_assert_eq(decode_changed_batch(no_region), KD_EMALFORMED);
    cr_assert_eq(decode_changed_batch(half_after), KD_EMALFORMED);
    cr_assert_eq(decode_changed_batch(seq_too_large), KD_EMALFORMED);
    cr_assert_eq(decode_changed_batch(late_stamp), KD_EMALFORMED);
}

/* Positions that the encoder itself would never write: bytes of the golden batch changed in place. */
Test(wire_batch, positions_are_checked)
{
    enum { SEQ = 3 + 9 + 3 + 9, AFTER_SEQ = SEQ + 1 + 9 + 9 + 9 };
    kd_buf record = {0};
    read_vector("batch", &record);
    cr_assert(record.data[SEQ] == 2 && record.data[AFTER_SEQ] == 1);
    record.data[SEQ] = 0;
    cr_assert_eq(decode_only(kd_buf_view(&record)), KD_EMALFORMED, "seq 0");
    record.data[SEQ] = 1;
    cr_assert_eq(decode_only(kd_buf_view(&record)), KD_EMALFORMED, "after = at");
    record.data[AFTER_SEQ] = 3;
    cr_assert_eq(decode_only(kd_buf_view(&record)), KD_EMALFORMED, "after > at");
    record.data[AFTER_SEQ] = 0;
    cr_assert_eq(decode_only(kd_buf_view(&record)), KD_EMALFORMED, "after has no seq");
    kd_buf_finish(&record);
}

Test(wire_batch, a_batch_that_is_too_large_is_told_apart)
{
    kd_buf record = {0};
    kd_batch batch;
    read_vector("batch", &record);
    kd_buf_reserve(&record, KD_BATCH_BYTES_MAX);
    record.len = KD_BATCH_BYTES_MAX + 1;
    cr_assert_eq(kd_batch_decode(kd_buf_view(&record), &batch), KD_ETOOBIG);
    kd_buf_finish(&record);
}

Test(wire_snapshot, comes_back_sorted)
{
    for (uint64_t seed = 1; seed <= 200; seed++) {
        sample_arena a = {0};
        uint64_t random = seed;
        kd_snapshot s = sample_snapshot(&a, &random), decoded;
        kd_buf out = {0}, again = {0};
        kd_snapshot_encode(&s, &out);
        cr_assert_eq(kd_snapshot_decode(kd_buf_view(&out), &decoded), KD_OK, "seed %lu", (unsigned long)seed);
        assert_snapshots_equal(&s, &decoded);
        for (uint32_t i = 0; i < s.item_count / 2; i++) {
            kd_item_counts swap = s.items[i];
            s.items[i] = s.items[s.item_count - 1 - i];
            s.items[s.item_count - 1 - i] = swap;
        }
        kd_snapshot_encode(&s, &again);
        cr_assert(kd_bytes_eq(kd_buf_view(&out), kd_buf_view(&again)));
        kd_snapshot_finish(&decoded);
        kd_buf_finish(&out);
        kd_buf_finish(&again);
        sample_free(&a);
    }
}

/* `viral` is 1 or left out, as in records of an edge from before this field. */
Test(wire_batch, only_a_batch_that_says_so_is_viral)
{
    kd_buf record = {0};
    kd_batch b;
    read_vector("batch", &record);
    cr_assert(kd_batch_decode(kd_buf_view(&record), &b) == KD_OK && !b.viral);
    read_vector("batch-viral", (kd_buf_clear(&record), &record));
    cr_assert(kd_batch_decode(kd_buf_view(&record), &b) == KD_OK && b.viral);
    for (uint8_t value = 0; value < 3; value += 2) {
        record.data[record.len - 1] = value;
        cr_expect_eq(kd_batch_decode(kd_buf_view(&record), &b), KD_EMALFORMED);
    }
    kd_buf_finish(&record);
}

/* `retired`: indices into the list of edges, ascending. The record of two edges ends with it. */
Test(wire_snapshot, retired_edges_are_among_those_listed)
{
    static const struct {
        const char *list;
        size_t len;
        int err;
    } cases[] = {{"\x90", 1, KD_OK},
                 {"\x91\x00", 2, KD_OK},
                 {"\x92\x00\x01", 3, KD_OK},
                 {"\x92\x01\x00", 3, KD_EMALFORMED},
                 {"\x91\x02", 2, KD_EMALFORMED},
                 {"\x92\x01\x01", 3, KD_EMALFORMED},
                 {"\x93\x00\x01\x01", 4, KD_EMALFORMED},
                 {"\x01", 1, KD_EMALFORMED},
                 {"\x92\x00", 2, KD_EMALFORMED}};
    kd_buf record = {0};
    kd_snapshot s;
    read_vector("snapshot-retired", &record);
    size_t before = record.len - 2;
    for (size_t i = 0; i < KD_COUNT(cases); i++) {
        record.len = before;
        kd_buf_put(&record, cases[i].list, cases[i].len);
        int err = kd_snapshot_decode(kd_buf_view(&record), &s);
        cr_expect_eq(err, cases[i].err, "case %zu: %d", i, err);
        if (err == KD_OK) kd_snapshot_finish(&s);
    }
    kd_buf_finish(&record);
}

/* A record without `retired`: of a central from before this field, or with no retired edge. */
Test(wire_snapshot, without_the_list_nobody_is_retired)
{
    kd_buf record = {0};
    kd_snapshot s;
    read_vector("snapshot", &record);
    cr_assert_eq(kd_snapshot_decode(kd_buf_view(&record), &s), KD_OK);
    cr_assert(s.edge_count == 2 && !s.edges[0].retired && !s.edges[1].retired);
    kd_snapshot_finish(&s);
    read_vector("snapshot-retired", (kd_buf_clear(&record), &record));
    cr_assert_eq(kd_snapshot_decode(kd_buf_view(&record), &s), KD_OK);
    cr_assert(!s.edges[0].retired && s.edges[1].retired);
    kd_snapshot_finish(&s);
    kd_buf_finish(&record);
}

/* An array header that claims one element more than the limit, backed by enough bytes to be believed. */
Test(wire_snapshot, limits_hold_before_memory_is_taken)
{
    kd_buf record = {0};
    kd_snapshot s;
    read_vector("snapshot", &record);
    size_t chain = 0;
    for (size_t i = 3; i + 3 < record.len && !chain; i++)
        if (record.data[i] == 0x92 && record.data[i + 1] == 0x92) chain = i;
    kd_buf bad = {0};
    kd_buf_put(&bad, record.data, chain);
    kd_buf_put_u8(&bad, 0xdc);
    kd_buf_put_be16(&bad, KD_CHAIN_MAX + 1);
    for (int i = 0; i < 4000; i++) kd_buf_put_u8(&bad, 0);
    cr_assert_eq(kd_snapshot_decode(kd_buf_view(&bad), &s), KD_ETOOBIG);
    bad.len = chain;
    kd_buf_put_u8(&bad, 0x90);
    kd_buf_put_u8(&bad, 0xdc);
    kd_buf_put_be16(&bad, KD_EDGES_MAX + 1);
    for (int i = 0; i < 4000; i++) kd_buf_put_u8(&bad, 0);
    cr_assert_eq(kd_snapshot_decode(kd_buf_view(&bad), &s), KD_ETOOBIG);
    kd_buf_finish(&bad);
    kd_buf_finish(&record);
}

Test(wire_changes, come_back_in_order)
{
    for (uint64_t seed = 1; seed <= 200; seed++) {
        sample_arena a = {0};
        uint64_t random = seed;
        kd_changes c = sample_changes(&a, &random), decoded;
        kd_buf out = {0}, again = {0};
        kd_changes_encode(&c, &out);
        cr_assert_eq(kd_changes_decode(kd_buf_view(&out), &decoded), KD_OK, "seed %lu", (unsigned long)seed);
        assert_changes_equal(&c, &decoded);
        kd_changes_encode(&decoded, &again);
        cr_assert(kd_bytes_eq(kd_buf_view(&out), kd_buf_view(&again)));
        kd_changes_finish(&decoded);
        kd_buf_finish(&out);
        kd_buf_finish(&again);
        sample_free(&a);
    }
}

Test(wire_changes, a_name_is_listed_once)
{
    kd_buf record = {0};
    read_vector("changes", &record);
    uint8_t *second = memmem(record.data, record.len, "oregon-1", 8);
    cr_assert_not_null(second);
    memcpy(second, "mumbai-1", 8);
    cr_assert_eq(decode_only(kd_buf_view(&record)), KD_EMALFORMED);
    memcpy(second, "mumbai-2", 8);
    cr_assert_eq(decode_only(kd_buf_view(&record)), KD_OK);
    kd_buf_finish(&record);
}

Test(wire_milestones, an_id_is_a_function_of_counter_item_and_threshold)
{
    sample_arena a = {0};
    kd_buf id = {0};
    kd_milestone_id_put(&id, 63, sample_item(&a, "posts/conv:7"), 9007199254740991);
    cr_expect(kd_bytes_eq(kd_buf_view(&id), kd_bytes_str("63/posts/conv:7/9007199254740991")));
    kd_buf_finish(&id);
    sample_free(&a);
}

/* Fields of the golden record changed in place: the counter, the threshold and the count of the first milestone. */
Test(wire_milestones, fields_are_checked)
{
    kd_buf record = {0};
    read_vector("milestones", &record);
    uint8_t *item = memmem(record.data, record.len, "\xacposts/conv:7", 13);
    cr_assert_not_null(item);
    item[-1] = 0;
    cr_expect_eq(decode_only(kd_buf_view(&record)), KD_EMALFORMED, "no counter");
    item[-1] = 1;
    item[1] = 'P';
    cr_expect_eq(decode_only(kd_buf_view(&record)), KD_EMALFORMED, "no item");
    item[1] = 'p';
    item[13 + 1]++;
    cr_expect_eq(decode_only(kd_buf_view(&record)), KD_EMALFORMED, "a count below its threshold");
    item[13 + 1]--;
    cr_expect_eq(decode_only(kd_buf_view(&record)), KD_OK);
    kd_buf_finish(&record);
}
