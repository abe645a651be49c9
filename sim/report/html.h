/*
 * html.h - writing a page: text of our own as it stands, text of others escaped.
 */
#ifndef KUDOS_SIM_REPORT_HTML_H
#define KUDOS_SIM_REPORT_HTML_H

#include "kudos/base.h"

/* Markup; the arguments must be numbers or text of our own. */
void sim_html_put(kd_buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Foreign text, in an element or a quoted attribute: < > & " ' are escaped; what XML forbids (control characters, bytes that are no UTF-8)
 * becomes U+FFFD. NULL is nothing. */
void sim_html_text(kd_buf *out, const char *text);
/* `<tag class="name">text</tag>`; without a class when that is NULL. */
void sim_html_element(kd_buf *out, const char *tag, const char *class, const char *text);

#endif
