/* leaders.c - see the header. */
#include "central/io/api/leaders.h"

bool kd_api_leaders_find(const kd_api_leaders *l, uint32_t partition, kd_buf *url)
{
    bool known = l->leader && l->leader(l->arg, partition, url) && url->len > 0;
    return known && !(l->self && kd_bytes_eq(kd_buf_view(url), kd_bytes_str(l->self)));
}

void kd_api_leaders_redirect(kd_http_request *req, kd_bytes url)
{
    kd_buf location = {0};
    kd_buf_put(&location, url.data, url.len);
    while (location.len > 0 && location.data[location.len - 1] == '/') location.len--;
    kd_buf_put(&location, req->path.data, req->path.len);
    if (req->query.len > 0) kd_buf_put_u8(&location, '?');
    kd_buf_put(&location, req->query.data, req->query.len);
    const kd_http_field fields[] = {{"location", kd_buf_view(&location)},
                                    {"cache-control", kd_bytes_str("no-store")}};
    kd_http_respond(req, 307, fields, KD_COUNT(fields), kd_bytes_of(NULL, 0));
    kd_buf_finish(&location);
}

typedef struct {
    const kd_api_leaders *leaders;
    const uint32_t *partitions;
    uint32_t count;
    kd_buf url;    /* scratch */
    kd_buf common; /* the leader of all so far */
    bool one;      /* all have the same, which is known */
} leaders_list;

static void leaders_note(leaders_list *list, uint32_t i, bool known)
{
    if (i == 0 && known) kd_buf_put(&list->common, list->url.data, list->url.len);
    if (i == 0) list->one = known;
    list->one = list->one && known && kd_bytes_eq(kd_buf_view(&list->url), kd_buf_view(&list->common));
}

/* The member "elsewhere" of the problem. */
static void leaders_write(void *arg, kd_json *j)
{
    leaders_list *list = arg;
    kd_json_key(j, "elsewhere");
    kd_json_array(j);
    for (uint32_t i = 0; i < list->count; i++) {
        bool known = kd_api_leaders_find(list->leaders, list->partitions[i], &list->url);
        leaders_note(list, i, known);
        kd_json_object(j);
        kd_json_put_u64(j, "partition", list->partitions[i]);
        kd_json_key(j, "leader");
        if (known)
            kd_json_str(j, kd_buf_view(&list->url));
        else
            kd_json_null(j);
        kd_json_end_object(j);
    }
    kd_json_end_array(j);
}

void kd_api_leaders_misdirected(const kd_api_leaders *l, kd_http_request *req, const uint32_t *partitions,
                                uint32_t count)
{
    leaders_list list = {l, partitions, KD_MIN(count, (uint32_t)KD_ELSEWHERE_MAX), {0}, {0}, false};
    kd_buf body = {0};
    kd_media media = kd_http_request_media(req);
    kd_json j = kd_media_writer(media, &body);
    kd_problem_write_text(&j, &(kd_problem_text){.status = kd_problem_status(KD_PROBLEM_MISDIRECTED),
                                                 .slug = kd_problem_slug(KD_PROBLEM_MISDIRECTED),
                                                 .title = kd_problem_title(KD_PROBLEM_MISDIRECTED),
                                                 .detail = "this central does not lead what is asked for, or "
                                                           "does not hold all of it",
                                                 .more = leaders_write,
                                                 .arg = &list});
    const kd_http_field fields[] = {{"content-type", kd_bytes_str(kd_media_problem_type(media))},
                                    {"cache-control", kd_bytes_str("no-store")},
                                    {"kudos-leader", kd_buf_view(&list.common)}};
    kd_http_respond(req, 421, fields, list.one ? 3 : 2, kd_buf_view(&body));
    kd_buf_finish(&body);
    kd_buf_finish(&list.url);
    kd_buf_finish(&list.common);
}
