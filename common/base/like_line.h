/*
 * like_line.h - a line of a log of likes: `unix milliseconds, user, item, op`, tab-separated. What a replay reads, and an import. Pure.
 *
 * op is `1` (like) or `-1` (unlike). An item `collection/id` names its collection; one without `/` belongs to
 * the collection given. Users and ids of foreign logs may hold any byte but tab and newline, while an id of
 * the API is made of [A-Za-z0-9._~:@=+-]: every other byte is written as `=XX` (two upper-case hex digits),
 * and so is `=` itself, so that different names stay different. (This is percent-encoding with `=` for `%`,
 * because `%` is no id byte either.)
 */
#ifndef KUDOS_COMMON_BASE_LIKE_LINE_H
#define KUDOS_COMMON_BASE_LIKE_LINE_H

#include "kudos/id.h"

typedef struct {
    uint64_t at_ms;
    bool liked;
    uint8_t user_len, item_len;
    char user[KD_ID_MAX];       /* as it is sent */
    char item[KD_ITEM_KEY_MAX]; /* likewise, as collection/id */
} kd_like_line;

/* Reads a line, which comes without its newline. KD_OK; KD_EMALFORMED and *why, a static text. */
int kd_like_line_read(kd_like_line *out, kd_bytes line, const char *collection, const char **why);

/* Cuts the field up to the next tab off *line. The last field is the rest of the line, and false when that holds a tab. */
bool kd_line_cut(kd_bytes *line, kd_bytes *field, bool last);

#endif
