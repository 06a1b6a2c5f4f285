"""Separate processes that parse feeds, and are killed if one takes too long.

A process starts when there is a feed to parse, stays for the next ones, and ends after some feeds
(to limit leaks) or when it was idle for a while.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from component.methods.feed.errors import BY_NAME, Crashed, FeedError, HtmlPage, TooCostly, TooLarge
from component.methods.feed.parsing.item import BYTES, Feed, Link, unpacked
from component.methods.feed.sandbox.frames import LENGTH, MAX_FRAME_BYTES, frame, packed


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading may cost.

    `memory` in bytes of address space; `seconds` of processor time and `patience` in seconds by the
    clock for a feed; `feeds` until a process is replaced; `idle` seconds without one until it is
    ended.
    """

    memory: int = 256 * 1024 * 1024
    seconds: int = 5
    feeds: int = 1_000
    idle: float = 120.0
    patience: float = 10.0


class Workers:
    """`count` processes that read feeds. Not for several event loops."""

    def __init__(self, count: int = 1, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._free: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()
        self._all = [_Worker(self._limits) for _ in range(count)]
        for one in self._all:
            self._free.put_nowait(one)

    async def read(self, data: bytes, content_type: str, url: str, now: int) -> Feed:
        """The feed in `data`, as `read.read` has it; raises a FeedError.

        Raises TooCostly where it was stopped and Crashed where the process ended, for this feed
        alone.
        """
        if len(data) > BYTES:
            raise TooLarge
        worker = await self._free.get()
        try:
            return await worker.read(data, {"type": content_type, "url": url, "now": now})
        finally:
            self._free.put_nowait(worker)

    @property
    def pids(self) -> list[int]:
        """The processes that run now."""
        return [one.pid for one in self._all if one.pid]

    async def close(self) -> None:
        """Ends them all, for good; who still waits hears Crashed."""
        for one in self._all:
            await one.close()


class _Worker:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: asyncio.subprocess.Process | None = None
        self._leaving: asyncio.subprocess.Process | None = None
        self._read = 0
        self._bell: asyncio.TimerHandle | None = None
        self._closed = False
        self._turn = asyncio.Lock()

    @property
    def pid(self) -> int:
        return self._process.pid if self._process and self._process.returncode is None else 0

    async def read(self, data: bytes, about: Mapping[str, Any]) -> Feed:
        async with self._turn:
            self._quiet()
            try:
                answer = await self._answer(data, about)
            except Crashed:
                if not self._read:
                    raise
                # It had read others before: what ended it need not be this feed, so a fresh one
                # tells.
                answer = await self._answer(data, about)
            await self._done(answer)
        return _result(answer)

    async def _answer(self, data: bytes, about: Mapping[str, Any]) -> dict[str, Any]:
        process = await self._running()
        try:
            async with asyncio.timeout(self._limits.patience):
                return await _asked(process, data, about)
        except TimeoutError:
            await self.end()
            raise TooCostly from None
        except (OSError, EOFError, ValueError):
            raise await self._fallen(process) from None
        except BaseException:
            await self.end()  # whoever asks next must not get this answer
            raise

    async def close(self) -> None:
        self._closed = True
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        async with self._turn:  # who reads notices first
            await self.end()

    async def end(self) -> None:
        """Kills what runs, and waits until it is gone."""
        self._quiet()
        gone = [one for one in (self._process, self._leaving) if one]
        self._process = self._leaving = None
        for process in gone:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.communicate()

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process and self._process.returncode is None:
            return self._process
        await self.end()
        if self._closed:
            raise Crashed
        self._read = 0
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "component.methods.feed.sandbox.worker",
                str(self._limits.memory),
                str(self._limits.seconds),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=_environment(),
            )
        except OSError as error:
            raise Crashed from error
        return self._process

    async def _fallen(self, process: asyncio.subprocess.Process) -> FeedError:
        """Why it ended: by the kernel, which keeps its limits, or by itself.

        One killed that had read others may have been killed before it saw this feed.
        """
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 1)
        code = process.returncode
        await self.end()
        costly = code == -signal.SIGXCPU or (code == -signal.SIGKILL and not self._read)
        return TooCostly() if costly else Crashed()

    async def _done(self, answer: Mapping[str, Any]) -> None:
        self._read += 1
        if self._read >= self._limits.feeds or answer.get("error") == TooCostly.__name__:
            await self.end()
            return
        self._bell = asyncio.get_running_loop().call_later(self._limits.idle, self._stop)

    def _stop(self) -> None:
        """Nothing to read for a while: its input ends, and it with it."""
        self._leaving, self._process = self._process, None
        if self._leaving and self._leaving.stdin:
            self._leaving.stdin.close()

    def _quiet(self) -> None:
        if self._bell:
            self._bell.cancel()
            self._bell = None


async def _asked(
    process: asyncio.subprocess.Process, data: bytes, about: Mapping[str, Any]
) -> dict[str, Any]:
    if process.stdin is None or process.stdout is None:
        raise EOFError
    process.stdin.write(packed(about) + frame(data))
    await process.stdin.drain()
    length: int = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))[0]
    if length > MAX_FRAME_BYTES:
        raise ValueError(length)
    answer = json.loads(await process.stdout.readexactly(length))
    if not isinstance(answer, dict) or not ("feed" in answer or answer.get("error") in BY_NAME):
        raise ValueError(length)
    return answer


def _result(answer: Mapping[str, Any]) -> Feed:
    if "feed" in answer:
        try:
            return unpacked(answer["feed"])
        except (KeyError, TypeError, ValueError):
            raise Crashed from None
    if answer["error"] == HtmlPage.__name__:
        raise HtmlPage([Link(*one) for one in answer["feeds"]])
    raise BY_NAME[answer["error"]]


def _environment() -> dict[str, str]:
    """Where the code is; nothing else of ours, no secret least of all."""
    return {
        "PYTHONPATH": os.pathsep.join(one for one in sys.path if one),
        "PYTHONUTF8": "1",
        "MALLOC_ARENA_MAX": "1",
    }
