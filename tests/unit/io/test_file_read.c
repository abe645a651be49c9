/* test_file_read.c - which files may hold a secret, and what is said of one that may not. */
#include "common/io/daemon/file_read.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char home[] = "/tmp/kudos-file-XXXXXX";
static char path[64], error[256];

static void put(const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fchmod(fd, mode) == 0);
    close(fd);
}

static void set_up(void)
{
    cr_assert_not_null(mkdtemp(home));
    snprintf(path, sizeof path, "%s/secret", home);
}

static void tear_down(void)
{
    unlink(path);
    rmdir(home);
}

TestSuite(file_read, .init = set_up, .fini = tear_down);

static void expect_refused(const char *expected)
{
    kd_buf text = {0};
    error[0] = 0;
    cr_expect_eq(kd_secret_check(path, error, sizeof error), KD_EINVAL);
    cr_expect_str_eq(error, expected);
    error[0] = 0;
    cr_expect_eq(kd_secret_read(path, 16, &text, error, sizeof error), KD_EINVAL);
    cr_expect_str_eq(error, expected);
    cr_expect_eq(text.len, 0);
    kd_secret_finish(&text);
}

Test(file_read, a_secret_is_read_up_to_its_bound)
{
    kd_buf text = {0};
    put("0123456789abcdef", 0400);
    cr_assert_eq(kd_secret_check(path, error, sizeof error), KD_OK, "%s", error);
    cr_assert_eq(kd_secret_read(path, 16, &text, error, sizeof error), KD_OK, "%s", error);
    cr_expect(kd_bytes_eq(kd_buf_view(&text), kd_bytes_str("0123456789abcdef")));
    cr_expect_eq(kd_secret_read(path, 15, &text, error, sizeof error), KD_EINVAL);
    cr_expect_not_null(strstr(error, "/secret: holds more than 15 bytes"), "%s", error);
    kd_secret_finish(&text);
    cr_expect_null(text.data);
}

Test(file_read, a_secret_that_others_may_open_is_named_with_its_mode)
{
    static const mode_t modes[] = {0644, 0640, 0604, 0620, 0601};
    char expected[256];
    for (size_t i = 0; i < KD_COUNT(modes); i++) {
        put("x", modes[i]);
        snprintf(expected, sizeof expected,
                 "%s: holds a secret and is open to group or others (mode %03o); chmod 600", path,
                 (unsigned)modes[i]);
        expect_refused(expected);
    }
}

Test(file_read, a_secret_is_a_regular_file)
{
    char expected[256];
    snprintf(expected, sizeof expected, "%s: must be a regular file", path);
    cr_assert_eq(mkfifo(path, 0600), 0);
    expect_refused(expected);
}

Test(file_read, a_path_without_a_file_is_not_shown)
{
    expect_refused("there is no such file");
}

Test(file_read, a_secret_of_another_user_is_named_with_both)
{
    char expected[256];
    put("x", 0600);
    uid_t other = geteuid() == 0 ? 65534 : 0;
    if (geteuid() != 0 || chmod(home, 0755) != 0 || seteuid(other) != 0)
        cr_skip_test("only root can become another user");
    snprintf(expected, sizeof expected, "%s: belongs to user 0, and user 65534 cannot read it; chown it",
             path);
    expect_refused(expected);
    cr_assert_eq(seteuid(0), 0);
}
