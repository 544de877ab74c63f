"""Puts flight events with boto3 (1.28 or later), in batches, and repeats what the stream refused for now.

    python put.py                                                  # the account and region of your profile
    AWS_ENDPOINT_URL_KINESIS=http://127.0.0.1:4567 AWS_REGION=us-east-1 \
      AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local python put.py    # a lakehouse on this machine

What `put_all` returns from is in the stream at least once. Records of one key keep their order.
"""

import json
import os
import random
import time
from collections import deque

import boto3
from botocore.config import Config

STREAM = os.environ.get("STREAM", "flight_events")
MAX_RECORDS = 500
MAX_BYTES = 4 * 1024 * 1024


def next_batch(waiting):
    """Takes what one request may carry: at most one record of a key.

    Two of one key could be refused and stored in the wrong order.
    """
    batch, keys, later, size = [], set(), deque(), 0
    while waiting and len(batch) < MAX_RECORDS:
        key, record = waiting.popleft()
        data = json.dumps(record).encode()
        if key in keys or (batch and size + len(data) + len(key.encode()) > MAX_BYTES):
            keys.add(key)
            later.append((key, record))
            continue
        keys.add(key)
        size += len(data) + len(key.encode())
        batch.append((key, record, data))
    waiting.extendleft(reversed(later))
    return batch


def put_all(client, stream, records, seconds=60):
    """Puts (key, record) pairs; raises TimeoutError when the stream does not take all of them in time."""
    waiting = deque(records)
    until = time.monotonic() + seconds
    refusals = 0
    while waiting:
        batch = next_batch(waiting)
        answer = client.put_records(
            StreamName=stream,
            Records=[{"Data": data, "PartitionKey": key} for key, _, data in batch],
        )
        refused = [
            (key, record)
            for (key, record, _), result in zip(batch, answer["Records"])
            if "ErrorCode" in result
        ]
        waiting.extendleft(reversed(refused))
        refusals = refusals + 1 if refused else 0
        if refused:
            if time.monotonic() > until:
                raise TimeoutError(f"{len(waiting)} records are not in {stream}")
            time.sleep(min(2.0, 0.05 * 2**refusals) * random.uniform(0.5, 1.0))


def event(flight, kind, when, **more):
    return flight, {
        "flight_id": flight,
        "event": kind,
        "event_time": when,
        "carrier": "B6",
        "flight": 2,
        "origin": "JFK",
        "dest": "BOS",
        **more,
    }


if __name__ == "__main__":
    kinesis = boto3.client("kinesis", config=Config(retries={"mode": "standard", "max_attempts": 5}))
    events = [
        event("2013-02-01/PY/2/JFK", "scheduled", "2013-01-31T15:00:00Z"),
        event("2013-02-01/PY/2/JFK", "departed", "2013-02-01T15:20:00Z", delay_minutes=20),
        event("2013-02-01/PY/3/JFK", "scheduled", "2013-01-31T15:00:00Z"),
    ]
    put_all(kinesis, STREAM, events)
    print(f"{len(events)} records put into {STREAM}")
