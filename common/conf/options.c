/*
 * options.c - from texts to a program's configuration.
 *
 * Loading gathers settings first and parses values last: a setting is (option, key, value, source and line), and an override replaces the setting of
 * the same key. Invariants of the gathered list: every setting belongs to an option of the table; no two have the same option and key; a whole
 * section has at most KD_OPTIONS_LIST_MAX keys, so the quadratic search for duplicates stays small however large the file is.
 */
#include "common/conf/ini.h"
#include "common/conf/options_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    const kd_option *option;
    kd_bytes key, value;
    const char *source; /* the file, "--set", or "default" */
    uint32_t line;      /* 0: the source has no lines */
} setting;

typedef struct {
    const kd_options *options;
    const kd_options_input *input;
    setting *at;
    size_t count;
    uint32_t cap;
    char *error;
} gathering;

const kd_option *kd_options_find(const kd_options *options, kd_bytes section, kd_bytes key)
{
    for (size_t i = 0; i < options->count; i++) {
        const kd_option *o = &options->at[i];
        if (!kd_bytes_eq(section, kd_bytes_str(o->section))) continue;
        if (kd_option_is_section(o) || kd_bytes_eq(key, kd_bytes_str(o->key))) return o;
    }
    return NULL;
}

/* Writes "file:line: " in front of a message. Returns KD_EINVAL. */
__attribute__((format(printf, 4, 5))) static int options_refuse(gathering *g, const char *source,
                                                                uint32_t line, const char *format, ...)
{
    char where[16] = "";
    if (line > 0) snprintf(where, sizeof where, ":%u", line);
    int len = snprintf(g->error, KD_OPTIONS_ERROR_MAX, "%.300s%s: ", source, where);
    va_list args;
    va_start(args, format);
    vsnprintf(g->error + len, KD_OPTIONS_ERROR_MAX - (size_t)len, format, args);
    va_end(args);
    return KD_EINVAL;
}

static setting *find_setting(gathering *g, const kd_option *option, kd_bytes key)
{
    for (size_t i = 0; i < g->count; i++)
        if (g->at[i].option == option && kd_bytes_eq(g->at[i].key, key)) return &g->at[i];
    return NULL;
}

static size_t count_settings(const gathering *g, const kd_option *option)
{
    size_t count = 0;
    for (size_t i = 0; i < g->count; i++) count += g->at[i].option == option;
    return count;
}

static int add_setting(gathering *g, setting s)
{
    if (count_settings(g, s.option) >= KD_OPTIONS_LIST_MAX)
        return options_refuse(g, s.source, s.line, "[%s] holds more than %d settings", s.option->section,
                              KD_OPTIONS_LIST_MAX);
    g->at = kd_grow(g->at, g->count, &g->cap, sizeof *g->at);
    g->at[g->count++] = s;
    return KD_OK;
}

static bool section_known(const kd_options *options, kd_bytes section)
{
    for (size_t i = 0; i < options->count; i++)
        if (kd_bytes_eq(section, kd_bytes_str(options->at[i].section))) return true;
    return false;
}

static int gather_setting(gathering *g, const char *source, kd_bytes section, const kd_ini_item *item)
{
    char shown[2][64];
    const kd_option *option = kd_options_find(g->options, section, item->key);
    kd_text_shown(section, shown[0]);
    kd_text_shown(item->key, shown[1]);
    if (option == NULL)
        return options_refuse(g, source, item->line, "%s.%s: there is no such option", shown[0], shown[1]);
    const setting *earlier = find_setting(g, option, item->key);
    if (earlier != NULL)
        return options_refuse(g, source, item->line, "%s.%s: already set in line %u", shown[0], shown[1],
                              earlier->line);
    if (item->commented)
        return options_refuse(g, source, item->line,
                              "%s.%s: a # or ; behind a blank: a comment takes a line of its own", shown[0],
                              shown[1]);
    return add_setting(g, (setting){option, item->key, item->value, source, item->line});
}

static int gather_text(gathering *g, const char *source, kd_ini ini)
{
    for (;;) {
        char shown[64];
        int err = KD_OK;
        kd_ini_item item = kd_ini_next(&ini);
        if (item.kind == KD_INI_END) return KD_OK;
        if (item.kind == KD_INI_BAD) return options_refuse(g, source, item.line, "%s", item.reason);
        if (item.kind == KD_INI_SECTION && !section_known(g->options, ini.section))
            return options_refuse(g, source, item.line, "[%s]: there is no such section",
                                  kd_text_shown(ini.section, shown));
        if (item.kind == KD_INI_SETTING) err = gather_setting(g, source, ini.section, &item);
        if (err != KD_OK) return err;
    }
}

/* A whole section without a single line in the file gets the lines of its default. */
static int gather_default_sections(gathering *g)
{
    for (size_t i = 0; i < g->options->count; i++) {
        const kd_option *o = &g->options->at[i];
        if (!kd_option_is_section(o) || o->initial == NULL || count_settings(g, o) > 0) continue;
        kd_ini ini = kd_ini_of(kd_bytes_str(o->initial), KD_OPTIONS_LINE_MAX);
        ini.section = kd_bytes_str(o->section);
        int err = gather_text(g, "default", ini);
        if (err != KD_OK) return err;
    }
    return KD_OK;
}

/* The option of a dotted name "section.key", and its key. Sections and free keys may hold dots themselves, so every option is tried. */
static const kd_option *find_dotted(const kd_options *options, kd_bytes name, kd_bytes *key)
{
    for (size_t i = 0; i < options->count; i++) {
        const kd_option *o = &options->at[i];
        size_t len = strlen(o->section);
        if (name.len < len + 2 || memcmp(name.data, o->section, len) != 0 || name.data[len] != '.') continue;
        *key = kd_bytes_of(name.data + len + 1, name.len - len - 1);
        if (kd_option_is_section(o) || kd_bytes_eq(*key, kd_bytes_str(o->key))) return o;
    }
    return NULL;
}

/* Takes the i-th --set. Its text may hold a secret, so a message names its number, not its text. */
static int gather_override(gathering *g, size_t i)
{
    const char *text = g->input->sets[i];
    static const char source[] = "--set";
    kd_bytes name, value, key = {0};
    char shown[64];
    if (!kd_ini_split(kd_bytes_str(text), '=', &name, &value) || strchr(text, '\n') != NULL)
        return options_refuse(g, source, 0, "number %zu must be section.key=value", i + 1);
    const kd_option *option = find_dotted(g->options, name, &key);
    if (option == NULL)
        return options_refuse(g, source, 0, "%s: there is no such option", kd_text_shown(name, shown));
    setting said = {option, key, value, source, 0};
    setting *earlier = find_setting(g, option, key);
    if (earlier == NULL) return add_setting(g, said);
    *earlier = said;
    return KD_OK;
}

static int options_gather(gathering *g)
{
    int err = gather_text(g, g->input->file, kd_ini_of(g->input->text, KD_OPTIONS_LINE_MAX));
    if (err == KD_OK) err = gather_default_sections(g);
    for (size_t i = 0; err == KD_OK && i < g->input->set_count; i++) err = gather_override(g, i);
    return err;
}

static int apply_setting(gathering *g, const setting *s, void *field)
{
    char reason[KD_OPTIONS_ERROR_MAX], shown[2][64];
    int err = kd_option_is_section(s->option)
                  ? kd_option_add(s->option, s->key, s->value, field, reason)
                  : kd_option_parse(s->option, s->value, g->input->base_dir, field, reason);
    if (err == KD_OK) return KD_OK;
    kd_text_shown(s->key, shown[0]);
    if (kd_option_concealed(s->option))
        return options_refuse(g, s->source, s->line, "%s.%s: %s", s->option->section, shown[0], reason);
    kd_text_shown(s->value, shown[1]);
    return options_refuse(g, s->source, s->line, "%s.%s = %s: %s", s->option->section, shown[0], shown[1],
                          reason);
}

static int apply_section(gathering *g, const kd_option *o, void *field)
{
    for (size_t i = 0; i < g->count; i++) {
        int err = g->at[i].option == o ? apply_setting(g, &g->at[i], field) : KD_OK;
        if (err != KD_OK) return err;
    }
    return KD_OK;
}

static int apply_option(gathering *g, const kd_option *o, void *field)
{
    kd_bytes key = kd_bytes_str(o->key);
    if (kd_option_is_section(o)) return apply_section(g, o, field);
    const setting *s = find_setting(g, o, key);
    if (s != NULL) return apply_setting(g, s, field);
    kd_bytes initial = kd_bytes_str(o->initial != NULL ? o->initial : "");
    if (o->required && initial.len == 0) {
        char reason[KD_OPTIONS_ERROR_MAX];
        kd_option_parse(o, initial, g->input->base_dir, field, reason);
        return options_refuse(g, g->input->file, 0, "%s.%s %s", o->section, o->key, reason);
    }
    setting by_default = {o, key, initial, "default", 0};
    int err = apply_setting(g, &by_default, field);
    KD_ASSERT(err == KD_OK); /* a table whose default is not allowed is our own bug */
    return KD_OK;
}

int kd_options_load(const kd_options *options, const kd_options_input *input, void *config, char *error)
{
    gathering g = {.options = options, .input = input, .error = error};
    memset(config, 0, options->config_size);
    error[0] = 0;
    int err = options_gather(&g);
    for (size_t i = 0; err == KD_OK && i < options->count; i++)
        err = apply_option(&g, &options->at[i], (char *)config + options->at[i].offset);
    free(g.at);
    if (err != KD_OK) kd_options_finish(options, config);
    return err;
}
