"""Ctrl-C waits for a moment, and is not lost."""

from __future__ import annotations

import signal
import threading

import pytest

from toolkit.store.undisturbed import undisturbed


def test_an_interrupt_comes_right_after() -> None:
    """What is inside is done to its end, then the interrupt is there, and the next one comes at once as ever."""
    done: list[str] = []

    def work() -> None:
        with undisturbed():
            signal.raise_signal(signal.SIGINT)
            done.append("all of it")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["all of it"]
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_an_error_inside_is_told_where_no_interrupt_came() -> None:
    """Nothing but the error comes out, and the handler is the one of before."""
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ValueError, match="inside"), undisturbed():
        raise ValueError("inside")
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_are_left_alone() -> None:
    """They may set no handler, and need none."""
    told: list[str] = []

    def work() -> None:
        with undisturbed():
            told.append("done")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert told == ["done"]
