/* test_http_answer.c - no value of an answer's field holds a line break or a NUL, wherever in it. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <event2/event.h>
#include <signal.h>

#include "common/io/http/server/http_server.h"

static void set_field(const char *value)
{
    kd_http_server *server;
    kd_http_config config;
    struct event_base *base = event_base_new();
    kd_http_config_init(&config);
    cr_assert_eq(kd_http_server_create(&server, base, &config, NULL, NULL), KD_OK);
    kd_http_server_set_field(server, "x", value);
    kd_http_server_destroy(server);
    event_base_free(base);
}

Test(http_answer, values_that_may_be_sent)
{
    static const char *const values[] = {"",
                                         "a",
                                         "a\tb",
                                         "a tab\tamong more than eight bytes",
                                         "\x01\x0b\x0c\x0e\x0f",
                                         "\x7f\x80\x8a\x8d\xff and so on, \xe2\x82\xac",
                                         "12345678",
                                         "1234567890"};
    for (size_t i = 0; i < KD_COUNT(values); i++) set_field(values[i]);
}

static char broken[][32] = {"\r",
                            "\n",
                            "1234\r67",
                            "\n2345678",
                            "1234567\r",
                            "12345678\n",
                            "123456789\r12345678901",
                            "1234567890123456789\n",
                            "a tab\tand\ta break\r"};

ParameterizedTestParameters(http_answer, values_that_may_not)
{
    return cr_make_param_array(char[32], broken, KD_COUNT(broken));
}

ParameterizedTest(char (*value)[32], http_answer, values_that_may_not, .signal = SIGABRT)
{
    set_field(*value);
}
