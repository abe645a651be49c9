/*
 * cursor.h - the text by which an answer in pages names where its next page begins. To clients it is opaque: base64url of the last row's key, and of
 * a check value over that key and over the question it belongs to. So a cursor of another question is refused, where its page would look like the end.
 * The check has no key: it finds mistakes, and the text is no secret. It is the same in every central and after a restart.
 */
#ifndef KUDOS_CENTRAL_IO_API_CURSOR_H
#define KUDOS_CENTRAL_IO_API_CURSOR_H

#include "common/api/route.h"
#include "common/io/http/server/http_server.h"

enum { KD_CURSOR_CHECK = 8, KD_CURSOR_MAX = 512, KD_CURSOR_TEXT_MAX = KD_CURSOR_MAX * 4 / 3 + 4 };

/* What was asked, without the length of a page: a client may change that from page to page. */
typedef struct {
    enum {
        KD_CURSOR_LIKERS = 'l',
        KD_CURSOR_NEWEST = 'n',
        KD_CURSOR_ME = 'm',
        KD_CURSOR_EXPORT = 'e',
        KD_CURSOR_SUMS = 's'
    } kind;
    uint32_t number; /* the counter's id; of an export the partition */
    kd_bytes item;   /* its key; of KD_CURSOR_ME the user; of an export empty */
} kd_cursor_question;

/* The row's key that the cursor of the query names, in the request's memory; empty when the query has no cursor. False with *why filled: the cursor
 * was not made for this question. libsodium is initialised. */
bool kd_cursor_read(kd_http_request *req, const kd_cursor_question *question, kd_bytes *key, kd_refusal *why);
/* The cursor of a row's key, of at most KD_CURSOR_MAX - KD_CURSOR_CHECK bytes, as text in `out` (KD_CURSOR_TEXT_MAX bytes). Returns its length; 0 for
 * an empty key, and `out` is left alone. */
size_t kd_cursor_write(const kd_cursor_question *question, kd_bytes key, char *out);

#endif
