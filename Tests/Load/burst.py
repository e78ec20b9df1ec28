#!/usr/bin/env python3
"""N sessions each hold 63 subscriptions, of one entity each unless --query says otherwise, and then send all the
requests that they may at once (or, with --rate, so many a second for so long). An honest witness watches one component
meanwhile.

Right: the witness misses no tick: requests are worked off under a budget per tick, in turn by session, after the
batches of the tick. And each request is granted in the end, and no session is closed. What the witness gets in the
two calm seconds before, while the sessions only watch, is told too (witness_before): with many sessions that is
scale.py's case."""

import os
import sys
import time

from case import GAP_MAX, QUERY, Server, Witness, arguments, closed_with, finish, is_calm, refused_with
from peer import ask, connect, drain, settle, subscribe, unsubscribe

HELD = 63
STEP = 0.1  # seconds between two turns of sending, with --rate


def next_query(one, number, options):
    """What the session's subscription of that number asks for."""
    return ask(options.query, (one.base + number) % options.asteroids)


def requests(one, count, options):
    """`count` requests: the oldest subscription ends, and another one begins under a new number."""
    out = []
    for _ in range(count // 2):
        out += [unsubscribe(one.next - HELD), subscribe(one.next, next_query(one, one.next, options))]
        one.next += 1
    return out


def begin(sessions, options):
    """Each session holds its subscriptions, and has been calm for a moment."""
    for at, one in enumerate(sessions):
        one.base, one.next = at * HELD, HELD + 1
        one.say(*(subscribe(number, next_query(one, number, options)) for number in range(1, HELD + 1)))
        drain(sessions, time.monotonic() + 0.002)
    settle(sessions, HELD, 20)
    drain(sessions, time.monotonic() + 0.5)


def send(sessions, options, start):
    """Sends what is to be sent; returns how many requests of each session."""
    if not options.rate:
        for one in sessions:
            one.say(*requests(one, options.requests, options))
        return 2 * (options.requests // 2)
    sent, end, count = 0, start + options.seconds, int(options.rate * STEP)
    while (turn := time.monotonic()) < end:
        for one in sessions:
            one.say(*requests(one, count, options))
        sent += 2 * (count // 2)
        drain(sessions, min(turn + STEP, end))
    return sent


def main():
    options = arguments(
        __doc__,
        sessions=(int, None, "N"),
        query=QUERY,
        requests=(int, 936, "requests of each session at once"),
        rate=(int, 0, "instead: requests of each session per second"),
        seconds=(float, 10.0, "with --rate: for so long"),
        wait=(float, 25.0, "longest wait for the answers, seconds"),
        gap_max=GAP_MAX,
        missed_max=(int, 2, "ticks that the witness may miss and be right"),
    )
    with Server(options) as server:
        witness = Witness(server.address)
        os.nice(5)
        sessions = connect(server.address, options.sessions)
        begin(sessions, options)
        before = time.monotonic()
        drain(sessions, before + 2)  # their rates are full again, and the witness is calm
        calm, cpu = time.monotonic(), server.cpu()
        requested = send(sessions, options, calm)
        sent = time.monotonic()
        settle(sessions, HELD + requested, options.wait)
        answered = time.monotonic()
        drain(sessions, answered + 1)
        saw, saw_before = witness.result(calm, time.monotonic()), witness.result(before, calm)
        closed, complete = closed_with(sessions), all(one.answers == HELD + requested for one in sessions)
        figures = {
            "sessions": options.sessions,
            "query": options.query,
            "requests": options.sessions * requested,
            "rate": options.rate,
            "seconds_until_answered": round(answered - (calm if options.rate else sent), 2),
            "all_answered": complete,
            "refused": sum(one.refused for one in sessions),
            "refused_with": refused_with(sessions),
            "sessions_closed": sum(1 for one in sessions if one.closed),
            "closed_with": closed,
            "server_cpu_s": round(server.cpu() - cpu, 2),
            "witness_before": saw_before,
            "witness": saw,
        }
        right = complete and not closed and not figures["refused"]
        right = right and is_calm(saw, options.gap_max, options.missed_max)
        return finish("burst", figures, right)


if __name__ == "__main__":
    sys.exit(main())
