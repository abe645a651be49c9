/*
 * source_url.h - the export of a running central: partition by partition, page by page. A page is asked for after the one before, so central holds
 * nothing between them.
 */
#ifndef KUDOS_CENTRAL_IO_COMMANDS_SOURCE_URL_H
#define KUDOS_CENTRAL_IO_COMMANDS_SOURCE_URL_H

#include "central/io/commands/source.h"

/* All liked rows of the central at source->url, which may be several URLs, parted by commas: then each page comes from one that has it. A page that does not
 * come is asked for again a few times; a central that has never answered gets one chance. Returns an exit code with `error`. */
int kd_source_url_each(const kd_source *source, kd_source_lines fn, void *arg, char *error);

#endif
