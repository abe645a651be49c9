/* api_standing.c - see the header. */
#include "central/io/api/api_standing.h"

#include "central/io/api/read.h"

enum { STANDING_NAMES_MAX = 64 }; /* leaders that one answer names */

/* How this central stands to a partition; copied on the worker's thread. */
struct kd_api_standing {
    bool held, follows;
    kd_follows state;
    uint64_t epoch, records;
    uint8_t leader_len;
    char leader[KD_NAME_MAX];
};

static int standing_find(kd_api_read *r, kd_tenure *t, kd_api_read_item *item)
{
    kd_following f;
    struct kd_api_standing *s = &r->standings[item->partition];
    s->held = kd_tenure_held(t);
    if (!s->held) return KD_OK;
    kd_central_get_following(t->core, &f);
    kd_bytes leader = f.follows ? f.leader : f.name;
    s->follows = f.follows;
    s->state = f.state;
    s->epoch = f.follows ? f.leader_epoch : kd_central_epoch(t->core);
    s->records = f.ours.read;
    s->leader_len = (uint8_t)KD_MIN(leader.len, sizeof s->leader);
    if (s->leader_len > 0) memcpy(s->leader, leader.data, s->leader_len);
    return KD_OK;
}

static kd_bytes standing_leader(const struct kd_api_standing *s)
{
    return kd_bytes_of(s->leader, s->leader_len);
}

static void standing_put_known(kd_json *j, const char *key, bool known, kd_bytes text)
{
    kd_json_key(j, key);
    if (known)
        kd_json_str(j, text);
    else
        kd_json_null(j);
}

/* The URL of a member: that of a partition that it leads. */
static bool standing_url(const kd_api_read *r, kd_bytes name, kd_buf *url)
{
    const kd_api_leaders *l = &r->api->leaders;
    kd_buf_clear(url);
    if (kd_bytes_eq(name, kd_bytes_str(r->api->settings->name))) {
        if (l->self) kd_buf_put(url, l->self, strlen(l->self));
        return l->self != NULL;
    }
    for (uint32_t i = 0; i < r->count; i++)
        if (kd_bytes_eq(standing_leader(&r->standings[i]), name)) return kd_api_leaders_find(l, i, url);
    return false;
}

static void standing_write_member(kd_json *j, const kd_api_read *r, kd_bytes name, kd_buf *url)
{
    bool known = standing_url(r, name, url);
    kd_json_object(j);
    kd_json_put_str(j, "name", name);
    standing_put_known(j, "url", known, kd_buf_view(url));
    kd_json_key(j, "self");
    kd_json_bool(j, kd_bytes_eq(name, kd_bytes_str(r->api->settings->name)));
    kd_json_end_object(j);
}

static bool standing_named(const kd_bytes *names, uint32_t n, kd_bytes name)
{
    for (uint32_t i = 0; i < n; i++)
        if (kd_bytes_eq(names[i], name)) return true;
    return false;
}

/* This central, then each that leads a partition. */
static void standing_write_members(kd_json *j, const kd_api_read *r, kd_buf *url)
{
    kd_bytes names[STANDING_NAMES_MAX] = {kd_bytes_str(r->api->settings->name)};
    uint32_t n = 1;
    for (uint32_t i = 0; i < r->count && n < STANDING_NAMES_MAX; i++) {
        kd_bytes name = standing_leader(&r->standings[i]);
        if (name.len > 0 && !standing_named(names, n, name)) names[n++] = name;
    }
    kd_json_key(j, "members");
    kd_json_array(j);
    for (uint32_t i = 0; i < n; i++) standing_write_member(j, r, names[i], url);
    kd_json_end_array(j);
}

static void standing_write_seeding(kd_json *j, const kd_api_read *r, uint32_t partition)
{
    kd_seed_progress p;
    const kd_members_seeding *s = &r->api->seeding;
    kd_json_key(j, "seeding");
    if (!s->progress || !s->progress(s->arg, partition, &p)) {
        kd_json_null(j);
        return;
    }
    kd_json_object(j);
    kd_json_put_u64(j, "percent", p.percent);
    kd_json_put_str(j, "from", kd_bytes_str(p.from));
    kd_json_put_u64(j, "bytes_per_second", p.rate);
    kd_json_end_object(j);
}

static void standing_write_partition(kd_json *j, const kd_api_read *r, uint32_t partition, kd_buf *url)
{
    const struct kd_api_standing *s = &r->standings[partition];
    bool leads = s->held && !s->follows;
    bool known = leads ? standing_url(r, standing_leader(s), url)
                       : kd_api_leaders_find(&r->api->leaders, partition, url);
    kd_json_object(j);
    kd_json_put_u64(j, "partition", partition);
    standing_put_known(j, "leader", s->leader_len > 0, standing_leader(s));
    standing_put_known(j, "url", known, kd_buf_view(url));
    kd_json_put_u64(j, "epoch", s->epoch);
    kd_json_put_str(j, "role", kd_bytes_str(leads ? "leader" : s->held ? "follower" : "none"));
    standing_put_known(j, "state", s->follows, kd_bytes_str(kd_follows_name(s->state)));
    kd_json_put_u64(j, "records_read", s->records);
    standing_write_seeding(j, r, partition);
    kd_json_end_object(j);
}

static void standing_answer(kd_api_read *r)
{
    kd_json j = kd_api_read_writer(r);
    kd_buf url = {0};
    kd_json_object(&j);
    standing_write_members(&j, r, &url);
    kd_json_key(&j, "partitions");
    kd_json_array(&j);
    for (uint32_t i = 0; i < r->count; i++) standing_write_partition(&j, r, i, &url);
    kd_json_end_array(&j);
    kd_json_end_object(&j);
    kd_buf_finish(&url);
    kd_api_read_answer(r);
}

void kd_api_standing(kd_api *api, kd_http_request *req)
{
    kd_api_read *r = kd_api_read_create(api, req, NULL, (uint32_t)api->settings->partitions);
    if (!r) return;
    r->standings = kd_http_request_alloc(req, sizeof *r->standings * r->count);
    r->about = true;
    r->work = standing_find;
    r->answer = standing_answer;
    kd_api_read_start(r);
}
