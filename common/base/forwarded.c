/*
 * forwarded.c - see the header.
 *
 * A field is cut from left to right, because of its quotations, but only the last KD_FORWARDED_HOPS_MAX pieces are kept, and they are read from right
 * to left. A gateway adds quotes in pairs: with a quotation that a client left open, the whole has no end and is refused.
 */
#include "common/base/forwarded.h"

#include "common/base/text.h"

typedef enum { HOP_EMPTY, HOP_HIDDEN, HOP_ADDRESS, HOP_BAD } hop_kind;

typedef struct {
    kd_bytes at[KD_FORWARDED_HOPS_MAX];
    size_t count; /* beyond the table: the oldest ones are overwritten */
} hops;

/* Length up to the separator, or to the end; outside of quotations, if these count. False: a quotation does not end. */
static bool forwarded_until(kd_bytes text, uint8_t separator, bool quotes, size_t *len)
{
    bool quoted = false;
    size_t i = 0;
    for (; i < text.len; i++) {
        if (quoted && text.data[i] == '\\')
            i++;
        else if (quotes && text.data[i] == '"')
            quoted = !quoted;
        else if (!quoted && text.data[i] == separator)
            break;
    }
    *len = KD_MIN(i, text.len);
    return !quoted;
}

/* Cuts the next piece off the text; false when there is none, with *good telling whether that is the end. */
static bool forwarded_cut(kd_bytes *text, uint8_t separator, bool quotes, kd_bytes *piece, bool *good)
{
    size_t len;
    *good = true;
    if (!text->data) return false;
    *good = forwarded_until(*text, separator, quotes, &len);
    if (!*good) return false;
    *piece = kd_text_trim_field(kd_bytes_of(text->data, len));
    *text = len < text->len ? kd_bytes_of(text->data + len + 1, text->len - len - 1) : kd_bytes_of(NULL, 0);
    return true;
}

/* ---- one hop ---- */

/* RFC 7239 6: one to five digits. A number that no port has is as wrong as a word. */
static bool is_port(kd_bytes text)
{
    uint64_t port;
    return text.len <= 5 && kd_text_number(text, &port) && port <= UINT16_MAX;
}

/* "_name", by which a gateway hides an address or a port */
static bool is_hidden_name(kd_bytes text)
{
    if (text.len < 2 || text.data[0] != '_') return false;
    for (size_t i = 1; i < text.len; i++) {
        uint8_t c = text.data[i];
        bool letter = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (!letter && c != '.' && c != '_' && c != '-') return false;
    }
    return true;
}

static bool take_address(kd_bytes text, uint8_t at[16])
{
    kd_cidr one;
    if (memchr(text.data, '/', text.len) || kd_cidr_parse(text, &one) != KD_OK) return false;
    memcpy(at, one.at, 16);
    return true;
}

/* Cuts "[address]:port" and "address:port" down to the address; a bare IPv6 address has no port. */
static bool forwarded_cut_port(kd_bytes *node)
{
    const uint8_t *colon = memchr(node->data, ':', node->len), *end = NULL;
    size_t host = colon ? (size_t)(colon - node->data) : node->len;
    if (node->data[0] == '[') {
        end = memchr(node->data, ']', node->len);
        if (!end) return false;
        host = (size_t)(end - node->data) + 1;
    } else if (colon && memchr(colon + 1, ':', node->len - host - 1)) {
        return true;
    }
    kd_bytes rest = kd_bytes_of(node->data + host, node->len - host);
    if (rest.len > 0) {
        kd_bytes port = kd_bytes_of(rest.data + 1, rest.len - 1);
        if (rest.data[0] != ':' || (!is_port(port) && !is_hidden_name(port))) return false;
    }
    *node = end ? kd_bytes_of(node->data + 1, host - 2) : kd_bytes_of(node->data, host);
    return !end || (node->len > 0 && memchr(node->data, ':', node->len));
}

/* "unknown" or "_name", with a port or without. */
static bool is_hidden(kd_bytes node)
{
    const uint8_t *colon = node.len > 0 ? memchr(node.data, ':', node.len) : NULL;
    kd_bytes name = kd_bytes_of(node.data, colon ? (size_t)(colon - node.data) : node.len);
    if (!is_hidden_name(name) && !kd_text_is_word(name, "unknown")) return false;
    kd_bytes port = colon ? kd_bytes_of(colon + 1, node.len - name.len - 1) : kd_bytes_of(NULL, 0);
    return !colon || is_port(port) || is_hidden_name(port);
}

static hop_kind read_node(kd_bytes node, uint8_t at[16])
{
    if (is_hidden(node)) return HOP_HIDDEN;
    if (node.len == 0 || !forwarded_cut_port(&node) || node.len == 0) return HOP_BAD;
    return take_address(node, at) ? HOP_ADDRESS : HOP_BAD;
}

static bool is_token(kd_bytes b)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < b.len; i++) {
        uint8_t c = b.data[i];
        bool letter = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (!letter && !memchr(marks, c, sizeof(marks) - 1)) return false;
    }
    return b.len > 0;
}

/* name=token or name="text"; *value without its quotes. An IPv6 address has to be quoted. */
static bool read_pair(kd_bytes pair, kd_bytes *name, kd_bytes *value)
{
    const uint8_t *equals = memchr(pair.data, '=', pair.len);
    if (!equals) return false;
    *name = kd_bytes_of(pair.data, (size_t)(equals - pair.data));
    *value = kd_bytes_of(equals + 1, pair.len - name->len - 1);
    if (!is_token(*name) || value->len == 0) return false;
    if (value->data[0] != '"') return is_token(*value);
    size_t len = value->len;
    if (len < 2 || value->data[len - 1] != '"') return false;
    *value = kd_bytes_of(value->data + 1, len - 2);
    return value->len == 0 || !memchr(value->data, '"', value->len) || memchr(value->data, '\\', value->len);
}

/* An element of Forwarded: pairs, one of which may be `for`. */
static hop_kind read_element(kd_bytes element, uint8_t at[16])
{
    kd_bytes pair, name, value;
    hop_kind kind = HOP_HIDDEN;
    bool good, seen = false;
    if (element.len == 0) return HOP_EMPTY;
    while (forwarded_cut(&element, ';', true, &pair, &good)) {
        if (pair.len == 0) continue;
        if (!read_pair(pair, &name, &value)) return HOP_BAD;
        if (!kd_text_is_word(name, "for")) continue;
        if (seen) return HOP_BAD;
        seen = true;
        kind = read_node(value, at);
    }
    return good ? kind : HOP_BAD;
}

/* ---- the walk ---- */

kd_forwarded_result kd_forwarded_walk(kd_forwarded_form form, kd_bytes value, const kd_cidrs *trusted,
                                      uint8_t at[16])
{
    hops h = {.count = 0};
    kd_bytes piece;
    bool good, met = false;
    while (forwarded_cut(&value, ',', form == KD_FORWARDED, &piece, &good))
        h.at[h.count++ % KD_FORWARDED_HOPS_MAX] = piece;
    if (!good) return KD_FORWARDED_BAD;
    for (size_t n = 0; n < h.count; n++) {
        if (n == KD_FORWARDED_HOPS_MAX) return KD_FORWARDED_FOUND;
        uint8_t hop[16];
        piece = h.at[(h.count - 1 - n) % KD_FORWARDED_HOPS_MAX];
        hop_kind kind = form == KD_FORWARDED ? read_element(piece, hop)
                        : piece.len == 0     ? HOP_EMPTY
                                             : read_node(piece, hop);
        if (kind == HOP_BAD) return KD_FORWARDED_BAD;
        if (kind == HOP_HIDDEN) return KD_FORWARDED_HIDDEN;
        if (kind == HOP_EMPTY) continue;
        met = true;
        memcpy(at, hop, 16);
        if (!kd_cidrs_match(trusted, kd_bytes_of(hop, 16))) return KD_FORWARDED_FOUND;
    }
    return met ? KD_FORWARDED_MORE : KD_FORWARDED_EMPTY;
}
