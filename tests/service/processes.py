"""How tests start processes."""

import signal


def heed_ctrl_c() -> None:
    """Let a child heed Ctrl-C even where the shell that runs the tests ignores it.

    A shell script that puts a command into the background makes it, and all that it starts, ignore SIGINT.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
