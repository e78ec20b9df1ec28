#ifndef ORRERY_TERMINAL_WIDTH_H
#define ORRERY_TERMINAL_WIDTH_H

#include <stdint.h>

/// How many columns of a terminal a Unicode scalar takes, by the tables of the C library: 0 to 2; 0 for what is not
/// printed.
/// Does not depend on the user's locale. Any thread.
int terminal_width(uint32_t scalar);

#endif
