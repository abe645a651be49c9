/*
 * fuzz_h1.c - our parser of HTTP/1.1 against an independent one, Debian's http-parser: what we take, it takes, with the same method, target, fields,
 * body and keep-alive; what we refuse although it takes it stands in the list of h1_differences.h.
 *
 * The first byte of an input says in which pieces our side gets it (the other side reads it at once), so a request that is read otherwise when it comes
 * in pieces is found, too. Of the rest, a byte from 0x80 on stands for a word of HTTP: mutations of words reach further than those of letters.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/io/http/server/http_admission.h"
#include "common/io/http/server/http_conns.h"
#include "common/io/http/server/http_h1.h"
#include "common/io/http/server/http_request.h"
#include "common/io/http/server/http_turn.h"
#include "tests/fuzz/h1_differences.h"
#include "tests/fuzz/input.h"

enum { OURS_MAX = 4096, INPUT_MAX = 64 * 1024, WORDS_AT = 0x80 };

static const char *const words[] = {
    "GET ",
    "POST ",
    "HEAD ",
    "OPTIONS ",
    "PUT / HTTP/1.1\r\n",
    "/",
    "/a?b=c",
    "*",
    "http://a",
    "https://a:1/x",
    " HTTP/1.1\r\n",
    " HTTP/1.0\r\n",
    "\r\n",
    "\r\n\r\n",
    "\n",
    "\r",
    ": ",
    ":",
    "Host: a\r\n",
    "host:",
    "Content-Length: ",
    "Content-Length: 1\r\n",
    "Transfer-Encoding: ",
    "chunked",
    "Transfer-Encoding: chunked\r\n",
    "identity",
    "gzip, ",
    "Connection: ",
    "close",
    "keep-alive",
    ", ",
    "upgrade",
    "Upgrade: x\r\n",
    "Expect: 100-continue\r\n",
    "Expect: ",
    "Proxy-Connection: ",
    "0\r\n\r\n",
    "0\r\n",
    "1\r\nx\r\n",
    "3;x=\"y\"\r\nabc\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\n",
    "00000000000000000001",
    "ffffffffffffffff",
    "18446744073709551616",
    "X-User-Id: u\r\n",
    "\t",
    " ",
    "a@b",
    "[::1]",
    "CONNECT ",
    "TRACE ",
    "PRI ",
    "x",
    "%",
    "1 \r\n",
    "1 ; a = b\r\n",
    ";a",
    "=\"b;c\"",
};

typedef struct {
    kd_buf text; /* of a request that the handler got, as same_form writes it */
    int status;
    bool keep;
} our_answer;

static struct event_base *base;
static kd_http_server *server;
static kd_http_config config;
static our_answer ours[OURS_MAX];
static size_t taken,
    answered; /* requests that the handler got; answers, a text that was taken belongs to the next 200 */
static kd_buf texts[OURS_MAX];

static void put_text(kd_buf *to, const char *text)
{
    kd_buf_put(to, text, strlen(text));
}

static void put_bytes(kd_buf *to, kd_bytes b)
{
    if (b.len > 0) kd_buf_put(to, b.data, b.len);
}

static void put_field(kd_buf *to, kd_bytes name, kd_bytes value)
{
    put_text(to, "\n");
    put_bytes(to, name);
    put_text(to, ": ");
    put_bytes(to, value);
}

static void put_target(kd_buf *to, kd_bytes path, kd_bytes query)
{
    put_text(to, " ");
    if (path.len == 0) put_text(to, "/");
    put_bytes(to, path);
    if (query.len > 0) put_text(to, "?");
    put_bytes(to, query);
}

/* ---- our side: the driver on a connection without a socket ---- */

static void fuzz_h1_handle(kd_http_request *req, void *arg)
{
    (void)arg;
    kd_bytes name, value;
    KD_ASSERT(taken < OURS_MAX);
    kd_buf *text = &texts[taken++];
    put_bytes(text, req->method_name);
    put_target(text, req->path, req->query);
    for (size_t i = 0; kd_http_request_field(req, i, &name, &value); i++) put_field(text, name, value);
    put_text(text, "\n\n");
    put_bytes(text, req->body);
    kd_http_respond(req, 200, NULL, 0, kd_bytes_of(NULL, 0));
}

static void fuzz_h1_begin(void)
{
    base = event_base_new();
    kd_http_config_init(&config);
    config.max_headers = 12;
    config.max_header_bytes = 512;
    config.max_body_bytes = 64;
    KD_ASSERT(kd_http_server_create(&server, base, &config, fuzz_h1_handle, NULL) == KD_OK);
}

static http_conn *open_conn(void)
{
    static const struct sockaddr_storage peer = {.ss_family = AF_INET};
    KD_ASSERT(http_admit_connection(server, 0));
    http_conn *conn = http_conns_add(server, -1, &peer, sizeof(struct sockaddr_in));
    conn->state = HTTP_OPEN;
    conn->driver = &http_h1_driver;
    conn->driver->start(conn);
    return conn;
}

static void shut_conn(http_conn *conn)
{
    conn->driver->finish(conn);
    http_turn_forget(conn);
    kd_buf_finish(&conn->in);
    http_request_detach_all(conn);
    http_conns_remove(conn);
    const kd_http_counters *c = kd_http_server_counters(server);
    KD_ASSERT(c->connections_open == 0 && c->requests_open == 0 && c->buffered_bytes == 0);
}

/* The answers stand one behind the other, and the bodies of refusals do not hold what begins an answer. */
static void read_answers(kd_bytes out)
{
    static const char begin[] = "HTTP/1.1 ";
    size_t text = 0;
    while (out.len > 0) {
        KD_ASSERT(out.len > 12 && memcmp(out.data, begin, 9) == 0 && answered < OURS_MAX);
        const uint8_t *next = memmem(out.data + 9, out.len - 9, begin, 9);
        kd_bytes answer = kd_bytes_of(out.data, next ? (size_t)(next - out.data) : out.len);
        int status = atoi((const char *)out.data + 9);
        out = kd_bytes_of(out.data + answer.len, out.len - answer.len);
        if (status == 100) continue;
        our_answer *o = &ours[answered++];
        *o = (our_answer){.status = status,
                          .keep = !memmem(answer.data, answer.len, "\r\nconnection: close\r\n", 21)};
        if (status == 200) o->text = texts[text++];
    }
    KD_ASSERT(text == taken);
}

static void read_ours(kd_bytes in, uint8_t cuts)
{
    kd_buf out = {0};
    http_conn *conn = open_conn();
    uint64_t state = cuts;
    taken = answered = 0;
    for (size_t at = 0; at < in.len;) {
        size_t most = cuts == 0 ? in.len : cuts < 16 ? cuts : 1 + kd_random_next(&state) % cuts;
        size_t n = KD_MIN(most, in.len - at);
        conn->driver->feed(conn, kd_bytes_of(in.data + at, n));
        for (size_t before = out.len + 1; before != out.len;)
            before = out.len, conn->driver->produce(conn, &out);
        at += n;
    }
    shut_conn(conn);
    kd_buf_put(&out, "", 1); /* ends the number of the last answer; the answers are one byte shorter */
    read_answers(kd_bytes_of(out.data, out.len - 1));
    kd_buf_finish(&out);
}

/* ---- both ---- */

/* A message of the other side in the form of ours. */
static void same_form(const other_message *m, kd_buf *text)
{
    kd_bytes rest, authority = differs_authority(m, &rest);
    const uint8_t *mark = rest.len > 0 ? memchr(rest.data, '?', rest.len) : NULL;
    size_t path = mark ? (size_t)(mark - rest.data) : rest.len;
    put_bytes(text, kd_buf_view(&m->method));
    put_target(text, kd_bytes_of(rest.data, path),
               mark ? kd_bytes_of(mark + 1, rest.len - path - 1) : kd_bytes_of(NULL, 0));
    if (authority.data) put_field(text, kd_bytes_str(":authority"), authority);
    for (size_t i = 0; i < m->field_count && i < OTHER_FIELDS; i++)
        put_field(text, kd_buf_view(&m->fields[i].name), kd_buf_view(&m->fields[i].value));
    put_text(text, "\n\n");
    put_bytes(text, kd_buf_view(&m->body));
}

static _Noreturn void differ(const char *how, size_t i, const other *o, kd_bytes in)
{
    fprintf(stderr, "message %zu: %s; http-parser: %s\n-- input\n", i, how,
            http_errno_description(HTTP_PARSER_ERRNO(&o->parser)));
    for (size_t k = 0; k < in.len; k++)
        fprintf(stderr,
                in.data[k] == '\n'                       ? "\\n\n"
                : in.data[k] < ' ' || in.data[k] >= 0x7f ? "\\x%02x"
                                                         : "%c",
                in.data[k]);
    if (i < answered)
        fprintf(stderr, "\n-- ours: %d keep=%d\n%.*s\n", ours[i].status, ours[i].keep, (int)ours[i].text.len,
                (char *)ours[i].text.data);
    kd_buf text = {0};
    if (i < o->count) same_form(&o->messages[i], &text);
    if (i < o->count)
        fprintf(stderr, "-- theirs: keep=%d\n%.*s\n", o->messages[i].keep, (int)text.len, (char *)text.data);
    abort();
}

/* Both sides read message i: is it the same one? */
static void compare_message(const other *o, size_t i, kd_bytes in)
{
    const other_message *m = &o->messages[i];
    kd_buf text = {0};
    same_form(m, &text);
    if (!kd_bytes_eq(kd_buf_view(&text), kd_buf_view(&ours[i].text))) differ("read otherwise", i, o, in);
    kd_buf_finish(&text);
    if (ours[i].keep && !m->keep && !(m->minor == 0 && differs_option(m, "keep-alive")))
        differ("we keep the connection", i, o, in);
    /* http-parser keeps HTTP/1.0 open that says both. */
    if (!ours[i].keep && m->keep && !(m->flags & F_CONNECTION_CLOSE) && !differs_option(m, "close"))
        differ("we end the connection", i, o, in);
}

static void compare(const other *o, kd_bytes in)
{
    for (size_t i = 0; i < OTHER_MESSAGES - 1; i++) {
        bool theirs = i < o->count;
        if (i == answered) {
            if (theirs && !differs_lines(&o->messages[i])) differ("we wait for more", i, o, in);
            return;
        }
        if (ours[i].status == 200 && theirs) {
            compare_message(o, i, in);
        } else if (ours[i].status == 200) {
            if (!differs_laxly(HTTP_PARSER_ERRNO(&o->parser), &ours[i].text)) differ("we take it", i, o, in);
            return;
        } else if (theirs && !differs_rightly(ours[i].status, &o->messages[i], &config)) {
            differ("we refuse it", i, o, in);
        }
        if (!theirs) return; /* refused by both: we may go on, the other side cannot */
        if (!ours[i].keep || !o->messages[i].keep) return;
    }
}

static void expand(const uint8_t *data, size_t size, kd_buf *wire)
{
    for (size_t i = 0; i < size && wire->len < INPUT_MAX; i++) {
        size_t word = (size_t)data[i] - WORDS_AT;
        if (data[i] >= WORDS_AT && word < KD_COUNT(words))
            put_text(wire, words[word]);
        else
            kd_buf_put(wire, &data[i], 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static other o;
    kd_buf wire = {0};
    if (!base) fuzz_h1_begin();
    if (size < 2) return 0;
    expand(data + 1, size - 1, &wire);
    uint8_t *exact = kd_dup(kd_buf_view(&wire)); /* no room behind it: a sanitizer sees a read past the end */
    kd_bytes in = kd_bytes_of(exact, wire.len);
    read_ours(in, data[0]);
    other_read(&o, in);
    compare(&o, in);
    other_clear(&o);
    for (size_t i = 0; i < taken; i++) kd_buf_finish(&texts[i]);
    free(exact);
    kd_buf_finish(&wire);
    return 0;
}
