/* test_options.c - one table: what it accepts, what it refuses and with which words, and what it documents.
 */
#include "common/conf/options.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    uint64_t shards, ops, interval_us, memory;
    bool fast;
    char *name, *dir, *key;
    uint32_t mode;
    kd_address listen;
    kd_strings collections;
    kd_counters counters;
    kd_pairs kafka;
} config;

static const char *const modes[] = {"embedded", "real", NULL};

static const kd_option rows[] = {
    KD_OPTION_UINT(config, shards, "edge", "shards", "0", "Shards; 0 is one per core", .max = 64),
    KD_OPTION_UINT(config, ops, "edge", "batch_ops", "1000", "Operations of a batch", .min = 1, .max = 10000,
                   .reloadable = true, .unit = "operations"),
    KD_OPTION_DURATION(config, interval_us, "edge", "flush_interval", "5s", "Seal after this", .min = 1000,
                       .max = 60000000, .reloadable = true, .more = "Short is fresh, long is thrifty."),
    KD_OPTION_SIZE(config, memory, "edge", "memory", "64MiB", "Cache", .min = 1024),
    KD_OPTION_BOOL(config, fast, "edge", "fast", "false", "Be quick"),
    KD_OPTION_STRING(config, name, "edge", "name", NULL, "Name of this edge", .required = true,
                     .valid = kd_name_valid, .allowed = "a name such as mum-1"),
    KD_OPTION_PATH(config, dir, "edge", "data_dir", "data", "Where it stores"),
    KD_OPTION_PATH(config, key, "edge", "key_file", NULL, "Secret", .secret = true),
    KD_OPTION_ENUM(config, mode, "kafka", "mode", "real", "Which broker", .choices = modes),
    KD_OPTION_ADDRESS(config, listen, "edge", "listen", "*:8441", "Where to listen"),
    KD_OPTION_LIST(config, collections, "edge", "collections", "posts, reels", "Collections",
                   .valid = kd_collection_valid, .allowed = "collection names"),
    KD_OPTION_COUNTERS(config, counters, "counters", KD_COUNTERS_DEFAULT, "Counters and their numbers"),
    KD_OPTION_PAIRS(config, kafka, "kafka.properties", NULL, "Passed on to librdkafka"),
};
static const kd_options options = {"kudos-test", "A test", rows, KD_COUNT(rows), sizeof(config), NULL, NULL};

static char error[KD_OPTIONS_ERROR_MAX];
static config c;

static int load_bytes(kd_bytes text, const char *const *sets, size_t set_count)
{
    kd_options_input input = {"t.conf", text, "/etc/kudos", sets, set_count};
    memset(&c, 0x5a, sizeof c);
    return kd_options_load(&options, &input, &c, error);
}

static int load(const char *text)
{
    return load_bytes(kd_bytes_str(text), NULL, 0);
}

static void done(void)
{
    kd_options_finish(&options, &c);
}

/* Loads, and expects a refusal whose message holds each of the given texts. */
#define REFUSED(text, ...) refused(kd_bytes_str(text), (const char *[]){__VA_ARGS__, NULL})
static void refused(kd_bytes text, const char *const *words)
{
    static const config zero;
    cr_expect_eq(load_bytes(text, NULL, 0), KD_EINVAL, "%.60s", (const char *)text.data);
    for (; *words != NULL; words++)
        cr_expect_not_null(strstr(error, *words), "'%s' is not in '%s'", *words, error);
    cr_expect_eq(memcmp(&c, &zero, sizeof c), 0);
}

Test(options, an_almost_empty_file_gives_the_defaults)
{
    cr_assert_eq(load("[edge]\nname=mum-1"), KD_OK, "%s", error);
    cr_expect_eq(c.shards, 0);
    cr_expect_eq(c.ops, 1000);
    cr_expect_eq(c.interval_us, 5000000);
    cr_expect_eq(c.memory, 64 << 20);
    cr_expect_eq(c.fast, false);
    cr_expect_str_eq(c.name, "mum-1");
    cr_expect_str_eq(c.dir, "/etc/kudos/data");
    cr_expect_null(c.key);
    cr_expect_eq(c.mode, 1);
    cr_expect_str_eq(c.listen.host, "*");
    cr_expect_eq(c.listen.port, 8441);
    cr_expect_eq(c.collections.count, 2);
    cr_expect_str_eq(c.collections.at[1], "reels");
    cr_expect_eq(c.counters.count, 4);
    cr_expect_str_eq(c.counters.at[2].name, "view");
    cr_expect_eq(c.counters.at[2].id, 3);
    cr_expect_eq(c.counters.at[2].kind, KD_SUM);
    cr_expect_eq(c.counters.at[1].kind, KD_SET);
    cr_expect_eq(c.kafka.count, 0);
    done();
}

Test(options, an_empty_file_lacks_what_is_required)
{
    REFUSED("", "t.conf", "edge.name", "required", "a name such as mum-1");
    REFUSED("# only a comment\n\n", "edge.name");
    REFUSED("[edge]\nname =\n", "t.conf:2", "edge.name", "required");
}

Test(options, every_type_of_option_is_read)
{
    cr_assert_eq(load("\xEF\xBB\xBF# a comment\r\n ; another\r\n\r\n[edge]\r\n  name = a.b-c "
                      "\r\nshards=64\r\nbatch_ops = 10000\r\n"
                      "flush_interval = 250ms\r\nmemory = 2GiB\r\nfast = true\r\ndata_dir = /var/lib/k#not "
                      "a comment\r\n"
                      "key_file = k/../key\r\nlisten = [::1]:0\r\ncollections = a,b\tc ,, "
                      "d\r\n[kafka]\r\nmode = embedded\r\n"
                      "[counters]\r\nlike = 7 set\r\ncheer = 63\tsum\r\n[kafka.properties]\r\n"
                      "bootstrap.servers = h:1,h:2\r\nx = a=b;c\r\nempty =\r\n"),
                 KD_OK, "%s", error);
    cr_expect_str_eq(c.name, "a.b-c");
    cr_expect_eq(c.shards, 64);
    cr_expect_eq(c.ops, 10000);
    cr_expect_eq(c.interval_us, 250000);
    cr_expect_eq(c.memory, (uint64_t)2 << 30);
    cr_expect_eq(c.fast, true);
    cr_expect_str_eq(c.dir, "/var/lib/k#not a comment");
    cr_expect_str_eq(c.key, "/etc/kudos/k/../key");
    cr_expect_str_eq(c.listen.host, "::1");
    cr_expect_eq(c.listen.port, 0);
    cr_expect_eq(c.collections.count, 4);
    cr_expect_str_eq(c.collections.at[3], "d");
    cr_expect_eq(c.mode, 0);
    cr_expect_eq(c.counters.count, 2, "a section that is given replaces its default");
    cr_expect_eq(c.counters.at[1].id, 63);
    cr_expect_eq(c.kafka.count, 3);
    cr_expect_str_eq(c.kafka.at[1].key, "x");
    cr_expect_str_eq(c.kafka.at[1].value, "a=b;c");
    cr_expect_str_eq(c.kafka.at[2].value, "");
    done();
}

Test(options, unknown_and_duplicate_are_refused_by_line)
{
    REFUSED("[edge]\nname=a\nshard = 3\n", "t.conf:3", "edge.shard", "no such option");
    REFUSED("[egde]\nname=a\n", "t.conf:1", "[egde]", "no such section");
    REFUSED("[edge]\nname=a\n[kafka]\n[edge]\nname=b\n", "t.conf:5", "edge.name", "already set in line 2");
    REFUSED("[edge]\nname=a\n[kafka.properties]\nq=1\nq=1\n", "t.conf:5", "kafka.properties.q", "line 4");
    REFUSED("[edge]\nname=a\n[counters]\nlike=1 set\nlike=2 set\n", "t.conf:5", "counters.like");
    REFUSED("name = a\n", "t.conf:1", "[section]");
    REFUSED("[edge]\nname\n", "t.conf:2", "key = value");
    REFUSED("[edge]\n= 3\n", "t.conf:2", "no key");
    REFUSED("[edge\nname=a\n", "t.conf:1", "]");
    REFUSED("[]\n", "t.conf:1", "name");
}

Test(options, bytes_that_are_no_text_are_refused_by_name)
{
    static const char nul[] = "[edge]\nname = a\0b\n", nul_comment[] = "[edge]\nname = a\n#\0\n",
                      control[] = "[edge]\nname=a\ndata_dir = a\x01\n";
    refused(kd_bytes_of(nul, sizeof nul - 1), (const char *[]){"t.conf:2", "NUL", NULL});
    refused(kd_bytes_of(nul_comment, sizeof nul_comment - 1), (const char *[]){"t.conf:3", "NUL", NULL});
    refused(kd_bytes_of(control, sizeof control - 1),
            (const char *[]){"t.conf:3", "edge.data_dir = a?", NULL});
}

Test(options, a_comment_behind_a_value_is_refused_by_name)
{
    const char *set = "edge.data_dir=k # here";
    REFUSED("[edge]\nname = a\ndata_dir = k # here\n", "t.conf:3: edge.data_dir: a # or ; behind a blank");
    REFUSED("[edge]\nname = a\ndata_dir = k\t;here\n", "t.conf:3: edge.data_dir: a # or ; behind a blank");
    REFUSED("[edge]\nname = a\ndata_dir = # here\n", "t.conf:3: edge.data_dir: a # or ; behind a blank");
    REFUSED("[edge]\nname = a\n[counters]\nlike = 1 set # likes\n",
            "t.conf:4: counters.like: a # or ; behind a blank");
    REFUSED("[edge]\nname = a\n[kafka.properties]\npass = hunter2 # x\n",
            "t.conf:4: kafka.properties.pass: a # or ;");
    cr_expect_null(strstr(error, "hunter2"), "%s", error);
    cr_assert_eq(load_bytes(kd_bytes_str("[edge]\nname = a\n[kafka.properties]\npass =#a;b#c\n"), &set, 1),
                 KD_OK, "%s", error);
    cr_expect_str_eq(c.kafka.at[0].value, "#a;b#c");
    cr_expect_str_eq(c.dir, "/etc/kudos/k # here");
    done();
}

Test(options, a_value_that_may_be_a_secret_is_not_shown)
{
    static const char *const sets[] = {"edge.name=a", "kafka.properties.pass:hunter2"};
    REFUSED("[edge]\nname = a\n[kafka.properties]\npass = hunter2\x01\n",
            "t.conf:4: kafka.properties.pass: must be");
    cr_expect_null(strstr(error, "hunter2"), "%s", error);
    REFUSED("[edge]\nname = a\nkey_file = hunter2\x01\n", "t.conf:3: edge.key_file: must be");
    cr_expect_null(strstr(error, "hunter2"), "%s", error);
    cr_expect_eq(load_bytes(kd_bytes_str("[edge]\nname = a\n"), sets, 2), KD_EINVAL);
    cr_expect_str_eq(error, "--set: number 2 must be section.key=value");
}

Test(options, a_line_of_ten_megabytes_is_refused)
{
    size_t len = 10 << 20;
    char *text = malloc(len);
    memset(text, 'x', len);
    memcpy(text, "[edge]\nname = ", 14);
    refused(kd_bytes_of(text, len), (const char *[]){"t.conf:2", "too long", NULL});
    free(text);
}

Test(options, a_section_of_free_keys_is_bounded)
{
    kd_buf text = {0};
    kd_buf_put(&text, "[edge]\nname=a\n[kafka.properties]\n", 33);
    for (int i = 0; i <= KD_OPTIONS_LIST_MAX; i++) {
        char line[32];
        kd_buf_put(&text, line, (size_t)snprintf(line, sizeof line, "k%d = v\n", i));
    }
    refused(kd_buf_view(&text), (const char *[]){"t.conf:260", "kafka.properties", "256", NULL});
    kd_buf_finish(&text);
}

Test(options, numbers_are_digits_in_range)
{
    static const char *const bad[] = {"-1",
                                      "+1",
                                      "10x",
                                      "1e3",
                                      "0x10",
                                      "1.5",
                                      "",
                                      " ",
                                      "65",
                                      "18446744073709551616",
                                      "99999999999999999999999"};
    for (size_t i = 0; i < KD_COUNT(bad); i++) {
        char text[80];
        snprintf(text, sizeof text, "[edge]\nname=a\nshards = %s\n", bad[i]);
        REFUSED(text, "t.conf:3", "edge.shards", "a whole number from 0 to 64");
    }
    REFUSED("[edge]\nname=a\nbatch_ops=0\n", "edge.batch_ops = 0: must be a whole number from 1 to 10000");
}

Test(options, durations_and_sizes_need_a_unit)
{
    static const char *const bad[] = {"5",     "0", "5 s", "5S",    "-1s", "5min", "1.5s",
                                      "1e3ms", "s", "",    "999us", "61s", "2m",   "18446744073709551615d"};
    for (size_t i = 0; i < KD_COUNT(bad); i++) {
        char text[80];
        snprintf(text, sizeof text, "[edge]\nname=a\nflush_interval = %s\n", bad[i]);
        REFUSED(text, "t.conf:3", "edge.flush_interval", "(us, ms, s, m, h, d) from 1ms to 1m");
    }
    static const char *const bad_sizes[] = {"1024",   "0",     "64MB",  "64mib",
                                            "64 MiB", "1023B", "-1KiB", "17179869185GiB"};
    for (size_t i = 0; i < KD_COUNT(bad_sizes); i++) {
        char text[80];
        snprintf(text, sizeof text, "[edge]\nname=a\nmemory = %s\n", bad_sizes[i]);
        REFUSED(text, "t.conf:3", "edge.memory", "(B, KiB, MiB, GiB), at least 1KiB");
    }
}

Test(options, every_unit_means_what_it_says)
{
    static const struct {
        const char *text;
        uint64_t us;
    } cases[] = {{"0us", 0},        {"7us", 7},          {"7ms", 7000},       {"7s", 7000000},
                 {"7m", 420000000}, {"7h", 25200000000}, {"7d", 604800000000}};
    kd_option any = rows[2];
    any.min = any.max = 0;
    for (size_t i = 0; i < KD_COUNT(cases); i++) {
        uint64_t us = 0;
        cr_expect_eq(kd_option_parse(&any, kd_bytes_str(cases[i].text), "/", &us, error), KD_OK);
        cr_expect_eq(us, cases[i].us);
    }
}

Test(options, other_values_are_refused_with_what_is_allowed)
{
    REFUSED("[edge]\nname=a\nfast=yes\n", "edge.fast = yes: must be true or false");
    REFUSED("[edge]\nname=A\n", "edge.name = A: must be a name such as mum-1");
    REFUSED("[edge]\nname=a\n[kafka]\nmode=mock\n", "kafka.mode = mock: must be one of embedded, real");
    REFUSED("[edge]\nname=a\ncollections=posts,posts\n", "edge.collections", "without repetition");
    REFUSED("[edge]\nname=a\ncollections=Posts\n", "edge.collections", "collection names");
}

Test(options, addresses_have_a_host_and_a_port)
{
    static const char *const bad[] = {"h",      "h:",      "h:70000",  "h:-1",  "h:8x",  ":80",    "a b:80",
                                      "::1:80", "[::1]80", "[::g]:80", "[]:80", "*x:80", "h:80:90"};
    for (size_t i = 0; i < KD_COUNT(bad); i++) {
        char text[80];
        snprintf(text, sizeof text, "[edge]\nname=a\nlisten = %s\n", bad[i]);
        REFUSED(text, "t.conf:3", "edge.listen", "port at most 65535");
    }
    cr_assert_eq(load("[edge]\nname=a\nlisten = kudos-1.example:65535\n"), KD_OK);
    cr_expect_str_eq(c.listen.host, "kudos-1.example");
    cr_expect_eq(c.listen.port, 65535);
    done();
    cr_assert_eq(load("[edge]\nname=a\nlisten =\n"), KD_OK);
    cr_expect_str_eq(c.listen.host, "");
    done();
}

Test(options, counters_have_a_number_and_a_kind)
{
    static const char *const bad[] = {
        "like = 0 set", "like = 64 set", "like = 1",     "like = set",       "like = 1set",
        "like = 1 max", "like = -1 set", "Like = 1 set", "like = 1 set sum", "a = 1 set\nb = 1 sum"};
    for (size_t i = 0; i < KD_COUNT(bad); i++) {
        char text[80];
        snprintf(text, sizeof text, "[edge]\nname=a\n[counters]\n%s\n", bad[i]);
        REFUSED(text, "t.conf:", "counters.", "number");
    }
    REFUSED("[edge]\nname=a\n[counters]\na=1 set\nb=2 set\nc=3 set\nd=4 set\ne=5 set\nf=6 set\ng=7 set\nh=8 "
            "set\ni=9 set\n",
            "t.conf:12", "counters.i", "at most 8");
}

Test(options, overrides_win_and_are_checked_alike)
{
    static const char *const sets[] = {
        "edge.shards=2",       "edge.name = b",       "kafka.properties.linger.ms=5",
        "kafka.mode=embedded", "counters.like=9 set", "counters.cheer=10 sum",
        "edge.shards=3"};
    cr_assert_eq(load_bytes(kd_bytes_str("[edge]\nname=a\nshards=1\n"), sets, KD_COUNT(sets)), KD_OK, "%s",
                 error);
    cr_expect_eq(c.shards, 3);
    cr_expect_str_eq(c.name, "b");
    cr_expect_eq(c.mode, 0);
    cr_expect_eq(c.kafka.count, 1);
    cr_expect_str_eq(c.kafka.at[0].key, "linger.ms");
    cr_expect_eq(c.counters.count, 5, "an override changes one key of a default section");
    cr_expect_eq(c.counters.at[kd_counters_by_name(&c.counters, kd_bytes_str("like"))].id, 9);
    done();
    static const struct {
        const char *set, *word;
    } bad[] = {{"edge.shards", "section.key=value"},
               {"shards=1", "no such option"},
               {"edge.shard=1", "no such option"},
               {"edge.shards=x", "edge.shards = x"},
               {"edge.=1", "no such option"},
               {"edge.name=", "required"},
               {"=", "no such option"},
               {"counters.=1 set", "no such option"},
               {"edge.name=a\nb", "section.key=value"}};
    for (size_t i = 0; i < KD_COUNT(bad); i++) {
        cr_expect_eq(load_bytes(kd_bytes_str("[edge]\nname=a\n"), &bad[i].set, 1), KD_EINVAL, "%s",
                     bad[i].set);
        cr_expect_eq(strncmp(error, "--set: ", 7), 0);
        cr_expect_not_null(strstr(error, bad[i].word), "%s", error);
    }
}

Test(options, a_reload_names_what_needs_a_restart)
{
    config old;
    cr_assert_eq(load("[edge]\nname=a\n"), KD_OK);
    old = c;
    static const struct {
        const char *text, *key;
    } cases[] = {{"[edge]\nname=a\n", NULL},
                 {"[edge]\nname=a\nflush_interval=1s\nbatch_ops=5\n", NULL},
                 {"[edge]\nname=b\n", "name"},
                 {"[edge]\nname=a\nkey_file=k\n", "key_file"},
                 {"[edge]\nname=a\nshards=2\n", "shards"},
                 {"[edge]\nname=a\nlisten=*:1\n", "listen"},
                 {"[edge]\nname=a\ncollections=posts\n", "collections"},
                 {"[edge]\nname=a\n[counters]\nlike=1 set\n", ""},
                 {"[edge]\nname=a\n[kafka.properties]\na=b\n", ""}};
    for (size_t i = 0; i < KD_COUNT(cases); i++) {
        cr_assert_eq(load(cases[i].text), KD_OK);
        const kd_option *o = kd_options_fixed_change(&options, &old, &c, NULL);
        if (cases[i].key == NULL)
            cr_expect_null(o);
        else
            cr_expect(o != NULL && strcmp(o->key, cases[i].key) == 0, "%s", cases[i].text);
        if (o) cr_expect_null(kd_options_fixed_change(&options, &old, &c, o), "no other one");
        done();
    }
    cr_assert_eq(load("[edge]\nname=b\nshards=2\n"), KD_OK);
    const kd_option *first = kd_options_fixed_change(&options, &old, &c, NULL);
    const kd_option *second = kd_options_fixed_change(&options, &old, &c, first);
    cr_expect(first && second && strcmp(first->key, second->key) != 0);
    cr_expect_null(kd_options_fixed_change(&options, &old, &c, second));
    done();
    kd_options_finish(&options, &old);
}

static char *text_of(void (*write)(const kd_options *options, kd_buf *out))
{
    kd_buf out = {0};
    write(&options, &out);
    kd_buf_put_u8(&out, 0);
    return (char *)out.data;
}

Test(options, help_and_reference_tell_all_of_the_table)
{
    char *help = text_of(kd_options_help), *reference = text_of(kd_options_reference);
    for (size_t i = 0; i < KD_COUNT(rows); i++) {
        char section[64];
        snprintf(section, sizeof section, "[%s]", rows[i].section);
        const char *needed[] = {section, rows[i].key, rows[i].doc};
        for (size_t n = 0; n < KD_COUNT(needed); n++) {
            cr_expect_not_null(strstr(help, needed[n]), "%s", needed[n]);
            cr_expect_not_null(strstr(reference, needed[n]), "%s", needed[n]);
        }
    }
    cr_expect_not_null(
        strstr(help, "  flush_interval = 5s\n      Seal after this.\n      Allowed: a duration with its unit "
                     "(us, ms, s, m, h, d) from 1ms to 1m. Reloadable.\n"));
    cr_expect_not_null(
        strstr(reference, "| `flush_interval` | `5s` | a duration with its unit (us, ms, s, m, h, d) from "
                          "1ms to 1m |  | yes | Seal after this. Short is fresh, long is thrifty. |\n"));
    cr_expect_not_null(
        strstr(reference, "| (any key) | `like = 1 set`, `save = 2 set`, `view = 3 sum`, `share = 4 sum` |"));
    free(help);
    free(reference);
}

static const char example[] =
    "# Prose about = what follows.\n[edge]\n# Prose with an = sign.\n#shards = 0\n# batch_ops = 1000\n"
    "#flush_interval=5s\n# memory = 64MiB\n# fast = false\nname = mum-1\n# data_dir = data\n"
    "# key_file = anything\nlisten = *:1\n# collections = posts, reels\n[kafka]\n# mode = real\n"
    "[counters]\nlike = 1 set\n# view = 3 sum\n[kafka.properties]\n# linger.ms = 7\n";

static int check_changed(const char *from, const char *to)
{
    char text[sizeof example + 64];
    const char *at = strstr(example, from);
    cr_assert_not_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - example), example, to, at + strlen(from));
    return kd_options_check_example(&options, "e.conf", kd_bytes_str(text), error);
}

Test(options, an_example_mentions_every_option_and_its_default)
{
    cr_assert_eq(check_changed("", ""), KD_OK, "%s", error);
    cr_expect_eq(check_changed("# memory = 64MiB\n", ""), KD_EINVAL);
    cr_expect_not_null(strstr(error, "edge.memory is not mentioned"), "%s", error);
    cr_expect_eq(check_changed("# memory = 64MiB\n", "# memory = 65MiB\n"), KD_EINVAL);
    cr_expect_not_null(strstr(error, "e.conf:7: edge.memory: shows another value than the default"), "%s",
                       error);
    cr_expect_eq(check_changed("# memory", "# memery"), KD_EINVAL);
    cr_expect_not_null(strstr(error, "edge.memery: there is no such option"), "%s", error);
    cr_expect_eq(check_changed("name = mum-1", "nome = mum-1"), KD_EINVAL);
    cr_expect_eq(check_changed("# view = 3 sum", "# view = 4 sum"), KD_EINVAL);
    cr_expect_eq(check_changed("# linger.ms = 7\n", ""), KD_EINVAL);
}

/* ---- lists that grow by a reload ---- */

Test(options, a_list_lacks_what_the_old_one_had)
{
    char *ab[] = {"a", "b"}, *ba[] = {"b", "c", "a"};
    kd_strings small = {ab, 2}, large = {ba, 3};
    cr_expect_null(kd_strings_lacks(&large, &small));
    cr_expect_str_eq(kd_strings_lacks(&small, &large), "c");
    kd_strings copy = kd_strings_copy(&large);
    cr_expect(copy.count == 3 && copy.at[1] != large.at[1] && strcmp(copy.at[1], "c") == 0);
    kd_strings_finish(&copy);
}

Test(options, counters_are_added_behind_and_never_changed)
{
    kd_counters old = {2, {{"like", 1, KD_SET}, {"view", 3, KD_SUM}}};
    kd_counters more = {3, {{"clap", 9, KD_SET}, {"view", 3, KD_SUM}, {"like", 1, KD_SET}}};
    kd_counters moved = {2, {{"like", 2, KD_SET}, {"view", 3, KD_SUM}}},
                turned = {2, {{"like", 1, KD_SET}, {"view", 3, KD_SET}}};
    cr_expect_null(kd_counters_lacks(&more, &old));
    cr_expect_str_eq(kd_counters_lacks(&old, &more)->name, "clap");
    cr_expect_str_eq(kd_counters_lacks(&moved, &old)->name, "like");
    cr_expect_str_eq(kd_counters_lacks(&turned, &old)->name, "view");
    kd_counters_append(&old, &more);
    cr_expect(old.count == 3 && old.at[0].id == 1 && old.at[1].id == 3 && old.at[2].id == 9);
}
