"""The tests, and the worlds and measurements that they share with the programs of this folder."""

import os
import sys

# Where Python is told to keep no compiled modules, each of the hundreds of processes that tests start would
# compile all of ours, and each run of the tests those of the tests.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
