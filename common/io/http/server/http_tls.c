/*
 * http_tls.c - the certificate files of a process, and TLS of one connection.
 *
 * OpenSSL never sees the socket. Its BIO reads from the bytes of the present read (conn->tls_in) and appends to the server's cipher buffer, so TLS
 * costs no system call of its own, and the answers of one turn still leave in one write. When bytes wait in conn->out already, records go behind
 * them: they must reach the client in the order in which they were encrypted.
 *
 * A kd_http_tls is shared by threads. `lock` guards `context`; it is taken once per connection and per reload.
 */
#include "common/io/http/server/http_tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/conf/options.h"
#include "common/io/daemon/file_read.h"
#include "common/io/http/server/http_door.h"
#include "common/io/http/server/http_tls_beside.h"
#include "common/io/http/server/http_tls_name.h"
#include "common/io/http/server/http_tls_suites.h"
#include "common/io/loop/clock.h"
#include "common/io/tls/tls_guard.h"

struct kd_http_tls {
    pthread_mutex_t lock;
    SSL_CTX *context;
    BIO_METHOD *method;
    kd_http_tls_options options; /* its strings are ours */
};

/* ---- the BIO ---- */

static int bio_read(BIO *bio, char *out, int size)
{
    http_conn *conn = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (http_tls_beside_flooded(conn)) return -1;
    if (conn->tls_in.len == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t n = KD_MIN((size_t)size, conn->tls_in.len);
    bool tls12 = SSL_version(conn->ssl) == TLS1_2_VERSION; /* what OpenSSL took before decided about it */
    if (!http_tls_hello_take(&conn->hello, kd_bytes_of(conn->tls_in.data, n), tls12)) return -1;
    memcpy(out, conn->tls_in.data, n);
    conn->tls_in = kd_bytes_of(conn->tls_in.data + n, conn->tls_in.len - n);
    return (int)n;
}

static int bio_write(BIO *bio, const char *data, int len)
{
    http_conn *conn = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    bool waits = conn->out.len > conn->out_sent;
    kd_buf_put(waits ? &conn->out : &conn->server->cipher, data, (size_t)len);
    return len;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *make_bio_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "kudos connection");
    KD_ASSERT(m);
    BIO_meth_set_read(m, bio_read);
    BIO_meth_set_write(m, bio_write);
    BIO_meth_set_ctrl(m, bio_ctrl);
    return m;
}

/* ---- contexts ---- */

/* `option` is the name that both programs give it. `path` is NULL where the complaint names the file itself. */
static int tls_fail(char *error, size_t size, const char *option, const char *path, const char *complaint)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
    snprintf(error, size, "%s: %s%s%s%s%s", option, path ? path : "", path ? ": " : "", complaint,
             reason ? ": " : "", reason ? reason : "");
    ERR_clear_error();
    return KD_EINVAL;
}

static int tls_check_key(const char *path, char *error, size_t size)
{
    char why[KD_OPTIONS_ERROR_MAX / 2];
    int err = kd_secret_check(path, why, sizeof(why));
    return err == KD_OK ? err : tls_fail(error, size, "http.tls_key", NULL, why);
}

/* OpenSSL would wait for the writer of a pipe, and a reload with it. */
static int tls_check_file(const char *option, const char *path, char *error, size_t size)
{
    struct stat st;
    if (stat(path, &st) != 0 || S_ISREG(st.st_mode)) return KD_OK; /* what is not there OpenSSL says better */
    return tls_fail(error, size, option, path, "is no regular file");
}

/* ALPN: the first of ours that the client names; the handshake fails when it names others alone. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                           const unsigned char *in, unsigned in_len, void *arg)
{
    static const unsigned char ours[] = "\x02h2\x08http/1.1";
    (void)ssl, (void)arg;
    unsigned char *chosen;
    int rv = SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, in, in_len);
    if (rv != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static void tls_set_options(SSL_CTX *context)
{
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS); /* 34 KiB less per idle connection */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    kd_tls_guard(context);
}

static int load_files(SSL_CTX *context, const kd_http_tls_options *tls, char *error, size_t size)
{
    ERR_clear_error();
    int err = tls_check_key(tls->key_path, error, size);
    if (err == KD_OK) err = tls_check_file("http.tls_certificate", tls->cert_path, error, size);
    if (err == KD_OK && tls->client_ca_path)
        err = tls_check_file("http.tls_client_ca", tls->client_ca_path, error, size);
    if (err != KD_OK) return err;
    if (SSL_CTX_use_certificate_chain_file(context, tls->cert_path) != 1) {
        return tls_fail(error, size, "http.tls_certificate", tls->cert_path, "cannot use the certificate");
    }
    if (SSL_CTX_use_PrivateKey_file(context, tls->key_path, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        return tls_fail(error, size, "http.tls_key", tls->key_path,
                        "is not the private key of the certificate");
    }
    if (!tls->client_ca_path) return KD_OK;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(tls->client_ca_path);
    if (!names || SSL_CTX_load_verify_locations(context, tls->client_ca_path, NULL) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return tls_fail(error, size, "http.tls_client_ca", tls->client_ca_path, "cannot use the client CA");
    }
    SSL_CTX_set_client_CA_list(context, names);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    /* Of a resumed session nobody looks at the certificate again, and each one gives a new ticket: it would be good beyond its end. */
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
    return KD_OK;
}

/* *out is a context to be freed by SSL_CTX_free, or NULL with an error. */
static int make_context(const kd_http_tls_options *options, SSL_CTX **out, char *error, size_t size)
{
    *out = NULL;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    KD_ASSERT(context);
    tls_set_options(context);
    int err = http_tls_suites_set(context, options, error, size);
    if (err == KD_OK) err = load_files(context, options, error, size);
    if (err != KD_OK)
        SSL_CTX_free(context);
    else
        *out = context;
    return err;
}

static char *copy_text(const char *text)
{
    return text ? kd_dup(kd_bytes_of(text, strlen(text) + 1)) : NULL;
}

static kd_http_tls_options copy_options(const kd_http_tls_options *from)
{
    return (kd_http_tls_options){.cert_path = copy_text(from->cert_path),
                                 .key_path = copy_text(from->key_path),
                                 .client_ca_path = copy_text(from->client_ca_path),
                                 .ciphers = copy_text(from->ciphers),
                                 .ciphersuites = copy_text(from->ciphersuites),
                                 .min_version = from->min_version};
}

static void free_options(const kd_http_tls_options *options)
{
    const char *const strings[] = {options->cert_path, options->key_path, options->client_ca_path,
                                   options->ciphers, options->ciphersuites};
    for (size_t i = 0; i < KD_COUNT(strings); i++) free((void *)(uintptr_t)strings[i]);
}

int kd_http_tls_create(kd_http_tls **out, const kd_http_tls_options *options, char *error, size_t error_size)
{
    kd_http_tls *tls = kd_alloc(sizeof(*tls));
    pthread_mutex_init(&tls->lock, NULL);
    tls->method = make_bio_method();
    tls->options = copy_options(options);
    int err = make_context(options, &tls->context, error, error_size);
    if (err != KD_OK)
        kd_http_tls_destroy(tls);
    else
        *out = tls;
    return err;
}

int kd_http_tls_check(const kd_http_tls_options *options, char *error, size_t error_size)
{
    SSL_CTX *context;
    int err = make_context(options, &context, error, error_size);
    SSL_CTX_free(context);
    return err;
}

int kd_http_tls_reload(kd_http_tls *tls, char *error, size_t error_size)
{
    SSL_CTX *fresh;
    int err = make_context(&tls->options, &fresh, error, error_size);
    if (err != KD_OK) return err;
    pthread_mutex_lock(&tls->lock);
    SSL_CTX *old = tls->context;
    tls->context = fresh;
    pthread_mutex_unlock(&tls->lock);
    SSL_CTX_free(old); /* connections hold their own reference */
    return KD_OK;
}

void kd_http_tls_destroy(kd_http_tls *tls)
{
    if (!tls) return;
    SSL_CTX_free(tls->context);
    BIO_meth_free(tls->method);
    pthread_mutex_destroy(&tls->lock);
    free_options(&tls->options);
    free(tls);
}

/* ---- connections ---- */

/* OpenSSL's side of a new connection, with the newest certificate. */
static SSL *tls_accept(kd_http_tls *tls, http_conn *conn)
{
    pthread_mutex_lock(&tls->lock);
    SSL *ssl = SSL_new(tls->context);
    pthread_mutex_unlock(&tls->lock);
    BIO *bio = BIO_new(tls->method);
    KD_ASSERT(ssl && bio);
    BIO_set_data(bio, conn);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_accept_state(ssl);
    return ssl;
}

/* ---- handshakes ---- */

/* The share of handshakes has signed times. */
static int64_t tls_clock_us(void)
{
    return (int64_t)kd_clock_mono_us();
}

static http_conn *tls_conn_of(http_tls_place *place)
{
    return place ? (http_conn *)(void *)((uint8_t *)place - offsetof(http_conn, handshake)) : NULL;
}

void http_tls_arm(kd_http_server *server)
{
    if (server->handshakes.count == 0) return;
    http_tls_share *share = &server->handshake_shares[http_tls_queue_late_next(&server->handshakes)];
    http_tls_share_asked(share, http_door_asked_ms(server->door) * 1000);
    int64_t us = http_tls_share_wait(share, tls_clock_us());
    /* Also where the timer is set already: it may be set for a late line, which waits longer. */
    event_add(server->shake_event, &(struct timeval){.tv_sec = us / 1000000, .tv_usec = us % 1000000});
}

static uint64_t tls_debtor(const http_conn *conn)
{
    uint64_t state = conn->address->key ^ conn->server->addresses.seed;
    return kd_random_next(&state);
}

static void tls_note_owed(http_conn *conn)
{
    kd_http_server *server = conn->server;
    if (conn->owes || SSL_is_init_finished(conn->ssl)) return;
    conn->owes = true;
    http_tls_debts_note(&server->handshake_debts, tls_debtor(conn), server->now_ms);
}

void http_tls_look(http_conn *conn, int64_t age_ms)
{
    if (conn->ssl && !conn->handshake.line && age_ms >= HTTP_TLS_HELD_MS) tls_note_owed(conn);
}

bool http_tls_await(http_conn *conn, http_conn **displaced)
{
    kd_http_server *server = conn->server;
    http_tls_line *line = &conn->address->handshakes;
    http_tls_place *other;
    http_tls_queue_set_late(&server->handshakes, line,
                            http_tls_debts_late(&server->handshake_debts, tls_debtor(conn), server->now_ms));
    bool waits = http_tls_queue_add(&server->handshakes, line, &conn->handshake, &other);
    *displaced = tls_conn_of(other);
    server->counters.tls_refused += !waits || other;
    http_tls_arm(server);
    return waits;
}

http_conn *http_tls_next(kd_http_server *server)
{
    return tls_conn_of(http_tls_queue_take(&server->handshakes));
}

static void note_peer_names(http_conn *conn)
{
    X509 *cert = SSL_get0_peer_certificate(conn->ssl);
    if (cert) conn->peer_names = http_tls_names_of(cert);
}

static void tls_begin(http_conn *conn)
{
    kd_http_server *server = conn->server;
    conn->ssl = tls_accept(server->config.tls, conn);
    server->tls_open++;
    server->counters.buffered_bytes += HTTP_TLS_BYTES;
}

void http_tls_end(http_conn *conn)
{
    kd_http_server *server = conn->server;
    http_tls_queue_remove(&server->handshakes, &conn->handshake);
    if (!conn->ssl) return;
    tls_note_owed(conn);
    SSL_free(conn->ssl);
    conn->ssl = NULL;
    server->tls_open--;
    server->counters.buffered_bytes -= HTTP_TLS_BYTES;
}

size_t http_tls_buffered(const http_conn *conn)
{
    return conn->ssl && SSL_has_pending(conn->ssl) ? HTTP_TLS_RECORD_BYTES : 0;
}

/* Begins a handshake, or goes on with it: the dear part. */
static int tls_step(http_conn *conn)
{
    kd_http_server *server = conn->server;
    bool late = conn->address->handshakes.late;
    int64_t begin_us = tls_clock_us();
    uint64_t begin_cpu_us = kd_clock_thread_us();
    if (!conn->ssl) tls_begin(conn);
    ERR_clear_error(); /* SSL_get_error looks at the thread's queue, where an older error may stand */
    int rv = SSL_do_handshake(conn->ssl);
    int64_t used_us = (int64_t)(kd_clock_thread_us() - begin_cpu_us);
    http_tls_share_use(&server->handshake_shares[late], begin_us, begin_us + used_us, late);
    return rv;
}

int http_tls_handshake(http_conn *conn, bool *http2)
{
    int rv = tls_step(conn);
    if (rv != 1) {
        if (SSL_get_error(conn->ssl, rv) == SSL_ERROR_WANT_READ) return KD_EAGAIN;
        conn->server->counters.tls_failures++;
        return KD_EIO;
    }
    kd_http_server *server = conn->server;
    server->counters.tls_handshakes++;
    if (conn->owes) http_tls_debts_forgive(&server->handshake_debts, tls_debtor(conn), server->now_ms);
    note_peer_names(conn);
    http_tls_beside_watch(conn);
    const unsigned char *alpn;
    unsigned len;
    SSL_get0_alpn_selected(conn->ssl, &alpn, &len);
    *http2 = kd_bytes_eq(kd_bytes_of(alpn, len), kd_bytes_str("h2"));
    return KD_OK;
}

int http_tls_read(http_conn *conn, kd_bytes *plain)
{
    kd_http_server *server = conn->server;
    ERR_clear_error();
    int n = SSL_read(conn->ssl, server->clear, sizeof(server->clear));
    if (http_tls_beside_flooded(conn))
        conn->fate = HTTP_ABORT; /* its session is broken: not even a goodbye */
    if (n <= 0) return SSL_get_error(conn->ssl, n) == SSL_ERROR_WANT_READ ? KD_EAGAIN : KD_EIO;
    *plain = kd_bytes_of(server->clear, (size_t)n);
    return KD_OK;
}

int http_tls_write(http_conn *conn, kd_bytes plain)
{
    ERR_clear_error();
    size_t written;
    if (SSL_write_ex(conn->ssl, plain.data, plain.len, &written) != 1) return KD_EIO;
    KD_ASSERT(written == plain.len);
    return KD_OK;
}

void http_tls_goodbye(http_conn *conn)
{
    if (!conn->ssl || !SSL_is_init_finished(conn->ssl)) return;
    ERR_clear_error();
    SSL_shutdown(conn->ssl);
}
