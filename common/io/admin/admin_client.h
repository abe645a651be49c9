/*
 * admin_client.h - the commands' side of an admin port: one request at a time, HTTP/1.1, each with a deadline.
 * The URL may be that of central's public port: a trusted peer is told there where the admin port is.
 */
#ifndef KUDOS_COMMON_IO_ADMIN_ADMIN_CLIENT_H
#define KUDOS_COMMON_IO_ADMIN_ADMIN_CLIENT_H

#include "kudos/base.h"

typedef struct kd_admin_client kd_admin_client;

typedef struct {
    int status;  /* 0: no answer */
    kd_buf body; /* JSON of the answer */
} kd_admin_answer;

/* Finds the port, which answers a GET of the path `probe` with 200. KD_EXIT_OK and *out; or an exit code with `error`. */
int kd_admin_client_open(kd_admin_client **out, const char *url, const char *probe, char *error);
void kd_admin_client_close(kd_admin_client *c); /* NULL is fine */

/* path: of /admin/, with its query. KD_EXIT_OK with a 2xx; else an exit code with `error` from the answer: 4 for 409, 429,
 * 503 and no answer, 1 for the rest. `answer` is cleared first. */
int kd_admin_client_get(kd_admin_client *c, const char *path, kd_admin_answer *answer, char *error);
int kd_admin_client_post(kd_admin_client *c, const char *path, kd_bytes body, kd_admin_answer *answer,
                         char *error);

/* A member of the answer's object; false when it is not there, or of another type. */
bool kd_admin_u64(const kd_admin_answer *a, const char *key, uint64_t *value);
uint64_t kd_admin_number(const kd_admin_answer *a, const char *key); /* the same, 0 instead of false */
bool kd_admin_str(const kd_admin_answer *a, const char *key, kd_buf *value); /* cleared first */

#endif
