// wcwidth is an extension of X/Open.
#define _GNU_SOURCE

#include "terminal_width.h"

#include <locale.h>
#include <pthread.h>
#include <wchar.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
// Of the locale that every glibc since 2.35 has; 0 elsewhere, which leaves the user's.
static locale_t unicode;

static void make_locale(void) { unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0); }

int terminal_width(uint32_t scalar) {
    pthread_once(&once, make_locale);
    locale_t previous = uselocale(unicode);
    int width = wcwidth((wchar_t)scalar);
    uselocale(previous);
    return width < 0 ? 0 : width;
}
