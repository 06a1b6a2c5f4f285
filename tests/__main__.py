"""`make test`: all tests, in three parts side by side. Two have real servers, clients and browsers;
they wait for the most part and are first in line for a processor. The third computes meanwhile.
What the parts beside the first one say is shown when they are through."""

import os
import subprocess
import sys
import tempfile
from typing import IO

JOURNEYS = ("tests/journeys",)
BROWSER_AND_FAULTS = ("tests/browser", "tests/faults")
COMPUTING = ("tests/unit", "tests/contract")
LESS_URGENT = 10  # on nice(1)'s scale


def main() -> int:
    with tempfile.TemporaryFile("w+") as faults_said, tempfile.TemporaryFile("w+") as others_said:
        faults = start(BROWSER_AND_FAULTS, faults_said)
        others = start(COMPUTING, others_said)
        os.setpriority(os.PRIO_PROCESS, others.pid, LESS_URGENT)
        results = [start(JOURNEYS, None).wait(), faults.wait(), others.wait()]
        for said in (faults_said, others_said):
            said.seek(0)
            print(said.read(), end="")
    return int(any(results))


def start(folders: tuple[str, ...], said: IO[str] | None) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pytest", *folders]
    return subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT if said else None)


if __name__ == "__main__":
    sys.exit(main())
