/*
 * Questions to several centrals, over real sockets: two servers here play members of central, each leads the partitions of its parity. The loop waits for
 * answers and never for a time, and a watchdog ends a test that hangs.
 */
#include <criterion/criterion.h>
#include <event2/event.h>

#include "common/io/http/server/http_server.h"
#include "common/json/json_reader.h"
#include "edge/io/shard/turn.c"
#include "edge/io/upstream/ask.c"
#include "edge/io/upstream/ask_members.c"
#include "edge/io/upstream/ask_parts.c"
#include "edge/io/upstream/central_links.c"
#include "edge/io/upstream/central_urls.c"
#include "edge/io/upstream/upstream.c"

enum { MEMBERS = 2, PARTITIONS = 16, ITEMS = 40, WATCHDOG_S = 20 };

typedef struct {
    kd_http_server *server;
    char url[64];
    uint32_t parity;
    enum { SERVES, SILENT, REFUSES, LIES, USELESS } mood;
    int status; /* of a useless one */
    const char *says;
    uint32_t asked, answered, elsewhere;
    kd_http_request *held[64]; /* what a silent one keeps */
    uint32_t held_count;
} member;

static member members[MEMBERS];
static kd_loop *loop;
static kd_settings settings;
static kd_shard_base base;
static kd_asker asker;
static kd_central_urls urls;
static char names[ITEMS][16];
static kd_item items[ITEMS];
static kd_bytes keys[ITEMS];
static kd_central_liked answers[ITEMS];
static struct event *watchdog;

static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    cr_assert_fail("took too long");
}

/* ---- a member ---- */

static bool leads(const member *m, uint32_t partition)
{
    return partition % 2 == m->parity;
}

static void member_answer_elsewhere(member *m, kd_http_request *req, const uint32_t *partitions, uint32_t n)
{
    char body[4096] = "{\"type\":\"urn:kudos:misdirected\",\"elsewhere\":[";
    const char *leader = m->mood == LIES ? "http://192.0.2.1:1" : members[m == &members[0]].url;
    for (uint32_t i = 0; i < n; i++)
        snprintf(body + strlen(body), sizeof body - strlen(body), "%s{\"partition\":%u,\"leader\":\"%s\"}",
                 i > 0 ? "," : "", partitions[i], leader);
    snprintf(body + strlen(body), sizeof body - strlen(body), "]}");
    m->elsewhere++;
    kd_http_respond(req, 421, NULL, 0, kd_bytes_str(body));
}

/* The items of a lookup; all partitions that it does not lead refuse. */
static void member_lookup(member *m, kd_http_request *req)
{
    kd_buf scratch = {0}, out = {0};
    kd_json_in j = kd_json_in_of(req->body, &scratch);
    kd_bytes key, text;
    uint32_t elsewhere[ITEMS], n = 0;
    kd_buf_put(&out, "{\"items\":[", 10);
    cr_assert(kd_json_in_object(&j));
    while (kd_json_in_key(&j, &key)) {
        if (!kd_bytes_eq(key, kd_bytes_str("items"))) {
            kd_json_in_skip(&j);
            continue;
        }
        kd_json_in_array(&j);
        while (kd_json_in_element(&j)) {
            kd_item item;
            cr_assert(kd_json_in_str(&j, &text) && kd_item_parse(&item, text) == KD_OK);
            uint32_t partition = kd_partition(kd_item_key(&item), PARTITIONS);
            if (!leads(m, partition)) elsewhere[n++] = partition;
            const char *liked = out.len > 10 ? ",{\"liked\":true}" : "{\"liked\":true}";
            kd_buf_put(&out, liked, strlen(liked));
        }
    }
    kd_buf_put(&out, "]}", 2);
    if (n > 0) {
        member_answer_elsewhere(m, req, elsewhere, n);
    } else {
        m->answered++;
        kd_http_respond(req, 200, NULL, 0, kd_buf_view(&out));
    }
    kd_buf_finish(&scratch);
    kd_buf_finish(&out);
}

static void member_handle(kd_http_request *req, void *arg)
{
    member *m = arg;
    m->asked++;
    if (kd_bytes_eq(req->path, kd_bytes_str("/v1/time"))) {
        kd_http_respond(req, 200, NULL, 0, kd_bytes_str("{\"now_us\":1}"));
    } else if (m->mood == SILENT) {
        m->held[m->held_count++ % KD_COUNT(m->held)] = req;
    } else if (m->mood == REFUSES) {
        kd_http_respond(req, 503, NULL, 0, kd_bytes_str("{}"));
    } else if (m->mood == USELESS) {
        kd_http_respond(req, m->status, NULL, 0, kd_bytes_str(m->says));
    } else if (req->method == KD_HTTP_POST) {
        member_lookup(m, req);
    } else { /* GET /v1/posts/N/like */
        kd_item item;
        size_t len = req->path.len - strlen("/v1/") - strlen("/like");
        cr_assert_eq(kd_item_parse(&item, kd_bytes_of(req->path.data + 4, len)), KD_OK);
        uint32_t partition = kd_partition(kd_item_key(&item), PARTITIONS);
        if (leads(m, partition) && m->mood != LIES) {
            m->answered++;
            kd_http_respond(req, 200, NULL, 0, kd_bytes_str("{\"liked\":true}"));
        } else {
            member_answer_elsewhere(m, req, &partition, 1);
        }
    }
}

static void member_listen(member *m, uint32_t parity)
{
    kd_http_config config;
    char error[256];
    kd_http_config_init(&config);
    m->parity = parity;
    cr_assert_eq(kd_http_server_create(&m->server, kd_loop_base(loop), &config, member_handle, m), KD_OK);
    cr_assert_eq(kd_http_server_listen(m->server, "127.0.0.1", 0, true, error, sizeof error), KD_OK, "%s",
                 error);
    snprintf(m->url, sizeof m->url, "http://127.0.0.1:%u", kd_http_server_port(m->server));
}

static void member_stop(member *m)
{
    for (uint32_t i = 0; i < KD_MIN(m->held_count, (uint32_t)KD_COUNT(m->held)); i++)
        kd_http_respond(m->held[i], 503, NULL, 0, kd_bytes_str("{}"));
    m->held_count = 0;
    kd_http_server_destroy(m->server);
    m->server = NULL;
}

/* ---- the edge ---- */

static void take_urls(const char *one, const char *other)
{
    char *list[2] = {(char *)(uintptr_t)one, (char *)(uintptr_t)other};
    const kd_strings strings = {list, other ? 2 : 1};
    kd_central_urls_take(&urls, &strings);
}

static void make_items(void)
{
    for (uint32_t i = 0; i < ITEMS; i++) {
        snprintf(names[i], sizeof names[i], "posts/%u", i);
        cr_assert_eq(kd_item_parse(&items[i], kd_bytes_str(names[i])), KD_OK);
        keys[i] = kd_item_key(&items[i]);
    }
}

static void begin(void)
{
    char error[KD_OPTIONS_ERROR_MAX];
    cr_assert_eq(kd_loop_create(&loop, "test"), KD_OK);
    for (uint32_t i = 0; i < MEMBERS; i++) member_listen(&members[i], i);
    settings = (kd_settings){
        .partitions = PARTITIONS, .read_deadline_us = 2000000, .central_connections = 1, .asks_max = 1000};
    base = (kd_shard_base){.shards = 1, .settings = &settings, .loop = loop, .random = 1};
    make_items();
    take_urls(members[0].url, members[1].url);
    cr_assert_eq(kd_asker_init(&asker, &base, &urls, error), KD_OK, "%s", error);
    watchdog = event_new(kd_loop_base(loop), -1, EV_TIMEOUT, on_watchdog, NULL);
    event_add(watchdog, &(struct timeval){.tv_sec = WATCHDOG_S});
}

static void end(void)
{
    kd_asker_finish(&asker);
    for (uint32_t i = 0; i < MEMBERS; i++) member_stop(&members[i]);
    event_free(watchdog);
    kd_central_urls_finish(&urls);
    kd_loop_destroy(loop);
}

TestSuite(upstream, .init = begin, .fini = end);

static void on_members(kd_members_wait *wait)
{
    (void)wait;
    event_base_loopbreak(kd_loop_base(loop));
}

/* Asks about items from..from+n, and waits; how many were told. */
static uint32_t told(uint32_t from, uint32_t n)
{
    const kd_trace trace = {.known = false};
    kd_members_wait wait = {.items = keys + from, .answers = answers, .count = n, .fn = on_members};
    int err = kd_ask_members(&asker, "like", kd_bytes_str("ada"), (kd_ask_for){.client = 1, .trace = &trace},
                             &wait);
    uint32_t known = 0;
    if (err != KD_OK) return 0;
    event_base_loop(kd_loop_base(loop), EVLOOP_NO_EXIT_ON_EMPTY);
    for (uint32_t i = 0; i < n; i++) known += answers[i].liked == KD_LIKED_YES;
    cr_expect_eq(asker.open, 0u, "nothing is under way any more");
    return known;
}

Test(upstream, a_lookup_is_parted_among_those_who_lead)
{
    cr_expect_eq(told(0, ITEMS), ITEMS);
    uint32_t elsewhere = members[0].elsewhere + members[1].elsewhere;
    cr_expect_leq(elsewhere, 3u);
    cr_expect_eq(told(0, ITEMS), ITEMS);
    cr_expect_eq(members[0].elsewhere + members[1].elsewhere, elsewhere,
                 "the second time it is known who leads what");
    cr_expect_geq(members[0].answered, 2u);
    cr_expect_geq(members[1].answered, 2u);
}

Test(upstream, one_item_is_asked_of_its_leader_who_is_found_once)
{
    for (uint32_t i = 0; i < ITEMS; i++) cr_expect_eq(told(i, 1), 1u);
    uint32_t elsewhere = members[0].elsewhere + members[1].elsewhere;
    cr_expect_leq(elsewhere, (uint32_t)PARTITIONS);
    for (uint32_t i = 0; i < ITEMS; i++) cr_expect_eq(told(i, 1), 1u);
    cr_expect_eq(members[0].elsewhere + members[1].elsewhere, elsewhere);
}

Test(upstream, partitions_that_moved_are_found_again)
{
    cr_expect_eq(told(0, ITEMS), ITEMS);
    members[0].parity = 1, members[1].parity = 0;
    cr_expect_eq(told(0, ITEMS), ITEMS);
    members[1].parity = 1;
    for (uint32_t i = 0; i < ITEMS; i++) /* each of the others names the other */
        if (kd_partition(keys[i], PARTITIONS) % 2 == 0) cr_expect_eq(told(i, 1), 0u);
    cr_expect_leq(members[0].asked + members[1].asked, 4u * ITEMS, "nobody is asked for ever");
}

Test(upstream, a_url_that_was_not_configured_is_asked_nothing)
{
    members[0].mood = LIES;
    for (uint32_t i = 0; i < ITEMS; i++)
        if (leads(&members[0], kd_partition(keys[i], PARTITIONS))) cr_expect_eq(told(i, 1), 0u);
    cr_expect_eq(asker.upstream.links.urls.count, 2u);
    cr_expect_eq(kd_http_client_get_stats(asker.upstream.links.at[0]).failures, 0u);
}

Test(upstream, one_that_is_silent_costs_no_answer_that_the_other_can_give)
{
    settings.read_deadline_us = 600000;
    for (uint32_t i = 0; i < ITEMS; i++)
        if (leads(&members[1], kd_partition(keys[i], PARTITIONS))) {
            members[0].mood = SILENT;
            cr_expect_eq(told(i, 1), 1u, "the other one is asked while there is time");
            break;
        }
}

Test(upstream, one_that_refuses_is_passed_over_at_once)
{
    members[0].mood = REFUSES;
    for (uint32_t i = 0; i < ITEMS; i++)
        if (leads(&members[1], kd_partition(keys[i], PARTITIONS))) cr_expect_eq(told(i, 1), 1u);
    cr_expect_eq(asker.upstream.links.centrals.used, 1u);
}

Test(upstream, one_that_is_gone_is_left_and_the_other_answers_at_once)
{
    member_stop(&members[0]);
    for (uint32_t i = 0; i < ITEMS; i++)
        if (leads(&members[1], kd_partition(keys[i], PARTITIONS))) cr_expect_eq(told(i, 1), 1u);
    cr_expect(asker.upstream.links.centrals.at[0].left);
    cr_expect_leq(kd_http_client_get_stats(asker.upstream.links.at[0]).requests, 4u, "it, and its probes");
}

Test(upstream, when_all_are_gone_nobody_waits)
{
    for (uint32_t i = 0; i < MEMBERS; i++) member_stop(&members[i]);
    told(0, 1);
    uint64_t begun_us = kd_clock_mono_us();
    for (uint32_t i = 0; i < 100; i++) cr_expect_eq(told(i % ITEMS, 1), 0u);
    cr_expect_lt(kd_clock_mono_us() - begun_us, settings.read_deadline_us,
                 "a hundred in less than one deadline");
}

Test(upstream, one_whose_answers_are_useless_is_left_and_the_other_answers_at_once)
{
    const struct {
        int status;
        const char *says;
    } useless[] = {{401, "{\"type\":\"urn:kudos:unauthorized\"}"},
                   {404, "<html>"},
                   {307, ""},
                   {200, "{}"},
                   {200, "<html>"}};
    uint32_t i = 0;
    while (!leads(&members[1], kd_partition(keys[i], PARTITIONS))) i++;
    for (size_t n = 0; n < KD_COUNT(useless); n++) {
        take_urls(members[1].url, NULL);
        kd_upstream_replace(&asker.upstream, &urls); /* forgets all of the other one */
        take_urls(members[1].url, members[0].url);
        kd_upstream_replace(&asker.upstream, &urls);
        uint32_t slot = kd_central_urls_find(&urls, kd_bytes_str(members[0].url));
        asker.upstream.links.centrals.used = slot;
        kd_centrals_led(&asker.upstream.links.centrals, kd_partition(keys[i], PARTITIONS), slot);
        members[0].mood = USELESS, members[0].status = useless[n].status, members[0].says = useless[n].says;
        cr_expect_eq(told(i, 1), 1u, "%d %s", useless[n].status, useless[n].says);
        cr_expect(asker.upstream.links.centrals.at[slot].left);
        cr_expect_eq(asker.upstream.links.useless[slot], 1u);
    }
}

Test(upstream, what_a_central_says_of_the_question_is_its_answer_and_nobody_else_is_asked)
{
    members[0].mood = USELESS, members[0].status = 404,
    members[0].says = "{\"type\":\"urn:kudos:not-found\"}";
    cr_expect_eq(told(0, 1), 0u);
    cr_expect_eq(members[1].asked, 0u);
    cr_expect_not(asker.upstream.links.centrals.at[0].left);
}

static void replace_in_the_same_slot(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    take_urls(members[1].url, "http://127.0.0.1:1");
    kd_upstream_replace(&asker.upstream, &urls);
}

static void replace_while_asked(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what, (void)arg;
    take_urls(members[1].url, NULL);
    kd_upstream_replace(&asker.upstream, &urls);
}

Test(upstream, a_question_to_a_url_that_is_taken_out_goes_to_the_next)
{
    members[0].mood = SILENT;
    for (uint32_t i = 0; i < ITEMS; i++) {
        if (!leads(&members[1], kd_partition(keys[i], PARTITIONS))) continue;
        event_base_once(kd_loop_base(loop), -1, EV_TIMEOUT, replace_while_asked, NULL,
                        &(struct timeval){.tv_usec = 50000});
        uint64_t begun_us = kd_clock_mono_us();
        cr_expect_eq(told(i, 1), 1u);
        cr_expect_lt(kd_clock_mono_us() - begun_us, settings.read_deadline_us / 2, "at once");
        break;
    }
    cr_expect_eq(asker.upstream.links.urls.count, 1u);
}

Test(upstream, the_end_of_a_url_that_was_taken_out_is_no_fault_of_the_one_in_its_place)
{
    members[0].mood = SILENT;
    uint32_t i = 0;
    while (!leads(&members[1], kd_partition(keys[i], PARTITIONS))) i++;
    event_base_once(kd_loop_base(loop), -1, EV_TIMEOUT, replace_in_the_same_slot, NULL,
                    &(struct timeval){.tv_usec = 50000});
    cr_expect_eq(told(i, 1), 1u);
    cr_assert_str_eq(asker.upstream.links.urls.at[0], "http://127.0.0.1:1");
    cr_expect_not(asker.upstream.links.centrals.at[0].left);
}
