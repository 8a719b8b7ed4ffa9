"""In: the sample tickets. Out: any number of tickets on the input topic, at a steady rate, every one acknowledged.

Run as ``python -m load_tests.produce --count 2000 --rate 200``; settings as for ``deskroute worker``. Exits 1 where a
ticket was not acknowledged.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import uuid
from itertools import cycle, islice

from kafka import KafkaProducer

from service.broker.connection import connection_options
from service.sample import SAMPLE_TICKETS_FILE
from service.settings import load_settings

_ACKNOWLEDGE_LIMIT_S = 60


def produce(count: int, rate_per_s: float) -> int:
    """Send ``count`` tickets with new ids, ``rate_per_s`` a second at most; returns how many were acknowledged."""
    settings = load_settings()
    run = uuid.uuid4().hex[:8]
    samples = cycle(json.loads(line) for line in SAMPLE_TICKETS_FILE.read_bytes().splitlines())
    started_s = time.monotonic()
    with KafkaProducer(
        **connection_options(settings), acks="all", enable_idempotence=True, compression_type="lz4", linger_ms=20
    ) as producer:
        sent = []
        for number, sample in enumerate(islice(samples, count)):
            ticket = sample | {"ticket_id": f"load-{run}-{number}"}
            key = f"default/{ticket['ticket_id']}".encode()
            sent.append(producer.send(settings.topic_incoming, json.dumps(ticket).encode(), key))
            ahead_s = (number + 1) / rate_per_s - (time.monotonic() - started_s)
            if ahead_s > 0:
                time.sleep(ahead_s)
        producer.flush(_ACKNOWLEDGE_LIMIT_S)
    return sum(future.succeeded() for future in sent)


def main() -> None:
    """Parse the options and produce."""
    parser = argparse.ArgumentParser(prog="python -m load_tests.produce", description=__doc__)
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--rate", type=float, default=200.0, help="tickets a second")
    options = parser.parse_args()
    acknowledged = produce(options.count, options.rate)
    print(f"{acknowledged} of {options.count} tickets acknowledged")
    if acknowledged < options.count:
        sys.exit(1)


if __name__ == "__main__":
    main()
