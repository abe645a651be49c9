/* jwt_scope.c - see the header. */
#include "common/jwt/jwt_scope.h"

#include "kudos/id.h"

static const struct {
    const char *name;
    uint32_t rights;
} scopes_known[] = {
    {"kudos:read-only", KD_SCOPE_READ_ONLY},
    {"kudos:likers", KD_SCOPE_LIKERS},
    {"kudos:likers:detail", KD_SCOPE_LIKERS | KD_SCOPE_LIKERS_DETAIL},
    {"kudos:service", KD_SCOPE_SERVICE},
    {"kudos:act-as", KD_SCOPE_ACT_AS},
};

static bool scope_begins(kd_bytes scope, const char *with)
{
    size_t n = strlen(with);
    return scope.len >= n && memcmp(scope.data, with, n) == 0;
}

bool kd_jwt_scope_ours(kd_bytes scope)
{
    return scope_begins(scope, "kudos:");
}

kd_bytes kd_jwt_scope_next(kd_bytes *scopes)
{
    while (scopes->len > 0 && scopes->data[0] == ' ')
        *scopes = kd_bytes_of(scopes->data + 1, scopes->len - 1);
    const uint8_t *end = scopes->len > 0 ? memchr(scopes->data, ' ', scopes->len) : NULL;
    kd_bytes scope = kd_bytes_of(scopes->data, end ? (size_t)(end - scopes->data) : scopes->len);
    *scopes = kd_bytes_of(scopes->data + scope.len, scopes->len - scope.len);
    return scope;
}

/* The two names of kudos:write:COLLECTION/COUNTER. False: it is no such scope. */
static bool scope_target(kd_bytes scope, kd_bytes *collection, kd_bytes *counter)
{
    static const char write[] = "kudos:write:";
    if (!scope_begins(scope, write)) return false;
    kd_bytes rest = kd_bytes_of(scope.data + sizeof write - 1, scope.len - (sizeof write - 1));
    const uint8_t *slash = rest.len > 0 ? memchr(rest.data, '/', rest.len) : NULL;
    if (!slash) return false;
    *collection = kd_bytes_of(rest.data, (size_t)(slash - rest.data));
    *counter = kd_bytes_of(slash + 1, rest.len - collection->len - 1);
    return true;
}

static bool scope_any(kd_bytes name)
{
    return kd_bytes_eq(name, kd_bytes_str("*"));
}

bool kd_jwt_scope_read(kd_bytes scope, uint32_t *rights)
{
    kd_bytes collection, counter;
    *rights = 0;
    if (!kd_jwt_scope_ours(scope)) return true;
    for (size_t i = 0; i < KD_COUNT(scopes_known); i++) {
        if (!kd_bytes_eq(scope, kd_bytes_str(scopes_known[i].name))) continue;
        *rights = scopes_known[i].rights;
        return true;
    }
    return scope_target(scope, &collection, &counter) &&
           (scope_any(collection) || kd_collection_valid(collection)) &&
           (scope_any(counter) || kd_name_valid(counter));
}

bool kd_jwt_scope_writes(kd_bytes scopes, kd_bytes collection, kd_bytes counter)
{
    kd_bytes in, which;
    bool listed = false, named = false;
    for (kd_bytes scope; (scope = kd_jwt_scope_next(&scopes)).len > 0;) {
        if (kd_bytes_eq(scope, kd_bytes_str("kudos:read-only"))) return false;
        if (!scope_target(scope, &in, &which)) continue;
        listed = true;
        named |= (scope_any(in) || kd_bytes_eq(in, collection)) &&
                 (scope_any(which) || kd_bytes_eq(which, counter));
    }
    return !listed || named;
}
