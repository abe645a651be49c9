/*
 * fuzz_words.c - any bytes as the small texts that come from outside: query strings and paths, percent-encoding, address blocks, URLs,
 * keys in hexadecimal, an object store's lists, lines of a log to replay, and a broker's answers on their way through the drills' proxy.
 */
#include <stdlib.h>

#include "common/backup/s3_xml.h"
#include "common/base/cidr.h"
#include "common/io/admin/compare_query.h"
#include "common/io/http/client/http_client.h"
#include "common/api/route.h"
#include "kudos/percent.h"
#include "sim/drill/proxy_kafka.h"
#include "sim/replay/replay_log.h"
#include "tests/fuzz/input.h"

static void try_compare(const char *text)
{
    kd_compare_query q, twin;
    kd_buf again = {0};
    if (kd_compare_query_read(&q, text) != KD_OK) return;
    kd_compare_query_put(&q, &again);
    bool plain =
        strcspn(q.edge, "&=%+ #;") == strlen(q.edge); /* kd_compare_query_put does not percent-encode names */
    if (plain) {
        KD_ASSERT(kd_compare_query_read(&twin, (const char *)again.data) == KD_OK);
        KD_ASSERT(kd_bytes_eq(q.from, twin.from) && kd_bytes_eq(q.to, twin.to));
        KD_ASSERT(q.partition == twin.partition && q.rows_max == twin.rows_max);
    }
    kd_buf_finish(&again);
}

static void try_compare_key(kd_bytes key)
{
    kd_compare_row row = {0};
    kd_buf again = {0};
    if (kd_compare_row_of(key, &row) == KD_OK && row.item.len <= KD_ITEM_KEY_MAX) {
        kd_compare_key(&row, &again);
        KD_ASSERT(kd_bytes_eq(key, kd_buf_view(&again)));
    }
    kd_buf_finish(&again);
}

/* An accepted line is written back the same, but for leading zeros of its time. */
static void try_compare_lines(kd_bytes text)
{
    uint8_t key[KD_COMPARE_KEY_MAX], twin_key[KD_COMPARE_KEY_MAX];
    kd_compare_row row, twin;
    kd_buf again = {0};
    while (kd_compare_line_read(&text, key, &row) == KD_OK) {
        if (row.item.len > KD_ITEM_KEY_MAX) continue;
        kd_buf_clear(&again);
        kd_compare_line_put(&row, &again);
        kd_bytes line = kd_buf_view(&again);
        KD_ASSERT(kd_compare_line_read(&line, twin_key, &twin) == KD_OK && line.len == 0);
        KD_ASSERT(kd_bytes_eq(row.item, twin.item) && kd_bytes_eq(row.user, twin.user));
        KD_ASSERT(row.time_us == twin.time_us && row.liked == twin.liked && row.counter == twin.counter);
    }
    kd_buf_finish(&again);
}

static void try_route(kd_bytes text)
{
    static char *names[] = {"posts", "reels"};
    static const kd_strings collections = {names, 2};
    static kd_item items[KD_BULK_ITEMS_MAX];
    kd_refusal why;
    kd_route route;
    uint32_t count;
    uint64_t n;
    kd_bytes value;
    uint8_t out[KD_ID_MAX];
    size_t len;
    if (kd_route_cut(text, &route) == KD_OK && route.count >= 2)
        kd_route_item(route.at[0], route.at[1], &collections, &items[0], &why);
    if (kd_route_items(text, &collections, items, &count, &why)) KD_ASSERT(count <= KD_BULK_ITEMS_MAX);
    if (kd_route_number(text, "limit", 7, 1, 1000, &n, &why)) KD_ASSERT(n >= 1 && n <= 1000);
    if (kd_query_find(text, "items", &value)) KD_ASSERT(value.len <= text.len);
    if (kd_percent_decode(text, out, sizeof out, &len) == KD_OK) KD_ASSERT(len <= sizeof out);
}

static void try_addresses(const char *text)
{
    static const uint8_t address[4] = {10, 1, 2, 3};
    kd_cidr block;
    if (kd_cidr_parse(kd_bytes_str(text), &block) == KD_OK) {
        KD_ASSERT(block.bits <= 128);
        kd_cidr_match(&block, kd_bytes_of(address, sizeof address));
    }
    kd_http_client_check_url(text);
}

static bool is_within(kd_bytes part, kd_bytes whole)
{
    return part.len == 0 || (part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

/* What is found lies in the document, and what the document leaves behind its end is no part of a list. */
static void try_list(kd_bytes text)
{
    kd_bytes left, content;
    if (!kd_s3_xml_root(text, "ListBucketResult", &left)) return;
    KD_ASSERT(is_within(left, text));
    while (kd_s3_xml_next(&left, "Contents", &content))
        KD_ASSERT(is_within(content, text) && is_within(kd_s3_xml_text(content, "Key"), content));
}

/* Each line by itself; items and users of an accepted line are valid ids. */
static void try_log(kd_bytes text)
{
    sim_replay_log log = {0};
    while (text.len > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        size_t len = end ? (size_t)(end - text.data) : text.len;
        const char *why = NULL;
        int rc = sim_replay_log_line(&log, kd_bytes_of(text.data, len), "posts", &why);
        KD_ASSERT(rc == KD_OK || (rc == KD_EMALFORMED && why != NULL));
        len += end != NULL;
        text = kd_bytes_of(text.data + len, text.len - len);
    }
    kd_item item;
    for (uint32_t i = 0; i < log.items.count; i++)
        KD_ASSERT(kd_item_parse(&item, kd_bytes_str(sim_names_at(&log.items, i))) == KD_OK);
    for (uint32_t i = 0; i < log.users.count; i++)
        KD_ASSERT(kd_id_valid(kd_bytes_str(sim_names_at(&log.users, i))));
    sim_replay_log_finish(&log);
}

/* Wherever the stream is cut, the proxy gives the same bytes, as many as went in but for those that it holds back. */
static void try_proxy(kd_bytes in, size_t cut)
{
    static const sim_proxy_kafka_table table = {2,
                                                {{.from = 9092, .to = 19001}, {.from = 0x3132, .to = 9092}}};
    sim_proxy_kafka_stream whole = {.table = &table}, parts = {.table = &table};
    kd_buf one = {0}, two = {0};
    cut = KD_MIN(cut, in.len);
    sim_proxy_kafka_pass(&whole, in, &one);
    sim_proxy_kafka_pass(&parts, kd_bytes_of(in.data, cut), &two);
    KD_ASSERT(two.len + parts.held_len == cut && parts.held_len < PROXY_KAFKA_MATCH);
    sim_proxy_kafka_pass(&parts, kd_bytes_of(in.data + cut, in.len - cut), &two);
    KD_ASSERT(kd_bytes_eq(kd_buf_view(&one), kd_buf_view(&two)) && one.len + whole.held_len == in.len);
    kd_buf_finish(&one);
    kd_buf_finish(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    kd_bytes rest = kd_bytes_of(data + 1, size - 1);
    char *text = kd_alloc(rest.len + 1);
    memcpy(text, rest.data, rest.len);
    switch (data[0] % 4) {
    case 0:
        try_compare(text);
        try_compare_key(rest);
        try_compare_lines(rest);
        break;
    case 1:
        try_route(rest);
        try_addresses(text);
        try_list(rest);
        break;
    case 2:
        try_log(rest);
        break;
    default:
        try_proxy(rest, data[0] / 4);
        break;
    }
    free(text);
    return 0;
}
