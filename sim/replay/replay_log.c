/*
 * replay_log.c - the strict reading of a log. A malformed line ends the reading: skipping it would change the right counts.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "kudos/id.h"
#include "sim/replay/replay_log.h"

/* Cuts the field up to the next tab off *line. The last field is the rest of the line, and false when that holds a tab. */
static bool replay_log_cut(kd_bytes *line, kd_bytes *field, bool last)
{
    const uint8_t *tab = line->len ? memchr(line->data, '\t', line->len) : NULL;
    if (last != (tab == NULL)) return false;
    *field = kd_bytes_of(line->data, tab ? (size_t)(tab - line->data) : line->len);
    size_t used = field->len + (tab ? 1 : 0);
    *line = kd_bytes_of(line->data + used, line->len - used);
    return true;
}

static bool replay_log_number(kd_bytes text, uint64_t *value)
{
    if (text.len == 0 || text.len > 15) return false;
    *value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        *value = *value * 10 + (uint64_t)(text.data[i] - '0');
    }
    return true;
}

/* Writes the id as it is sent, with =XX for each byte that an id cannot hold, to out (KD_ID_MAX bytes). Its length; 0 when empty or too long. */
static size_t map_id(kd_bytes text, char *out)
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

/* Writes "collection/id", with the id as it is sent, to out (KD_ITEM_KEY_MAX bytes). NULL, or the reason why the text is no item. */
static const char *map_item(kd_bytes text, const char *collection, char *out, size_t *len)
{
    kd_bytes name = kd_bytes_str(collection), id = text;
    const uint8_t *slash = text.len ? memchr(text.data, '/', text.len) : NULL;
    if (slash) {
        name = kd_bytes_of(text.data, (size_t)(slash - text.data));
        id = kd_bytes_of(slash + 1, text.len - name.len - 1);
    }
    if (!kd_collection_valid(name)) return "the item's collection is not [a-z][a-z0-9_-]{0,31}";
    memcpy(out, name.data, name.len);
    out[name.len] = '/';
    size_t id_len = map_id(id, out + name.len + 1);
    if (id_len == 0) return "the item is empty or too long";
    *len = name.len + 1 + id_len;
    return NULL;
}

int sim_replay_log_line(sim_replay_log *log, kd_bytes line, const char *collection, const char **why)
{
    kd_bytes time, user, item, op;
    sim_replay_event e;
    char user_id[KD_ID_MAX], item_id[KD_ITEM_KEY_MAX];
    size_t user_len, item_len;
    *why = "not four fields separated by tabs";
    if (!replay_log_cut(&line, &time, false) || !replay_log_cut(&line, &user, false) ||
        !replay_log_cut(&line, &item, false) || !replay_log_cut(&line, &op, true)) {
        return KD_EMALFORMED;
    }
    *why = "the time is not a number of milliseconds";
    if (!replay_log_number(time, &e.at_ms)) return KD_EMALFORMED;
    *why = "the user is empty or too long";
    if ((user_len = map_id(user, user_id)) == 0) return KD_EMALFORMED;
    if ((*why = map_item(item, collection, item_id, &item_len)) != NULL) return KD_EMALFORMED;
    *why = "the op is neither 1 nor -1";
    e.liked = kd_bytes_eq(op, kd_bytes_str("1"));
    if (!e.liked && !kd_bytes_eq(op, kd_bytes_str("-1"))) return KD_EMALFORMED;
    *why = "too many events";
    if (log->count >= UINT32_MAX / 4) return KD_EMALFORMED;
    e.user = sim_names_add(&log->users, kd_bytes_of(user_id, user_len));
    e.item = sim_names_add(&log->items, kd_bytes_of(item_id, item_len));
    log->events = kd_grow(log->events, log->count, &log->cap, sizeof *log->events);
    log->events[log->count++] = e;
    return KD_OK;
}

typedef struct {
    const char *file, *collection;
    char *error;
    uint64_t line;
} replay_log_place;

static int replay_log_fail(const replay_log_place *at, const char *why, int rc)
{
    snprintf(at->error, KD_REPLAY_ERROR_MAX, "%s:%llu: %s", at->file, (unsigned long long)at->line, why);
    return rc;
}

/* Adds the whole lines in the buffer and moves the rest, the beginning of a line, to the front. */
static int take_lines(sim_replay_log *log, replay_log_place *at, kd_buf *buf, bool end)
{
    size_t from = 0;
    while (from < buf->len) {
        const uint8_t *newline = memchr(buf->data + from, '\n', buf->len - from);
        if (!newline && !end) break;
        size_t len = newline ? (size_t)(newline - buf->data) - from : buf->len - from;
        const char *why;
        at->line++;
        if (len > KD_REPLAY_LINE_MAX) return replay_log_fail(at, "the line is too long", KD_EMALFORMED);
        int rc = sim_replay_log_line(log, kd_bytes_of(buf->data + from, len), at->collection, &why);
        if (rc != KD_OK) return replay_log_fail(at, why, rc);
        from += len + (newline ? 1 : 0);
    }
    if (buf->len - from > KD_REPLAY_LINE_MAX) {
        at->line++;
        return replay_log_fail(at, "the line is too long", KD_EMALFORMED);
    }
    if (from > 0) memmove(buf->data, buf->data + from, buf->len - from);
    buf->len -= from;
    return KD_OK;
}

static int replay_log_read_all(sim_replay_log *log, replay_log_place *at, gzFile in)
{
    enum { CHUNK = 64 * 1024 };
    kd_buf buf = {0};
    int rc = KD_OK, n;
    do {
        kd_buf_reserve(&buf, CHUNK);
        n = gzread(in, buf.data + buf.len, CHUNK);
        if (n < 0) {
            int code;
            at->line++;
            rc = replay_log_fail(at, gzerror(in, &code), KD_EIO);
            break;
        }
        buf.len += (size_t)n;
        rc = take_lines(log, at, &buf, n == 0);
    } while (rc == KD_OK && n > 0);
    kd_buf_finish(&buf);
    return rc;
}

int sim_replay_log_load(sim_replay_log *log, const char *file, const char *collection,
                        char error[KD_REPLAY_ERROR_MAX])
{
    replay_log_place at = {.file = file, .collection = collection, .error = error};
    errno = 0;
    gzFile in = gzopen(file, "rb");
    if (!in) return replay_log_fail(&at, errno ? strerror(errno) : "cannot be opened", KD_EIO);
    int rc = replay_log_read_all(log, &at, in);
    /* gzread does not tell that a compressed file was cut short: only gzclose_r does. */
    if (gzclose_r(in) != Z_OK && rc == KD_OK)
        rc = replay_log_fail(&at, "the file ends in the middle of its compressed data", KD_EIO);
    return rc;
}

void sim_replay_log_finish(sim_replay_log *log)
{
    free(log->events);
    sim_names_finish(&log->users);
    sim_names_finish(&log->items);
    *log = (sim_replay_log){0};
}
