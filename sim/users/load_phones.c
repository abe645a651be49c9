/*
 * load_phones.c - the worker of `--phones`: likes as browsers and apps send them that keep a connection.
 *
 * A connection belongs to one user for some likes, then to the next one. The user's token or name enters the connection's table of fields (HPACK) with the
 * first like and is one byte in those that follow. nghttp2 cannot send that: it never lets Authorization enter a table. So the frames are our own.
 *
 * Closed loop. Answers are told from each other by their number alone: one that is no 200 is an error, whichever it was, and what it was an answer to is
 * not known. A latency is that of the oldest request, since answers come nearly in the order of requests.
 */
#include <event2/bufferevent.h>
#include <netdb.h>
#include <stdlib.h>

#include "common/io/http/client/http_client_url.h"
#include "common/io/loop/clock.h"
#include "sim/client/frames.h"
#include "sim/users/load.h"

typedef struct phones phones;

typedef struct {
    phones *all;
    struct bufferevent *link;
    sim_load_ops ops;
    sim_load_request request; /* the last one */
    sim_frame_reader in;
    kd_buf block, out;
    uint64_t *began_us; /* a ring of plan->streams: when the n-th request began */
    uint32_t sent, answered;
    bool exhausted, greeted;
} phone;

struct phones {
    const sim_load_plan *plan;
    sim_load_result *result;
    kd_client_url url;
    struct event_base *base;
    phone *at;
    uint64_t start_us, end_us, last_us;
    int error;
};

/* ---- requests ---- */

/* The fields of a user: the older one is the second in the table. */
static void phone_show_user(phone *p, const sim_load_request *r)
{
    sim_hpack_insert_named(&p->block, SIM_HPACK_AUTHORITY, kd_bytes_str(p->all->url.authority));
    if (r->token.len > 0)
        sim_hpack_insert_named(&p->block, SIM_HPACK_AUTHORIZATION, r->token);
    else
        sim_hpack_insert(&p->block, "x-user-id", kd_bytes_of(r->user, r->user_len));
}

static void phone_write(phone *p)
{
    const sim_load_request *r = &p->request;
    kd_buf_clear(&p->block);
    sim_hpack_indexed(&p->block, SIM_HPACK_POST);
    sim_hpack_indexed(&p->block, SIM_HPACK_HTTP);
    sim_hpack_named(&p->block, SIM_HPACK_PATH, kd_bytes_of(r->path, r->path_len));
    if (p->sent % p->all->plan->phones == 0) {
        phone_show_user(p, r);
    } else {
        sim_hpack_indexed(&p->block, SIM_HPACK_NEWEST + 1);
        sim_hpack_indexed(&p->block, SIM_HPACK_NEWEST);
    }
    sim_frame_put(&p->out, SIM_FRAME_HEADERS, SIM_FRAME_END_HEADERS | SIM_FRAME_END_STREAM, 2 * p->sent + 1,
                  kd_buf_view(&p->block));
}

/* Requests up to the number of streams, while there is time. */
static void phone_fill(phone *p, uint64_t now_us)
{
    phones *all = p->all;
    const sim_load_plan *plan = all->plan;
    while (now_us < all->end_us && !p->exhausted && p->sent - p->answered < plan->streams) {
        p->exhausted = !sim_load_ops_next(&p->ops, &p->request);
        if (p->exhausted) break;
        phone_write(p);
        p->began_us[p->sent++ % plan->streams] = now_us;
        sim_load_tally_note(&all->result->tally, p->request.item, 1, true);
    }
    if (p->out.len > 0) bufferevent_write(p->link, p->out.data, p->out.len);
    kd_buf_clear(&p->out);
}

/* ---- answers ---- */

static bool phones_busy(const phones *all, uint64_t now_us)
{
    for (uint64_t i = 0; i < all->plan->connections; i++) {
        const phone *p = &all->at[i];
        if (p->sent > p->answered || (now_us < all->end_us && !p->exhausted)) return true;
    }
    return false;
}

static void phones_leave_if_over(phones *all, uint64_t now_us)
{
    if (all->error != KD_OK || !phones_busy(all, now_us)) event_base_loopbreak(all->base);
}

static void phone_count(phone *p, uint64_t now_us)
{
    for (; p->answered < p->in.ended; p->answered++) {
        uint64_t began_us = p->began_us[p->answered % p->all->plan->streams];
        sim_histogram_add(&p->all->result->latency_us, now_us - began_us);
        p->all->last_us = now_us;
    }
}

static void phone_on_read(struct bufferevent *link, void *arg)
{
    phone *p = arg;
    uint8_t bytes[16 * 1024];
    uint64_t now_us = kd_clock_mono_us();
    for (size_t n; (n = bufferevent_read(link, bytes, sizeof bytes)) > 0;)
        sim_frame_read(&p->in, kd_bytes_of(bytes, n));
    if (p->in.goaway) p->all->error = KD_EUNAVAILABLE;
    if (p->in.settings && !p->greeted)
        sim_frame_put(&p->out, SIM_FRAME_SETTINGS, SIM_FRAME_ACK, 0, kd_bytes_of(NULL, 0));
    p->greeted = p->in.settings;
    phone_count(p, now_us);
    phone_fill(p, now_us);
    phones_leave_if_over(p->all, now_us);
}

static void phone_on_event(struct bufferevent *link, short what, void *arg)
{
    phone *p = arg;
    (void)link;
    if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))) return;
    p->all->error = KD_EUNAVAILABLE;
    event_base_loopbreak(p->all->base);
}

/* ---- the run ---- */

static void phone_open(phone *p, phones *all, uint32_t index, const struct addrinfo *to)
{
    const sim_load_plan *plan = all->plan;
    const struct timeval patience = {.tv_sec = (time_t)(plan->deadline_ms / 1000) + 1};
    p->all = all;
    p->began_us = kd_alloc(plan->streams * sizeof *p->began_us);
    sim_load_ops_init(&p->ops, plan, index);
    sim_frame_reader_init(&p->in);
    p->link = bufferevent_socket_new(all->base, -1, BEV_OPT_CLOSE_ON_FREE);
    KD_ASSERT(p->link);
    bufferevent_setcb(p->link, phone_on_read, NULL, phone_on_event, p);
    bufferevent_set_timeouts(p->link, &patience, &patience);
    bufferevent_enable(p->link, EV_READ | EV_WRITE);
    sim_frame_preface(&p->out, SIM_FRAME_WINDOW);
    if (bufferevent_socket_connect(p->link, to->ai_addr, (int)to->ai_addrlen) != 0)
        all->error = KD_EUNAVAILABLE;
    phone_fill(p, all->start_us);
}

/* A request without an answer is an error, and so is one whose answer was no 200. */
static void phone_close(phone *p)
{
    sim_load_result *result = p->all->result;
    uint64_t errors = p->sent - p->answered + p->in.refused;
    result->requests += p->sent;
    result->errors += errors;
    result->likes += p->sent - errors;
    if (p->sent > p->answered && result->first_status == 0) result->first_status = KD_EUNAVAILABLE;
    bufferevent_free(p->link);
    sim_load_ops_finish(&p->ops);
    kd_buf_finish(&p->block);
    kd_buf_finish(&p->out);
    kd_buf_finish(&p->request.body);
    free(p->began_us);
}

static void phones_run(phones *all, uint32_t index, const struct addrinfo *to)
{
    uint64_t count = all->plan->connections;
    all->base = event_base_new();
    all->at = kd_alloc(count * sizeof *all->at);
    KD_ASSERT(all->base);
    all->start_us = all->last_us = kd_clock_mono_us();
    all->end_us = all->start_us + all->plan->seconds * 1000000;
    for (uint32_t i = 0; i < count; i++) phone_open(&all->at[i], all, index * (uint32_t)count + i, to);
    if (all->error == KD_OK) event_base_dispatch(all->base);
    for (uint32_t i = 0; i < count; i++) phone_close(&all->at[i]);
    all->result->elapsed_us = all->last_us - all->start_us;
    free(all->at);
    event_base_free(all->base);
}

int sim_load_phones(const sim_load_plan *plan, uint32_t index, sim_load_result *result)
{
    const struct addrinfo wanted = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *to;
    phones all = {.plan = plan, .result = result};
    if (kd_client_url_parse(&all.url, plan->edge) != KD_OK || all.url.tls) return KD_EINVAL;
    if (getaddrinfo(all.url.host, all.url.port, &wanted, &to) != 0) return KD_EINVAL;
    if (plan->check) sim_load_tally_init(&result->tally, (uint32_t)plan->items);
    phones_run(&all, index, to);
    freeaddrinfo(to);
    return KD_OK;
}
