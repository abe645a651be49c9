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

/* The certificate in use stays when the new one is wrong. */
static void reload_certificate(kd_http_tls *tls)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    if (tls == NULL) return;
    if (kd_http_tls_reload(tls, error, sizeof(error)) == KD_OK)
        KD_LOG(KD_INFO, "certificate-reloaded");
    else
        KD_LOG(KD_ERROR, "certificate-kept", KD_STR("cause", error));
}

static void reload_keys(kd_record_keys *keys)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    if (keys == NULL) return;
    if (kd_record_keys_reload(keys, error, sizeof(error)) == KD_OK)
        KD_LOG(KD_INFO, "keys-reloaded");
    else
        KD_LOG(KD_ERROR, "keys-kept", KD_STR("cause", error));
}

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
    reload_certificate(r->tls);
    reload_keys(r->keys);
    kd_notify("READY=1");
}
