/* ini.c - lines of an INI text. */
#include "common/conf/ini.h"

#include "common/base/text.h"

bool kd_ini_split(kd_bytes line, char c, kd_bytes *head, kd_bytes *tail)
{
    const uint8_t *at = line.len > 0 ? memchr(line.data, c, line.len) : NULL;
    if (at == NULL) return false;
    size_t before = (size_t)(at - line.data);
    *tail = kd_text_trim(kd_bytes_of(at + 1, line.len - before - 1));
    *head = kd_text_trim(kd_bytes_of(line.data, before));
    return true;
}

kd_ini kd_ini_of(kd_bytes text, size_t line_max)
{
    if (text.len >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0) text.data += 3, text.len -= 3;
    return (kd_ini){.rest = text, .line_max = line_max};
}

static kd_bytes take_line(kd_ini *ini)
{
    const uint8_t *end = memchr(ini->rest.data, '\n', ini->rest.len);
    size_t len = end != NULL ? (size_t)(end - ini->rest.data) : ini->rest.len;
    kd_bytes line = kd_bytes_of(ini->rest.data, len);
    size_t eaten = len + (end != NULL);
    ini->rest = kd_bytes_of(ini->rest.data + eaten, ini->rest.len - eaten);
    ini->line++;
    return line;
}

static kd_ini_item ini_bad(const kd_ini *ini, const char *reason)
{
    return (kd_ini_item){.kind = KD_INI_BAD, .line = ini->line, .reason = reason};
}

static kd_ini_item read_section(kd_ini *ini, kd_bytes line)
{
    if (line.data[line.len - 1] != ']') return ini_bad(ini, "a section must end with ]");
    kd_bytes name = kd_text_trim(kd_bytes_of(line.data + 1, line.len - 2));
    if (name.len == 0) return ini_bad(ini, "a section must have a name");
    ini->section = name;
    return (kd_ini_item){.kind = KD_INI_SECTION, .line = ini->line};
}

/* `line` has an = and no blanks at its ends. */
static bool value_commented(kd_bytes line)
{
    const uint8_t *at = memchr(line.data, '=', line.len), *end = line.data + line.len;
    for (at++; at < end; at++)
        if ((*at == '#' || *at == ';') && kd_text_is_blank(at[-1])) return true;
    return false;
}

static kd_ini_item ini_read_line(kd_ini *ini, kd_bytes line)
{
    kd_ini_item item = {.line = ini->line};
    if (line.data[0] == '#' || line.data[0] == ';') {
        item.kind = KD_INI_COMMENT;
        item.value = kd_bytes_of(line.data + 1, line.len - 1);
        return item;
    }
    if (line.data[0] == '[') return read_section(ini, line);
    if (!kd_ini_split(line, '=', &item.key, &item.value))
        return ini_bad(ini, "neither [section] nor key = value");
    if (item.key.len == 0) return ini_bad(ini, "there is no key before the =");
    if (ini->section.data == NULL) return ini_bad(ini, "a setting must stand below a [section]");
    item.kind = KD_INI_SETTING;
    item.commented = value_commented(line);
    return item;
}

kd_ini_item kd_ini_next(kd_ini *ini)
{
    while (ini->rest.len > 0) {
        kd_bytes line = take_line(ini);
        if (line.len > ini->line_max) return ini_bad(ini, "the line is too long");
        if (line.len > 0 && memchr(line.data, 0, line.len) != NULL)
            return ini_bad(ini, "the line holds a NUL byte");
        line = kd_text_trim(line);
        if (line.len > 0) return ini_read_line(ini, line);
    }
    return (kd_ini_item){.kind = KD_INI_END, .line = ini->line};
}
