/* options_doc.c - the option table as help for a terminal, as a Markdown reference, and against the example
 * files. */
#include "common/conf/ini.h"
#include "common/conf/options_internal.h"

#include <stdio.h>
#include <stdlib.h>

static const char *initial_of(const kd_option *o)
{
    return o->initial != NULL ? o->initial : "";
}

static bool starts_section(const kd_options *options, size_t i)
{
    return i == 0 || strcmp(options->at[i].section, options->at[i - 1].section) != 0;
}

/* Appends the default, with `between` in place of line ends (a default of a whole section has several lines). */
static void put_initial(kd_buf *out, const kd_option *o, const char *between)
{
    for (const char *c = initial_of(o); *c != 0; c++) {
        if (*c == '\n')
            kd_buf_put(out, between, strlen(between));
        else
            kd_buf_put_u8(out, (uint8_t)*c);
    }
}

static void options_doc_put_help(kd_buf *out, const kd_option *o)
{
    if (kd_option_is_section(o)) {
        kd_text_printf(out, initial_of(o)[0] ? "  " : "  (free)");
        put_initial(out, o, "\n  ");
    } else {
        kd_text_printf(out, "  %s = %s", o->key, o->required && !o->initial ? "(required)" : initial_of(o));
    }
    kd_text_printf(out, "\n      %s.\n      Allowed: ", o->doc);
    kd_option_allowed(o, out);
    kd_text_printf(out, ".%s\n", o->reloadable ? " Reloadable." : "");
}

void kd_options_help(const kd_options *options, kd_buf *out)
{
    kd_text_printf(out, "\nOptions of the configuration and their defaults:\n");
    for (size_t i = 0; i < options->count; i++) {
        if (starts_section(options, i)) kd_text_printf(out, "\n[%s]\n", options->at[i].section);
        options_doc_put_help(out, &options->at[i]);
    }
}

static void options_doc_put_row(kd_buf *out, const kd_option *o)
{
    kd_text_printf(out, "| %s%s%s | ", kd_option_is_section(o) ? "" : "`",
                   kd_option_is_section(o) ? "(any key)" : o->key, kd_option_is_section(o) ? "" : "`");
    if (initial_of(o)[0] != 0) {
        kd_text_printf(out, "`");
        put_initial(out, o, "`, `");
        kd_text_printf(out, "`");
    } else {
        kd_text_printf(out, o->required ? "required" : "none");
    }
    kd_text_printf(out, " | ");
    kd_option_allowed(o, out);
    kd_text_printf(out, " | %s | %s | %s.", o->unit != NULL ? o->unit : "", o->reloadable ? "yes" : "no",
                   o->doc);
    if (o->more != NULL) kd_text_printf(out, " %s", o->more);
    kd_text_printf(out, " |\n");
}

void kd_options_reference(const kd_options *options, kd_buf *out)
{
    kd_text_printf(out, "# Options of %s\n", options->program);
    for (size_t i = 0; i < options->count; i++) {
        if (starts_section(options, i))
            kd_text_printf(out,
                           "\n## [%s]\n\n| key | default | allowed | unit | reloadable | meaning |\n"
                           "|---|---|---|---|---|---|\n",
                           options->at[i].section);
        options_doc_put_row(out, &options->at[i]);
    }
}

/* Whether a comment is a setting that is commented out: "# key = value", the key in the characters of our keys. Other comments are prose. */
static bool is_commented_setting(kd_bytes comment, kd_bytes *key, kd_bytes *value)
{
    if (!kd_ini_split(comment, '=', key, value) || key->len == 0) return false;
    for (size_t i = 0; i < key->len; i++)
        if (key->data[i] == 0 || strchr("abcdefghijklmnopqrstuvwxyz0123456789_.-", key->data[i]) == NULL)
            return false;
    return true;
}

static bool is_default(const kd_option *o, kd_bytes key, kd_bytes value)
{
    if (o->initial == NULL) return true; /* an option without a default: any example value will do */
    if (!kd_option_is_section(o)) return kd_bytes_eq(value, kd_bytes_str(o->initial));
    kd_ini lines = kd_ini_of(kd_bytes_str(o->initial), KD_OPTIONS_LINE_MAX);
    lines.section = kd_bytes_str(o->section);
    for (kd_ini_item item; (item = kd_ini_next(&lines)).kind == KD_INI_SETTING;)
        if (kd_bytes_eq(item.key, key) && kd_bytes_eq(item.value, value)) return true;
    return false;
}

typedef struct {
    const kd_options *options;
    const char *file;
    bool *mentioned;
    char *error;
} example;

static int check_mention(example *e, kd_bytes section, const kd_ini_item *item)
{
    kd_bytes key = item->key, value = item->value;
    bool comment = item->kind == KD_INI_COMMENT;
    if (comment && !is_commented_setting(item->value, &key, &value)) return KD_OK;
    char shown[64];
    kd_text_shown(key, shown);
    const kd_option *o = kd_options_find(e->options, section, key);
    const char *reason = o == NULL                               ? "there is no such option"
                         : comment && !is_default(o, key, value) ? "shows another value than the default"
                                                                 : NULL;
    if (reason == NULL) {
        e->mentioned[o - e->options->at] = true;
        return KD_OK;
    }
    snprintf(e->error, KD_OPTIONS_ERROR_MAX, "%.300s:%u: %.*s.%s: %s", e->file, item->line,
             (int)KD_MIN(section.len, 60u), (const char *)section.data, shown, reason);
    return KD_EINVAL;
}

static int check_lines(example *e, kd_bytes text)
{
    kd_ini ini = kd_ini_of(text, KD_OPTIONS_LINE_MAX);
    for (;;) {
        kd_ini_item item = kd_ini_next(&ini);
        int err = KD_OK;
        if (item.kind == KD_INI_END) return KD_OK;
        if (item.kind == KD_INI_BAD) {
            snprintf(e->error, KD_OPTIONS_ERROR_MAX, "%.300s:%u: %s", e->file, item.line, item.reason);
            return KD_EINVAL;
        }
        if (item.kind != KD_INI_SECTION && ini.section.data != NULL)
            err = check_mention(e, ini.section, &item);
        if (err != KD_OK) return err;
    }
}

int kd_options_check_example(const kd_options *options, const char *file, kd_bytes text, char *error)
{
    example e = {options, file, kd_alloc(options->count * sizeof(bool)), error};
    int err = check_lines(&e, text);
    for (size_t i = 0; err == KD_OK && i < options->count; i++) {
        const kd_option *o = &options->at[i];
        if (e.mentioned[i]) continue;
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.300s: %s.%s is not mentioned", file, o->section,
                 kd_option_is_section(o) ? "(any key)" : o->key);
        err = KD_EINVAL;
    }
    free(e.mentioned);
    return err;
}
