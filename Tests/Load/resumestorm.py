#!/usr/bin/env python3
"""N connections come again and again, each with a resume of 64 subscriptions (which costs what 64 Subscribes cost, but
is no request). An honest witness watches one component meanwhile.

Right: the witness misses (nearly) no tick: what a resume asks for is worked off under the same budget as requests. And
each of them is welcomed."""

import os
import sys
import time

from case import GAP_MAX, QUERY, Server, Witness, arguments, closed_with, finish, is_calm
from peer import CLIENT_NAME, Resume, Session, ask, drain, hello


def storm(server, options, epoch, turn):
    """All connect, then all resume at once. Returns how many could not, and how they were closed."""
    sessions, failed = [], 0
    for _ in range(options.sessions):
        try:
            sessions.append(Session(server.address, acknowledge_every=16, greets=False))
        except OSError:
            failed += 1
    hellos = []
    for at in range(len(sessions)):
        entities = [(at * 65 + k + turn) % options.asteroids for k in range(options.held)]
        resume = Resume(epoch, 1, {k + 1: ask(options.query, index) for k, index in enumerate(entities)})
        hellos.append(hello(CLIENT_NAME, resume))
    for one, message in zip(sessions, hellos):
        one.say(message)
    drain(sessions, time.monotonic() + 5, lambda: all(one.welcome or one.closed for one in sessions))
    for one in sessions:
        one.socket.close()
    return failed + sum(1 for one in sessions if one.closed), closed_with(sessions)


def main():
    options = arguments(
        __doc__,
        sessions=(int, None, "N"),
        seconds=(float, 8.0, "for so long"),
        query=QUERY,
        held=(int, 64, "subscriptions of each resume"),
        gap_max=GAP_MAX,
        missed_max=(int, 3, "ticks that the witness may miss and be right"),
    )
    with Server(options) as server:
        witness = Witness(server.address)
        os.nice(5)
        epoch = Session(server.address).welcome.epoch
        rss, cpu, begin, storms, failed, closed = server.rss(), server.cpu(), time.monotonic(), 0, 0, set()
        while time.monotonic() < begin + options.seconds:
            storm_failed, storm_closed = storm(server, options, epoch, storms)
            failed, closed, storms = failed + storm_failed, closed | set(storm_closed), storms + 1
        end = time.monotonic()
        saw = witness.result(begin, end)
        figures = {
            "sessions": options.sessions,
            "query": options.query,
            "held": options.held,
            "storms": storms,
            "hellos_per_s": round(storms * options.sessions / (end - begin), 1),
            "failed": failed,
            "closed_with": sorted(closed),
            "rss_mb": [rss, server.rss()],
            "server_cores": round((server.cpu() - cpu) / (end - begin), 2),
            "witness": saw,
        }
        return finish("resumestorm", figures, not closed and is_calm(saw, options.gap_max, options.missed_max))


if __name__ == "__main__":
    sys.exit(main())
