/*
 * http_client_link.c - see the header. It knows nothing of HTTP but the ALPN name. Nothing blocks; the caller owns the events.
 */
#include "common/io/http/client/http_client_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/io/tls/tls_guard.h"

/* Loads the files; why one cannot be used, or NULL. */
static const char *files_fault(SSL_CTX *tls, const kd_http_client_options *o)
{
    if (o->ca_file && SSL_CTX_load_verify_locations(tls, o->ca_file, NULL) != 1)
        return "ca_file: holds no certificate (PEM)";
    if (o->cert_file && SSL_CTX_use_certificate_chain_file(tls, o->cert_file) != 1)
        return "cert_file: holds no certificate (PEM)";
    if (o->key_file && (SSL_CTX_use_PrivateKey_file(tls, o->key_file, SSL_FILETYPE_PEM) != 1 ||
                        SSL_CTX_check_private_key(tls) != 1))
        return "key_file: is not the private key of the certificate (PEM)";
    if (!o->ca_file && !o->insecure && SSL_CTX_set_default_verify_paths(tls) != 1)
        return "ca_file: is not set, and the system has no authorities";
    return NULL;
}

SSL_CTX *kd_client_tls_new(const kd_http_client_options *o, const char **fault)
{
    static const unsigned char alpn[] = {2, 'h', '2'};
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    KD_ASSERT(tls);
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_options(tls, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    /* `out` may grow, and so move, between two tries to write the same bytes; OpenSSL takes that for a mistake by default. */
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    kd_tls_guard_client(tls);
    SSL_CTX_set_verify(tls, o->insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    bool set = SSL_CTX_set_alpn_protos(tls, alpn, sizeof alpn) == 0;
    KD_ASSERT(set); /* fails for want of memory only */
    *fault = files_fault(tls, o);
    ERR_clear_error();
    if (!*fault) return tls;
    SSL_CTX_free(tls);
    return NULL;
}

void kd_client_link_trouble(kd_client_link *l, kd_reason reason, const char *text)
{
    l->trouble.reason = reason;
    snprintf(l->trouble.text, sizeof l->trouble.text, "%s", text);
}

static int connect_failed(kd_client_link *l, int error)
{
    kd_reason reason = error == ECONNREFUSED ? KD_REASON_REFUSED
                       : error == ETIMEDOUT  ? KD_REASON_TIMEOUT
                                             : KD_REASON_DISCONNECTED;
    kd_client_link_trouble(l, reason, strerror(error));
    return KD_EUNAVAILABLE;
}

/* Notes OpenSSL's reason, or `otherwise` when it has none. */
static int tls_failed(kd_client_link *l, const char *otherwise)
{
    const char *why = ERR_reason_error_string(ERR_peek_last_error());
    kd_client_link_trouble(l, KD_REASON_TLS, why ? why : otherwise);
    return KD_EUNAVAILABLE;
}

int kd_client_link_open(kd_client_link *l, const struct addrinfo *to)
{
    int one = 1;
    kd_client_link_trouble(l, KD_REASON_DISCONNECTED, "the connection was lost");
    l->fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (l->fd < 0) return connect_failed(l, errno);
    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(l->fd, to->ai_addr, to->ai_addrlen) == 0 || errno == EINPROGRESS) return KD_OK;
    connect_failed(l, errno);
    kd_client_link_close(l);
    return KD_EUNAVAILABLE;
}

int kd_client_link_opened(kd_client_link *l)
{
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) error = errno;
    return error == 0 ? KD_OK : connect_failed(l, error);
}

static int tls_begin(kd_client_link *l, SSL_CTX *tls, const kd_client_url *url, bool verify)
{
    l->ssl = SSL_new(tls);
    KD_ASSERT(l->ssl);
    if (SSL_set_fd(l->ssl, l->fd) != 1) return KD_EUNAVAILABLE;
    unsigned char address[sizeof(struct in6_addr)];
    bool numeric =
        inet_pton(AF_INET, url->host, address) == 1 || inet_pton(AF_INET6, url->host, address) == 1;
    /* SNI is for names alone (RFC 6066, 3). */
    if (!numeric) SSL_set_tlsext_host_name(l->ssl, url->host);
    if (verify) {
        X509_VERIFY_PARAM *param = SSL_get0_param(l->ssl);
        bool ok = numeric ? X509_VERIFY_PARAM_set1_ip_asc(param, url->host) == 1
                          : SSL_set1_host(l->ssl, url->host) == 1;
        if (!ok) return KD_EUNAVAILABLE;
    }
    SSL_set_connect_state(l->ssl);
    return KD_OK;
}

/* The error queue says no more than "certificate verify failed"; why, is kept with the connection. */
static int handshake_failed(kd_client_link *l, bool verify, const char **distrust)
{
    long why = SSL_get_verify_result(l->ssl);
    if (!verify || why == X509_V_OK)
        return tls_failed(l, "the peer ended the connection during the TLS handshake");
    *distrust = X509_verify_cert_error_string(why);
    kd_client_link_trouble(l, KD_REASON_TLS, *distrust);
    return KD_EUNTRUSTED;
}

int kd_client_link_handshake(kd_client_link *l, SSL_CTX *tls, const kd_client_url *url, bool verify,
                             bool *wants_write, const char **distrust)
{
    *wants_write = false;
    if (!l->ssl && tls_begin(l, tls, url, verify) != KD_OK) return tls_failed(l, "TLS cannot begin");
    ERR_clear_error();
    int err = SSL_do_handshake(l->ssl);
    if (err == 1) {
        const unsigned char *proto;
        unsigned len;
        SSL_get0_alpn_selected(l->ssl, &proto, &len);
        if (len == 2 && memcmp(proto, "h2", 2) == 0) return KD_OK;
        kd_client_link_trouble(l, KD_REASON_PROTOCOL, "the peer speaks TLS, but no HTTP/2");
        return KD_EUNAVAILABLE;
    }
    int why = SSL_get_error(l->ssl, err);
    *wants_write = why == SSL_ERROR_WANT_WRITE;
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return KD_EAGAIN;
    return handshake_failed(l, verify, distrust);
}

/* In TLS 1.3 our handshake ends before the peer has checked our certificate: its refusal comes with the first read. */
static int tls_read_failed(kd_client_link *l, int why)
{
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return KD_EAGAIN;
    return why == SSL_ERROR_SSL ? tls_failed(l, "TLS failed") : KD_EUNAVAILABLE;
}

ssize_t kd_client_link_read(kd_client_link *l, uint8_t *buf, size_t len)
{
    if (l->ssl) {
        ERR_clear_error();
        int n = SSL_read(l->ssl, buf, (int)len);
        return n > 0 ? n : tls_read_failed(l, SSL_get_error(l->ssl, n));
    }
    ssize_t n = read(l->fd, buf, len);
    if (n > 0) return n;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? KD_EAGAIN : KD_EUNAVAILABLE;
}

static ssize_t write_some(kd_client_link *l)
{
    const uint8_t *from = l->out.data + l->out_at;
    size_t len = l->out.len - l->out_at;
    if (l->ssl) {
        ERR_clear_error();
        int n = SSL_write(l->ssl, from, (int)KD_MIN(len, (size_t)1 << 30));
        if (n > 0) return n;
        int why = SSL_get_error(l->ssl, n);
        return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? KD_EAGAIN : KD_EUNAVAILABLE;
    }
    ssize_t n = send(l->fd, from, len, MSG_NOSIGNAL);
    if (n >= 0) return n;
    return errno == EAGAIN || errno == EINTR ? KD_EAGAIN : KD_EUNAVAILABLE;
}

int kd_client_link_write(kd_client_link *l, uint64_t *bytes)
{
    while (l->out_at < l->out.len) {
        ssize_t n = write_some(l);
        if (n < 0) return (int)n;
        l->out_at += (size_t)n;
        *bytes += (uint64_t)n;
    }
    l->out_at = 0;
    kd_buf_clear(&l->out);
    return KD_OK;
}

void kd_client_link_close(kd_client_link *l)
{
    if (l->ssl) {
        ERR_clear_error();
        SSL_shutdown(l->ssl); /* sends close_notify, and does not wait for the peer's */
        SSL_free(l->ssl);
    }
    if (l->fd >= 0) close(l->fd);
    l->ssl = NULL;
    l->fd = -1;
    l->out_at = 0;
    kd_buf_finish(&l->out);
}
