/*
 * body.c - the JSON bodies of requests. An unknown field, a field that comes twice and a value of another type are refused by name, so that a typing
 * error in a client never does something other than its author meant.
 */
#include "common/api/body.h"

#include <stdio.h>

#include "common/api/http1.h"
#include "common/base/text.h"

static bool body_refuse(kd_refusal *why, const char *field, const char *detail)
{
    *why = (kd_refusal){.problem = KD_PROBLEM_INVALID_REQUEST, .detail = detail, .field = field};
    return false;
}

bool kd_body_type(kd_bytes type, kd_refusal *why)
{
    static const char suffix[] = "+json";
    const size_t n = sizeof(suffix) - 1;
    kd_bytes essence;
    *why = (kd_refusal){KD_PROBLEM_UNSUPPORTED_MEDIA_TYPE, "application/json is wanted", "Content-Type"};
    if (!kd_http1_media_type(type, &essence)) return false;
    if (kd_text_is_word(essence, "application/json")) return true;
    if (essence.len > n && kd_text_is_word(kd_bytes_of(essence.data + essence.len - n, n), suffix) &&
        essence.data[essence.len - n - 1] != '/')
        return true;
    return kd_text_is_word(essence, "application/x-www-form-urlencoded");
}

bool kd_body_coding(kd_bytes coding, kd_refusal *why)
{
    *why = (kd_refusal){KD_PROBLEM_UNSUPPORTED_MEDIA_TYPE, "identity is wanted", "Content-Encoding"};
    return kd_text_is_word(coding, "identity");
}

/* The fields that an object of a body may have, at most three, and what a refusal of any other says: `object` is its name, "" for an operation. */
typedef struct {
    const char *names[3], *object, *others;
} body_fields;

static const body_fields fields_counts = {
    {"items", "me"}, "body", "an unknown field: there are items and me"};
static const body_fields fields_lookup = {
    {"items", "counter"}, "body", "an unknown field: there are items and counter"};
static const body_fields fields_among = {
    {"users", "counter"}, "body", "an unknown field: there are users and counter"};
static const body_fields fields_without = {{"without"}, "body", "an unknown field: there is without alone"};
static const body_fields fields_batch = {
    {"operations"}, "body", "an unknown field: there is operations alone"};
static const body_fields fields_operation = {
    {"item", "op", "counter"}, "", "an unknown field: there are item, op and counter"};
static const body_fields fields_amount = {{"amount"}, "body", "an unknown field: there is amount alone"};
static const body_fields fields_none = {{NULL}, "body", "an unknown field: no body, or {}, is wanted"};

/* Index of the key; -1 with *why when it is unknown or comes twice. `seen` has a bit for each field that came. */
static int known_key(kd_bytes key, const body_fields *fields, uint32_t *seen, kd_refusal *why)
{
    for (size_t i = 0; i < KD_COUNT(fields->names) && fields->names[i]; i++) {
        if (!kd_bytes_eq(key, kd_bytes_str(fields->names[i]))) continue;
        if (*seen & 1u << i) return body_refuse(why, fields->names[i], "this field comes twice"), -1;
        *seen |= 1u << i;
        return (int)i;
    }
    return body_refuse(why, fields->object, fields->others), -1;
}

static bool read_item_texts(kd_json_in *j, kd_body_items *out, kd_refusal *why)
{
    if (!kd_json_in_array(j)) return body_refuse(why, "items", "a list of items is wanted");
    while (kd_json_in_element(j)) {
        if (out->count == KD_BULK_ITEMS_MAX)
            return body_refuse(why, "items", "at most 200 items in one request");
        if (!kd_json_in_str(j, &out->item[out->count++]))
            return body_refuse(why, "items", "an item is a string collection/id");
    }
    return !j->bad || body_refuse(why, "items", "a list of items is wanted");
}

/* The value of "me": true, false, or names of counters. */
static bool body_read_me(kd_json_in *j, kd_body_items *out, kd_refusal *why)
{
    if (kd_json_in_peek(j) != '[')
        return kd_json_in_bool(j, &out->me) ||
               body_refuse(why, "me", "true, false or a list of counters is wanted");
    kd_json_in_array(j);
    while (kd_json_in_element(j)) {
        kd_bytes name;
        if (!kd_json_in_str(j, &name) || name.len == 0) return body_refuse(why, "me", "a counter is a name");
        for (uint32_t i = 0; i < out->me_sets; i++)
            if (kd_bytes_eq(out->me_set[i], name)) return body_refuse(why, "me", "a counter is named twice");
        if (out->me_sets == KD_COUNTERS_MAX) return body_refuse(why, "me", "so many counters there are not");
        out->me_set[out->me_sets++] = name;
    }
    out->me = true;
    return (!j->bad && out->me_sets > 0) || body_refuse(why, "me", "at least one counter is wanted");
}

bool kd_body_read_items(kd_bytes body, kd_buf *text, bool lookup, kd_body_items *out, kd_refusal *why)
{
    const body_fields *fields = lookup ? &fields_lookup : &fields_counts;
    kd_json_in j = kd_json_in_of(body, text);
    kd_bytes key;
    uint32_t seen = 0;
    out->count = 0, out->me = false, out->me_sets = 0, out->counter = kd_bytes_of(NULL, 0);
    if (!kd_json_in_object(&j)) return body_refuse(why, "body", "a JSON object is wanted");
    while (kd_json_in_key(&j, &key)) {
        int which = known_key(key, fields, &seen, why);
        if (which < 0) return false;
        if (which == 0 && !read_item_texts(&j, out, why)) return false;
        if (which == 1 && lookup && (!kd_json_in_str(&j, &out->counter) || out->counter.len == 0))
            return body_refuse(why, "counter", "a name is wanted");
        if (which == 1 && !lookup && !body_read_me(&j, out, why)) return false;
    }
    if (!kd_json_in_end(&j)) return body_refuse(why, "body", "not valid JSON");
    return out->count > 0 || body_refuse(why, "items", "at least one item is wanted");
}

/* Refuses the user that was read last, whose place the field names: users[3]. */
static bool body_refuse_user(kd_body_users *out, const char *list, kd_problem problem, const char *detail,
                             kd_refusal *why)
{
    snprintf(out->field, sizeof out->field, "%s[%u]", list, (unsigned)out->count);
    *why = (kd_refusal){problem, detail, out->field};
    return false;
}

/* Reads the list of users under fields->names[0]. A user who comes twice is left to the caller. */
static bool body_read_users(kd_json_in *j, const body_fields *fields, uint32_t most, kd_body_users *out,
                            kd_refusal *why)
{
    const char *field = fields->names[0];
    if (!kd_json_in_array(j)) return body_refuse(why, field, "a list of users is wanted");
    while (kd_json_in_element(j)) {
        if (out->count == most)
            return body_refuse(why, field,
                               most == KD_AMONG_USERS_MAX ? "at most 500 users in one request"
                                                          : "at most 1000 users in one request");
        if (!kd_json_in_str(j, &out->user[out->count]))
            return body_refuse_user(out, field, KD_PROBLEM_INVALID_REQUEST, "a user is a string", why);
        if (!kd_id_valid(out->user[out->count]))
            return body_refuse_user(out, field, KD_PROBLEM_INVALID_ID, "a user id is " KD_ID_FORM, why);
        out->count++;
    }
    return !j->bad || body_refuse(why, field, "a list of users is wanted");
}

static bool body_read_among_or_without(kd_bytes body, kd_buf *text, const body_fields *fields, uint32_t most,
                                       kd_body_users *out, kd_refusal *why)
{
    kd_json_in j = kd_json_in_of(body, text);
    kd_bytes key;
    uint32_t seen = 0;
    out->count = 0, out->counter = kd_bytes_of(NULL, 0);
    if (!kd_json_in_object(&j)) return body_refuse(why, "body", "a JSON object is wanted");
    while (kd_json_in_key(&j, &key)) {
        int which = known_key(key, fields, &seen, why);
        if (which < 0) return false;
        if (which == 0 && !body_read_users(&j, fields, most, out, why)) return false;
        if (which == 1 && (!kd_json_in_str(&j, &out->counter) || out->counter.len == 0))
            return body_refuse(why, "counter", "a name is wanted");
    }
    if (!kd_json_in_end(&j)) return body_refuse(why, "body", "not valid JSON");
    return (seen & 1) || body_refuse(why, fields->names[0], "missing");
}

bool kd_body_read_among(kd_bytes body, kd_buf *text, kd_body_users *out, kd_refusal *why)
{
    return body_read_among_or_without(body, text, &fields_among, KD_AMONG_USERS_MAX, out, why);
}

bool kd_body_read_without(kd_bytes body, kd_buf *text, kd_body_users *out, kd_refusal *why)
{
    return body_read_among_or_without(body, text, &fields_without, KD_WITHOUT_USERS_MAX, out, why);
}

static bool body_read_verb(kd_json_in *j, kd_body_op *op, kd_refusal *why)
{
    kd_bytes verb;
    if (kd_json_in_str(j, &verb)) {
        op->like = kd_bytes_eq(verb, kd_bytes_str("like"));
        if (op->like || kd_bytes_eq(verb, kd_bytes_str("unlike"))) return true;
    }
    return body_refuse(why, "op", "\"like\" or \"unlike\" is wanted");
}

static bool body_read_op(kd_json_in *j, kd_body_op *op, kd_refusal *why)
{
    const char *const *names = fields_operation.names;
    kd_bytes key;
    uint32_t seen = 0;
    op->counter = kd_bytes_of(NULL, 0);
    if (!kd_json_in_object(j)) return body_refuse(why, "", "an operation is an object with item and op");
    while (kd_json_in_key(j, &key)) {
        int which = known_key(key, &fields_operation, &seen, why);
        if (which < 0) return false;
        if (which == 0 && !kd_json_in_str(j, &op->item))
            return body_refuse(why, names[0], "a string collection/id is wanted");
        if (which == 1 && !body_read_verb(j, op, why)) return false;
        if (which == 2 && (!kd_json_in_str(j, &op->counter) || op->counter.len == 0))
            return body_refuse(why, names[2], "a name is wanted");
    }
    if (j->bad) return body_refuse(why, "", "not valid JSON");
    if (!(seen & 1)) return body_refuse(why, names[0], "missing");
    return (seen & 2) || body_refuse(why, names[1], "missing");
}

bool kd_body_read_ops(kd_bytes body, kd_buf *text, kd_body_ops *out, kd_refusal *why)
{
    kd_json_in j = kd_json_in_of(body, text);
    kd_bytes key;
    uint32_t seen = 0;
    out->count = 0, out->wrong = KD_BULK_OPS_MAX;
    if (!kd_json_in_object(&j)) return body_refuse(why, "body", "a JSON object is wanted");
    while (kd_json_in_key(&j, &key)) {
        if (known_key(key, &fields_batch, &seen, why) < 0) return false;
        if (!kd_json_in_array(&j)) return body_refuse(why, "operations", "a list of operations is wanted");
        while (kd_json_in_element(&j)) {
            if (out->count == KD_BULK_OPS_MAX)
                return body_refuse(why, "operations", "at most 1000 operations in one request");
            out->wrong = out->count;
            if (!body_read_op(&j, &out->at[out->count++], why)) return false;
            out->wrong = KD_BULK_OPS_MAX;
        }
    }
    if (!kd_json_in_end(&j)) return body_refuse(why, "body", "not valid JSON");
    return out->count > 0 || body_refuse(why, "operations", "at least one operation is wanted");
}

bool kd_body_read_amount(kd_bytes body, kd_buf *text, uint64_t *amount, kd_refusal *why)
{
    const body_fields *fields = amount ? &fields_amount : &fields_none;
    kd_json_in j = kd_json_in_of(body, text);
    kd_bytes key;
    uint32_t seen = 0;
    if (body.len == 0) return true;
    if (!kd_json_in_object(&j)) return body_refuse(why, "body", "no body, or a JSON object, is wanted");
    while (kd_json_in_key(&j, &key)) {
        if (known_key(key, fields, &seen, why) < 0) return false;
        if (!kd_json_in_u64(&j, amount) || *amount < 1 || *amount > KD_AMOUNT_MAX)
            return body_refuse(why, "amount", "a whole number from 1 to 1000 is wanted");
    }
    return kd_json_in_end(&j) || body_refuse(why, "body", "not valid JSON");
}
