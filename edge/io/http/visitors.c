/* visitors.c - see the header. */
#include "edge/io/http/visitors.h"

#include "common/api/body.h"
#include "common/base/display.h"
#include "edge/io/http/answer.h"
#include "edge/io/http/auth.h"
#include "edge/io/http/gate.h"

static bool visitors_refuse(kd_refusal *why, const char *detail)
{
    *why = (kd_refusal){.problem = KD_PROBLEM_FORBIDDEN, .detail = detail};
    return false;
}

/* Whether the request may be answered with a token, and for whom: the visitor that shows one (*shown), else a new one. False with *why filled. */
static bool visitors_asks(kd_shard *s, kd_http_request *req, kd_visitor *v, bool *shown, kd_refusal *why)
{
    kd_bearer who = {.visitor = NULL};
    if (!s->visitors.keys || s->limits->visitor_counters.count == 0) {
        kd_metric_add(&s->base.metrics.visitors_off, 1);
        return visitors_refuse(why, "there are no visitors here: no counter takes any");
    }
    kd_bytes key;
    kd_bearer_end end = kd_auth_token(s, req, &who, why);
    if (end == KD_BEARER_REFUSED || !kd_auth_key(req, &key, why) ||
        !kd_body_read_amount(req->body, &s->text, NULL, why))
        return false;
    if (end == KD_BEARER_GOOD && !who.visitor) return visitors_refuse(why, "this token is one of a user");
    *shown = end == KD_BEARER_GOOD;
    if (*shown) memcpy(v->pseudonym, who.visitor->pseudonym, sizeof v->pseudonym);
    return true;
}

static void visitors_answer(kd_shard *s, kd_http_request *req, const kd_visitor *v,
                            const kd_http_field *fields, size_t n)
{
    char id[KD_VISITOR_ID], token[KD_VISITOR_TEXT + 1], time[KD_TIME_MS_MAX];
    kd_json j = kd_answer_writer(req, &s->out);
    kd_visitor_id(v, id);
    kd_visitor_gate_sign(&s->visitors, v, token);
    kd_json_object(&j);
    kd_json_put_str(&j, "visitor", kd_bytes_of(id, KD_VISITOR_ID));
    kd_json_put_str(&j, "token", kd_bytes_of(token, KD_VISITOR_TEXT));
    size_t len = kd_display_time_ms(v->good_until_s * 1000000, time);
    kd_json_put_str(&j, "expires_at", kd_bytes_of(time, len));
    kd_json_end_object(&j);
    kd_answer_body(req, kd_buf_view(&s->out), fields, n);
}

void kd_visitors_post(kd_shard *s, kd_http_request *req)
{
    kd_visitor v = {.good_until_s = kd_clock_wall_us() / 1000000 + s->limits->visitor_token_ttl_s};
    kd_refusal why;
    kd_gate gate = {.count = 1};
    kd_http_field fields[KD_GATE_FIELDS];
    kd_gate_text text;
    bool shown;
    kd_http_charge(req, 1, true);
    if (!visitors_asks(s, req, &v, &shown, &why)) {
        kd_answer_refusal(req, &why);
        return;
    }
    if (!shown && !kd_gate_visitor(&gate, s, req)) {
        kd_metric_add(&s->base.metrics.visitors_limited, 1);
        kd_gate_refuse(&gate, s, req);
        return;
    }
    if (!shown) kd_visitor_draw(&v);
    kd_metric_add(shown ? &s->base.metrics.visitors_renewed : &s->base.metrics.visitors_new, 1);
    size_t n = kd_gate_fields(&gate, s, kd_clock_mono_us(), &text, fields);
    kd_gate_close(&gate);
    visitors_answer(s, req, &v, fields, n);
}
