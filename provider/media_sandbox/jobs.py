"""Background work: a few jobs at a time, the rest in a queue, each of them cancellable."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine

log = logging.getLogger(__name__)

Work = Callable[[], Coroutine[None, None, None]]


class JobQueue:
    """Runs jobs in the order in which they came.

    Jobs live in memory only. What has to survive a restart is in the records of the service that submitted them, and
    that service submits them again.

    :param slots: how many jobs run at the same time.
    """

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._free = asyncio.Semaphore(slots)
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def submit(self, key: str, work: Work, *, idle: bool = False) -> None:
        """Queue ``work`` under ``key``; a key in use is a programming error.

        :param idle: whether it only waits; it then begins at once and takes nobody's slot.
        """
        if key in self._tasks:
            raise ValueError(f"a job called {key} is already queued")
        task = asyncio.get_running_loop().create_task(work() if idle else self._run(work), name=key)
        self._tasks[key] = task
        task.add_done_callback(self._done)

    async def cancel(self, key: str) -> None:
        """Stop a job, running or queued, and return when it has cleaned up; an unknown key is no error."""
        task = self._tasks.get(key)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def close(self) -> None:
        """Stop all jobs."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    @property
    def keys(self) -> list[str]:
        """The keys of the jobs that run or wait."""
        return list(self._tasks)

    async def _run(self, work: Work) -> None:
        async with self._free:
            await work()

    def _done(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task.get_name()]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("job %s ended with an unexpected error", task.get_name(), exc_info=error)
