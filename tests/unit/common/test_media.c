/* test_media.c - which form of an answer a client gets by its Accept. */
#include "common/api/media.h"

#include <criterion/criterion.h>

Test(media, messagepack_where_it_is_named_and_not_liked_less_than_json)
{
    static const struct {
        const char *accept;
        kd_media wanted;
    } cases[] = {
        {"", KD_MEDIA_JSON},
        {"*/*", KD_MEDIA_JSON},
        {"application/*", KD_MEDIA_JSON},
        {"text/html", KD_MEDIA_JSON},
        {"application/json", KD_MEDIA_JSON},
        {"application/msgpack", KD_MEDIA_MSGPACK},
        {"Application/MsgPack", KD_MEDIA_MSGPACK},
        {"application/vnd.msgpack", KD_MEDIA_VND_MSGPACK},
        {"application/vnd.msgpack, application/msgpack", KD_MEDIA_MSGPACK},
        {"application/vnd.msgpack, application/msgpack;q=0.9", KD_MEDIA_VND_MSGPACK},
        {"application/msgpack, */*", KD_MEDIA_MSGPACK},
        {"application/msgpack;q=0.5, */*", KD_MEDIA_JSON},
        {"application/msgpack;q=0.5, */*;q=0.4", KD_MEDIA_MSGPACK},
        {"application/msgpack;q=0.5, application/*;q=0.4, */*", KD_MEDIA_MSGPACK},
        {"application/json, application/msgpack", KD_MEDIA_JSON},
        {"application/msgpack, application/json", KD_MEDIA_JSON},
        {"application/msgpack, application/json;q=0.999", KD_MEDIA_MSGPACK},
        {"application/msgpack;q=0.8,application/json;q=0.9", KD_MEDIA_JSON},
        {"application/msgpack;q=0", KD_MEDIA_JSON},
        {"application/msgpack;q=0.000, application/json;q=0", KD_MEDIA_JSON},
        {"application/json;q=0, application/msgpack;q=0.001", KD_MEDIA_MSGPACK},
        {" application/msgpack ; Q=1.000 ;version=2\t,", KD_MEDIA_MSGPACK},
        {",, ,application/msgpack", KD_MEDIA_MSGPACK},
        {"text/x;a=\"b,application/msgpack\"", KD_MEDIA_JSON},
        {"text/x;a=\"\\\",application/msgpack\"", KD_MEDIA_JSON},
        {"application/msgpack;q=2", KD_MEDIA_JSON},
        {"application/msgpack;q=1.001", KD_MEDIA_JSON},
        {"application/msgpack;q=0.1234", KD_MEDIA_JSON},
        {"application/msgpack;q=", KD_MEDIA_JSON},
        {"application/msgpack;q=0,5", KD_MEDIA_JSON},
        {"application/msgpackx", KD_MEDIA_JSON},
        {"application/msgpack/x", KD_MEDIA_JSON},
    };
    for (size_t i = 0; i < KD_COUNT(cases); i++) {
        kd_media_wish wish = {0};
        kd_media_read(&wish, kd_bytes_str(cases[i].accept));
        cr_expect_eq(kd_media_choose(&wish), cases[i].wanted, "%s", cases[i].accept);
    }
}

Test(media, several_lines_are_one_list)
{
    kd_media_wish wish = {0};
    kd_media_read(&wish, kd_bytes_str("application/json;q=0.2"));
    kd_media_read(&wish, kd_bytes_str("application/msgpack;q=0.3"));
    cr_expect_eq(kd_media_choose(&wish), KD_MEDIA_MSGPACK);
}
