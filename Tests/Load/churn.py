#!/usr/bin/env python3
"""N sessions subscribe and unsubscribe for ever, each within the rate limit. The server's memory over time, and what an
honest witness gets.

Right: memory settles (the last half adds less than --growth-max), the witness misses (nearly) no tick, nothing is
refused, and no session is closed: a rate that a client keeps must not be exceeded because the server was late to
read."""

import os
import sys
import time

from case import GAP_MAX, QUERY, Server, Witness, arguments, closed_with, finish, is_calm, refused_with
from peer import ask, connect, drain, subscribe, unsubscribe

STEP = 0.1  # seconds between two turns of sending


def churn(sessions, server, options):
    """Sends for so long; returns the server's megabytes after each turn."""
    count = int(options.rate * STEP) // 2
    end, memory, first = time.monotonic() + options.seconds, [], 1
    while (turn := time.monotonic()) < end and not all(one.closed for one in sessions):
        for at, one in enumerate(sessions):
            if one.closed is not None:
                continue
            out = []
            for number in range(first, first + count):
                out.append(subscribe(number, ask(options.query, (at * 63 + number) % options.asteroids)))
                if number > options.held:
                    out.append(unsubscribe(number - options.held))
            one.say(*out)
            one.sent += len(out)
        first += count
        drain(sessions, turn + STEP)
        time.sleep(max(0, turn + STEP - time.monotonic()))  # where all are closed
        memory.append(server.rss())
    return memory


def main():
    options = arguments(
        __doc__,
        sessions=(int, None, "N"),
        rate=(int, 900, "requests of each session per second"),
        seconds=(float, 20.0, "for so long"),
        query=QUERY,
        held=(int, 0, "subscriptions that each session keeps before it ends the oldest, at most 60"),
        growth_max=(int, 8, "megabytes that the last half may add"),
        gap_max=GAP_MAX,
        missed_max=(int, 2, "ticks that the witness may miss per 10 seconds and be right"),
    )
    with Server(options) as server:
        witness = Witness(server.address)
        os.nice(5)
        sessions = connect(server.address, options.sessions)
        for one in sessions:
            one.sent = 0
        drain(sessions, time.monotonic() + 1)
        first, cpu, begin = server.rss(), server.cpu(), time.monotonic()
        memory = churn(sessions, server, options)
        over = time.monotonic()
        drain(sessions, over + 20, lambda: all(one.answers >= one.sent or one.closed for one in sessions))
        answered = time.monotonic()
        drain(sessions, answered + 1)
        saw = witness.result(begin, time.monotonic())
        middle, last = memory[len(memory) // 2], memory[-1]
        closed = closed_with(sessions)
        figures = {
            "sessions": options.sessions,
            "query": options.query,
            "held": options.held,
            "rate": options.rate,
            "requests_sent": sum(one.sent for one in sessions),
            "requests_answered": sum(one.answers for one in sessions),
            "refused": sum(one.refused for one in sessions),
            "refused_with": refused_with(sessions),
            "answers_late_s": round(answered - over, 2),
            "rss_mb": [first, middle, last, server.rss()],
            "growth_last_half_mb": last - middle,
            "server_cores": round((server.cpu() - cpu) / (over - begin), 2),
            "sessions_closed": sum(1 for one in sessions if one.closed),
            "closed_with": closed,
            "witness": saw,
        }
        missed_max = options.missed_max * max(1, options.seconds / 10)
        right = last - middle <= options.growth_max and not closed and not figures["refused"]
        right = right and is_calm(saw, options.gap_max, missed_max)
        return finish("churn", figures, right)


if __name__ == "__main__":
    sys.exit(main())
