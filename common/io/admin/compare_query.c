/* compare_query.c - see the header. */
#include "common/io/admin/compare_query.h"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/json/json_writer.h"
#include "common/base/text.h"

void kd_hex_put(kd_bytes bytes, kd_buf *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        kd_buf_put_u8(out, (uint8_t)digits[bytes.data[i] >> 4]);
        kd_buf_put_u8(out, (uint8_t)digits[bytes.data[i] & 15]);
    }
}

static int compare_query_nibble(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool kd_hex_read(kd_bytes text, uint8_t *out, size_t size, size_t *len)
{
    if (text.len % 2 != 0 || text.len / 2 > size) return false;
    for (*len = 0; *len < text.len / 2; ++*len) {
        int high = compare_query_nibble(text.data[2 * *len]),
            low = compare_query_nibble(text.data[2 * *len + 1]);
        if (high < 0 || low < 0) return false;
        out[*len] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static void compare_query_put_text(kd_buf *out, const char *text)
{
    kd_buf_put(out, text, strlen(text));
}

static void compare_query_put_number(kd_buf *out, const char *key, uint64_t n)
{
    char text[64];
    snprintf(text, sizeof text, "&%s=%" PRIu64, key, n);
    compare_query_put_text(out, text);
}

/* An admin port refuses what is empty. */
static void compare_query_put_key(kd_buf *out, const char *key, kd_bytes value)
{
    if (value.len == 0) return;
    compare_query_put_text(out, key);
    kd_hex_put(value, out);
}

void kd_compare_query_put(const kd_compare_query *q, kd_buf *out)
{
    char partition[32];
    snprintf(partition, sizeof partition, "partition=%" PRIu32, q->partition);
    compare_query_put_text(out, partition);
    if (q->edge[0] != '\0') compare_query_put_text(out, "&edge=");
    compare_query_put_text(out, q->edge); /* a name needs no encoding */
    compare_query_put_number(out, "since", q->window.since_us);
    compare_query_put_number(out, "until", q->window.until_us);
    compare_query_put_number(out, "max", q->rows_max);
    compare_query_put_key(out, "&from=", q->from);
    compare_query_put_key(out, "&to=", q->to);
    kd_buf_put_u8(out, '\0');
    out->len--;
}

static bool compare_query_take_number(const struct evkeyvalq *words, const char *key, uint64_t max,
                                      uint64_t *n)
{
    const char *value = evhttp_find_header(words, key);
    char *end = NULL;
    *n = 0;
    if (value == NULL) return true;
    if (value[0] < '0' || value[0] > '9') return false;
    *n = strtoull(value, &end, 10);
    return *end == '\0' && *n <= max;
}

static bool take_key(const struct evkeyvalq *words, const char *key, uint8_t *data, kd_bytes *view)
{
    const char *value = evhttp_find_header(words, key);
    size_t len = 0;
    bool good = value == NULL || kd_hex_read(kd_bytes_str(value), data, KD_COMPARE_KEY_MAX, &len);
    *view = kd_bytes_of(data, len);
    return good;
}

static bool compare_query_take_all(const struct evkeyvalq *words, kd_compare_query *q)
{
    uint64_t partition, max;
    const char *edge = evhttp_find_header(words, "edge");
    bool good = (size_t)snprintf(q->edge, sizeof q->edge, "%s", edge ? edge : "") < sizeof q->edge &&
                compare_query_take_number(words, "partition", KD_PARTITIONS_MAX - 1, &partition) &&
                compare_query_take_number(words, "since", UINT64_MAX, &q->window.since_us) &&
                compare_query_take_number(words, "until", UINT64_MAX, &q->window.until_us) &&
                compare_query_take_number(words, "max", UINT32_MAX, &max) &&
                take_key(words, "from", q->from_data, &q->from) && take_key(words, "to", q->to_data, &q->to);
    if (!good) return false;
    q->partition = (uint32_t)partition;
    q->rows_max = (uint32_t)max;
    return true;
}

int kd_compare_query_read(kd_compare_query *q, const char *query)
{
    struct evkeyvalq words;
    memset(q, 0, sizeof *q);
    if (evhttp_parse_query_str(query, &words) != 0) return KD_EINVAL;
    bool good = compare_query_take_all(&words, q);
    evhttp_clear_headers(&words);
    return good ? KD_OK : KD_EINVAL;
}

void kd_compare_answer(const kd_range_digest *digest, const kd_buf *next, kd_buf *out)
{
    kd_json j = kd_json_of(out);
    kd_buf hex = {0};
    kd_hex_put(kd_buf_view(next), &hex);
    kd_json_object(&j);
    kd_json_put_u64(&j, "rows", digest->rows);
    kd_json_put_u64(&j, "digest", digest->digest);
    kd_json_put_str(&j, "next", kd_buf_view(&hex));
    kd_json_end_object(&j);
    kd_buf_finish(&hex);
}

int kd_compare_row_of(kd_bytes key, kd_compare_row *row)
{
    kd_reader r = kd_reader_of(key);
    row->counter = kd_read_u8(&r);
    const uint8_t *item = r.p;
    kd_read_bytes(&r, kd_read_u8(&r));
    kd_read_bytes(&r, kd_read_u8(&r));
    row->item = kd_bytes_of(item, (size_t)(r.p - item));
    row->user = kd_read_bytes(&r, kd_read_u8(&r));
    return r.bad || kd_reader_left(&r) != 0 ? KD_EMALFORMED : KD_OK;
}

void kd_compare_line_put(const kd_compare_row *row, kd_buf *lines)
{
    kd_buf key = {0};
    char rest[40];
    kd_compare_key(row, &key);
    kd_hex_put(kd_buf_view(&key), lines);
    int n = snprintf(rest, sizeof rest, " %" PRIu64 " %d\n", row->time_us, row->liked);
    kd_buf_put(lines, rest, (size_t)n);
    kd_buf_finish(&key);
}

/* Takes what stands before the next `end` off *text, and the end; false when there is none. */
static bool take_word(kd_bytes *text, char end, kd_bytes *word)
{
    const uint8_t *at = text->len > 0 ? memchr(text->data, end, text->len) : NULL;
    if (at == NULL) return false;
    *word = kd_bytes_of(text->data, (size_t)(at - text->data));
    *text = kd_bytes_of(at + 1, text->len - word->len - 1);
    return true;
}

int kd_compare_line_read(kd_bytes *lines, uint8_t key[KD_COMPARE_KEY_MAX], kd_compare_row *row)
{
    kd_bytes line, hex, time;
    size_t len;
    uint64_t time_us;
    if (lines->len == 0) return KD_ENOTFOUND;
    bool good = take_word(lines, '\n', &line) && take_word(&line, ' ', &hex) &&
                take_word(&line, ' ', &time) && kd_hex_read(hex, key, KD_COMPARE_KEY_MAX, &len) &&
                kd_text_number(time, &time_us) && line.len == 1 &&
                (line.data[0] == '0' || line.data[0] == '1');
    if (!good || kd_compare_row_of(kd_bytes_of(key, len), row) != KD_OK) return KD_EMALFORMED;
    row->time_us = time_us;
    row->liked = line.data[0] == '1';
    return KD_OK;
}
