/*
 * http_client_url.h - a URL that names an origin, taken apart.
 */
#ifndef KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_URL_H
#define KUDOS_COMMON_IO_HTTP_CLIENT_HTTP_CLIENT_URL_H

#include "common/io/http/client/http_client.h"

typedef struct {
    char host[256];      /* a name or an address, IPv6 without its brackets */
    char port[6];        /* digits; 80 or 443 when the URL names none */
    char authority[300]; /* host and port as the URL has them: the value of :authority */
    bool tls;
} kd_client_url;

/* KD_OK, or KD_EINVAL when it is none that kd_http_client_create takes; then *url is undefined. */
int kd_client_url_parse(kd_client_url *url, const char *text);

#endif
