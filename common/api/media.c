/* media.c - see the header. */
#include "common/api/media.h"

#include "common/api/problem.h"
#include "common/base/text.h"

enum { WEIGHT_ONE = 1000 };

/* What stands before the next `at` that is not in quotes; *rest begins behind it. */
static kd_bytes media_cut(kd_bytes *rest, uint8_t at)
{
    bool quoted = false;
    size_t i = 0;
    for (; i < rest->len && (quoted || rest->data[i] != at); i++) {
        if (quoted && rest->data[i] == '\\' && i + 1 < rest->len)
            i++;
        else if (rest->data[i] == '"')
            quoted = !quoted;
    }
    kd_bytes piece = kd_bytes_of(rest->data, i);
    size_t past = KD_MIN(i + 1, rest->len);
    *rest = kd_bytes_of(rest->data + past, rest->len - past);
    return kd_text_trim_field(piece);
}

/* 0, 1, and up to three decimals. */
static bool media_weight(kd_bytes text, uint16_t *weight)
{
    uint32_t scale = WEIGHT_ONE, value = 0;
    if (text.len == 0 || text.len > 5 || (text.len > 1 && text.data[1] != '.')) return false;
    for (size_t i = 0; i < text.len; i++) {
        if (i == 1) continue;
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        value += (uint32_t)(text.data[i] - '0') * scale;
        scale /= 10;
    }
    *weight = (uint16_t)value;
    return value <= WEIGHT_ONE;
}

static uint16_t *media_slot(kd_media_wish *w, kd_bytes type)
{
    if (kd_text_is_word(type, "application/msgpack")) return &w->msgpack;
    if (kd_text_is_word(type, "application/vnd.msgpack")) return &w->vnd;
    if (kd_text_is_word(type, "application/json")) return &w->json;
    if (kd_text_is_word(type, "application/*")) return &w->application;
    return kd_text_is_word(type, "*/*") ? &w->any : NULL;
}

static void media_read_element(kd_media_wish *wish, kd_bytes element)
{
    uint16_t weight = WEIGHT_ONE, *slot = media_slot(wish, media_cut(&element, ';'));
    while (element.len > 0) {
        kd_bytes value = media_cut(&element, ';'), name = media_cut(&value, '=');
        if (kd_text_is_word(name, "q") && !media_weight(value, &weight)) return;
    }
    if (slot) *slot = (uint16_t)(weight + 1);
}

void kd_media_read(kd_media_wish *wish, kd_bytes accept)
{
    while (accept.len > 0) media_read_element(wish, media_cut(&accept, ','));
}

kd_media kd_media_choose(const kd_media_wish *w)
{
    uint16_t packed = KD_MAX(w->msgpack, w->vnd);
    uint16_t json = w->json ? w->json : w->application ? w->application : w->any;
    if (packed <= 1 || packed < json || (w->json && packed == json)) return KD_MEDIA_JSON;
    return w->msgpack >= w->vnd ? KD_MEDIA_MSGPACK : KD_MEDIA_VND_MSGPACK;
}

const char *kd_media_type(kd_media media)
{
    static const char *const types[] = {"application/json", "application/msgpack", "application/vnd.msgpack"};
    KD_ASSERT(media < KD_COUNT(types));
    return types[media];
}

const char *kd_media_problem_type(kd_media media)
{
    return media == KD_MEDIA_JSON ? KD_PROBLEM_CONTENT_TYPE : kd_media_type(media);
}

kd_json kd_media_writer(kd_media media, kd_buf *out)
{
    return media == KD_MEDIA_JSON ? kd_json_of(out) : kd_json_packed_of(out);
}
