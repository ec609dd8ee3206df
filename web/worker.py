"""The server's worker process, and how it ends: with its parent, and by one signal."""

import multiprocessing
import os
import signal
import threading
import time

WATCH_SECONDS = 0.5


def settle_worker() -> None:
    """Called once in a worker, before it serves; does nothing in any other process.

    Ctrl-C reaches every process of the terminal's group, and the server then signals its worker a
    second time: two signals at once can lock the worker's main thread for ever. So the worker
    leaves the group, and is ended by its parent alone. It would outlive a parent that is killed,
    and hold the port and the log against the next one: so it ends when the parent is gone.
    """
    if multiprocessing.parent_process() is None:
        return
    parent = os.getppid()
    os.setpgid(0, 0)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()
