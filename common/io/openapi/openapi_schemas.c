/*
 * openapi_schemas.c - bodies of requests (common/api/body.c) and of answers (common/api/answer.c and the handlers), by name.
 *
 * An object has the members that are named here and no others, so that a test finds an answer with a member that is not described. Where edge and
 * central differ the document's program decides: at an edge a number may be unknown (null), at central it never is.
 */
#include "common/api/trending.h"
#include "common/io/http/visitor.h"
#include "common/io/openapi/openapi_internal.h"

#include <stdio.h>

/* Its members are required, but for those that `optional` names, in one text with blanks around each: " at region ". */
static json_t *schema_object(json_t *members, const char *optional)
{
    const char *name;
    json_t *member, *required = json_array();
    json_object_foreach(members, name, member)
    {
        char word[64];
        snprintf(word, sizeof word, " %s ", name);
        if (!optional || !strstr(optional, word)) json_array_append_new(required, json_string(name));
    }
    return kd_openapi_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", members, "required",
                           required, "additionalProperties", 0);
}

/* The schema, which says what it is about. */
static json_t *schema_about(json_t *schema, const char *about)
{
    json_object_set_new(schema, "description", json_string(about));
    return schema;
}

static json_t *schema_list(json_t *of, int min, int max)
{
    json_t *list = kd_openapi_pack("{s:s, s:o, s:i}", "type", "array", "items", of, "minItems", min);
    if (max > 0) json_object_set_new(list, "maxItems", json_integer(max));
    return list;
}

/* A type and an example. */
static json_t *schema_of(const char *type, json_t *example)
{
    return kd_openapi_pack("{s:s, s:[o]}", "type", type, "examples", example);
}

static json_t *schema_or_null(json_t *schema, bool or_null)
{
    if (or_null)
        json_object_set_new(schema, "type",
                            kd_openapi_pack("[O, s]", json_object_get(schema, "type"), "null"));
    return schema;
}

static json_t *schema_whole(uint64_t min)
{
    return kd_openapi_pack("{s:s, s:s, s:I}", "type", "integer", "format", "int64", "minimum",
                           (json_int_t)min);
}

static json_t *schema_bool(bool or_null)
{
    return schema_or_null(kd_openapi_pack("{s:s}", "type", "boolean"), or_null);
}

/* ---- names ---- */

static const char *schema_collection_of(const kd_openapi *doc)
{
    const kd_strings *all = doc->source->collections;
    return all->count > 0 ? all->at[0] : "posts";
}

static json_t *schema_collection(kd_openapi *doc)
{
    const kd_strings *all = doc->source->collections;
    json_t *names = json_array();
    for (uint32_t i = 0; i < all->count; i++) json_array_append_new(names, json_string(all->at[i]));
    return kd_openapi_pack("{s:s, s:o, s:[s]}", "type", "string", "enum", names, "examples",
                           schema_collection_of(doc));
}

#define SCHEMA_ID_CHARS "[A-Za-z0-9._~:@=+-]"

static json_t *schema_id(kd_openapi *doc)
{
    char pattern[64];
    (void)doc;
    snprintf(pattern, sizeof pattern, "^" SCHEMA_ID_CHARS "{1,%d}$", KD_ID_MAX);
    return kd_openapi_pack("{s:s, s:s, s:[s]}", "type", "string", "pattern", pattern, "examples", "hello");
}

static json_t *schema_item(kd_openapi *doc)
{
    char example[KD_COLLECTION_MAX + 8];
    kd_buf pattern = {0};
    const kd_strings *all = doc->source->collections;
    kd_buf_put(&pattern, "^(", 2);
    for (uint32_t i = 0; i < all->count; i++) {
        if (i > 0) kd_buf_put_u8(&pattern, '|');
        kd_buf_put(&pattern, all->at[i], strlen(all->at[i]));
    }
    char id[64];
    int len = snprintf(id, sizeof id, ")/" SCHEMA_ID_CHARS "{1,%d}$", KD_ID_MAX);
    kd_buf_put(&pattern, id, (size_t)len);
    snprintf(example, sizeof example, "%s/hello", schema_collection_of(doc));
    json_t *made = kd_openapi_pack("{s:s, s:s%, s:[s]}", "type", "string", "pattern", pattern.data,
                                   pattern.len, "examples", example);
    kd_buf_finish(&pattern);
    return made;
}

/* `kind` 0: of either. */
static json_t *schema_counter_names(const kd_openapi *doc, kd_counter_kind kind)
{
    const kd_counters *counters = doc->source->counters;
    json_t *names = json_array();
    for (uint32_t i = 0; i < counters->count; i++)
        if ((kind == 0 || counters->at[i].kind == kind) && counters->at[i].name[0])
            json_array_append_new(names, json_string(counters->at[i].name));
    return names;
}

static json_t *schema_counter(kd_openapi *doc, kd_counter_kind kind)
{
    return kd_openapi_pack("{s:s, s:o}", "type", "string", "enum", schema_counter_names(doc, kind));
}

static json_t *schema_set_counter(kd_openapi *doc)
{
    return schema_counter(doc, KD_SET);
}

static json_t *schema_sum_counter(kd_openapi *doc)
{
    return schema_counter(doc, KD_SUM);
}

static json_t *schema_any_counter(kd_openapi *doc)
{
    return schema_counter(doc, 0);
}

/* ---- numbers ---- */

static json_t *schema_display_form(kd_openapi *doc)
{
    json_t *form = schema_of("string", json_string("1.2K"));
    json_object_set_new(form, "pattern",
                        json_string("^([0-9]{1,3}|[0-9]{1,3}[KMB]|[0-9]{1,2}\\.[1-9][KMB]|"
                                    "[0-9]+(\\.[1-9])?T)$"));
    schema_about(form, doc->source->edge ? "a count as people read it, truncated; null where the count is"
                                         : "a count as people read it, truncated");
    return schema_or_null(form, doc->source->edge);
}

/* What may be unknown at an edge. */
static json_t *schema_count(const kd_openapi *doc, const char *about)
{
    return schema_about(schema_or_null(schema_whole(0), doc->source->edge), about);
}

static json_t *schema_as_of(kd_openapi *doc)
{
    (void)doc;
    json_t *time = schema_of("string", json_string("2026-01-02T03:04:05.678Z"));
    json_object_set_new(time, "format", json_string("date-time"));
    schema_about(time, "every like acknowledged anywhere before it is in the numbers; null: unknown");
    return schema_or_null(time, true);
}

static json_t *schema_source(kd_openapi *doc)
{
    json_t *names = kd_openapi_pack("[s]", "central");
    if (doc->source->edge) json_array_insert_new(names, 0, json_string("edge"));
    return schema_about(kd_openapi_pack("{s:s, s:o}", "type", "string", "enum", names),
                        "central where central was asked for this answer");
}

/* Adds count, display and pending. */
static void schema_add_number(kd_openapi *doc, json_t *members)
{
    json_object_set_new(
        members, "count",
        schema_count(doc, "with this edge's own operations in it; null: no number of central is known here"));
    json_object_set_new(members, "display", kd_openapi_schema(doc, "DisplayForm"));
    json_object_set_new(
        members, "pending",
        schema_about(schema_whole(0), "operations of this edge that central has not confirmed"));
}

static void schema_add_age(kd_openapi *doc, json_t *members)
{
    json_object_set_new(
        members, "age_ms",
        schema_count(doc, "how old the snapshot is that the numbers rest on; null: there is none"));
    json_object_set_new(members, "as_of", kd_openapi_schema(doc, "AsOf"));
    json_object_set_new(members, "source", kd_openapi_schema(doc, "Source"));
}

static json_t *schema_parts(const char *about)
{
    return kd_openapi_pack("{s:s, s:o, s:s}", "type", "object", "additionalProperties", schema_whole(0),
                           "description", about);
}

static json_t *schema_number(kd_openapi *doc)
{
    json_t *members = json_object();
    schema_add_number(doc, members);
    return schema_object(members, NULL);
}

/* Where likes are not kept by time, and where central has not said. */
static json_t *schema_velocity(const char *about)
{
    return schema_about(schema_or_null(schema_whole(0), true), about);
}

static json_t *schema_number_moving(kd_openapi *doc)
{
    json_t *members = json_object();
    schema_add_number(doc, members);
    json_object_set_new(members, "velocity",
                        schema_velocity("velocity=; likes of that time, at least; null: "
                                        "not known"));
    json_object_set_new(members, "velocity_at_most",
                        schema_velocity("the exact number is between both; null: no bound is known"));
    return schema_object(members, " velocity velocity_at_most ");
}

static json_t *schema_number_parts(kd_openapi *doc)
{
    json_t *members = json_object();
    schema_add_number(doc, members);
    json_object_set_new(members, "regions", schema_parts("by=region; parts of 0 are left out"));
    json_object_set_new(members, "days", schema_parts("by=day, of UTC; parts of 0 are left out"));
    return schema_object(members, " regions days ");
}

/* An edge that asks central about a list of users tells what central lacks of this edge. */
static void schema_add_missing(const kd_openapi *doc, json_t *members)
{
    if (doc->source->edge)
        json_object_set_new(members, "missing",
                            schema_about(schema_whole(0),
                                         "operations that this edge had acknowledged when it asked, and "
                                         "that the number lacks: at most so many"));
}

static json_t *schema_number_lacking(kd_openapi *doc)
{
    json_t *members = json_object();
    schema_add_number(doc, members);
    schema_add_missing(doc, members);
    return schema_object(members, NULL);
}

/* An object with a member for each counter. */
static json_t *schema_by_counter(kd_openapi *doc, const char *name)
{
    const kd_counters *counters = doc->source->counters;
    json_t *members = json_object();
    for (uint32_t i = 0; i < counters->count; i++)
        if (counters->at[i].name[0])
            json_object_set_new(members, counters->at[i].name, kd_openapi_schema(doc, name));
    return schema_object(members, NULL);
}

/* ---- bodies of requests ---- */

static json_t *schema_nothing(kd_openapi *doc)
{
    (void)doc;
    return schema_object(json_object(), NULL);
}

static json_t *schema_amount(kd_openapi *doc)
{
    (void)doc;
    return schema_object(kd_openapi_pack("{s:{s:s,s:i,s:i,s:i,s:[i]}}", "amount", "type", "integer",
                                         "minimum", 1, "maximum", (int)KD_AMOUNT_MAX, "default", 1,
                                         "examples", 5),
                         " amount ");
}

static json_t *schema_operation(kd_openapi *doc)
{
    return schema_object(kd_openapi_pack("{s:o, s:{s:s,s:[s,s]}, s:o}", "item",
                                         kd_openapi_schema(doc, "Item"), "op", "type", "string", "enum",
                                         "like", "unlike", "counter", kd_openapi_schema(doc, "SetCounter")),
                         " counter ");
}

static json_t *schema_operations(kd_openapi *doc)
{
    return schema_object(
        kd_openapi_pack("{s:o}", "operations",
                        schema_list(kd_openapi_schema(doc, "Operation"), 1, KD_BULK_OPS_MAX)),
        NULL);
}

static json_t *schema_items(kd_openapi *doc)
{
    return schema_list(kd_openapi_schema(doc, "Item"), 1, KD_BULK_ITEMS_MAX);
}

static json_t *schema_ask_counts(kd_openapi *doc)
{
    json_t *named = schema_list(kd_openapi_schema(doc, "SetCounter"), 1, KD_COUNTERS_MAX);
    json_object_set_new(named, "uniqueItems", json_true());
    json_t *me = kd_openapi_pack("{s:[o, o]}", "anyOf", schema_bool(false), named);
    schema_about(me, "true: each item is to have `liked`, by the counter `like`; a list of counters: `me`, "
                     "by those; needs a user");
    return schema_object(kd_openapi_pack("{s:o, s:o}", "items", kd_openapi_schema(doc, "Items"), "me", me),
                         " me ");
}

static json_t *schema_ask_liked(kd_openapi *doc)
{
    return schema_object(kd_openapi_pack("{s:o, s:o}", "items", kd_openapi_schema(doc, "Items"), "counter",
                                         kd_openapi_schema(doc, "SetCounter")),
                         " counter ");
}

static json_t *schema_ask_among(kd_openapi *doc)
{
    json_t *users = schema_list(kd_openapi_schema(doc, "Id"), 0, KD_AMONG_USERS_MAX);
    return schema_object(
        kd_openapi_pack("{s:o, s:o}", "users", users, "counter", kd_openapi_schema(doc, "SetCounter")),
        " counter ");
}

static json_t *schema_ask_without(kd_openapi *doc)
{
    json_t *users = schema_list(kd_openapi_schema(doc, "Id"), 0, KD_WITHOUT_USERS_MAX);
    return schema_object(kd_openapi_pack("{s:o}", "without", users), NULL);
}

/* ---- answers ---- */

/* Adds where the operation survives. It stands there only with edge.acknowledge = log. */
static void schema_add_durable(json_t *members)
{
    json_t *where = kd_openapi_pack("{s:s, s:[s, s]}", "type", "string", "enum", "log", "disk");
    json_object_set_new(
        members, "durable",
        schema_about(where, "log: Kafka has it, too; disk: this edge's disk alone has it for sure"));
}

static json_t *schema_said_members(kd_openapi *doc)
{
    json_t *members =
        kd_openapi_pack("{s:o, s:o, s:o, s:o}", "item", kd_openapi_schema(doc, "Item"), "counter",
                        kd_openapi_schema(doc, "SetCounter"), "liked",
                        schema_about(schema_bool(false), "the user's state now"), "changed",
                        schema_about(schema_bool(true),
                                     "whether the request changed that state; null: this edge cannot know"));
    schema_add_number(doc, members);
    schema_add_age(doc, members);
    return members;
}

static json_t *schema_said(kd_openapi *doc)
{
    json_t *members = schema_said_members(doc);
    schema_add_durable(members);
    return schema_object(members, " durable ");
}

/* Of many: all survive alike, which is said once. */
static json_t *schema_result(kd_openapi *doc)
{
    return schema_object(schema_said_members(doc), NULL);
}

static json_t *schema_added(kd_openapi *doc)
{
    json_t *members = kd_openapi_pack("{s:o, s:o}", "item", kd_openapi_schema(doc, "Item"), "counter",
                                      kd_openapi_schema(doc, "SumCounter"));
    schema_add_number(doc, members);
    schema_add_age(doc, members);
    schema_add_durable(members);
    return schema_object(members, " durable ");
}

/* The problem of an operation that does not fit a limit: one of the many that there are. */
static json_t *schema_limited(void)
{
    return schema_object(kd_openapi_pack("{s:{s:s}, s:{s:s}, s:{s:i}, s:{s:s}, s:{s:s,s:i}}", "type", "const",
                                         "urn:kudos:rate-limited", "title", "type", "string", "status",
                                         "const", 429, "detail", "type", "string", "retry_after_s", "type",
                                         "integer", "minimum", 1),
                         NULL);
}

/* The problem of an operation that the caller may not do. */
static json_t *schema_forbidden(void)
{
    return schema_object(kd_openapi_pack("{s:{s:s}, s:{s:s}, s:{s:i}, s:{s:s}}", "type", "const",
                                         "urn:kudos:forbidden", "title", "type", "string", "status", "const",
                                         403, "detail", "type", "string"),
                         NULL);
}

static json_t *schema_refused(kd_openapi *doc)
{
    json_t *error = kd_openapi_pack("{s:[o, o]}", "anyOf", schema_limited(), schema_forbidden());
    return schema_object(kd_openapi_pack("{s:o, s:o, s:o}", "item", kd_openapi_schema(doc, "Item"), "counter",
                                         kd_openapi_schema(doc, "SetCounter"), "error", error),
                         NULL);
}

static json_t *schema_results(kd_openapi *doc)
{
    json_t *one = kd_openapi_pack("{s:[o, o]}", "anyOf", kd_openapi_schema(doc, "Result"),
                                  kd_openapi_schema(doc, "Refused"));
    json_t *members = kd_openapi_pack("{s:o}", "results", schema_list(one, 1, KD_BULK_OPS_MAX));
    schema_add_durable(members);
    return schema_object(members, " durable ");
}

static json_t *schema_whether(const kd_openapi *doc)
{
    return schema_about(schema_bool(doc->source->edge),
                        doc->source->edge ? "whether the user likes it; null: not known here now"
                                          : "whether the user likes it");
}

/* By the set counters that the request names. */
static json_t *schema_me(kd_openapi *doc)
{
    const kd_counters *counters = doc->source->counters;
    json_t *members = json_object();
    for (uint32_t i = 0; i < counters->count; i++)
        if (counters->at[i].name[0] && counters->at[i].kind == KD_SET)
            json_object_set_new(members, counters->at[i].name, schema_whether(doc));
    json_t *made = schema_object(members, NULL);
    json_object_del(made, "required");
    return schema_about(made, "whether the user likes it, by the counters that the request names");
}

/* What of the caller is told. */
enum { SCHEMA_NOTHING_OF_ME, SCHEMA_LIKED, SCHEMA_LIKED_OR_ME };

static json_t *schema_counts_with(kd_openapi *doc, const char *number, int me)
{
    json_t *members = kd_openapi_pack("{s:o, s:o}", "item", kd_openapi_schema(doc, "Item"), "counts",
                                      schema_by_counter(doc, number));
    if (me) json_object_set_new(members, "liked", schema_whether(doc));
    if (me == SCHEMA_LIKED_OR_ME) json_object_set_new(members, "me", schema_me(doc));
    /* an edge has counts without some users from central, as numbers alone */
    bool tells = !doc->source->edge || strcmp(number, "NumberLacking") != 0;
    if (tells)
        json_object_set_new(members, "closed",
                            schema_about(schema_bool(false),
                                         "true: the item is closed, likes of it are refused; else left out"));
    if (strcmp(number, "NumberMoving") == 0)
        json_object_set_new(members, "velocity_age_ms",
                            schema_velocity("velocity=; how old the velocities are; null: there are none"));
    schema_add_age(doc, members);
    return schema_object(members, " liked me closed velocity_age_ms ");
}

/* Of one item: central tells parts of each number, where they are asked for. */
static json_t *schema_counts(kd_openapi *doc)
{
    return schema_counts_with(doc, doc->source->edge ? "Number" : "NumberParts", SCHEMA_NOTHING_OF_ME);
}

static json_t *schema_counts_each(kd_openapi *doc)
{
    return schema_counts_with(doc, "NumberMoving", SCHEMA_NOTHING_OF_ME);
}

static json_t *schema_counts_without(kd_openapi *doc)
{
    return schema_counts_with(doc, "NumberLacking", SCHEMA_NOTHING_OF_ME);
}

static json_t *schema_counts_for(kd_openapi *doc)
{
    return schema_counts_with(doc, "NumberMoving", SCHEMA_LIKED);
}

static json_t *schema_counts_for_me(kd_openapi *doc)
{
    return schema_counts_with(doc, "NumberMoving", SCHEMA_LIKED_OR_ME);
}

static json_t *schema_answer_list(kd_openapi *doc, const char *of)
{
    return schema_object(
        kd_openapi_pack("{s:o}", "items", schema_list(kd_openapi_schema(doc, of), 1, KD_BULK_ITEMS_MAX)),
        NULL);
}

static json_t *schema_counts_list(kd_openapi *doc)
{
    return schema_answer_list(doc, "CountsEach");
}

static json_t *schema_counts_for_list(kd_openapi *doc)
{
    return schema_answer_list(doc, "CountsFor");
}

static json_t *schema_counts_for_me_list(kd_openapi *doc)
{
    return schema_answer_list(doc, "CountsForMe");
}

static json_t *schema_liked(kd_openapi *doc)
{
    json_t *members =
        kd_openapi_pack("{s:o, s:o}", "item", kd_openapi_schema(doc, "Item"), "liked", schema_whether(doc));
    if (!doc->source->edge) {
        json_object_set_new(members, "at_us", schema_whole(1));
        json_object_set_new(members, "complete", schema_bool(false));
    }
    json_object_set_new(members, "source", kd_openapi_schema(doc, "Source"));
    return schema_object(members, " at_us complete ");
}

static json_t *schema_liked_list(kd_openapi *doc)
{
    return schema_answer_list(doc, "Liked");
}

static json_t *schema_count_alone(kd_openapi *doc)
{
    return schema_object(
        kd_openapi_pack("{s:o}", "count",
                        schema_count(doc, "with this edge's own operations in it; null: no number of central "
                                          "is known here")),
        NULL);
}

static json_t *schema_display(kd_openapi *doc)
{
    return schema_object(kd_openapi_pack("{s:o, s:o}", "item", kd_openapi_schema(doc, "Item"), "display",
                                         schema_by_counter(doc, "DisplayForm")),
                         NULL);
}

static json_t *schema_display_list(kd_openapi *doc)
{
    return schema_answer_list(doc, "Display");
}

/* An edge tells neither when nor where. */
static json_t *schema_liker(kd_openapi *doc)
{
    json_t *members = kd_openapi_pack("{s:o}", "user", kd_openapi_schema(doc, "Id"));
    if (!doc->source->edge) {
        json_object_set_new(members, "at",
                            kd_openapi_pack("{s:s,s:s}", "type", "string", "format", "date-time"));
        json_object_set_new(members, "region", kd_openapi_pack("{s:s}", "type", "string"));
    }
    return schema_object(members, " at region ");
}

static json_t *schema_likers(kd_openapi *doc)
{
    return schema_object(kd_openapi_pack("{s:o, s:o, s:o, s:{s:[s,s]}, s:o}", "item",
                                         kd_openapi_schema(doc, "Item"), "counter",
                                         kd_openapi_schema(doc, "SetCounter"), "likers",
                                         schema_list(kd_openapi_schema(doc, "Liker"), 0, 0), "next", "type",
                                         "string", "null", "source", kd_openapi_schema(doc, "Source")),
                         NULL);
}

static json_t *schema_among(kd_openapi *doc)
{
    json_t *members =
        kd_openapi_pack("{s:o, s:o, s:o}", "item", kd_openapi_schema(doc, "Item"), "counter",
                        kd_openapi_schema(doc, "SetCounter"), "likers",
                        schema_about(schema_list(kd_openapi_schema(doc, "Liker"), 0, KD_AMONG_USERS_MAX),
                                     "those of the users who like it, in the order of the list"));
    schema_add_number(doc, members);
    schema_add_missing(doc, members);
    schema_add_age(doc, members);
    return schema_object(members, NULL);
}

static json_t *schema_mine_one(kd_openapi *doc)
{
    return schema_object(kd_openapi_pack("{s:o, s:{s:s,s:s,s:s}}", "item", kd_openapi_schema(doc, "Item"),
                                         "at", "type", "string", "format", "date-time", "description",
                                         "when it was liked; of another user only with the right to see it"),
                         " at ");
}

static json_t *schema_mine(kd_openapi *doc)
{
    json_t *members = kd_openapi_pack(
        "{s:o, s:o, s:{s:[s,s],s:s}}", "counter", kd_openapi_schema(doc, "SetCounter"), "items",
        schema_about(schema_list(kd_openapi_schema(doc, "MineOne"), 0, 0), "the newest like first"), "next",
        "type", "string", "null", "description", "the cursor of the next page; null: this is the last one");
    schema_add_age(doc, members);
    return schema_object(members, NULL);
}

static json_t *schema_trending(kd_openapi *doc)
{
    json_t *texts = json_array();
    for (uint32_t i = 0; i < KD_TRENDING_WINDOWS; i++)
        json_array_append_new(texts, json_string(kd_trending_windows[i].text));
    json_t *item = schema_object(
        kd_openapi_pack("{s:o, s:o, s:o}", "item", kd_openapi_schema(doc, "Item"), "velocity",
                        schema_about(schema_whole(0), "users whose last operation is a like in the window"),
                        "at_most", schema_about(schema_whole(0), "the exact number is between both")),
        NULL);
    json_t *members = kd_openapi_pack(
        "{s:o, s:o, s:{s:s,s:o}, s:o, s:o, s:o, s:{s:s}}", "collection", kd_openapi_schema(doc, "Collection"),
        "counter", kd_openapi_schema(doc, "SetCounter"), "window", "type", "string", "enum", texts, "items",
        schema_list(item, 0, KD_TRENDING_ITEMS_MAX), "missing_at_most",
        schema_about(schema_whole(0), "no item that is not listed has more"), "since",
        schema_about(kd_openapi_pack("{s:s,s:s}", "type", "string", "format", "date-time"),
                     "no like before it is counted"),
        "complete", "type", "boolean");
    schema_add_age(doc, members);
    return schema_object(members, NULL);
}

static json_t *schema_time(kd_openapi *doc)
{
    (void)doc;
    return schema_object(kd_openapi_pack("{s:o}", "now_us", schema_whole(0)), NULL);
}

static json_t *schema_catalogue(kd_openapi *doc)
{
    json_t *counter =
        schema_object(kd_openapi_pack("{s:{s:s}, s:{s:s,s:i,s:i}, s:{s:s,s:[s,s]}}", "name", "type", "string",
                                      "id", "type", "integer", "minimum", 1, "maximum",
                                      (int)KD_COUNTER_ID_MAX, "kind", "type", "string", "enum", "set", "sum"),
                      NULL);
    return schema_object(kd_openapi_pack("{s:o, s:o}", "collections",
                                         schema_list(kd_openapi_schema(doc, "Collection"), 0, 0), "counters",
                                         schema_list(counter, 0, KD_COUNTERS_MAX)),
                         NULL);
}

/* A text, or null where it is not known. */
static json_t *schema_known(const char *about)
{
    return kd_openapi_pack("{s:[s,s], s:s}", "type", "string", "null", "description", about);
}

static json_t *schema_seeding(void)
{
    json_t *made =
        schema_object(kd_openapi_pack("{s:{s:s,s:i,s:i}, s:{s:s}, s:{s:s,s:i}}", "percent", "type", "integer",
                                      "minimum", 0, "maximum", 100, "from", "type", "string",
                                      "bytes_per_second", "type", "integer", "minimum", 0),
                      NULL);
    return schema_about(schema_or_null(made, true),
                        "the copy that this central makes of another member's; null: it makes none");
}

static json_t *schema_seed_chunk(kd_openapi *doc)
{
    (void)doc;
    return kd_openapi_pack("{s:s, s:s}", "type", "string", "description",
                           "bytes: common/backup/seed_chunk.h draws them");
}

static json_t *schema_members(kd_openapi *doc)
{
    (void)doc;
    json_t *member =
        schema_object(kd_openapi_pack("{s:{s:s}, s:o, s:{s:s}}", "name", "type", "string", "url",
                                      schema_known("null: not known"), "self", "type", "boolean"),
                      NULL);
    json_t *partition = schema_object(
        kd_openapi_pack("{s:{s:s,s:i}, s:o, s:o, s:{s:s}, s:{s:s,s:[s,s,s]}, s:o, s:{s:s}, s:o}", "partition",
                        "type", "integer", "minimum", 0, "leader",
                        schema_known("name; null: nobody has claimed it"), "url",
                        schema_known("of the leader; null: not known"), "epoch", "type", "integer", "role",
                        "type", "string", "enum", "leader", "follower", "none", "state",
                        schema_known("of a follower; null: this central leads"), "records_read", "type",
                        "integer", "seeding", schema_seeding()),
        NULL);
    return schema_object(kd_openapi_pack("{s:o, s:o}", "members", schema_list(member, 1, 0), "partitions",
                                         schema_list(partition, 1, 0)),
                         NULL);
}

static json_t *schema_admin(kd_openapi *doc)
{
    (void)doc;
    return schema_object(
        kd_openapi_pack("{s:{s:s,s:i,s:i}}", "admin_port", "type", "integer", "minimum", 0, "maximum", 65535),
        NULL);
}

static json_t *schema_visitor(kd_openapi *doc)
{
    (void)doc;
    return schema_object(kd_openapi_pack("{s:{s:s,s:s,s:i,s:i}, s:{s:s,s:s,s:i,s:i}, s:{s:s,s:s}}", "visitor",
                                         "type", "string", "pattern", "^visitor~", "minLength", KD_VISITOR_ID,
                                         "maxLength", KD_VISITOR_ID, "token", "type", "string", "pattern",
                                         "^kudos-visitor~", "minLength", KD_VISITOR_TEXT, "maxLength",
                                         KD_VISITOR_TEXT, "expires_at", "type", "string", "format",
                                         "date-time"),
                         NULL);
}

static json_t *schema_problem(kd_openapi *doc)
{
    char type[64];
    json_t *types = json_array();
    json_t *part = kd_openapi_pack("{s:{s:s,s:i}, s:o}", "partition", "type", "integer", "minimum", 0,
                                   "leader", schema_known("URL; null: not known"));
    json_t *elsewhere = schema_about(schema_list(schema_object(part, NULL), 0, 0),
                                     "misdirected: partitions that this central does not answer for");
    (void)doc;
    for (kd_problem p = 0; p < KD_PROBLEM_COUNT; p++) {
        snprintf(type, sizeof type, "urn:kudos:%s", kd_problem_slug(p));
        json_array_append_new(types, json_string(type));
    }
    return schema_object(
        kd_openapi_pack("{s:{s:s,s:o}, s:{s:s}, s:{s:s}, s:{s:s,s:s}, s:{s:s,s:s}, s:{s:s,s:i,s:s}, s:o}",
                        "type", "type", "string", "enum", types, "title", "type", "string", "status", "type",
                        "integer", "detail", "type", "string", "description", "what is wrong", "field",
                        "type", "string", "description", "the part of the request that is at fault",
                        "retry_after_s", "type", "integer", "minimum", 1, "description",
                        "seconds after which it may be tried again", "elsewhere", elsewhere),
        " detail field retry_after_s elsewhere ");
}

static json_t *schema_openapi(kd_openapi *doc)
{
    (void)doc;
    return kd_openapi_pack("{s:s, s:[s,s,s]}", "type", "object", "required", "openapi", "info", "paths");
}

static json_t *schema_events(kd_openapi *doc)
{
    (void)doc;
    return schema_about(kd_openapi_pack("{s:s}", "type", "string"),
                        "Server-sent events: state, change and bye; docs/api.md, Live numbers. The data of "
                        "the first two is {\"items\": [...]} with "
                        "entries as of CountsForList.");
}

/* A snapshot record (common/wire/wire_snapshot.c). Some tools for OpenAPI 3.1 take no prefixItems, so the order of its fields is told in words. */
static json_t *schema_record(kd_openapi *doc)
{
    static const char about[] =
        "A snapshot record in MessagePack: schema (1), record (3), kind (2: the answer to a read), "
        "partition, "
        "epoch, version, previous (the same version), made_us, low_watermark_us, stable_us, part (0), parts "
        "(1): integers; chain: earlier epochs and the last version of each; edges: name, incarnation, "
        "sequence, digest and watermark of what is merged of each; counts: bytes. What may follow begins "
        "with "
        "the indices of the edges that are retired. docs/asyncapi.yaml tells all of it (Snapshot)";
    (void)doc;
    return kd_openapi_pack("{s:s, s:s, s:i, s:{s:s}}", "description", about, "type", "array", "minItems", 15,
                           "items", "description", "an integer, a list, or bytes");
}

static json_t *schema_lines(kd_openapi *doc)
{
    (void)doc;
    return kd_openapi_pack("{s:s, s:s}", "type", "string", "description",
                           "lines of counter, item, user, stamp in us, region, with tabs between");
}

static const struct {
    const char *name;
    json_t *(*make)(kd_openapi *doc);
} schemas[] = {
    {"Collection", schema_collection},
    {"Id", schema_id},
    {"Item", schema_item},
    {"SetCounter", schema_set_counter},
    {"SumCounter", schema_sum_counter},
    {"AnyCounter", schema_any_counter},
    {"DisplayForm", schema_display_form},
    {"AsOf", schema_as_of},
    {"Source", schema_source},
    {"Number", schema_number},
    {"NumberLacking", schema_number_lacking},
    {"NumberMoving", schema_number_moving},
    {"NumberParts", schema_number_parts},
    {"Nothing", schema_nothing},
    {"Amount", schema_amount},
    {"Operation", schema_operation},
    {"Operations", schema_operations},
    {"Items", schema_items},
    {"AskCounts", schema_ask_counts},
    {"AskLiked", schema_ask_liked},
    {"AskAmong", schema_ask_among},
    {"AskWithout", schema_ask_without},
    {"Said", schema_said},
    {"Added", schema_added},
    {"Refused", schema_refused},
    {"Result", schema_result},
    {"Results", schema_results},
    {"Counts", schema_counts},
    {"CountsEach", schema_counts_each},
    {"CountsFor", schema_counts_for},
    {"CountsWithout", schema_counts_without},
    {"CountsForList", schema_counts_for_list},
    {"CountsForMe", schema_counts_for_me},
    {"CountsForMeList", schema_counts_for_me_list},
    {"CountsList", schema_counts_list},
    {"Liked", schema_liked},
    {"LikedList", schema_liked_list},
    {"Count", schema_count_alone},
    {"Display", schema_display},
    {"DisplayList", schema_display_list},
    {"Liker", schema_liker},
    {"Likers", schema_likers},
    {"Among", schema_among},
    {"MineOne", schema_mine_one},
    {"Mine", schema_mine},
    {"Trending", schema_trending},
    {"Time", schema_time},
    {"Catalogue", schema_catalogue},
    {"Members", schema_members},
    {"Admin", schema_admin},
    {"Visitor", schema_visitor},
    {"Problem", schema_problem},
    {"OpenApi", schema_openapi},
    {"Events", schema_events},
    {"Record", schema_record},
    {"Lines", schema_lines},
    {"SeedChunk", schema_seed_chunk},
};

json_t *kd_openapi_schema(kd_openapi *doc, const char *name)
{
    char ref[64];
    size_t i = 0;
    while (i < KD_COUNT(schemas) && strcmp(schemas[i].name, name) != 0) i++;
    KD_ASSERT(i < KD_COUNT(schemas));
    if (!json_object_get(doc->schemas, name)) {
        json_t *made = schemas[i].make(doc);
        json_object_set_new(doc->schemas, name, made);
    }
    snprintf(ref, sizeof ref, "#/components/schemas/%s", name);
    return kd_openapi_pack("{s:s}", "$ref", ref);
}
