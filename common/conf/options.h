/*
 * options.h - one table of options per program, which drives the parser, `--help`, the Markdown reference and
 * the check of the annotated example files. Pure: values from text; common/io/daemon/options_file.h reads the files.
 *
 * A program has one plain struct for its configuration and one table that points into it:
 *
 *     typedef struct { uint64_t shards; uint64_t flush_interval_us; kd_address listen; char *data_dir; ... } kd_edge_config;
 *
 *     static const kd_option edge_options[] = {
 *         KD_OPTION_UINT(kd_edge_config, shards, "edge", "shards", "0", "Shards; 0 is one per core", .max = 64),
 *         KD_OPTION_DURATION(kd_edge_config, flush_interval_us, "edge", "flush_interval", "5s", "Seal after this",
 *                            .min = 1000, .max = 60000000, .reloadable = true),
 *         KD_OPTION_PATH(kd_edge_config, data_dir, "edge", "data_dir", NULL, "Where it stores", .required = true),
 *         KD_OPTION_COUNTERS(kd_edge_config, counters, "counters", KD_COUNTERS_DEFAULT, "Counters and wire ids"),
 *     };
 *     const kd_options kd_edge_options = {"kudos-edge", "Regional proxy", edge_options, KD_COUNT(edge_options), sizeof(kd_edge_config)};
 *
 * File syntax (INI): `[section]`, `key = value`, whole-line comments with # or ;. A value is the rest of its line without
 * outer blanks; there are no quotes, continuation lines or comments behind a value. In many other programs a # or ; behind a blank begins a comment,
 * so a value in a file that holds this pair is refused: it would be read as more than its author meant. UTF-8 BOM and CRLF are accepted. Unknown and
 * duplicate keys, NUL bytes and overlong lines are refused by file, line and name.
 *
 * No message shows a value that may be a secret: the value of a `secret` option, or of a section of free keys (kd_option_concealed).
 */
#ifndef KUDOS_COMMON_CONF_OPTIONS_H
#define KUDOS_COMMON_CONF_OPTIONS_H

#include "common/conf/strings.h"
#include "kudos/id.h"

enum {
    KD_OPTIONS_FILE_MAX = 1024 * 1024, /* bytes of a configuration file */
    KD_OPTIONS_LINE_MAX = 8192,        /* bytes of a line */
    KD_OPTIONS_ERROR_MAX = 768,        /* room for a message about what is wrong */
    KD_OPTIONS_LIST_MAX = 256,         /* elements of a list, pairs of a section */
};

/* host is a name, an IPv4 or IPv6 literal without brackets, or "*" for every local address; "" is no address at all. */
typedef struct {
    char host[256];
    uint16_t port;
} kd_address;

typedef struct {
    char *key;
    char *value;
} kd_pair;

typedef struct {
    kd_pair *at;
    uint32_t count;
} kd_pairs;

/* The type of an option and of the field behind it. */
typedef enum {
    KD_OPTION_TYPE_UINT,     /* uint64_t; min..max */
    KD_OPTION_TYPE_DURATION, /* uint64_t in us; text needs a unit: us ms s m h d */
    KD_OPTION_TYPE_SIZE,     /* uint64_t in bytes; text needs a unit: B KiB MiB GiB */
    KD_OPTION_TYPE_BOOL,     /* bool; true or false */
    KD_OPTION_TYPE_STRING,   /* char *, NULL when empty; `valid` */
    KD_OPTION_TYPE_ENUM,     /* uint32_t, index into `choices` */
    KD_OPTION_TYPE_PATH,     /* char *, absolute, NULL when empty */
    KD_OPTION_TYPE_ADDRESS, /* kd_address; host:port, [v6]:port, *:port; port 0 takes a free one; empty: none */
    KD_OPTION_TYPE_LIST,    /* kd_strings; separated by commas or blanks, no duplicates; `valid` for each */
    KD_OPTION_TYPE_COUNTERS, /* kd_counters; a whole section of `name = id set|sum` */
    KD_OPTION_TYPE_PAIRS,    /* kd_pairs; a whole section of free keys */
} kd_option_type;

typedef struct {
    const char *section;
    const char *key; /* "" for a whole section */
    kd_option_type type;
    size_t offset;                 /* of the field in the program's configuration */
    const char *initial;           /* default as text; NULL: empty. For COUNTERS: lines separated by '\n' */
    const char *doc;               /* one line */
    const char *more;              /* further sentences for the reference; may be NULL */
    const char *unit;              /* of a plain number, for the reference ("operations"); may be NULL */
    uint64_t min, max;             /* UINT, DURATION (us), SIZE (bytes); max 0: no upper bound */
    const char *const *choices;    /* ENUM, NULL at the end */
    bool (*valid)(kd_bytes value); /* STRING and LIST; may be NULL */
    const char *allowed;           /* in words what `valid` allows */
    bool required;                 /* may not be empty or absent */
    bool reloadable;               /* takes effect on SIGHUP */
    bool must_exist;               /* PATH: checked when a file is loaded */
    /* Never shown in a message. PATH: must name a regular file that group and others cannot read; the path is shown only when there is a file at it. */
    bool secret;
} kd_option;

#define KD_OPTION_(config, member, ctype, kind, sec, k, def, text, ...)                                      \
    {                                                                                                        \
        .section = sec, .key = k, .type = KD_OPTION_TYPE_##kind,                                             \
        .offset =                                                                                            \
            offsetof(config, member) +                                                                       \
            0 * sizeof(                                                                                      \
                    char[__builtin_types_compatible_p(__typeof__(((config *)0)->member), ctype) ? 1 : -1]),  \
        .initial = def, .doc = text, __VA_ARGS__                                                             \
    }
#define KD_OPTION_UINT(config, member, ...) KD_OPTION_(config, member, uint64_t, UINT, __VA_ARGS__, )
#define KD_OPTION_DURATION(config, member, ...) KD_OPTION_(config, member, uint64_t, DURATION, __VA_ARGS__, )
#define KD_OPTION_SIZE(config, member, ...) KD_OPTION_(config, member, uint64_t, SIZE, __VA_ARGS__, )
#define KD_OPTION_BOOL(config, member, ...) KD_OPTION_(config, member, bool, BOOL, __VA_ARGS__, )
#define KD_OPTION_STRING(config, member, ...) KD_OPTION_(config, member, char *, STRING, __VA_ARGS__, )
#define KD_OPTION_ENUM(config, member, ...) KD_OPTION_(config, member, uint32_t, ENUM, __VA_ARGS__, )
#define KD_OPTION_PATH(config, member, ...) KD_OPTION_(config, member, char *, PATH, __VA_ARGS__, )
#define KD_OPTION_ADDRESS(config, member, ...) KD_OPTION_(config, member, kd_address, ADDRESS, __VA_ARGS__, )
#define KD_OPTION_LIST(config, member, ...) KD_OPTION_(config, member, kd_strings, LIST, __VA_ARGS__, )
/* Whole sections: no key. */
#define KD_OPTION_COUNTERS(config, member, sec, ...)                                                         \
    KD_OPTION_(config, member, kd_counters, COUNTERS, sec, "", __VA_ARGS__, )
#define KD_OPTION_PAIRS(config, member, sec, ...)                                                            \
    KD_OPTION_(config, member, kd_pairs, PAIRS, sec, "", __VA_ARGS__, )

#define KD_COUNTERS_DEFAULT "like = 1 set\nsave = 2 set\nview = 3 sum\nshare = 4 sum"

typedef struct {
    const char *program; /* kudos-edge */
    const char *about;   /* one line for --help */
    const kd_option *at;
    size_t count;
    size_t config_size; /* bytes of the program's configuration */
    /* Checks that need several options, or a file that an option names: all that a start refuses before it opens stores and sockets. KD_OK, or
     * KD_EINVAL with a sentence in `error` (KD_OPTIONS_ERROR_MAX bytes) that names the option. May be NULL. */
    int (*check)(const void *config, char *error);
    /* Of a configuration that passed: a sentence about what it leaves out and an operator may not have meant, or NULL. -t tells it. May be NULL. */
    const char *(*advise)(const void *config);
} kd_options;

typedef struct {
    const char *file;        /* name for messages */
    kd_bytes text;           /* content of the file */
    const char *base_dir;    /* absolute; relative paths are resolved against it */
    const char *const *sets; /* overrides "section.key=value", the last of equal ones wins */
    size_t set_count;
} kd_options_input;

/*
 * Fills *config (config_size bytes, any content) from defaults, file and overrides. KD_OK, and the caller finishes
 * *config with kd_options_finish; or KD_EINVAL, *config all zero, and `error` (KD_OPTIONS_ERROR_MAX bytes) names file,
 * line, key and what is allowed.
 */
int kd_options_load(const kd_options *options, const kd_options_input *input, void *config, char *error);
/* Frees what the fields own and zeroes them; again does nothing. */
void kd_options_finish(const kd_options *options, void *config);

/* The next option behind `last` (NULL: the first) that differs between two configurations and is not reloadable; NULL: there is none. */
const kd_option *kd_options_fixed_change(const kd_options *options, const void *old_config,
                                         const void *new_config, const kd_option *last);

/* The option of "section.key", or of a whole free section and any key in it; NULL when unknown. */
const kd_option *kd_options_find(const kd_options *options, kd_bytes section, kd_bytes key);

/* Parses one value into `field` (zeroed, of the option's type). KD_OK or KD_EINVAL with `error`: what is allowed.
 * For whole sections use kd_options_load. */
int kd_option_parse(const kd_option *option, kd_bytes value, const char *base_dir, void *field, char *error);
/* Whether a message must not show the option's value. */
bool kd_option_concealed(const kd_option *option);
/* What the option allows, in words, appended to *out ("a duration such as 5s (us, ms, s, m, h, d), from 1ms to 60s"). */
void kd_option_allowed(const kd_option *option, kd_buf *out);

/* Appends all options with defaults and what they allow, for --help. */
void kd_options_help(const kd_options *options, kd_buf *out);
/* Appends all options as Markdown tables: docs/configuration.md is made of it. */
void kd_options_reference(const kd_options *options, kd_buf *out);

/*
 * Checks an annotated example: every option of the table is mentioned (as `key = ` or commented out `# key = `) in its
 * section, nothing unknown is mentioned as a setting, and a commented-out setting shows the default. KD_OK or
 * KD_EINVAL with `error`. (That the file loads is checked by loading it.)
 */
int kd_options_check_example(const kd_options *options, const char *file, kd_bytes text, char *error);

#endif
