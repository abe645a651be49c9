/*
 * fuzz_json.c - any bytes as JSON: the bodies of requests, and what central and the admin ports answer. The reader takes what jansson
 * takes, except for the restrictions in its header, and nothing else.
 */
#include <jansson.h>

#include "common/api/body.h"
#include "common/base/drift.h"
#include "common/io/admin/admin_client.h"
#include "edge/io/upstream/central_words.h"
#include "tests/fuzz/input.h"

static kd_buf scratch;

/* Whether jansson refuses a text only because of UTF-8, size or depth: our reader may take it. */
static bool other_rules(const json_error_t *e)
{
    enum json_error_code code = json_error_code(e);
    return code == json_error_invalid_utf8 || code == json_error_numeric_overflow ||
           code == json_error_stack_overflow;
}

static void try_reader(kd_bytes text)
{
    json_error_t error;
    kd_json_in j = kd_json_in_of(text, &scratch);
    bool taken = kd_json_in_skip(&j) && kd_json_in_end(&j);
    json_t *tree = json_loadb((const char *)text.data, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    KD_ASSERT(!taken || tree != NULL || other_rules(&error));
    json_decref(tree);
}

/* Every string, whatever it stands in. */
static void walk(kd_json_in *j)
{
    kd_bytes text;
    uint64_t n;
    bool yes;
    switch (kd_json_in_peek(j)) {
    case '{':
        if (kd_json_in_object(j))
            while (kd_json_in_key(j, &text)) walk(j);
        break;
    case '[':
        if (kd_json_in_array(j))
            while (kd_json_in_element(j)) walk(j);
        break;
    case '"':
        kd_json_in_str(j, &text);
        break;
    case 't':
    case 'f':
        kd_json_in_bool(j, &yes);
        break;
    case 'n':
        kd_json_in_null(j);
        break;
    default:
        kd_json_in_u64(j, &n);
        break;
    }
}

static void try_walk(kd_bytes text)
{
    kd_json_in j = kd_json_in_of(text, &scratch);
    walk(&j);
    bool taken = kd_json_in_end(&j);
    j = kd_json_in_of(text, &scratch);
    KD_ASSERT(!taken || (kd_json_in_skip(&j) && kd_json_in_end(&j)));
}

static void try_bodies(kd_bytes body)
{
    static kd_body_items items;
    static kd_body_ops ops;
    uint64_t amount = 1;
    kd_refusal why = {0};
    for (int lookup = 0; lookup < 2; lookup++) {
        bool good = kd_body_read_items(body, &scratch, lookup != 0, &items, &why);
        KD_ASSERT(good ? items.count <= KD_BULK_ITEMS_MAX : why.detail != NULL);
    }
    why.detail = NULL;
    bool good = kd_body_read_ops(body, &scratch, &ops, &why);
    KD_ASSERT(good ? ops.count <= KD_BULK_OPS_MAX : why.detail != NULL);
    why.detail = NULL;
    good = kd_body_read_amount(body, &scratch, &amount, &why);
    KD_ASSERT(good ? amount >= 1 && amount <= KD_AMOUNT_MAX : why.detail != NULL);
    kd_body_read_amount(body, &scratch, NULL, &why);
}

static void try_central_users(kd_bytes body)
{
    static kd_central_users said;
    static const kd_counters counters = {.at = {{.name = "like", .id = 1, .kind = KD_SET}}, .count = 1};
    const kd_bytes users[] = {kd_bytes_str("ada"), kd_bytes_str("bob"), kd_bytes_str("ada")};
    if (kd_central_words_among(body, &scratch, 1, users, KD_COUNT(users), &said)) {
        KD_ASSERT(said.named == 2 && said.liker_count <= KD_COUNT(users));
        for (uint32_t i = 0; i < said.liker_count; i++)
            KD_ASSERT(said.likers[i] < KD_COUNT(users) && (i == 0 || said.likers[i] > said.likers[i - 1]));
    }
    if (kd_central_words_counts(body, &scratch, &counters, &said)) KD_ASSERT(said.named == 1);
}

static void try_central(kd_bytes body)
{
    try_central_users(body);
    kd_central_liked said[4];
    uint64_t now_us = 0;
    kd_central_words_liked_each(body, &scratch, KD_COUNT(said), said);
    for (size_t i = 0; i < KD_COUNT(said); i++) KD_ASSERT(said[i].liked <= KD_LIKED_UNKNOWN);
    KD_ASSERT(kd_central_words_liked(body, &scratch).liked <= KD_LIKED_UNKNOWN);
    kd_catalogue catalogue;
    bool told = kd_central_words_catalogue(body, &scratch, &catalogue);
    KD_ASSERT(told == (catalogue.counters.count > 0) && told == (catalogue.collections.count > 0));
    kd_strings_finish(&catalogue.collections);
    if (!kd_central_words_time(body, &scratch, &now_us)) return;
    kd_drift d;
    kd_drift_init(&d, 1700000000000000, 5000000);
    kd_drift_sample sample = {6000000, 6001000, 1700000001001000, now_us};
    if (kd_drift_measure(&d, &sample, 500000) ==
        KD_OK) /* it never runs ahead of the own clock unless central agrees */
        KD_ASSERT(kd_drift_within(&d, 500000) != KD_CLOCK_UNMEASURED &&
                  kd_drift_now(&d, 6001000) <= sample.wall_us);
}

static void try_admin(kd_bytes body)
{
    kd_admin_answer answer = {.status = 200};
    kd_buf text = {0};
    uint64_t n;
    kd_buf_put(&answer.body, body.data, body.len);
    kd_admin_u64(&answer, "rows", &n);
    kd_admin_str(&answer, "next", &text);
    kd_buf_finish(&text);
    kd_buf_finish(&answer.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    kd_bytes text = kd_bytes_of(data, size);
    try_reader(text);
    try_walk(text);
    try_bodies(text);
    try_central(text);
    try_admin(text);
    return 0;
}
