/* answer.c - see the header. */
#include "sim/client/answer.h"

enum { RETRY_AFTER_MAX_S = 30 };

static bool answer_holds(kd_bytes body, const char *text)
{
    return body.len > 0 && memmem(body.data, body.len, text, strlen(text)) != NULL;
}

void sim_session_keep(sim_session *s, const kd_http_response *r)
{
    kd_bytes token = kd_http_response_header(r, "kudos-session");
    if (token.len == 0 || token.len > sizeof s->text) return;
    memcpy(s->text, token.data, token.len);
    s->len = (uint8_t)token.len;
}

bool sim_answer_worth_retrying(int status)
{
    return status == 429 || status == 409 || status == 408 || status >= 500;
}

bool sim_answer_took_nothing(kd_bytes body)
{
    static const char *const types[] = {"outbox-full",   "clock-out-of-bounds", "rate-limited",
                                        "key-in-flight", "edge-retired",        "item-closed"};
    for (size_t i = 0; i < KD_COUNT(types); i++) {
        if (answer_holds(body, types[i])) return true;
    }
    return false;
}

static bool answer_begins(const uint8_t *at, const uint8_t *end, const char *word)
{
    return (size_t)(end - at) >= strlen(word) && memcmp(at, word, strlen(word)) == 0;
}

/* No id can hold a quote, so the text is found only where it is a member's name. */
bool sim_answer_liked(kd_bytes body, bool *liked)
{
    static const char name[] = "\"liked\":";
    const uint8_t *at = body.len ? memmem(body.data, body.len, name, sizeof name - 1) : NULL;
    if (!at) return false;
    const uint8_t *end = body.data + body.len;
    at += sizeof name - 1;
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) at++;
    *liked = answer_begins(at, end, "true");
    return *liked || answer_begins(at, end, "false");
}

uint64_t sim_answer_retry_after_us(const kd_http_response *r)
{
    kd_bytes text = kd_http_response_header(r, "retry-after");
    uint64_t seconds = 0;
    for (size_t i = 0; i < text.len && text.data[i] >= '0' && text.data[i] <= '9'; i++)
        seconds = KD_MIN(seconds * 10 + (uint64_t)(text.data[i] - '0'), (uint64_t)RETRY_AFTER_MAX_S);
    return seconds * 1000000;
}
