/* gate.c - see the header. */
#include "edge/io/http/gate.h"

#include "common/json/json_writer.h"
#include "edge/io/http/auth.h"

#define SECOND_US ((uint64_t)1000000)

static kd_bytes gate_address(const kd_http_request *req)
{
    return kd_bytes_of(&req->client, sizeof req->client);
}

void kd_gate_open(kd_gate *g, kd_shard *s, const kd_bearer *who, const kd_http_request *req)
{
    g->user = who->user;
    if (who->visitor) g->address = gate_address(req);
    if (!kd_auth_unlimited(who) && kd_rate_rules_any(&s->limits->rules))
        g->limits = kd_shard_limits_hold(s->limits);
}

void kd_gate_close(kd_gate *g)
{
    kd_shard_limits_release(g->limits);
    g->limits = NULL;
}

static const kd_limit *gate_limit(const kd_gate *g, uint32_t index)
{
    return kd_rate_rules_of(&g->limits->rules, kd_key_collection(g->item(g, index)));
}

/* Of visitors at one address; NULL: a user asks. */
static const kd_limit *gate_address_limit(const kd_gate *g)
{
    return g->address.len > 0 ? &g->limits->rules.address : NULL;
}

/* Who is counted under a limit. */
static kd_bytes gate_name(const kd_gate *g, const kd_limit *limit)
{
    const kd_rate_rules *rules = &g->limits->rules;
    return limit == &rules->address || limit == &rules->visitors ? g->address : g->user;
}

/* The key of who is counted under the limit, of which the answer will tell. */
static uint64_t gate_tell(kd_gate *g, const kd_shard *s, const kd_limit *limit)
{
    if (limit->rule.count == 0) return 0; /* nobody is counted */
    for (uint32_t i = 0; i < g->told_count; i++)
        if (g->told[i].limit == limit) return g->told[i].key;
    uint64_t key = kd_limiter_key(s->app->limiter, limit, gate_name(g, limit));
    if (g->told_count < KD_GATE_TOLD) g->told[g->told_count++] = (kd_gate_told){limit, key};
    return key;
}

static kd_rate_answer gate_take(kd_gate *g, kd_shard *s, const kd_limit *limit, uint32_t want,
                                uint64_t now_us)
{
    return kd_limiter_take(s->app->limiter, limit, gate_tell(g, s, limit), want, now_us);
}

/* Of operations from `from` on: how many have the same limit. */
static uint32_t gate_run(const kd_gate *g, uint32_t from, uint32_t end, const kd_limit *limit)
{
    uint32_t n = 1;
    if (g->limits->rules.count == 0) return end - from;
    while (from + n < end && gate_limit(g, from + n) == limit) n++;
    return n;
}

/* ---- velocity ---- */

static kd_rate_answer gate_pace(const kd_gate *g, kd_shard *s, kd_fast_kind kind, kd_bytes name,
                                uint32_t count)
{
    const kd_rate_rules *rules = &g->limits->rules;
    const kd_limiter_pace pace = {.limit = kind == KD_FAST_USER ? &rules->fast_user : &rules->fast_item,
                                  .kind = kind,
                                  .name = name,
                                  .count = count,
                                  .refuse = rules->refuse_fast,
                                  .mono_us = g->at_us,
                                  .wall_us = kd_clock_at_us(s->base.clock, g->at_us)};
    kd_rate_answer answer = kd_limiter_pace_take(s->app->limiter, &pace);
    kd_metric_add(kind == KD_FAST_USER ? &s->base.metrics.fast_users : &s->base.metrics.fast_items,
                  count - answer.fits);
    return answer;
}

static uint32_t gate_cut(kd_gate *g, uint32_t fits, uint64_t wait_us, const char *detail)
{
    g->wait_us = wait_us;
    g->detail = detail;
    return fits;
}

static uint32_t gate_pace_user(kd_gate *g, kd_shard *s, uint32_t end)
{
    const kd_rate_rules *rules = &g->limits->rules;
    if (rules->fast_user.rule.count == 0) return end;
    kd_rate_answer answer = gate_pace(g, s, KD_FAST_USER, g->user, end);
    if (!rules->refuse_fast || answer.fits == end) return end;
    return gate_cut(g, answer.fits, answer.wait_us, "velocity: operations of this user come too fast");
}

static uint32_t gate_pace_items(kd_gate *g, kd_shard *s, uint32_t end)
{
    const kd_rate_rules *rules = &g->limits->rules;
    if (rules->fast_item.rule.count == 0) return end;
    for (uint32_t i = 0; i < end; i++) {
        kd_rate_answer answer = gate_pace(g, s, KD_FAST_ITEM, g->item(g, i), 1);
        if (rules->refuse_fast && answer.fits == 0)
            return gate_cut(g, i, answer.wait_us, "velocity: operations on this item come too fast");
    }
    return end;
}

/* ---- limits ---- */

/* Before the limits of the visitor itself: what those refuse is given back here. */
static uint32_t gate_limit_address(kd_gate *g, kd_shard *s, uint32_t end, kd_metric **requests,
                                   kd_metric **ops)
{
    kd_edge_metrics *m = &s->base.metrics;
    const kd_limit *limit = gate_address_limit(g);
    if (!limit || limit->rule.count == 0 || end == 0) return end;
    kd_rate_answer answer = gate_take(g, s, limit, end, g->at_us);
    if (answer.fits == end) return end;
    *requests = &m->limited_address;
    *ops = &m->limited_ops_address;
    return gate_cut(g, answer.fits, answer.wait_us,
                    "visitors at this address have done as much as the limit allows");
}

static uint32_t gate_limits(kd_gate *g, kd_shard *s, uint32_t end, kd_metric **requests, kd_metric **ops)
{
    kd_edge_metrics *m = &s->base.metrics;
    for (uint32_t i = 0, n; i < end; i += n) {
        const kd_limit *limit = gate_limit(g, i);
        n = gate_run(g, i, end, limit);
        if (limit->rule.count == 0) continue;
        kd_rate_answer answer = gate_take(g, s, limit, n, g->at_us);
        if (answer.fits == n) continue;
        bool whole = limit == &g->limits->rules.user;
        *requests = whole ? &m->limited_user : &m->limited_collection;
        *ops = whole ? &m->limited_ops_user : &m->limited_ops_collection;
        return gate_cut(g, i + answer.fits, answer.wait_us,
                        whole ? "this user has done as much as the limit allows"
                              : "this user has done as much as the limit of the collection allows");
    }
    return end;
}

/* Operations that were counted under a limit do not count; or, of a request that counted nothing, they do. `limit` NULL: there is none. */
static void gate_correct(kd_gate *g, kd_shard *s, const kd_limit *limit, uint32_t n)
{
    if (!limit || limit->rule.count == 0) return;
    uint64_t key = gate_tell(g, s, limit);
    if (g->at_us > 0)
        kd_limiter_give_back(s->app->limiter, limit, key, n, g->at_us);
    else
        kd_limiter_add(s->app->limiter, limit, key, n, kd_clock_mono_us());
}

uint32_t kd_gate_ask(kd_gate *g, kd_shard *s, uint64_t now_us)
{
    g->fits = g->count;
    if (!g->limits) return g->fits;
    kd_metric *requests = &s->base.metrics.limited_velocity, *ops = &s->base.metrics.limited_ops_velocity;
    g->at_us = now_us;
    g->fits = gate_pace_user(g, s, g->fits);
    g->fits = gate_pace_items(g, s, g->fits);
    uint32_t at_address = gate_limit_address(g, s, g->fits, &requests, &ops);
    g->fits = gate_limits(g, s, at_address, &requests, &ops);
    if (g->fits < at_address) gate_correct(g, s, gate_address_limit(g), at_address - g->fits);
    if (g->fits == g->count) return g->fits;
    kd_metric_add(requests, 1);
    kd_metric_add(ops, g->count - g->fits);
    return g->fits;
}

/* Until one more operation fits, as things stand now. */
static uint64_t gate_wait_us(kd_gate *g, kd_shard *s, const kd_limit *limit)
{
    return limit ? gate_take(g, s, limit, 0, kd_clock_mono_us()).wait_us : 0;
}

/* The wait is that of the first operation that did not fit. */
uint32_t kd_gate_again(kd_gate *g, kd_shard *s, uint32_t fits)
{
    g->fits = fits > 0 ? KD_MIN(fits, g->count) : g->count;
    g->detail = "this operation did not fit a limit when the request came first: it needs a new key";
    if (!g->limits) return g->fits;
    const kd_limit *address = gate_address_limit(g);
    if (address) gate_tell(g, s, address);
    for (uint32_t i = 0; i < g->count; i++) gate_tell(g, s, gate_limit(g, i));
    if (g->fits == g->count) return g->fits;
    g->wait_us = KD_MAX(gate_wait_us(g, s, address), gate_wait_us(g, s, gate_limit(g, g->fits)));
    return g->fits;
}

void kd_gate_settle(kd_gate *g, kd_shard *s)
{
    for (uint32_t i = 0; g->limits && i < g->fits; i++) {
        if ((g->at_us > 0) == g->counts(g, i)) continue;
        gate_correct(g, s, gate_address_limit(g), 1);
        gate_correct(g, s, gate_limit(g, i), 1);
    }
}

bool kd_gate_visitor(kd_gate *g, kd_shard *s, const kd_http_request *req)
{
    const kd_limit *limit = &s->limits->rules.visitors;
    g->limits = kd_shard_limits_hold(s->limits);
    g->address = gate_address(req);
    kd_rate_answer answer = gate_take(g, s, limit, 1, kd_clock_mono_us());
    gate_cut(g, answer.fits, answer.wait_us, "this address was given as many visitors as the limit allows");
    return answer.fits > 0;
}

/* ---- the answer ---- */

static char *gate_put(char *at, const char *text, size_t len)
{
    memcpy(at, text, len);
    return at + len;
}

static char *gate_put_number(char *at, const char *name, uint64_t value)
{
    at = gate_put(at, name, strlen(name));
    return at + kd_decimal(value, at);
}

static uint64_t gate_seconds(uint64_t us)
{
    return (us + SECOND_US - 1) / SECOND_US;
}

/* "user";r=50;t=30 for each window. Shorter than the policy's text and its numbers, as no number of r or t is longer. */
static size_t gate_say(kd_shard_limits *limits)
{
    const kd_limit *limit = limits->said.limit;
    char *at = limits->said.text;
    for (uint32_t i = 0; i < limit->rule.count; i++) {
        if (i > 0) at = gate_put(at, ", ", 2);
        at = gate_put(at, limit->label[i], strlen(limit->label[i]));
        at = gate_put_number(at, ";r=", limits->said.left[i]);
        at = gate_put_number(at, ";t=", limits->said.more_s[i]);
    }
    KD_ASSERT(at <= limits->said.text + sizeof limits->said.text);
    return (size_t)(at - limits->said.text);
}

/* Answers that leave together mostly tell the same of a user: the text is made once. */
static char *gate_put_state(char *at, kd_shard *s, const kd_gate *g, const kd_gate_told *told,
                            uint64_t now_us)
{
    const kd_limit *limit = told->limit;
    kd_rate_answer answer = kd_limiter_take(s->app->limiter, limit, told->key, 0, now_us);
    kd_shard_limits *limits = g->limits;
    bool same = limits->said.limit == limit;
    limits->said.limit = limit;
    for (uint32_t i = 0; i < limit->rule.count; i++) {
        uint64_t left = answer.at[i].left, more_s = gate_seconds(answer.at[i].more_us);
        same = same && limits->said.left[i] == left && limits->said.more_s[i] == more_s;
        limits->said.left[i] = left;
        limits->said.more_s[i] = more_s;
    }
    if (!same) limits->said.len = gate_say(limits);
    return gate_put(at, limits->said.text, limits->said.len);
}

size_t kd_gate_fields(const kd_gate *g, kd_shard *s, uint64_t now_us, kd_gate_text *text,
                      kd_http_field out[KD_GATE_FIELDS])
{
    if (!g->limits || g->told_count == 0) return 0;
    char *policy = text->policy, *state = text->state;
    for (uint32_t i = 0; i < g->told_count; i++) {
        if (i > 0) policy = gate_put(policy, ", ", 2), state = gate_put(state, ", ", 2);
        const kd_limit *limit = g->told[i].limit;
        policy = gate_put(policy, limit->policy, strlen(limit->policy));
        state = gate_put_state(state, s, g, &g->told[i], now_us);
    }
    KD_ASSERT(policy <= text->policy + KD_GATE_TEXT && state <= text->state + KD_GATE_TEXT);
    out[0] = (kd_http_field){"ratelimit-policy", kd_bytes_of(text->policy, (size_t)(policy - text->policy))};
    out[1] = (kd_http_field){"ratelimit", kd_bytes_of(text->state, (size_t)(state - text->state))};
    return KD_GATE_FIELDS;
}

uint32_t kd_gate_retry_after(const kd_gate *g)
{
    return (uint32_t)KD_MAX(gate_seconds(g->wait_us), (uint64_t)1);
}

void kd_gate_write_error(const kd_gate *g, kd_json *j)
{
    kd_problem_write(j, KD_PROBLEM_RATE_LIMITED, g->detail, NULL, kd_gate_retry_after(g));
}

void kd_gate_refuse(kd_gate *g, kd_shard *s, kd_http_request *req)
{
    kd_gate_text text;
    kd_http_field fields[KD_GATE_FIELDS];
    size_t n = kd_gate_fields(g, s, kd_clock_mono_us(), &text, fields);
    kd_gate_close(g);
    kd_http_respond_problem_with(req, KD_PROBLEM_RATE_LIMITED, g->detail, NULL, kd_gate_retry_after(g),
                                 fields, n);
}
