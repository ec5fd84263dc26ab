"""Runs a command and writes the most memory it held: python peak.py FILE COMMAND…

A process begins with the peak of the one that started it, so this one is small. The file gets
bytes; the command's output and end are passed on.
"""

import resource
import subprocess  # runs the contender
import sys
from pathlib import Path

if __name__ == "__main__":
    ended = subprocess.run(sys.argv[2:], check=False)  # noqa: S603
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    Path(sys.argv[1]).write_text(str(peak))
    sys.exit(ended.returncode if ended.returncode >= 0 else 128 - ended.returncode)
