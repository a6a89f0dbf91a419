"""How many programs may be at work at once, over all the runs that share a pool."""

from __future__ import annotations

import os
import select
import threading
import weakref


class Permits:
    """The right to have a program at work, ``count`` times over all threads; ``fd`` is readable while one is free."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.fd, self._back = os.pipe()
        os.set_blocking(self.fd, False)
        for end in (self.fd, self._back):  # not before the last run that knows of them is gone
            weakref.finalize(self, os.close, end).atexit = False
        self._for_all = threading.Lock()
        self.give_back(count)

    def take(self) -> bool:
        """Take one if one is free."""
        try:
            return bool(os.read(self.fd, 1))
        except BlockingIOError:
            return False

    def take_all(self) -> int:
        """Wait until nobody has one and take them all; return how many. The caller must hold none."""
        poller = select.poll()
        poller.register(self.fd, select.POLLIN)
        with self._for_all:  # two that gather would wait for each other
            for _ in range(self._count):
                while not self.take():
                    poller.poll()
        return self._count

    def give_back(self, number: int) -> None:
        """Let others have ``number`` of them."""
        os.write(self._back, bytes(number))
