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

enum { KD_ADMIN_URLS_MAX = 64 };

/* `urls`: http://HOST:PORT, or unix:PATH of an admin socket, or several parted by commas. `token` is shown with each request to any of them, and to members that
 * they name and that have proved who they are ("proven": 1 beside the name); empty: none. Beside a token nobody else is asked.
 * `probe` is a literal.
 *
 * Finds the admin port of the first URL that has one: its own port if that answers a GET of the path `probe` with 200, else the port that /v1/admin there
 * tells. KD_EXIT_OK; or KD_EXIT_USAGE or KD_EXIT_UNAVAILABLE with `error` (KD_OPTIONS_ERROR_MAX bytes). *out is set in any case: the caller closes it. */
int kd_admin_client_open(kd_admin_client **out, const char *urls, const char *token, const char *probe,
                         char *error);
void kd_admin_client_close(kd_admin_client *c); /* NULL is fine */
/* How many URLs there are: those of kd_admin_client_open, and those of members that answers named ("urls", with blanks between; "leader"). */
uint32_t kd_admin_client_urls(const kd_admin_client *c);
/* Whether a member was named that was not asked, since nothing proves who it is and there is a token. */
bool kd_admin_client_withholds(const kd_admin_client *c);
/* Goes on to the next URL that has an admin port; to the same again where there is no other. False: none has. */
bool kd_admin_client_next(kd_admin_client *c);

/* Asks, and waits for the answer for at most 15 s. `path` begins with /admin/ and has its query. KD_EXIT_OK with a 2xx; else `error` tells the
 * answer's own error, and the exit code is KD_EXIT_UNAVAILABLE for 409, 429, 503 and no answer, KD_EXIT_FAILED for the rest. `answer` is cleared
 * first; the caller finishes its body. Whoever answers that it does not lead (421) has done nothing: the leader that it names is asked, else the next URL, until one
 * takes it or all have been asked. Where the last one names a leader, too, it is KD_EXIT_UNAVAILABLE: the members do not agree yet. Later calls go to the same. */
int kd_admin_client_get(kd_admin_client *c, const char *path, kd_admin_answer *answer, char *error);
/* As kd_admin_client_get, by POST, with a body of at most KD_ADMIN_BODY_MAX bytes. */
int kd_admin_client_post(kd_admin_client *c, const char *path, kd_bytes body, kd_admin_answer *answer,
                         char *error);

/* Whether http://HOST:PORT is an admin port itself, of whichever program: it answers /healthz, which a public port has not. Blocks, at most 15 s. */
bool kd_admin_port_answers(const char *url);

/* A member of the answer's object; false when it is not there, or of another type. */
bool kd_admin_u64(const kd_admin_answer *a, const char *key, uint64_t *value);
uint64_t kd_admin_number(const kd_admin_answer *a, const char *key); /* the same, 0 instead of false */
/* A string member, copied into *value, which is cleared first; false, and *value empty, when it is not there, or of another type. */
bool kd_admin_str(const kd_admin_answer *a, const char *key, kd_buf *value);

#endif
