/* reload.c - see the header. */
#include "common/io/daemon/reload.h"

#include "common/io/loop/log.h"

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

void kd_reload_tls(kd_http_tls *tls)
{
    char error[KD_OPTIONS_ERROR_MAX] = "";
    if (tls == NULL) return;
    if (kd_http_tls_reload(tls, error, sizeof(error)) == KD_OK)
        KD_LOG(KD_INFO, "certificate-reloaded");
    else
        KD_LOG(KD_ERROR, "certificate-kept", KD_STR("cause", error));
}
