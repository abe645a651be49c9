/*
 * style.h - the page's style sheet; it follows the reader's choice of light or dark. It stands in the page unescaped, so it must hold no < or &.
 */
#ifndef KUDOS_SIM_REPORT_STYLE_H
#define KUDOS_SIM_REPORT_STYLE_H

extern const char sim_report_style[];

#endif
