/* options_file.c - configuration files: reading them, and what has to be true of the files that they name. */
#include "common/io/daemon/options_file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/io/daemon/file_read.h"

/* Whether the file that a path option names can be used: KD_OK, or KD_EINVAL with why not. */
static int options_file_check_path(const kd_option *option, const char *path, char *why, size_t size)
{
    struct stat info;
    if (option->secret) return kd_secret_check(path, why, size);
    if (stat(path, &info) == 0) return KD_OK;
    snprintf(why, size, "%s", errno == ENOENT ? "there is no such file" : strerror(errno));
    return KD_EINVAL;
}

static int options_file_check_paths(const kd_options *options, const char *file, const void *config,
                                    char *error)
{
    char why[KD_OPTIONS_ERROR_MAX / 2];
    for (size_t i = 0; i < options->count; i++) {
        const kd_option *o = &options->at[i];
        if (o->type != KD_OPTION_TYPE_PATH || !(o->must_exist || o->secret)) continue;
        const char *path = *(char *const *)((const char *)config + o->offset);
        if (path == NULL || options_file_check_path(o, path, why, sizeof(why)) == KD_OK) continue;
        bool shown = !kd_option_concealed(o);
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.200s: %s.%s%s%.300s: %s", file, o->section, o->key,
                 shown ? " = " : "", shown ? path : "", why);
        return KD_EINVAL;
    }
    return KD_OK;
}

/* The directory of a file that exists, absolute, without a slash at its end; the caller frees it. NULL with errno. */
static char *options_file_directory(const char *path)
{
    char *real = realpath(path, NULL);
    char *slash = real != NULL ? strrchr(real, '/') : NULL;
    if (slash != NULL) slash[slash == real] = 0;
    return real;
}

static int options_file_load(const kd_options *options, kd_options_input *input, void *config, char *error)
{
    char *directory = options_file_directory(input->file);
    if (directory == NULL) {
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.300s: %s", input->file, strerror(errno));
        return KD_EINVAL;
    }
    input->base_dir = directory;
    int err = kd_options_load(options, input, config, error);
    free(directory);
    return err;
}

int kd_options_load_again(const kd_options *options, const char *path, const char *const *sets,
                          size_t set_count, void *config, char *error)
{
    kd_buf text = {0};
    memset(config, 0, options->config_size);
    int err = kd_file_read(path, KD_OPTIONS_FILE_MAX, &text);
    if (err == KD_OK) {
        kd_options_input input = {
            .file = path, .text = kd_buf_view(&text), .sets = sets, .set_count = set_count};
        err = options_file_load(options, &input, config, error);
    } else {
        const char *reason = err == KD_ENOTFOUND ? "there is no such file"
                             : err == KD_ETOOBIG ? "the file is larger than 1 MiB"
                                                 : "cannot be read as a regular file";
        snprintf(error, KD_OPTIONS_ERROR_MAX, "%.300s: %s", path, reason);
        err = KD_EINVAL;
    }
    kd_buf_finish(&text);
    return err;
}

int kd_options_load_file(const kd_options *options, const char *path, const char *const *sets,
                         size_t set_count, void *config, char *error)
{
    int err = kd_options_load_again(options, path, sets, set_count, config, error);
    if (err != KD_OK) return err;
    err = options_file_check_paths(options, path, config, error);
    if (err != KD_OK) kd_options_finish(options, config);
    return err;
}

/* ---- checks that both programs make ---- */

/* A host of digits and dots alone, or with a colon, is meant as an address; any other host is a name. */
static bool options_file_literal_valid(const char *host)
{
    struct in6_addr v6;
    struct in_addr v4;
    if (strchr(host, ':') != NULL) return inet_pton(AF_INET6, host, &v6) == 1;
    return host[strspn(host, "0123456789.")] != '\0' || host[0] == '\0' || inet_aton(host, &v4) != 0;
}

int kd_address_check(const char *option, const kd_address *address, char *error)
{
    if (options_file_literal_valid(address->host)) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%s: %s is not an address", option, address->host);
    return KD_EINVAL;
}

/* Whether a listener on `all` would take connections to `host` too. */
static bool options_file_host_covers(const char *all, const char *host)
{
    if (strcmp(all, "*") == 0 || strcmp(all, "::") == 0) return true; /* both IPv6 and IPv4 */
    return strcmp(all, "0.0.0.0") == 0 ? strchr(host, ':') == NULL : strcmp(all, host) == 0;
}

int kd_addresses_check(const char *option, const kd_address *address, const char *other_option,
                       const kd_address *other, char *error)
{
    int err = kd_address_check(option, address, error);
    if (err == KD_OK) err = kd_address_check(other_option, other, error);
    bool same = address->host[0] != '\0' && other->host[0] != '\0' && address->port == other->port &&
                address->port != 0 &&
                (options_file_host_covers(address->host, other->host) ||
                 options_file_host_covers(other->host, address->host));
    if (err != KD_OK || !same) return err;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%s and %s: both are port %u of the same address", option,
             other_option, address->port);
    return KD_EINVAL;
}

int kd_directory_check(const char *option, const char *path, char *error)
{
    struct stat info;
    bool wrong = stat(path, &info) == 0 ? !S_ISDIR(info.st_mode) : errno == ENOTDIR || errno == ENAMETOOLONG;
    if (!wrong) return KD_OK;
    snprintf(error, KD_OPTIONS_ERROR_MAX, "%s: %.400s is not a directory and cannot become one", option,
             path);
    return KD_EINVAL;
}
