/*
 * style.h - the page's style sheet; it follows the reader's choice of light or dark and holds no < or &.
 */
#ifndef KUDOS_SIM_REPORT_STYLE_H
#define KUDOS_SIM_REPORT_STYLE_H

extern const char sim_report_style[];

#endif
