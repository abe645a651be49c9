/* objects_s3.c - see the header. */
#include "central/io/backup/objects_s3.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/backup/s3_xml.h"
#include "common/base/text.h"
#include "common/io/s3/s3_client.h"

enum {
    PAGE_MAX = 4 * 1024 * 1024,
    KEY_MAX = KD_OBJECT_PREFIX_MAX + KD_OBJECT_NAME_MAX,
    ENCODED_MAX = 3 * KEY_MAX
};

typedef struct {
    kd_s3 *s3;
    const char *address;
    kd_object_place place;
} objects_s3;

static int objects_ask(const objects_s3 *o, const char *method, const char *name, kd_bytes body, size_t max,
                       kd_buf *out, char *error)
{
    char key[KEY_MAX];
    snprintf(key, sizeof key, "%s%s", o->place.prefix, name);
    const kd_s3_request q = {.method = method, .key = key, .query = "", .body = body, .max = max};
    return kd_s3_ask(o->s3, &q, out, error);
}

static int objects_s3_put(void *arg, const char *name, kd_bytes body, char *error)
{
    kd_buf said = {0};
    int err = objects_ask(arg, "PUT", name, body, 0, &said, error);
    kd_buf_finish(&said);
    return err;
}

static int objects_s3_get(void *arg, const char *name, size_t max, kd_buf *body, char *error)
{
    return objects_ask(arg, "GET", name, kd_bytes_of(NULL, 0), max, body, error);
}

static int objects_s3_remove(void *arg, const char *name, char *error)
{
    kd_buf said = {0};
    int err = objects_ask(arg, "DELETE", name, kd_bytes_of(NULL, 0), 0, &said, error);
    kd_buf_finish(&said);
    return err == KD_ENOTFOUND ? KD_OK : err;
}

/* ---- lists ---- */

typedef struct {
    const objects_s3 *objects;
    char folder[KEY_MAX]; /* with the prefix */
    char last[KEY_MAX];   /* the key at which the next page begins; empty: the first page */
    const kd_object_each *each;
} objects_walk;

/* Our keys are of unreserved characters and slashes. */
static void objects_put_encoded(char *out, size_t size, const char *key)
{
    size_t len = 0;
    for (; *key != '\0' && len + 4 < size; key++) {
        if (*key == '/')
            len += (size_t)snprintf(out + len, size - len, "%%2F");
        else
            out[len++] = *key;
    }
    out[len] = '\0';
}

/* "2026-01-02T03:04:05.000Z" as seconds since 1970; -1: it is none. */
static int64_t objects_time(kd_bytes text)
{
    char copy[32];
    struct tm tm = {.tm_year = 0};
    if (text.len >= sizeof copy) return -1;
    snprintf(copy, sizeof copy, "%.*s", KD_PRINT(text));
    return strptime(copy, "%Y-%m-%dT%H:%M:%S", &tm) ? (int64_t)timegm(&tm) : -1;
}

static int objects_no_list(const objects_walk *w, char *error)
{
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%.300s: a list that makes no sense: is this a server of S3?",
             w->objects->address);
    return KD_EMALFORMED;
}

/* Keys have to ascend: a server that shows a page twice would be asked for ever. */
static int objects_take(objects_walk *w, kd_bytes content, char *error)
{
    const kd_bytes key = kd_s3_xml_text(content, "Key");
    const size_t folder = strlen(w->folder);
    const int64_t put_at = objects_time(kd_s3_xml_text(content, "LastModified"));
    const int64_t now = kd_s3_server_time(w->objects->s3);
    if (key.len < folder || key.len >= sizeof w->last || memcmp(key.data, w->folder, folder) != 0 ||
        kd_bytes_cmp(key, kd_bytes_str(w->last)) <= 0 || put_at < 0 || now <= 0)
        return objects_no_list(w, error);
    snprintf(w->last, sizeof w->last, "%.*s", KD_PRINT(key));
    const kd_object_seen seen = {.name = kd_bytes_of(key.data + folder, key.len - folder),
                                 .age_s = now > put_at ? now - put_at : 0};
    return w->each->call(w->each->arg, &seen, error);
}

/* What is not listed counts as not there, and may be pruned: a page that is cut short, or is something else, must not pass for a list. */
static int objects_read_page(objects_walk *w, kd_bytes page, bool *more, char *error)
{
    kd_bytes left, content;
    if (!kd_s3_xml_root(page, "ListBucketResult", &left)) return objects_no_list(w, error);
    const kd_bytes truncated = kd_s3_xml_text(left, "IsTruncated");
    *more = kd_bytes_eq(truncated, kd_bytes_str("true"));
    if (!*more && !kd_bytes_eq(truncated, kd_bytes_str("false"))) return objects_no_list(w, error);
    bool any = false;
    int err = KD_OK;
    while (err == KD_OK && kd_s3_xml_next(&left, "Contents", &content)) {
        any = true;
        err = objects_take(w, content, error);
    }
    return err == KD_OK && *more && !any ? objects_no_list(w, error) : err;
}

static int objects_page(objects_walk *w, kd_buf *page, bool *more, char *error)
{
    char query[2 * ENCODED_MAX + 64], folder[ENCODED_MAX], last[ENCODED_MAX];
    objects_put_encoded(folder, sizeof folder, w->folder);
    objects_put_encoded(last, sizeof last, w->last);
    snprintf(query, sizeof query, "list-type=2&max-keys=1000&prefix=%s%s%s", folder,
             *last ? "&start-after=" : "", last);
    const kd_s3_request q = {.method = "GET", .key = "", .query = query, .max = PAGE_MAX};
    int err = kd_s3_ask(w->objects->s3, &q, page, error);
    return err == KD_OK ? objects_read_page(w, kd_buf_view(page), more, error) : err;
}

static int objects_s3_list(void *arg, const char *folder, const kd_object_each *each, char *error)
{
    const objects_s3 *o = arg;
    objects_walk w = {.objects = o, .each = each};
    kd_buf page = {0};
    bool more = true;
    int err = KD_OK;
    snprintf(w.folder, sizeof w.folder, "%s%s", o->place.prefix, folder);
    while (err == KD_OK && more) err = objects_page(&w, &page, &more, error);
    kd_buf_finish(&page);
    return err == KD_ENOTFOUND ? KD_EINVAL : err; /* no bucket */
}

/* ---- the store ---- */

static uint64_t objects_s3_sent_bytes(const void *arg)
{
    const objects_s3 *o = arg;
    return kd_s3_get_stats(o->s3).sent_bytes;
}

static void objects_s3_close(void *arg)
{
    objects_s3 *o = arg;
    kd_s3_destroy(o->s3);
    free(o);
}

static const kd_objects_backend objects_s3_backend = {.put = objects_s3_put,
                                                      .get = objects_s3_get,
                                                      .remove = objects_s3_remove,
                                                      .list = objects_s3_list,
                                                      .sent_bytes = objects_s3_sent_bytes,
                                                      .close = objects_s3_close};

static int objects_s3_create(objects_s3 *o, const kd_objects_options *options, char *error)
{
    const kd_central_settings *s = options->settings;
    const kd_s3_config config = {.endpoint = s->backup_endpoint,
                                 .region = s->backup_region,
                                 .bucket = o->place.bucket,
                                 .path_style = s->backup_path_style,
                                 .key_file = s->backup_key_file,
                                 .ca_file = s->backup_ca_file,
                                 .bandwidth = s->backup_bandwidth,
                                 .timeout_us = s->backup_timeout_us,
                                 .go_on = options->go_on,
                                 .arg = options->arg};
    o->address = options->address;
    if (kd_object_place_parse(&o->place, o->address) == KD_OK) return kd_s3_create(&o->s3, &config, error);
    snprintf(error, KD_OPTIONS_ERROR_MAX,
             "%.300s is no address of an object store: s3://BUCKET/PREFIX, of [a-z0-9.-] and [A-Za-z0-9._/-]",
             o->address);
    return KD_EINVAL;
}

int kd_objects_s3_open(const kd_objects_options *options, const kd_objects_backend **backend, void **arg,
                       char *error)
{
    objects_s3 *o = kd_alloc(sizeof *o);
    int err = objects_s3_create(o, options, error);
    *backend = &objects_s3_backend;
    *arg = o;
    if (err != KD_OK) free(o);
    return err;
}
