/*
 * ini.h - lines of an INI text, one at a time. Why not inih: it silently cuts long lines and stops at a NUL, takes " ;" inside a value for a comment
 * and ":" for "=", and does not report comments, which the check of the example files needs.
 */
#ifndef KUDOS_COMMON_CONF_INI_H
#define KUDOS_COMMON_CONF_INI_H

#include "kudos/base.h"

typedef enum { KD_INI_END, KD_INI_SECTION, KD_INI_SETTING, KD_INI_COMMENT, KD_INI_BAD } kd_ini_kind;

typedef struct {
    kd_ini_kind kind;
    uint32_t line;  /* from 1 */
    kd_bytes key;   /* SETTING */
    kd_bytes value; /* SETTING: trimmed; COMMENT: the text behind the # or ; */
    bool commented; /* SETTING: the value has a # or ; behind a blank, where other programs begin a comment */
    const char *reason; /* BAD */
} kd_ini_item;

/* Views everywhere point into the text. */
typedef struct {
    kd_bytes rest;
    kd_bytes section; /* the present one; data NULL before the first */
    uint32_t line;
    size_t line_max;
} kd_ini;

/* Begins at the first line; a UTF-8 byte order mark is skipped. A line of more than line_max bytes is BAD. */
kd_ini kd_ini_of(kd_bytes text, size_t line_max);
/* The next item, or KD_INI_END; blank lines are skipped. After BAD the next call goes on with the next line. */
kd_ini_item kd_ini_next(kd_ini *ini);

/* Cuts `line` at the first `c`: *head before it, *tail behind it, both trimmed. False when there is none. */
bool kd_ini_split(kd_bytes line, char c, kd_bytes *head, kd_bytes *tail);

#endif
