/* Objects as files of a directory: whole or not at all, in order, and nothing but ours. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/backup/object_name.h"
#include "common/base/text.h"
#include "common/io/objects/object_files.h"

enum { OLD_S = 600 };

typedef struct {
    char top[64];
    kd_object_files *objects;
    char error[KD_OPTIONS_ERROR_MAX];
} place;

static void open_at(place *p, const char *below)
{
    char root[128];
    snprintf(root, sizeof root, "%s%s", p->top, below);
    p->objects = kd_object_files_create(root, OLD_S);
    cr_assert_not_null(p->objects);
}

static place begin(const char *below)
{
    place p = {.top = "/tmp/kudos-objects-XXXXXX"};
    cr_assert_geq(sodium_init(), 0);
    cr_assert_not_null(mkdtemp(p.top));
    open_at(&p, below);
    return p;
}

static void end(place *p)
{
    char command[160];
    kd_object_files_destroy(p->objects);
    snprintf(command, sizeof command, "rm -r %s", p->top);
    cr_assert_eq(system(command), 0);
}

static void put(place *p, const char *name, const char *body)
{
    cr_assert_eq(kd_object_files_put(p->objects, name, kd_bytes_str(body), p->error), KD_OK, "%s", p->error);
}

static void write_file(const place *p, const char *name, time_t age_s)
{
    char path[256];
    const struct timespec then = {.tv_sec = time(NULL) - age_s};
    const struct timespec times[2] = {then, then};
    snprintf(path, sizeof path, "%s/%s", p->top, name);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    cr_assert_geq(fd, 0);
    close(fd);
    cr_assert_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

static bool is_there(const place *p, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", p->top, name);
    return kd_path_exists(path);
}

static int note(void *arg, const kd_object_seen *seen, char *error)
{
    (void)error;
    kd_text_printf(arg, "%.*s:%lld ", KD_PRINT(seen->name), (long long)seen->age_s / 100);
    return KD_OK;
}

/* Names of a folder, each with its age in hundreds of seconds. */
static const char *listed(place *p, const char *folder)
{
    static kd_buf text;
    const kd_object_each each = {.call = note, .arg = &text};
    kd_buf_clear(&text);
    cr_assert_eq(kd_object_files_list(p->objects, folder, &each, p->error), KD_OK, "%s", p->error);
    kd_buf_put_u8(&text, '\0');
    return (const char *)text.data;
}

Test(object_files, what_is_put_is_got_listed_in_order_and_removed)
{
    place p = begin("/store/");
    kd_buf body = {0};
    put(&p, "backups/b", "two");
    put(&p, "backups/a", "one");
    put(&p, "backups/B", "three");
    put(&p, "backups/a", "one, again");
    cr_expect_str_eq(listed(&p, "backups/"), "B:0 a:0 b:0 ");
    cr_assert_eq(kd_object_files_get(p.objects, "backups/a", 100, &body, p.error), KD_OK);
    cr_expect(kd_bytes_eq(kd_buf_view(&body), kd_bytes_str("one, again")));
    cr_expect_eq(kd_object_files_get(p.objects, "backups/a", 9, &body, p.error), KD_ETOOBIG);
    cr_expect_eq(kd_object_files_sent_bytes(p.objects), 21u);
    cr_expect_eq(kd_object_files_remove(p.objects, "backups/a", p.error), KD_OK);
    cr_expect_eq(kd_object_files_remove(p.objects, "backups/a", p.error), KD_OK,
                 "one that is not there is fine");
    cr_expect_eq(kd_object_files_get(p.objects, "backups/a", 100, &body, p.error), KD_ENOTFOUND);
    cr_expect_str_eq(listed(&p, "backups/"), "B:0 b:0 ");
    cr_expect_str_eq(listed(&p, "partition-0000/"), "", "a folder that is not there is empty");
    cr_expect_str_eq(listed(&p, "new/"), "", "nothing is left of what was renamed");
    kd_buf_finish(&body);
    end(&p);
}

Test(object_files, what_a_killed_writer_left_is_removed_when_it_is_old)
{
    place p = begin("");
    char name[64];
    put(&p, "backups/a", "one");
    snprintf(name, sizeof name, "%s", "new/left");
    write_file(&p, name, OLD_S + 60);
    write_file(&p, "new/of-now", OLD_S - 60);
    kd_object_files_destroy(p.objects);
    open_at(&p, "");
    put(&p, "backups/b", "two");
    cr_expect_not(is_there(&p, "new/left"));
    cr_expect(is_there(&p, "new/of-now"));
    end(&p);
}

Test(object_files, ages_are_told_and_what_is_no_file_is_not_listed)
{
    place p = begin("");
    char path[128];
    put(&p, "running/backup-b", "kudos\n");
    write_file(&p, "running/backup-old", 950);
    snprintf(path, sizeof path, "%s/running/directory", p.top);
    cr_assert_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/running/link", p.top);
    cr_assert_eq(symlink("backup-b", path), 0);
    cr_expect_str_eq(listed(&p, "running/"), "backup-b:0 backup-old:9 ");
    end(&p);
}

Test(object_files, a_directory_that_is_not_there_holds_nothing_and_is_named)
{
    place p = begin("/a/b");
    kd_buf body = {0};
    cr_expect_eq(kd_object_files_get(p.objects, "backups/a", 100, &body, p.error), KD_ENOTFOUND);
    const kd_object_each each = {.call = note, .arg = &body};
    cr_expect_eq(kd_object_files_list(p.objects, "backups/", &each, p.error), KD_EINVAL);
    cr_expect(strstr(p.error, "/a/b: No such file"), "%s", p.error);
    cr_expect_neq(kd_object_files_put(p.objects, "backups/a", kd_bytes_str("x"), p.error), KD_OK);
    cr_expect(strstr(p.error, "/a/b cannot be made"), "its parent is not there: %s", p.error);
    kd_buf_finish(&body);
    end(&p);
}

Test(object_files, an_address_is_an_absolute_path)
{
    cr_expect_str_eq(kd_object_place_dir("file:///a/b"), "/a/b");
    static const char *const wrong[] = {"file://", "file:///", "file:////", "file://host/a", "file://a"};
    for (size_t i = 0; i < KD_COUNT(wrong); i++) {
        cr_expect(kd_object_place_is(wrong[i]));
        cr_expect_null(kd_object_place_dir(wrong[i]), "%s", wrong[i]);
    }
    cr_expect_not(kd_object_place_is("/file://x"));
}

Test(object_files, a_path_that_leaves_no_room_for_names_is_none)
{
    char longest[KD_OBJECT_FILES_ROOT_MAX + 1];
    memset(longest, 'a', sizeof longest);
    longest[0] = '/';
    longest[sizeof longest - 1] = '\0';
    cr_expect_null(kd_object_files_create(longest, OLD_S));
    longest[sizeof longest - 2] = '/';
    kd_object_files *fits = kd_object_files_create(longest, OLD_S);
    cr_assert_not_null(fits);
    cr_expect_eq(strlen(kd_object_files_root(fits)), (size_t)KD_OBJECT_FILES_ROOT_MAX - 1);
    kd_object_files_destroy(fits);
}
