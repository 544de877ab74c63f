"""Runs ministack until standard input closes, so that it ends with the process that started it, however that ends.

The starter makes this process the leader of its own group: Lambda workers are in it and end with it.
"""

import os
import signal
import sys
import threading


def _end_with_the_starter() -> None:
    while sys.stdin.buffer.read(4096):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


threading.Thread(target=_end_with_the_starter, daemon=True).start()

from ministack.app import main  # noqa: E402  (the watch must stand before the slow import)

main()
