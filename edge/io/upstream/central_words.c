/* central_words.c - see the header. */
#include "edge/io/upstream/central_words.h"

#include "common/json/json_reader.h"

bool kd_central_words_time(kd_bytes body, kd_buf *scratch, uint64_t *now_us)
{
    kd_json_in j = kd_json_in_of(body, scratch);
    kd_bytes key;
    bool found = false;
    if (!kd_json_in_object(&j)) return false;
    while (kd_json_in_key(&j, &key)) {
        if (kd_bytes_eq(key, kd_bytes_str("now_us")))
            found = kd_json_in_u64(&j, now_us);
        else
            kd_json_in_skip(&j);
    }
    return found && kd_json_in_end(&j);
}

bool kd_central_words_have(kd_bytes body, kd_buf *scratch, const char *member)
{
    kd_json_in j = kd_json_in_of(body, scratch);
    kd_bytes key;
    bool found = false;
    if (!kd_json_in_object(&j)) return false;
    while (kd_json_in_key(&j, &key)) {
        found |= kd_bytes_eq(key, kd_bytes_str(member));
        kd_json_in_skip(&j);
    }
    return found && kd_json_in_end(&j);
}

bool kd_central_words_problem(kd_bytes body, kd_buf *scratch)
{
    static const char ours[] = "urn:kudos:";
    kd_json_in j = kd_json_in_of(body, scratch);
    kd_bytes key, type;
    bool found = false;
    if (!kd_json_in_object(&j)) return false;
    while (kd_json_in_key(&j, &key)) {
        if (kd_bytes_eq(key, kd_bytes_str("type")))
            found = kd_json_in_str(&j, &type) && type.len > sizeof ours - 1 &&
                    memcmp(type.data, ours, sizeof ours - 1) == 0;
        else
            kd_json_in_skip(&j);
    }
    return found && kd_json_in_end(&j);
}

static bool read_collections(kd_json_in *j, kd_strings *list)
{
    kd_bytes name;
    if (list->at != NULL || !kd_json_in_array(j)) return false; /* a member that is there twice */
    list->at = kd_alloc(KD_OPTIONS_LIST_MAX * sizeof *list->at);
    while (kd_json_in_element(j)) {
        if (!kd_json_in_str(j, &name) || !kd_collection_valid(name) || list->count == KD_OPTIONS_LIST_MAX)
            return false;
        char *copy = kd_alloc(name.len + 1);
        memcpy(copy, name.data, name.len);
        list->at[list->count++] = copy;
    }
    return true;
}

static bool read_kind(kd_json_in *j, kd_counter_kind *kind)
{
    kd_bytes text;
    if (!kd_json_in_str(j, &text)) return false;
    *kind = kd_bytes_eq(text, kd_bytes_str("set")) ? KD_SET : KD_SUM;
    return *kind == KD_SET || kd_bytes_eq(text, kd_bytes_str("sum"));
}

static bool central_words_read_counter(kd_json_in *j, kd_counter *c)
{
    kd_bytes key, name;
    uint64_t id = 0;
    if (!kd_json_in_object(j)) return false;
    while (kd_json_in_key(j, &key)) {
        bool good = true;
        if (kd_bytes_eq(key, kd_bytes_str("name"))) {
            good = kd_json_in_str(j, &name) && name.len <= KD_NAME_MAX;
            if (good) memcpy(c->name, name.data, name.len);
        } else if (kd_bytes_eq(key, kd_bytes_str("id"))) {
            good = kd_json_in_u64(j, &id);
        } else if (kd_bytes_eq(key, kd_bytes_str("kind"))) {
            good = read_kind(j, &c->kind);
        } else {
            good = kd_json_in_skip(j);
        }
        if (!good) return false;
    }
    /* An id that does not fit its type is refused by the last line. */
    c->id = (uint8_t)KD_MIN(id, (uint64_t)UINT8_MAX);
    return c->name[0] != 0 && c->kind != 0 && id >= 1 && id <= KD_COUNTER_ID_MAX;
}

static bool read_counters(kd_json_in *j, kd_counters *counters)
{
    if (counters->count > 0 || !kd_json_in_array(j)) return false;
    while (kd_json_in_element(j))
        if (counters->count == KD_COUNTERS_MAX ||
            !central_words_read_counter(j, &counters->at[counters->count++]))
            return false;
    return true;
}

static bool read_catalogue(kd_json_in *j, kd_catalogue *out)
{
    kd_bytes key;
    if (!kd_json_in_object(j)) return false;
    while (kd_json_in_key(j, &key)) {
        bool good = kd_bytes_eq(key, kd_bytes_str("collections")) ? read_collections(j, &out->collections)
                    : kd_bytes_eq(key, kd_bytes_str("counters"))  ? read_counters(j, &out->counters)
                                                                  : kd_json_in_skip(j);
        if (!good) return false;
    }
    return kd_json_in_end(j) && out->collections.count > 0 && out->counters.count > 0;
}

bool kd_central_words_catalogue(kd_bytes body, kd_buf *scratch, kd_catalogue *out)
{
    kd_json_in j = kd_json_in_of(body, scratch);
    *out = (kd_catalogue){0};
    if (body.len <= KD_CATALOGUE_BYTES_MAX && read_catalogue(&j, out)) return true;
    kd_strings_finish(&out->collections);
    *out = (kd_catalogue){0};
    return false;
}

static uint8_t read_value(kd_json_in *j)
{
    bool liked;
    if (kd_json_in_peek(j) == 'n') /* null: central does not know */
        return kd_json_in_null(j), KD_LIKED_UNKNOWN;
    if (!kd_json_in_bool(j, &liked)) return KD_LIKED_UNKNOWN;
    return liked ? KD_LIKED_YES : KD_LIKED_NO;
}

static const kd_central_liked nothing = {.liked = KD_LIKED_UNKNOWN};

/* {"item":...,"liked":...,"at_us":...,"complete":...}; further members are skipped. */
static kd_central_liked central_words_read_liked(kd_json_in *j)
{
    kd_bytes key;
    kd_central_liked said = nothing;
    if (!kd_json_in_object(j)) return nothing;
    while (kd_json_in_key(j, &key)) {
        if (kd_bytes_eq(key, kd_bytes_str("liked")))
            said.liked = read_value(j);
        else if (kd_bytes_eq(key, kd_bytes_str("at_us")))
            kd_json_in_u64(j, &said.at_us);
        else if (kd_bytes_eq(key, kd_bytes_str("complete")))
            kd_json_in_bool(j, &said.complete);
        else
            kd_json_in_skip(j);
    }
    return j->bad ? nothing : said;
}

kd_central_liked kd_central_words_liked(kd_bytes body, kd_buf *scratch)
{
    kd_json_in j = kd_json_in_of(body, scratch);
    kd_central_liked said = central_words_read_liked(&j);
    return kd_json_in_end(&j) ? said : nothing;
}

static void read_list(kd_json_in *j, uint32_t count, kd_central_liked *out)
{
    if (!kd_json_in_array(j)) return;
    for (uint32_t i = 0; kd_json_in_element(j); i++) {
        kd_central_liked said = central_words_read_liked(j);
        if (i < count) out[i] = said; /* more answers than items were asked for: ignored */
    }
}

static void central_words_clear(uint32_t count, kd_central_liked *out)
{
    for (uint32_t i = 0; i < count; i++) out[i] = nothing;
}

void kd_central_words_liked_each(kd_bytes body, kd_buf *scratch, uint32_t count, kd_central_liked *out)
{
    kd_json_in j = kd_json_in_of(body, scratch);
    kd_bytes key;
    central_words_clear(count, out);
    if (!kd_json_in_object(&j)) return;
    while (kd_json_in_key(&j, &key)) {
        if (kd_bytes_eq(key, kd_bytes_str("items")))
            read_list(&j, count, out);
        else
            kd_json_in_skip(&j);
    }
    if (!kd_json_in_end(&j)) central_words_clear(count, out);
}

/* ---- about a list of users ---- */

bool kd_central_words_moment(kd_json_in *j, char out[KD_TIME_MS_MAX])
{
    kd_bytes text;
    out[0] = '\0';
    if (kd_json_in_peek(j) == 'n') return kd_json_in_null(j);
    if (!kd_json_in_str(j, &text) || text.len != KD_TIME_MS_MAX - 1) return false;
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    return strspn(out, "0123456789-:.TZ") == text.len;
}

/* Passes over all members of the next object but `name`, which is a string or a number as `value` or `number` says. */
static bool central_words_read_member(kd_json_in *j, const char *name, kd_bytes *value, uint64_t *number)
{
    kd_bytes key;
    bool found = false;
    if (!kd_json_in_object(j)) return false;
    while (kd_json_in_key(j, &key)) {
        if (!kd_bytes_eq(key, kd_bytes_str(name)))
            kd_json_in_skip(j);
        else
            found = value ? kd_json_in_str(j, value) : kd_json_in_u64(j, number);
    }
    return found && !j->bad;
}

/* Central leaves out users of the list, and names none that is not in it. */
static bool central_words_read_likers(kd_json_in *j, const kd_bytes *users, uint32_t count,
                                      kd_central_users *out)
{
    uint32_t at = 0;
    kd_bytes user;
    if (out->liker_count > 0 || !kd_json_in_array(j)) return false;
    while (kd_json_in_element(j)) {
        if (!central_words_read_member(j, "user", &user, NULL)) return false;
        while (at < count && !kd_bytes_eq(users[at], user)) at++;
        if (at == count) return false;
        out->likers[out->liker_count++] = at++;
    }
    return !j->bad;
}

bool kd_central_words_among(kd_bytes body, kd_buf *scratch, uint32_t counter, const kd_bytes *users,
                            uint32_t user_count, kd_central_users *out)
{
    kd_json_in j = kd_json_in_of(body, scratch);
    kd_bytes key;
    bool listed = false;
    *out = (kd_central_users){0};
    if (!kd_json_in_object(&j)) return false;
    while (kd_json_in_key(&j, &key)) {
        bool good = true;
        if (kd_bytes_eq(key, kd_bytes_str("count")))
            good = kd_json_in_u64(&j, &out->count[counter]), out->named = (uint64_t)1 << counter;
        else if (kd_bytes_eq(key, kd_bytes_str("likers")))
            good = listed = central_words_read_likers(&j, users, user_count, out);
        else if (kd_bytes_eq(key, kd_bytes_str("as_of")))
            good = kd_central_words_moment(&j, out->as_of);
        else
            kd_json_in_skip(&j);
        if (!good) return false;
    }
    return kd_json_in_end(&j) && listed && out->named;
}

static bool central_words_read_counts(kd_json_in *j, const kd_counters *counters, kd_central_users *out)
{
    kd_bytes name;
    uint64_t count;
    if (!kd_json_in_object(j)) return false;
    while (kd_json_in_key(j, &name)) {
        int at = kd_counters_by_name(counters, name);
        if (!central_words_read_member(j, "count", NULL, &count)) return false;
        if (at < 0) continue;
        out->count[at] = count;
        out->named |= (uint64_t)1 << at;
    }
    return !j->bad;
}

bool kd_central_words_counts(kd_bytes body, kd_buf *scratch, const kd_counters *counters,
                             kd_central_users *out)
{
    kd_json_in j = kd_json_in_of(body, scratch);
    kd_bytes key;
    *out = (kd_central_users){0};
    if (!kd_json_in_object(&j)) return false;
    while (kd_json_in_key(&j, &key)) {
        bool good = true;
        if (kd_bytes_eq(key, kd_bytes_str("counts")))
            good = central_words_read_counts(&j, counters, out);
        else if (kd_bytes_eq(key, kd_bytes_str("as_of")))
            good = kd_central_words_moment(&j, out->as_of);
        else
            kd_json_in_skip(&j);
        if (!good) return false;
    }
    return kd_json_in_end(&j) && out->named;
}

/* ---- who leads what ---- */

/* A leader that is not known is null, or left out. */
static bool central_words_read_elsewhere(kd_json_in *j, uint64_t *partition, kd_bytes *leader)
{
    kd_bytes key;
    bool numbered = false;
    *leader = kd_bytes_of(NULL, 0);
    if (!kd_json_in_object(j)) return false;
    while (kd_json_in_key(j, &key)) {
        if (kd_bytes_eq(key, kd_bytes_str("partition")))
            numbered = kd_json_in_u64(j, partition);
        else if (kd_bytes_eq(key, kd_bytes_str("leader")) && kd_json_in_peek(j) == '"')
            kd_json_in_str(j, leader);
        else
            kd_json_in_skip(j);
    }
    return numbered && *partition < KD_PARTITIONS_MAX && !j->bad;
}

void kd_central_words_elsewhere(kd_bytes body, kd_buf *scratch,
                                void (*fn)(void *arg, uint32_t partition, kd_bytes leader), void *arg)
{
    kd_json_in j = kd_json_in_of(body, scratch);
    kd_bytes key, leader;
    uint64_t partition;
    if (!kd_json_in_object(&j)) return;
    while (kd_json_in_key(&j, &key)) {
        if (!kd_bytes_eq(key, kd_bytes_str("elsewhere"))) {
            kd_json_in_skip(&j);
            continue;
        }
        if (!kd_json_in_array(&j)) return;
        while (kd_json_in_element(&j)) {
            if (!central_words_read_elsewhere(&j, &partition, &leader)) return;
            fn(arg, (uint32_t)partition, leader);
        }
    }
}
