"""`make test`: all tests, in two halves side by side. Those with real servers, clients and browsers
wait for the most part and are first in line for a processor; the others compute meanwhile. What the
others say is shown when both are through."""

import os
import subprocess
import sys
import tempfile

WAITING = ("tests/browser", "tests/journeys", "tests/faults")
COMPUTING = ("tests/unit", "tests/contract")
LESS_URGENT = 10  # on nice(1)'s scale


def main() -> int:
    command = [sys.executable, "-m", "pytest"]
    with tempfile.TemporaryFile("w+") as said:
        other = subprocess.Popen([*command, *COMPUTING], stdout=said, stderr=subprocess.STDOUT)
        os.setpriority(os.PRIO_PROCESS, other.pid, LESS_URGENT)
        waited = subprocess.run([*command, *WAITING], check=False).returncode
        computed = other.wait()
        said.seek(0)
        print(said.read(), end="")
    return waited or computed


if __name__ == "__main__":
    sys.exit(main())
