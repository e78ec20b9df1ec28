#include "loop.h"

#include <stdlib.h>

static void handle_async(struct ev_loop *native, ev_async *watcher, int events) {
    (void)native;
    (void)events;
    clws_loop *loop = watcher->data;
    loop->handler(loop->owner, CLWS_EVENT_WOKEN);
}

static void handle_timer(struct ev_loop *native, ev_timer *watcher, int events) {
    (void)native;
    (void)events;
    clws_loop *loop = watcher->data;
    loop->handler(loop->owner, watcher == &loop->glance ? CLWS_EVENT_GLANCE : CLWS_EVENT_TIMER);
}

clws_loop *clws_loop_create(void *owner, clws_event_handler handler) {
    clws_loop *loop = calloc(1, sizeof *loop);
    if (!loop) return NULL;
    loop->native = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    if (!loop->native) {
        free(loop);
        return NULL;
    }
    loop->owner = owner;
    loop->handler = handler;
    ev_async_init(&loop->async, handle_async);
    loop->async.data = loop;
    // Started here, so that a wake before the loop runs is not lost.
    ev_async_start(loop->native, &loop->async);
    ev_init(&loop->timer, handle_timer);
    loop->timer.data = loop;
    ev_init(&loop->glance, handle_timer);
    loop->glance.data = loop;
    return loop;
}

void clws_loop_destroy(clws_loop *loop) {
    ev_async_stop(loop->native, &loop->async);
    ev_timer_stop(loop->native, &loop->timer);
    ev_timer_stop(loop->native, &loop->glance);
    ev_loop_destroy(loop->native);
    free(loop);
}

void clws_loop_wake(clws_loop *loop) { ev_async_send(loop->native, &loop->async); }

static void start_timer(clws_loop *loop, ev_timer *timer, double seconds) {
    ev_timer_stop(loop->native, timer);
    ev_timer_set(timer, seconds, seconds);
    ev_timer_start(loop->native, timer);
}

void clws_loop_start_timer(clws_loop *loop, double seconds) {
    // The loop's clock has not moved since the loop was made.
    ev_now_update(loop->native);
    start_timer(loop, &loop->timer, seconds);
}

void clws_loop_restart_timer(clws_loop *loop) { ev_timer_again(loop->native, &loop->timer); }

void clws_loop_set_glances(clws_loop *loop, double seconds) {
    if (seconds > 0) {
        ev_now_update(loop->native);
        start_timer(loop, &loop->glance, seconds);
    } else {
        ev_timer_stop(loop->native, &loop->glance);
    }
}

void clws_loop_run(clws_loop *loop) { ev_run(loop->native, 0); }

void clws_loop_break(clws_loop *loop) { ev_break(loop->native, EVBREAK_ALL); }

static void handle_watched(struct ev_loop *native, ev_io *io, int events) {
    (void)native;
    clws_watcher *watcher = io->data;
    watcher->handler(watcher->owner, events & EV_READ, events & EV_WRITE);
}

clws_watcher *clws_watcher_create(
    clws_loop *loop, int descriptor, void *owner, clws_watcher_handler handler, bool comes_first) {
    clws_watcher *watcher = calloc(1, sizeof *watcher);
    if (!watcher) return NULL;
    watcher->loop = loop;
    watcher->owner = owner;
    watcher->handler = handler;
    ev_io_init(&watcher->io, handle_watched, descriptor, 0);
    if (comes_first) ev_set_priority(&watcher->io, EV_MAXPRI);
    watcher->io.data = watcher;
    return watcher;
}

void clws_watcher_set(clws_watcher *watcher, bool reads, bool writes) {
    int events = (reads ? EV_READ : 0) | (writes ? EV_WRITE : 0);
    if (ev_is_active(&watcher->io) && (watcher->io.events & (EV_READ | EV_WRITE)) == events) return;
    ev_io_stop(watcher->loop->native, &watcher->io);
    if (!events) return;
    ev_io_set(&watcher->io, watcher->io.fd, events);
    ev_io_start(watcher->loop->native, &watcher->io);
}

void clws_watcher_destroy(clws_watcher *watcher) {
    ev_io_stop(watcher->loop->native, &watcher->io);
    free(watcher);
}
