#!/usr/bin/env python3
"""N TCP connections that say nothing (and come again when they are cut, at most --again a second). Meanwhile, once a
second: does /healthz answer, and does an honest client get in?

Right: both do, each time, within --within seconds, whatever the silent ones do: a share of places per address, a
handshake time-out that is shorter under pressure, and the oldest silent connection cut first when a new one comes."""

import resource
import select
import socket
import sys
import time

from case import Server, Witness, arguments, finish
from peer import Session

ENDED = select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR


class Silent:
    """The silent connections."""

    def __init__(self, address, options):
        self.address, self.options, self.begin = address, options, time.monotonic()
        self.poller, self.open, self.tried, self.lost = select.epoll(), {}, 0, 0

    def fill(self):
        """Opens what is missing, some at a time."""
        options = self.options
        for _ in range(400):
            allowed = options.connections + options.again * (time.monotonic() - self.begin)
            if len(self.open) >= options.connections or self.tried >= allowed:
                return
            one = socket.socket()
            one.setblocking(False)
            if options.sources > 1:
                one.bind((f"127.0.0.{2 + self.tried % options.sources}", 0))
            self.tried += 1
            try:
                one.connect(self.address)
            except BlockingIOError:
                pass
            self.open[one.fileno()] = one
            self.poller.register(one.fileno(), ENDED | (select.EPOLLOUT if options.say else 0))

    def watch(self):
        """Says what is to be said, and notices who was cut."""
        for number, what in self.poller.poll(0.02):
            if what & ENDED:
                self.poller.unregister(number)
                self.open.pop(number).close()
                self.lost += 1
            else:
                try:
                    self.open[number].send(self.options.say.encode())
                except OSError:
                    pass
                self.poller.modify(number, ENDED)

    def close(self):
        for one in self.open.values():
            one.close()


def enter(address):
    """Whether an honest client gets in, and after how long."""
    begin = time.monotonic()
    try:
        Session(address).socket.close()
        what = True
    except OSError as error:
        what = str(error)
    return what, round(time.monotonic() - begin, 3)


def main():
    options = arguments(
        __doc__,
        connections=(int, None, "N"),
        seconds=(float, 15.0, "for so long"),
        within=(float, 1.0, "seconds in which the honest must be answered"),
        again=(int, 500, "connections a second that come again"),
        sources=(int, 1, "addresses 127.0.0.x from which the silent ones come"),
        say=(str, "", "what they say, after connecting: nothing, or the beginning of a request"),
    )
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, options.connections + 256)), hard))
    with Server(options) as server:
        witness = Witness(server.address)
        first = server.descriptors()
        silent = Silent(server.address, options)
        health, honest, descriptors, due = [], [], [], silent.begin + 1
        while time.monotonic() < silent.begin + options.seconds:
            silent.fill()
            silent.watch()
            if time.monotonic() >= due:
                due = time.monotonic() + 1
                descriptors.append(server.descriptors())
                health.append(server.health())
                honest.append(enter(server.address))
        saw = witness.result(silent.begin, time.monotonic())
        silent.close()

        def good(tries, wanted):
            return sum(1 for what, seconds in tries if what == wanted and seconds <= options.within)

        figures = {
            "connections": options.connections,
            "sources": options.sources,
            "say": options.say[:20],
            "connects": silent.tried,
            "cut_by_server": silent.lost,
            "descriptors_before": first,
            "descriptors_peak": max(descriptors),
            "health_ok": f"{good(health, 200)}/{len(health)}",
            "health_failures": sorted({str(what) for what, _ in health if what != 200})[:3],
            "honest_in": f"{good(honest, True)}/{len(honest)}",
            "honest_failures": sorted({str(what) for what, _ in honest if what is not True})[:3],
            "slowest_s": max(seconds for _, seconds in health + honest),
            "witness": saw,
        }
        is_fair = good(health, 200) == len(health) and good(honest, True) == len(honest)
        return finish("silent", figures, is_fair and saw["closed"] is None)


if __name__ == "__main__":
    sys.exit(main())
