/* test_options_file.c - configuration files, the files that they name, and the shared command line. */
#include "common/io/daemon/options_file.h"

#include "common/io/daemon/command.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    char *key, *dir;
    uint64_t n;
} config;

static const kd_option rows[] = {
    KD_OPTION_PATH(config, key, "a", "key_file", NULL, "Secret", .secret = true),
    KD_OPTION_PATH(config, dir, "a", "tls_dir", NULL, "Directory", .must_exist = true),
    KD_OPTION_UINT(config, n, "a", "n", "1", "Number", .max = 9),
};

static int check(const void *at, char *why)
{
    const config *checked = at;
    if (checked->n != 7) return KD_OK;
    snprintf(why, KD_OPTIONS_ERROR_MAX, "a.n: not on a Sunday");
    return KD_EINVAL;
}

static const kd_options options = {"kudos-test", "A test", rows, KD_COUNT(rows), sizeof(config), check, NULL};

static char home[] = "/tmp/kudos-options-XXXXXX";
static char file[64], key[64], error[KD_OPTIONS_ERROR_MAX];
static config c;

static void put_file(const char *path, const void *text, size_t len, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    cr_assert(fd >= 0 && write(fd, text, len) == (ssize_t)len && fchmod(fd, mode) == 0);
    close(fd);
}

static void set_up(void)
{
    cr_assert_not_null(mkdtemp(home));
    snprintf(file, sizeof file, "%s/t.conf", home);
    snprintf(key, sizeof key, "%s/key", home);
}

static void tear_down(void)
{
    unlink(file);
    unlink(key);
    rmdir(home);
}

TestSuite(options_file, .init = set_up, .fini = tear_down);

static int load(const char *text)
{
    put_file(file, text, strlen(text), 0644);
    return kd_options_load_file(&options, file, NULL, 0, &c, error);
}

Test(options_file, paths_are_relative_to_the_file)
{
    put_file(key, "0123456789abcdef", 16, 0600);
    cr_assert_eq(load("[a]\nkey_file = key\ntls_dir = .\n"), KD_OK, "%s", error);
    cr_expect_str_eq(c.key, key);
    kd_options_finish(&options, &c);
}

Test(options_file, a_secret_must_be_its_owners_alone)
{
    static const mode_t open_modes[] = {0644, 0640, 0604, 0620, 0601};
    for (size_t i = 0; i < KD_COUNT(open_modes); i++) {
        put_file(key, "0123456789abcdef", 16, open_modes[i]);
        cr_expect_eq(load("[a]\nkey_file = key\n"), KD_EINVAL, "%o", open_modes[i]);
        cr_expect_not_null(strstr(error, "a.key_file"), "%s", error);
        cr_expect_not_null(strstr(error, "open to group or others"), "%s", error);
    }
    put_file(key, "0123456789abcdef", 16, 0400);
    cr_expect_eq(load("[a]\nkey_file = key\n"), KD_OK, "%s", error);
    kd_options_finish(&options, &c);
}

Test(options_file, what_must_exist_is_named_when_it_does_not)
{
    cr_expect_eq(load("[a]\nkey_file = key\n"), KD_EINVAL);
    cr_expect_not_null(strstr(error, "a.key_file"), "%s", error);
    cr_expect_not_null(strstr(error, "no such file"), "%s", error);
    cr_expect_eq(load("[a]\ntls_dir = /nonexistent\n"), KD_EINVAL);
    cr_expect_not_null(strstr(error, "a.tls_dir = /nonexistent"), "%s", error);
    cr_expect_eq(load("[a]\nkey_file = .\n"), KD_EINVAL);
    cr_expect_not_null(strstr(error, "regular file"), "%s", error);
}

Test(options_file, odd_files_are_refused_by_name)
{
    cr_expect_eq(kd_options_load_file(&options, "/nonexistent/x.conf", NULL, 0, &c, error), KD_EINVAL);
    cr_expect_not_null(strstr(error, "/nonexistent/x.conf: there is no such file"));
    cr_expect_eq(kd_options_load_file(&options, home, NULL, 0, &c, error), KD_EINVAL);
    cr_expect_not_null(strstr(error, "regular file"));
    cr_assert_eq(mkfifo(key, 0600), 0);
    cr_expect_eq(kd_options_load_file(&options, key, NULL, 0, &c, error), KD_EINVAL);
    cr_expect_not_null(strstr(error, "regular file"));
    char *large = calloc(1, 10 << 20);
    memset(large, 'x', 10 << 20);
    put_file(file, large, 10 << 20, 0600);
    cr_expect_eq(kd_options_load_file(&options, file, NULL, 0, &c, error), KD_EINVAL);
    cr_expect_not_null(strstr(error, "1 MiB"));
    free(large);
}

#define START(command, ...)                                                                                  \
    kd_command_start(command, &options, (int)KD_COUNT(((char *[]){"t", __VA_ARGS__})),                       \
                     (char *[]){"t", __VA_ARGS__, NULL}, &c)

Test(options_file, check_only_says_whether_it_is_valid)
{
    kd_command command;
    char expected[128];
    cr_redirect_stdout();
    put_file(file, "[a]\nn=2\n", 8, 0644);
    cr_expect_eq(START(&command, "-t", "-c", file), KD_EXIT_OK);
    snprintf(expected, sizeof expected, "configuration %s is valid\n", file);
    fflush(stdout);
    cr_expect_stdout_eq_str(expected);
}

Test(options_file, valid_is_not_said_of_what_does_not_fit_together)
{
    kd_command command;
    char expected[256];
    cr_redirect_stdout();
    cr_redirect_stderr();
    put_file(file, "[a]\nn=7\n", 8, 0644);
    cr_expect_eq(START(&command, "-t", "-c", file), KD_EXIT_USAGE);
    cr_expect_eq(START(&command, "-c", file), KD_EXIT_USAGE);
    fflush(stdout);
    fflush(stderr);
    cr_expect_stdout_eq_str("");
    snprintf(expected, sizeof expected,
             "kudos-test: %s: a.n: not on a Sunday\nkudos-test: %s: a.n: not on a Sunday\n", file, file);
    cr_expect_stderr_eq_str(expected);
}

Test(options_file, two_ports_of_one_address_are_refused)
{
    static const struct {
        kd_address a, b;
        bool good;
    } pairs[] = {
        {{"127.0.0.1", 1}, {"127.0.0.1", 1}, false},
        {{"*", 1}, {"127.0.0.1", 1}, false},
        {{"::1", 1}, {"::", 1}, false},
        {{"0.0.0.0", 1}, {"edge", 1}, false},
        {{"0.0.0.0", 1}, {"::1", 1}, true},
        {{"127.0.0.1", 1}, {"127.0.0.2", 1}, true},
        {{"*", 1}, {"*", 2}, true},
        {{"*", 0}, {"*", 0}, true},
        {{"*", 1}, {"", 0}, true},
        {{"1:2", 1}, {"*", 2}, false},
        {{"256.0.0.1", 1}, {"*", 2}, false},
    };
    for (size_t i = 0; i < KD_COUNT(pairs); i++) {
        int err = kd_addresses_check("a.one", &pairs[i].a, "a.two", &pairs[i].b, error);
        cr_expect_eq(err, pairs[i].good ? KD_OK : KD_EINVAL, "%zu", i);
        cr_expect(pairs[i].good || strstr(error, "a.one") != NULL, "%s", error);
    }
}

Test(options_file, usage_and_configuration_errors_are_two)
{
    kd_command command;
    cr_redirect_stderr();
    put_file(file, "[a]\nn=2\n", 8, 0644);
    cr_expect_eq(START(&command, "-t", "-c", file, "--set", "a.n=10"), KD_EXIT_USAGE);
    cr_expect_eq(START(&command, "-t", "-c", "/nonexistent"), KD_EXIT_USAGE);
    cr_expect_eq(START(&command, "-t"), KD_EXIT_USAGE);
    cr_expect_eq(START(&command, "-x"), KD_EXIT_USAGE);
    cr_expect_eq(START(&command, "-c"), KD_EXIT_USAGE);
    cr_expect_eq(START(&command, "-c", file, "more"), KD_EXIT_USAGE);
    cr_expect_eq(START(&command, "-c", file, "--set"), KD_EXIT_USAGE);
}

Test(options_file, version_needs_no_file)
{
    kd_command command;
    cr_redirect_stdout();
    cr_expect_eq(START(&command, "--version"), KD_EXIT_OK);
    fflush(stdout);
    cr_expect_stdout_eq_str("kudos-test 0.1.0 (wire schema 1, storage schema 1)\n");
}

Test(options_file, help_needs_no_file)
{
    kd_command command;
    cr_redirect_stdout();
    cr_expect_eq(START(&command, "--help"), KD_EXIT_OK);
    cr_expect_eq(START(&command, "--reference"), KD_EXIT_OK);
}

Test(options_file, runs_with_overrides_and_reloads_with_them)
{
    kd_command command;
    config again;
    char *argv[] = {"t", "-c", file, "--set", "a.n=3", "--set=a.n=4", NULL};
    put_file(file, "[a]\nn=2\n", 8, 0644);
    cr_assert_eq(kd_command_start(&command, &options, 6, argv, &c), -1);
    cr_expect_eq(c.n, 4);
    cr_expect_eq(kd_command_reload(&command, &options, &again, error), KD_OK);
    cr_expect_eq(again.n, 4);
    put_file(file, "[a]\nn=x\n", 8, 0644);
    char *plain[] = {"t", "-c", file, NULL};
    command = (kd_command){.file = plain[2]};
    cr_expect_eq(kd_command_reload(&command, &options, &again, error), KD_EINVAL);
    cr_expect_not_null(strstr(error, "t.conf:2: a.n = x"), "%s", error);
}
