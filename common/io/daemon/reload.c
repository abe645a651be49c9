/* reload.c - see the header. */
#include "common/io/daemon/reload.h"

#include "common/io/loop/log.h"
#include "common/io/loop/signals.h"

static void reload_refuse(const char *section, const char *key, const char *name, const char *cause)
{
    KD_LOG(KD_ERROR, "reload-refused", KD_STR("section", section), KD_STR("key", key), KD_STR("name", name),
           KD_STR("cause", cause));
}

bool kd_reload_list(const char *section, const char *key, kd_strings *mine, const kd_strings *fresh)
{
    const char *lacks = kd_strings_lacks(fresh, mine);
    uint32_t before = mine->count;
    if (lacks != NULL) {
        reload_refuse(section, key, lacks,
                      "a name is only taken out of this list by a restart; the old list stays");
        return false;
    }
    kd_strings_append(mine, fresh);
    return mine->count > before;
}

bool kd_reload_counters(kd_counters *mine, const kd_counters *fresh)
{
    const kd_counter *lacks = kd_counters_lacks(fresh, mine);
    uint32_t before = mine->count;
    if (lacks != NULL) {
        reload_refuse("counters", lacks->name, lacks->name,
                      "a counter is only taken away, or given another number or kind, by a restart; the old "
                      "counters stay");
        return false;
    }
    kd_counters_append(mine, fresh);
    return mine->count > before;
}

/* ---- files ---- */

static int reload_take_tls(const kd_reload_file *file, char *error)
{
    return kd_http_tls_reload(file->content, error, KD_OPTIONS_ERROR_MAX);
}

kd_reload_file kd_reload_tls(kd_http_tls *tls, kd_metric *stale)
{
    return (kd_reload_file){.option = "http.tls_certificate",
                            .content = tls,
                            .take = reload_take_tls,
                            .taken = "certificate-reloaded",
                            .kept = "certificate-kept",
                            .stale = stale};
}

static int reload_take_keys(const kd_reload_file *file, char *error)
{
    return kd_key_file_reload(file->content, error, KD_OPTIONS_ERROR_MAX);
}

kd_reload_file kd_reload_keys(const char *option, kd_key_file *keys, kd_metric *stale)
{
    return (kd_reload_file){.option = option,
                            .content = keys,
                            .take = reload_take_keys,
                            .taken = "keys-reloaded",
                            .kept = "keys-kept",
                            .stale = stale};
}

static int reload_take_tokens(const kd_reload_file *file, char *error)
{
    return kd_tokens_read(file->content, file->option, file->path, error);
}

kd_reload_file kd_reload_tokens(const char *option, const char *path, kd_tokens *tokens, kd_metric *stale)
{
    return (kd_reload_file){.option = option,
                            .path = path,
                            .content = path ? tokens : NULL,
                            .take = reload_take_tokens,
                            .taken = "tokens-reloaded",
                            .kept = "tokens-kept",
                            .stale = stale};
}

static void reload_file(const kd_reload_file *file)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    if (file->content == NULL) return;
    int err = file->take(file, error);
    kd_metric_set(file->stale, err != KD_OK);
    if (err == KD_OK)
        KD_LOG(KD_INFO, file->taken, KD_STR("file", file->option));
    else
        KD_LOG(KD_ERROR, file->kept, KD_STR("file", file->option), KD_STR("cause", error));
}

/* ---- all of it ---- */

void kd_reload_run(const kd_reload *r)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    kd_notify_reloading();
    int err = kd_command_reload(r->command, r->options, r->fresh, error);
    bool loaded = err == KD_OK;
    if (loaded) err = r->check(r->fresh, error);
    if (err == KD_OK)
        r->take_over(r->arg, r->fresh);
    else
        KD_LOG(KD_ERROR, "reload-refused", KD_STR("cause", error));
    if (loaded) kd_options_finish(r->options, r->fresh);
    for (size_t i = 0; i < r->file_count; i++) reload_file(&r->files[i]);
    kd_notify("READY=1");
}
