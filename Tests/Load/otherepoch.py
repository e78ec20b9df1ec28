#!/usr/bin/env python3
"""N connections send mutations that are each refused at once, and read nothing. --kind says which mutations:

  epoch     they name another epoch: refusal 8 (the default)
  rate      far more than mutationRateMax: refusal 9
  repeat    one mutation, decided long ago, again and again: the same answer each time

The server's memory while they do, after they are gone, and what an honest witness gets.

Right: what waits for a connection that does not read has a small bound: the server stops reading a client whose answers
wait (or closes it), so that memory does not grow with what is sent, nor with N beyond a bound for all; and the refusals
count against a rate, so that the witness misses (nearly) nothing."""

import os
import sys
import time

from case import Server, Witness, arguments, finish
from peer import Session, entity, frame, mutate_despawn


def mutations(kind, sequence, count, epoch):
    """Despawns of entity 3v1, which no client may do."""
    sequences = [1] * count if kind == "repeat" else range(sequence, sequence + count)
    life = epoch ^ 1 if kind == "epoch" else epoch
    return b"".join(frame(mutate_despawn(number, life, entity(3))) for number in sequences)


class Wave:
    """So many new connections, which send for so long."""

    def __init__(self, server, options):
        self.sessions = [Session(server.address) for _ in range(options.connections)]
        self.memory, self.was_blocked = [], False
        for one in self.sessions:
            one.socket.setblocking(False)
            one.sequence, one.sent, one.out = 1, 0, b""
        begin = time.monotonic()
        while (now := time.monotonic()) < begin + options.seconds:
            allowed = options.rate * (now - begin) if options.rate else None
            # All of them, not only up to the first that sends.
            if not any([self.send(one, options.kind, allowed) for one in self.sessions]):
                time.sleep(0.02)
            self.memory.append(server.rss())
        for one in self.sessions:
            one.socket.close()

    def send(self, one, kind, allowed):
        """Whether anything could be sent."""
        if one.closed is not None or (allowed is not None and one.sent >= allowed and not one.out):
            return False
        if not one.out:
            count = 200 if allowed is None else max(1, int(allowed - one.sent))
            one.out = mutations(kind, one.sequence, count, one.welcome.epoch)
            one.sequence += count
            one.sent += count
        try:
            one.out = one.out[one.socket.send(one.out) :]
            return True
        except BlockingIOError:
            self.was_blocked = True
        except OSError as error:
            one.closed = str(error)
        return False

    def quarters(self):
        """The server's megabytes at the end of each quarter."""
        return [self.memory[min(len(self.memory) - 1, len(self.memory) * k // 4)] for k in range(1, 5)]


def main():
    options = arguments(
        __doc__,
        connections=(int, None, "N"),
        seconds=(float, 10.0, "for so long, each wave"),
        kind=(str, "epoch", "epoch, rate or repeat"),
        waves=(int, 1, "so often, with new connections, of the same server"),
        growth_max=(int, 32, "megabytes of growth that are right"),
        rate=(int, 0, "mutations of each connection per second; 0: as fast as the server takes them"),
        after=(float, 3.0, "seconds to wait after they are gone"),
        missed_max=(int, 6, "ticks that the witness may miss and be right"),
    )
    with Server(options) as server:
        witness = Witness(server.address)
        os.nice(5)
        first, begin, waves, told = server.rss(), time.monotonic(), [], []
        for _ in range(options.waves):
            waves.append(Wave(server, options))
            time.sleep(options.after)
            told.append({"rss_mb_quarters": waves[-1].quarters(), "rss_mb_after": server.rss()})
        saw = witness.result(begin, time.monotonic())
        peak, sessions = max(max(wave.memory) for wave in waves), [one for wave in waves for one in wave.sessions]
        figures = {
            "connections": options.connections,
            "kind": options.kind,
            "mutations_sent": sum(one.sent for one in sessions),
            "rss_mb_first": first,
            "waves": told,
            "rss_mb_peak": peak,
            "mb_per_connection": round((peak - first) / options.connections, 2),
            "closed_by_server": sum(1 for one in sessions if one.closed is not None),
            "blocked": any(wave.was_blocked for wave in waves),
            "witness": saw,
        }
        is_bounded = peak - first <= options.growth_max
        right = is_bounded and saw["closed"] is None and saw["missed_ticks"] <= options.missed_max * options.waves
        return finish("otherepoch", figures, right)


if __name__ == "__main__":
    sys.exit(main())
