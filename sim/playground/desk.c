/*
 * desk.c - paths and JSON of the page. Every body is read in full and checked before anything is done; a switch answers with the state that it made.
 */
#include "sim/playground/desk.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/io/loop/clock.h"
#include "common/json/json_reader.h"
#include "common/json/json_writer.h"
#include "sim/playground/assets.h"
#include "sim/playground/guard.h"

enum { TOKEN_S = 30 * 24 * 3600, TAPS_MAX = 256 };

void sim_desk_init(sim_desk *d)
{
    char url[SIM_REGION_URL_MAX];
    size_t len = (size_t)snprintf(d->policy, sizeof d->policy,
                                  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                                  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
                                  "connect-src 'self'");
    for (uint32_t i = 0; i < d->region_count; i++) {
        sim_region_url(d->regions[i].edge, url);
        len += (size_t)snprintf(d->policy + len, sizeof d->policy - len, " %s", url);
    }
    KD_ASSERT(len < sizeof d->policy);
}

/* ---- answers --------------------------------------------------------------------------------------------------- */

static void desk_send(kd_http_request *req, kd_buf *json)
{
    const kd_http_field fields[] = {{"content-type", kd_bytes_str("application/json")},
                                    {"cache-control", kd_bytes_str("no-store")}};
    kd_http_respond(req, 200, fields, KD_COUNT(fields), kd_buf_view(json));
    kd_buf_finish(json);
}

static void desk_wrong(kd_http_request *req, const char *detail)
{
    kd_http_respond_problem(req, KD_PROBLEM_INVALID_REQUEST, detail, NULL, 0);
}

static void desk_put_text(kd_json *j, const char *key, const char *value)
{
    kd_json_put_str(j, key, kd_bytes_str(value));
}

static void desk_put_regions(const sim_desk *d, kd_json *j)
{
    char url[SIM_REGION_URL_MAX];
    kd_json_key(j, "regions");
    kd_json_array(j);
    for (uint32_t i = 0; i < d->region_count; i++) {
        const sim_region *r = &d->regions[i];
        sim_region_url(r->edge, url);
        kd_json_object(j);
        desk_put_text(j, "name", r->name);
        desk_put_text(j, "edge", url);
        desk_put_text(j, "link", sim_link_states[r->state]);
        kd_json_end_object(j);
    }
    kd_json_end_array(j);
}

static void desk_put_truth(const sim_desk *d, kd_json *j)
{
    kd_json_key(j, "truth");
    kd_json_object(j);
    for (uint32_t i = 0; i < SIM_TRUTH_POSTS; i++) {
        sim_oracle_bounds b = sim_truth_count(d->truth, i);
        kd_json_key(j, sim_truth_posts[i]);
        kd_json_object(j);
        kd_json_put_u64(j, "least", b.least);
        kd_json_put_u64(j, "most", b.most);
        kd_json_end_object(j);
    }
    kd_json_end_object(j);
}

static void desk_put_state(const sim_desk *d, kd_json *j)
{
    sim_crowd_counts crowd = sim_crowd_get_counts(d->crowd);
    char run[32];
    snprintf(run, sizeof run, "%llx", (unsigned long long)d->run);
    desk_put_text(j, "run", run);
    desk_put_regions(d, j);
    kd_json_key(j, "central");
    kd_json_object(j);
    desk_put_text(j, "state", sim_central_states[d->central->state]);
    kd_json_put_u64(j, "kills", d->central->kills);
    kd_json_end_object(j);
    kd_json_key(j, "crowd");
    kd_json_object(j);
    kd_json_put_u64(j, "wanted", crowd.wanted);
    kd_json_put_u64(j, "acked", crowd.acked);
    kd_json_end_object(j);
    desk_put_truth(d, j);
}

static void desk_answer_state(const sim_desk *d, kd_http_request *req)
{
    kd_buf out = {0};
    kd_json j = kd_json_of(&out);
    kd_json_object(&j);
    desk_put_state(d, &j);
    kd_json_end_object(&j);
    desk_send(req, &out);
}

/* ---- the page -------------------------------------------------------------------------------------------------- */

static void desk_put_people(const sim_desk *d, kd_json *j)
{
    kd_buf token = {0};
    kd_json_key(j, "people");
    kd_json_array(j);
    for (uint32_t i = 0; i < SIM_TRUTH_PEOPLE; i++) {
        sim_token t = {.sub = sim_truth_people[i],
                       .iss = d->issuer,
                       .aud = d->audience,
                       .made_s = kd_clock_wall_us() / 1000000,
                       .good_s = TOKEN_S};
        kd_buf_clear(&token);
        if (sim_signer_token(d->signer, &t, &token) != KD_OK) kd_buf_clear(&token);
        kd_json_object(j);
        desk_put_text(j, "name", t.sub);
        kd_json_put_str(j, "token", kd_buf_view(&token));
        kd_json_end_object(j);
    }
    kd_json_end_array(j);
    kd_buf_finish(&token);
}

/* All that a page needs to begin: who there is, with tokens, and the state. */
static void desk_answer_setup(const sim_desk *d, kd_http_request *req)
{
    kd_buf out = {0};
    kd_json j = kd_json_of(&out);
    kd_json_object(&j);
    desk_put_people(d, &j);
    kd_json_key(&j, "posts");
    kd_json_array(&j);
    for (uint32_t i = 0; i < SIM_TRUTH_POSTS; i++) kd_json_cstr(&j, sim_truth_posts[i]);
    kd_json_end_array(&j);
    desk_put_state(d, &j);
    kd_json_end_object(&j);
    desk_send(req, &out);
}

static void desk_answer_asset(const sim_desk *d, kd_http_request *req, const sim_asset *a)
{
    const kd_http_field fields[] = {{"content-type", kd_bytes_str(sim_asset_type(a))},
                                    {"cache-control", kd_bytes_str("no-store")},
                                    {"content-security-policy", kd_bytes_str(d->policy)},
                                    {"referrer-policy", kd_bytes_str("no-referrer")}};
    kd_http_respond(req, 200, fields, KD_COUNT(fields), kd_bytes_of(a->begin, (size_t)(a->end - a->begin)));
}

/* ---- switches -------------------------------------------------------------------------------------------------- */

/* Members of a switch; what is absent stays as it was. */
typedef struct {
    kd_bytes region, link, post;
    bool running, has_running;
    uint64_t users;
} desk_order;

static bool desk_read_member(kd_json_in *j, kd_bytes key, desk_order *o)
{
    if (kd_bytes_eq(key, kd_bytes_str("region"))) return kd_json_in_str(j, &o->region);
    if (kd_bytes_eq(key, kd_bytes_str("link"))) return kd_json_in_str(j, &o->link);
    if (kd_bytes_eq(key, kd_bytes_str("post"))) return kd_json_in_str(j, &o->post);
    if (kd_bytes_eq(key, kd_bytes_str("users"))) return kd_json_in_u64(j, &o->users);
    if (kd_bytes_eq(key, kd_bytes_str("running"))) return o->has_running = kd_json_in_bool(j, &o->running);
    return false;
}

/* Views into the body: none of these texts has escapes, since none that is known needs one. */
static bool desk_read_order(kd_bytes body, desk_order *o)
{
    kd_buf scratch = {0};
    kd_json_in j = kd_json_in_of(body, &scratch);
    kd_bytes key;
    bool good = kd_json_in_object(&j);
    while (good && kd_json_in_key(&j, &key)) good = desk_read_member(&j, key, o);
    good = good && kd_json_in_end(&j) && scratch.len == 0;
    kd_buf_finish(&scratch);
    return good;
}

static sim_region *desk_region(const sim_desk *d, kd_bytes name)
{
    for (uint32_t i = 0; i < d->region_count; i++)
        if (kd_bytes_eq(name, kd_bytes_str(d->regions[i].name))) return &d->regions[i];
    return NULL;
}

static void desk_switch_link(sim_desk *d, kd_http_request *req, const desk_order *o)
{
    sim_region *r = desk_region(d, o->region);
    int state = SIM_LINK_OPEN;
    while (sim_link_states[state] && !kd_bytes_eq(o->link, kd_bytes_str(sim_link_states[state]))) state++;
    if (!r || !sim_link_states[state]) {
        desk_wrong(req, "region and link: a region, and open, silent or refused");
        return;
    }
    sim_region_set(r, (sim_link_state)state);
    desk_answer_state(d, req);
}

static void desk_switch_central(sim_desk *d, kd_http_request *req, const desk_order *o)
{
    if (!o->has_running) {
        desk_wrong(req, "running: true or false");
        return;
    }
    if (!o->running)
        sim_keeper_kill(d->central);
    else if (sim_keeper_start(d->central) != KD_OK) {
        kd_http_respond_problem(req, KD_PROBLEM_CENTRAL_UNAVAILABLE, "it cannot be started", NULL, 0);
        return;
    }
    desk_answer_state(d, req);
}

static void desk_switch_crowd(sim_desk *d, kd_http_request *req, const desk_order *o)
{
    int post = sim_truth_post(o->post);
    if (post < 0 || o->users == 0 || o->users > SIM_CROWD_MAX)
        desk_wrong(req, "post and users: a post, and 1 to 1000");
    else if (sim_crowd_send(d->crowd, (uint32_t)post, (uint32_t)o->users) != KD_OK)
        kd_http_respond_problem(req, KD_PROBLEM_OVERLOADED,
                                "the crowd before is still under way, or 200,000 taps were counted", NULL, 5);
    else
        desk_answer_state(d, req);
}

/* ---- taps of the phones ---------------------------------------------------------------------------------------- */

typedef struct {
    sim_truth_tap at[TAPS_MAX];
    uint32_t count;
} desk_taps;

static bool desk_read_tap(const sim_desk *d, kd_json_in *j, sim_truth_tap *tap)
{
    kd_bytes key, text;
    int user = -1, post = -1;
    const sim_region *r = NULL;
    if (!kd_json_in_object(j)) return false;
    while (kd_json_in_key(j, &key)) {
        if (kd_bytes_eq(key, kd_bytes_str("like"))) {
            if (!kd_json_in_bool(j, &tap->like)) return false;
            continue;
        }
        if (!kd_json_in_str(j, &text)) return false;
        if (kd_bytes_eq(key, kd_bytes_str("user"))) user = sim_truth_person(text);
        if (kd_bytes_eq(key, kd_bytes_str("post"))) post = sim_truth_post(text);
        if (kd_bytes_eq(key, kd_bytes_str("region"))) r = desk_region(d, text);
    }
    if (user < 0 || post < 0 || !r) return false;
    tap->user = (uint32_t)user;
    tap->post = (uint32_t)post;
    tap->region = (uint32_t)(r - d->regions);
    return true;
}

static bool desk_read_taps(const sim_desk *d, kd_bytes body, desk_taps *taps)
{
    kd_buf scratch = {0};
    kd_json_in j = kd_json_in_of(body, &scratch);
    bool good = kd_json_in_array(&j);
    while (good && kd_json_in_element(&j))
        good = taps->count < TAPS_MAX && desk_read_tap(d, &j, &taps->at[taps->count++]);
    good = good && kd_json_in_end(&j);
    kd_buf_finish(&scratch);
    return good;
}

/* Taps that a phone is about to send; the answer has a number for each. */
static void desk_tell_asked(sim_desk *d, kd_http_request *req)
{
    desk_taps taps = {.count = 0};
    uint64_t now = kd_clock_mono_us();
    kd_buf out = {0};
    if (!desk_read_taps(d, req->body, &taps)) {
        desk_wrong(req, "taps: at most 256 of user, post, region, like");
        return;
    }
    if (taps.count > sim_truth_room(d->truth)) {
        kd_http_respond_problem(req, KD_PROBLEM_OVERLOADED, "200,000 taps were counted: start the demo anew",
                                NULL, 0);
        return;
    }
    kd_json j = kd_json_of(&out);
    kd_json_array(&j);
    for (uint32_t i = 0; i < taps.count; i++) kd_json_i64(&j, sim_truth_asked(d->truth, &taps.at[i], now));
    kd_json_end_array(&j);
    desk_send(req, &out);
}

typedef enum { DESK_AGAIN, DESK_TAKEN, DESK_REFUSED } desk_news;

static void desk_note(const sim_desk *d, uint64_t tap, desk_news news, uint64_t now_us)
{
    if (news == DESK_AGAIN)
        sim_truth_again(d->truth, tap, now_us);
    else
        sim_truth_answered(d->truth, tap, news == DESK_TAKEN, now_us);
}

/* What became of taps, by their numbers. Numbers that there are not, or of taps that are over, change nothing. */
static void desk_tell(sim_desk *d, kd_http_request *req, desk_news news)
{
    kd_buf scratch = {0};
    kd_json_in j = kd_json_in_of(req->body, &scratch);
    uint64_t taps[TAPS_MAX], now = kd_clock_mono_us();
    uint32_t count = 0;
    bool good = kd_json_in_array(&j);
    while (good && kd_json_in_element(&j)) good = count < TAPS_MAX && kd_json_in_u64(&j, &taps[count++]);
    good = good && kd_json_in_end(&j);
    kd_buf_finish(&scratch);
    if (!good) {
        desk_wrong(req, "numbers of taps, at most 256");
        return;
    }
    for (uint32_t i = 0; i < count; i++) desk_note(d, taps[i], news, now);
    desk_answer_state(d, req);
}

/* ---- paths ----------------------------------------------------------------------------------------------------- */

static bool desk_at(const kd_http_request *req, const char *path)
{
    return kd_bytes_eq(req->path, kd_bytes_str(path));
}

static void desk_get(const sim_desk *d, kd_http_request *req)
{
    const sim_asset *a = sim_asset_find(req->path);
    if (a)
        desk_answer_asset(d, req, a);
    else if (desk_at(req, "/api/setup"))
        desk_answer_setup(d, req);
    else if (desk_at(req, "/api/state"))
        desk_answer_state(d, req);
    else
        kd_http_respond_problem(req, KD_PROBLEM_NOT_FOUND, NULL, NULL, 0);
}

static void desk_post_switch(sim_desk *d, kd_http_request *req)
{
    desk_order o = {0};
    if (!desk_read_order(req->body, &o))
        desk_wrong(req, "an object of region, link, running, post, users");
    else if (desk_at(req, "/api/link"))
        desk_switch_link(d, req, &o);
    else if (desk_at(req, "/api/central"))
        desk_switch_central(d, req, &o);
    else if (desk_at(req, "/api/crowd"))
        desk_switch_crowd(d, req, &o);
    else
        kd_http_respond_problem(req, KD_PROBLEM_NOT_FOUND, NULL, NULL, 0);
}

static void desk_post(sim_desk *d, kd_http_request *req)
{
    if (desk_at(req, "/api/taps/asked"))
        desk_tell_asked(d, req);
    else if (desk_at(req, "/api/taps/again"))
        desk_tell(d, req, DESK_AGAIN);
    else if (desk_at(req, "/api/taps/taken"))
        desk_tell(d, req, DESK_TAKEN);
    else if (desk_at(req, "/api/taps/refused"))
        desk_tell(d, req, DESK_REFUSED);
    else
        desk_post_switch(d, req);
}

void sim_desk_handle(kd_http_request *req, void *arg)
{
    sim_desk *d = arg;
    sim_guard_request q = {.writes = req->method == KD_HTTP_POST};
    kd_http_request_header(req, "host", &q.host);
    kd_http_request_header(req, "origin", &q.origin);
    kd_http_request_header(req, "content-type", &q.content_type);
    const char *fault = sim_guard_fault(&q);
    if (fault)
        kd_http_respond_problem(req, KD_PROBLEM_FORBIDDEN, fault, NULL, 0);
    else if (q.writes)
        desk_post(d, req);
    else if (req->method == KD_HTTP_GET || req->method == KD_HTTP_HEAD)
        desk_get(d, req);
    else
        kd_http_respond_wrong_method(req, "GET, HEAD, POST");
}
