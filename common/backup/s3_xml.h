/*
 * s3_xml.h - what an S3 server says in XML: the pages of a listing, and why it refused. No parser of XML: servers write these documents without
 * attributes, comments or CDATA in the elements that are read here, and our names need no escapes. What is found is bounded by the document, and foreign.
 */
#ifndef KUDOS_COMMON_BACKUP_S3_XML_H
#define KUDOS_COMMON_BACKUP_S3_XML_H

#include "kudos/base.h"

/*
 * *content is what stands in the root of a document: that element, with attributes or not, behind a declaration or not. False: the document is
 * another one, or is cut short; where a connection just ends nothing else tells it.
 */
bool kd_s3_xml_root(kd_bytes document, const char *element, kd_bytes *content);
/* The text of the first element of that name; empty when there is none. */
kd_bytes kd_s3_xml_text(kd_bytes xml, const char *element);
/* Takes the next element of that name off the front of *xml: its content. False: there is none more. */
bool kd_s3_xml_next(kd_bytes *xml, const char *element, kd_bytes *content);

#endif
