#ifndef CLIBWEBSOCKETS_SHIM_H
#define CLIBWEBSOCKETS_SHIM_H
#include <libwebsockets.h>

/// Bytes that libwebsockets writes in front of a payload.
enum { CLWS_PRE = LWS_PRE };

#endif
