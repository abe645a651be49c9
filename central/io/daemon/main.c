/* main.c - kudos-central: the daemon, and its sub commands by name. */
#include "central/io/daemon/app.h"
#include "central/io/commands/commands.h"
#include "common/io/daemon/program.h"
#include "common/io/loop/signals.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the name; returns the exit code */
} commands[] = {
    {"export", kd_command_export},   {"audit", kd_command_audit},     {"repair", kd_command_repair},
    {"backup", kd_command_backup},   {"restore", kd_command_restore}, {"quarantine", kd_command_quarantine},
    {"retire", kd_command_retire},   {"collect", kd_command_collect}, {"import", kd_command_import},
    {"void", kd_command_void},       {"close", kd_command_close},     {"open", kd_command_open},
    {"delete", kd_command_delete},   {"erase", kd_command_erase},     {"status", kd_command_status},
    {"members", kd_command_members}, {"edge", kd_command_edge},
};

static int central_main_serve(int argc, char **argv)
{
    kd_command command;
    kd_central_settings settings;
    kd_signals_hold();
    int code = kd_command_start(&command, &kd_central_options, argc, argv, &settings);
    if (code < 0 && command.openapi) {
        const kd_openapi_source source = kd_api_source(&settings);
        code = kd_openapi_print(&source, kd_central_options.program);
        kd_options_finish(&kd_central_options, &settings);
    }
    if (code < 0) code = kd_central_app_run(&command, &settings);
    return code;
}

int main(int argc, char **argv)
{
    kd_program_begin();
    for (size_t i = 0; argc > 1 && i < KD_COUNT(commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0) return commands[i].run(argc - 1, argv + 1);
    return central_main_serve(argc, argv);
}
