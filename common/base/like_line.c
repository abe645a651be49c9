/* like_line.c - see the header. */
#include "common/base/like_line.h"

#include "common/base/text.h"

enum { MS_DIGITS = 15 };

bool kd_line_cut(kd_bytes *line, kd_bytes *field, bool last)
{
    const uint8_t *tab = line->len ? memchr(line->data, '\t', line->len) : NULL;
    if (last != (tab == NULL)) return false;
    *field = kd_bytes_of(line->data, tab ? (size_t)(tab - line->data) : line->len);
    size_t used = field->len + (tab ? 1 : 0);
    *line = kd_bytes_of(line->data + used, line->len - used);
    return true;
}

/* Writes the id as it is sent, with =XX for each byte that an id cannot hold, to out (KD_ID_MAX bytes). Its length; 0 when empty or too long. */
static size_t like_line_map_id(kd_bytes text, char *out)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        bool plain = c != '=' && kd_id_valid(kd_bytes_of(&c, 1));
        if (len + (plain ? 1 : 3) > KD_ID_MAX) return 0;
        if (plain) {
            out[len++] = (char)c;
            continue;
        }
        out[len++] = '=';
        out[len++] = hex[c >> 4];
        out[len++] = hex[c & 15];
    }
    return len;
}

/* NULL, or the reason why the text is no item. */
static const char *like_line_map_item(kd_like_line *out, kd_bytes text, const char *collection)
{
    kd_bytes name = kd_bytes_str(collection), id = text;
    const uint8_t *slash = text.len ? memchr(text.data, '/', text.len) : NULL;
    if (slash) {
        name = kd_bytes_of(text.data, (size_t)(slash - text.data));
        id = kd_bytes_of(slash + 1, text.len - name.len - 1);
    }
    if (!kd_collection_valid(name)) return "the item's collection is not [a-z][a-z0-9_-]{0,31}";
    memcpy(out->item, name.data, name.len);
    out->item[name.len] = '/';
    size_t id_len = like_line_map_id(id, out->item + name.len + 1);
    if (id_len == 0) return "the item is empty or too long";
    out->item_len = (uint8_t)(name.len + 1 + id_len);
    return NULL;
}

int kd_like_line_read(kd_like_line *out, kd_bytes line, const char *collection, const char **why)
{
    kd_bytes time, user, item, op;
    *why = "not four fields separated by tabs";
    if (!kd_line_cut(&line, &time, false) || !kd_line_cut(&line, &user, false) ||
        !kd_line_cut(&line, &item, false) || !kd_line_cut(&line, &op, true)) {
        return KD_EMALFORMED;
    }
    *why = "the time is not a number of milliseconds";
    if (time.len > MS_DIGITS || !kd_text_number(time, &out->at_ms)) return KD_EMALFORMED;
    *why = "the user is empty or too long";
    out->user_len = (uint8_t)like_line_map_id(user, out->user);
    if (out->user_len == 0) return KD_EMALFORMED;
    if ((*why = like_line_map_item(out, item, collection)) != NULL) return KD_EMALFORMED;
    *why = "the op is neither 1 nor -1";
    out->liked = kd_bytes_eq(op, kd_bytes_str("1"));
    return out->liked || kd_bytes_eq(op, kd_bytes_str("-1")) ? KD_OK : KD_EMALFORMED;
}
