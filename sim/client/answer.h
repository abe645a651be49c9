/*
 * answer.h - what a server's answer to a user's request means, and the session token that the user keeps from it.
 *
 * Part of the client engine (engine.h), apart from it because nothing here knows of a request under way.
 */
#ifndef KUDOS_SIM_CLIENT_ANSWER_H
#define KUDOS_SIM_CLIENT_ANSWER_H

#include "common/io/http/client/http_client.h"
#include "kudos/limits.h"

enum { SIM_SESSION_MAX = 2 * KD_SESSION_TOKEN_MAX };

/* The Kudos-Session token as a user's device keeps it. Zero-initialise. */
typedef struct {
    uint8_t len; /* 0: the user has no token yet */
    char text[SIM_SESSION_MAX];
} sim_session;

_Static_assert(SIM_SESSION_MAX <= UINT8_MAX, "a token's length fits into sim_session");

/* Keeps the answer's Kudos-Session field. An answer without one, or with one that is too long, changes nothing. */
void sim_session_keep(sim_session *s, const kd_http_response *r);
/* For the next request's field: empty before the first token. Lives as long as *s and until the next sim_session_keep. */
static inline kd_bytes sim_session_view(const sim_session *s)
{
    return kd_bytes_of(s->text, s->len);
}

/* Whether the status promises that the operation is durable. */
static inline bool sim_answer_acks(int status)
{
    return status >= 200 && status < 300;
}
/* Whether the same request may succeed later: 408, 409, 429 and 5xx. Any other refusal is the client's own mistake. */
bool sim_answer_worth_retrying(int status);
/* Whether a problem document's type promises that nothing of the request was taken. Any other refusal leaves that open. */
bool sim_answer_took_nothing(kd_bytes body);
/* Whether a body has a member "liked" with true or false, which goes to *liked. */
bool sim_answer_liked(kd_bytes body, bool *liked);
/* The Retry-After field in microseconds, at most half a minute; 0 without one. */
uint64_t sim_answer_retry_after_us(const kd_http_response *r);

#endif
