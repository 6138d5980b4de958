"""Waiting for a condition. No test sleeps for a time and hopes."""
import time


class Late(AssertionError):
    """The condition did not come in time."""


def eventually(condition, seconds=10.0, what="the condition"):
    """Calls `condition` until it gives something true, and gives that; raises Late otherwise.
    A failed assertion or a refused connection inside counts as "not yet"; the last is shown."""
    deadline = time.monotonic() + seconds
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
        except (AssertionError, OSError) as error:
            last = error
        if time.monotonic() > deadline:
            raise Late(f"{what} did not come within {seconds} s" + (f": {last}" if last else ""))
        time.sleep(0.01)


def moment(seconds):
    """A while that is itself the measure, or the random instant of a kill: never a wait for
    something to have happened."""
    time.sleep(seconds)
