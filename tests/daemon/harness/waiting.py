"""Waiting for a condition, never for a time."""
import time

# How much longer than a test says the harness really waits. What a test says is ample on a machine at rest; the one that
# checks a release may be slower and busy, and only a condition that never comes costs this time.
PATIENCE = 4


class TimedOut(AssertionError):
    pass


class GiveUp(AssertionError):
    """Raised by a predicate when waiting longer makes no sense."""


def wait_until(predicate, timeout=10.0, what="the condition", every=0.05, explain=None):
    """Calls predicate until it returns something true and returns that.

    An exception of the predicate, GiveUp aside, counts as "not yet" and is told when time runs out; so is explain(), which tests use
    for the tails of logs.
    """
    deadline = time.monotonic() + timeout * PATIENCE
    last = None
    while True:
        error = None
        try:
            last = predicate()
            if last:
                return last
        except GiveUp:
            raise
        except Exception as e:  # a daemon that is not up yet answers with all kinds of errors
            error = e
        if time.monotonic() >= deadline:
            seen = f"raised {error!r}" if error else f"was {last!r}"
            more = f"\n{explain()}" if explain else ""
            raise TimedOut(f"waited {timeout * PATIENCE:g} s for {what}; last it {seen}{more}") from error
        time.sleep(every)
