/* trending_words.h - reads central's answer of what is trending, as strictly as central_words.h. */
#ifndef KUDOS_EDGE_IO_UPSTREAM_TRENDING_WORDS_H
#define KUDOS_EDGE_IO_UPSTREAM_TRENDING_WORDS_H

#include "edge/io/upstream/trends.h"

/* The answer of GET /v1/trending. False: it is cut off, lacks a member or is anything else; then *page means nothing. */
bool kd_trending_words(kd_bytes body, kd_buf *scratch, kd_trends_page *page);

#endif
