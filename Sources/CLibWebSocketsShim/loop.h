#ifndef CLWS_LOOP_H
#define CLWS_LOOP_H

#include "CLibWebSocketsShim.h"

#include <ev.h>

struct clws_loop {
    struct ev_loop *native;
    void *owner;
    clws_event_handler handler;
    ev_async async;
    ev_timer timer;
    ev_timer glance;
};

struct clws_watcher {
    clws_loop *loop;
    void *owner;
    clws_watcher_handler handler;
    ev_io io;
};

#endif
