/* guard.c - see the header. */
#include "sim/playground/guard.h"

#include "common/api/authority.h"
#include "common/api/http1.h"
#include "common/base/text.h"

static const char scheme[] = "http://";
enum { SCHEME_LEN = sizeof scheme - 1 };

static bool guard_own_page(kd_bytes origin, kd_bytes host)
{
    if (origin.len < SCHEME_LEN || memcmp(origin.data, scheme, SCHEME_LEN) != 0) return false;
    return kd_authority_same(kd_bytes_of(origin.data + SCHEME_LEN, origin.len - SCHEME_LEN), host);
}

static bool guard_json(kd_bytes type)
{
    kd_bytes essence;
    return kd_http1_media_type(type, &essence) && kd_text_is_word(essence, "application/json");
}

const char *sim_guard_fault(const sim_guard_request *q)
{
    if (!kd_authority_local(q->host, &(const kd_strings){0})) return "Host is no loopback address";
    if (q->origin.len > 0 && !guard_own_page(q->origin, q->host)) return "Origin is another page";
    if (q->writes && !guard_json(q->content_type)) return "Content-Type is not application/json";
    return NULL;
}
