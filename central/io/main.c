/*
 * central/io/main.c - kudos-central: the daemon, and its sub commands by name.
 */
#include <signal.h>
#include <stdio.h>

#include "central/io/app.h"
#include "central/io/commands.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the name; returns the exit code */
} commands[] = {
    {"export", kd_command_export},
    {"audit", kd_command_audit},
    {"repair", kd_command_repair},
    {"backup", kd_command_backup},
    {"restore", kd_command_restore},
    {"quarantine", kd_command_quarantine},
    {"retire", kd_command_retire},
    {"collect", kd_command_collect},
};

/* What -t has found valid by the table is looked at as a whole, too. */
static int check_only(const kd_command *command)
{
    char error[KD_OPTIONS_ERROR_MAX];
    kd_central_settings settings;
    int rc = kd_command_reload(command, &kd_central_options, &settings, error);
    if (rc == KD_OK) {
        rc = kd_central_settings_check(&settings, error);
        kd_options_finish(&kd_central_options, &settings);
    }
    if (rc != KD_OK) fprintf(stderr, "kudos-central: %s: %s\n", command->file, error);
    return rc == KD_OK ? KD_EXIT_OK : KD_EXIT_USAGE;
}

static int serve(int argc, char **argv)
{
    kd_command command;
    kd_central_settings settings;
    char error[KD_OPTIONS_ERROR_MAX];
    int code = kd_command_start(&command, &kd_central_options, argc, argv, &settings);
    if (code == KD_EXIT_OK && command.check_only && command.file != NULL) code = check_only(&command);
    if (code < 0) {
        if (kd_central_settings_check(&settings, error) == KD_OK) {
            code = kd_app_run(&command, &settings);
        } else {
            fprintf(stderr, "kudos-central: %s: %s\n", command.file, error);
            kd_options_finish(&kd_central_options, &settings);
            code = KD_EXIT_USAGE;
        }
    }
    kd_command_finish(&command);
    return code;
}

int main(int argc, char **argv)
{
    signal(SIGXFSZ, SIG_IGN); /* a file at its limit is an error of its write, of a backup, too: what was begun is removed */
    for (size_t i = 0; argc > 1 && i < KD_COUNT(commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0) return commands[i].run(argc - 1, argv + 1);
    return serve(argc, argv);
}
