#!/usr/bin/env python3
"""S sessions have E subscriptions each, of one entity each unless --query says otherwise; all entities move in every
tick. The server's CPU per tick, and the ticks that an honest witness gets. --shape says which entities:

  own       E of each session's own (the default)
  same      the same E for all

Right: the witness gets (nearly) all ticks, a tick costs less than its time, and nothing is refused."""

import os
import sys
import time

from case import QUERY, Server, Witness, arguments, finish, refused_with
from peer import ask, connect, drain, settle, subscribe


def queries(options, at):
    """What the session at a place watches."""
    base = 0 if options.shape == "same" else at * (options.entities + 1)  # no two the same set
    return [ask(options.query, (base + number) % options.asteroids) for number in range(options.entities)]


def main():
    options = arguments(
        __doc__,
        sessions=(int, None, "S"),
        entities=(int, None, "E, at most 64"),
        query=QUERY,
        shape=(str, "own", "own or same"),
        seconds=(float, 8.0, "how long is measured"),
        share_min=(float, 0.95, "share of the ticks that the witness must get"),
        cpu_max=(float, 14.0, "milliseconds of CPU per tick that are right"),
    )
    with Server(options) as server:
        witness = Witness(server.address)
        os.nice(5)
        sessions = connect(server.address, options.sessions)
        for at, one in enumerate(sessions):
            one.say(*(subscribe(number + 1, query) for number, query in enumerate(queries(options, at))))
            drain(sessions, time.monotonic() + 0.002)
        settle(sessions, options.entities, 20)
        drain(sessions, time.monotonic() + 2)
        begin, cpu, own = time.monotonic(), server.cpu(), time.process_time()
        batches = sum(one.batches for one in sessions)
        drain(sessions, begin + options.seconds)
        end = time.monotonic()
        used, own = server.cpu() - cpu, time.process_time() - own
        batches = sum(one.batches for one in sessions) - batches
        saw = witness.result(begin, end)
        ticks = (end - begin) * sessions[0].welcome.tick_rate
        figures = {
            "sessions": options.sessions,
            "entities": options.entities,
            "query": options.query,
            "shape": options.shape,
            "cpu_ms_per_due_tick": round(used / ticks * 1000, 2),
            "server_cores": round(used / (end - begin), 2),
            "load_cores": round(own / (end - begin), 2),
            "cpu_ms_per_witness_tick": round(used / max(1, saw["got_of_due"] * ticks) * 1000, 2),
            "sessions_share_of_ticks": round(batches / ticks / options.sessions, 3),
            "refused": sum(one.refused for one in sessions),
            "refused_with": refused_with(sessions),
            "closed": sum(1 for one in sessions if one.closed),
            "witness": saw,
        }
        is_cheap = figures["cpu_ms_per_witness_tick"] <= options.cpu_max
        right = saw["got_of_due"] >= options.share_min and is_cheap and not figures["closed"] and not figures["refused"]
        return finish("scale", figures, right)


if __name__ == "__main__":
    sys.exit(main())
