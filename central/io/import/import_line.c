/* import_line.c - see the header. */
#include "central/io/import/import_line.h"

#include "common/base/like_line.h"
#include "common/base/text.h"
#include "kudos/wire.h"

enum { TIME_DIGITS = 19 };

static int import_line_log(const kd_import_form *form, kd_bytes line, kd_import_row *row, const char **why)
{
    kd_like_line l;
    int err = kd_like_line_read(&l, line, form->collection, why);
    if (err != KD_OK) return err;
    err = kd_item_parse(&row->item, kd_bytes_of(l.item, l.item_len));
    KD_ASSERT(err == KD_OK); /* the line's reader has mapped it */
    memcpy(row->user, l.user, l.user_len);
    row->user_len = l.user_len;
    row->counter = form->counter;
    row->liked = l.liked;
    row->time_us = l.at_ms * 1000;
    row->region = form->region;
    return KD_OK;
}

static bool import_line_counter(const kd_import_form *form, kd_bytes name, kd_counter_kind kind, uint8_t *id)
{
    int at = kd_counters_by_name(form->counters, name);
    if (at < 0 || form->counters->at[at].kind != kind) return false;
    *id = form->counters->at[at].id;
    return true;
}

static int import_line_sum(const kd_import_form *form, kd_bytes line, kd_import_row *row, const char **why)
{
    kd_bytes counter, item, amount;
    *why = "not four fields separated by tabs";
    if (!kd_line_cut(&line, &counter, false) || !kd_line_cut(&line, &item, false) ||
        !kd_line_cut(&line, &amount, false) || !kd_line_cut(&line, &row->region, true))
        return KD_EMALFORMED;
    *why = "the counter is no sum of the configuration (-c)";
    if (!import_line_counter(form, counter, KD_SUM, &row->counter)) return KD_EMALFORMED;
    *why = "the item is not collection/id";
    if (kd_item_parse(&row->item, item) != KD_OK) return KD_EMALFORMED;
    *why = "the amount is not a number from 1 to 2^51";
    if (!kd_text_number(amount, &row->amount) || row->amount == 0 || row->amount > KD_IMPORT_AMOUNT_MAX)
        return KD_EMALFORMED;
    *why = "the region is not [a-z0-9][a-z0-9._-]{0,31}";
    if (!kd_name_valid(row->region)) return KD_EMALFORMED;
    row->user_len = 0;
    row->liked = false;
    row->day = form->day;
    return KD_OK;
}

static int import_line_export(const kd_import_form *form, kd_bytes line, kd_import_row *row, const char **why)
{
    kd_bytes counter, item, user, time;
    *why = "not five fields separated by tabs";
    if (!kd_line_cut(&line, &counter, false) || !kd_line_cut(&line, &item, false) ||
        !kd_line_cut(&line, &user, false) || !kd_line_cut(&line, &time, false) ||
        !kd_line_cut(&line, &row->region, true))
        return KD_EMALFORMED;
    *why = "the counter is no set counter of the configuration (-c)";
    if (!import_line_counter(form, counter, KD_SET, &row->counter)) return KD_EMALFORMED;
    *why = "the item is not collection/id";
    if (kd_item_parse(&row->item, item) != KD_OK) return KD_EMALFORMED;
    *why = "the user is not " KD_ID_FORM;
    if (!kd_id_valid(user)) return KD_EMALFORMED;
    *why = "the stamp is not a number of microseconds";
    if (time.len > TIME_DIGITS || !kd_text_number(time, &row->time_us)) return KD_EMALFORMED;
    *why = "the region is not [a-z0-9][a-z0-9._-]{0,31}";
    if (!kd_name_valid(row->region)) return KD_EMALFORMED;
    memcpy(row->user, user.data, user.len);
    row->user_len = (uint8_t)user.len;
    row->liked = true;
    return KD_OK;
}

static uint32_t import_line_tabs(kd_bytes line)
{
    uint32_t tabs = 0;
    for (size_t i = 0; i < line.len; i++) tabs += line.data[i] == '\t';
    return tabs;
}

/* An export's like has a tab more than a log, and its sum begins with the name of a counter. A line that is neither is told what a log looks like. */
static kd_import_kind import_line_kind(kd_bytes line)
{
    bool named = line.len > 0 && line.data[0] >= 'a' && line.data[0] <= 'z';
    uint32_t tabs = import_line_tabs(line);
    return tabs == 4 || (tabs == 3 && named) ? KD_IMPORT_EXPORT : KD_IMPORT_LOG;
}

static int import_line_like(const kd_import_form *form, kd_import_kind kind, kd_bytes line,
                            kd_import_row *row, const char **why)
{
    int err = kind == KD_IMPORT_LOG ? import_line_log(form, line, row, why)
                                    : import_line_export(form, line, row, why);
    if (err != KD_OK || (row->time_us > 0 && row->time_us < KD_TIME_END_US)) return err;
    *why = "the time is 0, or beyond what a stamp can be";
    return KD_EMALFORMED;
}

int kd_import_line_read(const kd_import_form *form, kd_import_kind *kind, kd_bytes line, kd_import_row *row,
                        const char **why)
{
    if (*kind == KD_IMPORT_UNKNOWN) *kind = import_line_kind(line);
    row->amount = 0;
    bool sum = *kind == KD_IMPORT_EXPORT && import_line_tabs(line) == 3;
    int err = sum ? import_line_sum(form, line, row, why) : import_line_like(form, *kind, line, row, why);
    if (err != KD_OK || !kd_id_is_dots(kd_key_id(kd_item_key(&row->item)))) return err;
    *why = "the item's id is . or .., which no path can name";
    return KD_EMALFORMED;
}
