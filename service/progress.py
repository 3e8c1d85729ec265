"""A count on standard error, only on a terminal."""

from __future__ import annotations

import sys

import click


class Progress:
    """Shows `verb done/total name` while the block runs, where there are more than `above` things to do."""

    def __init__(self, verb: str, total: int, *, above: int = 1) -> None:
        self._verb = verb
        self._total = total
        self._active = total > above and sys.stderr.isatty()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._active:
            click.echo("\r\x1b[K", nl=False, err=True)

    def show(self, done: int, name: str = "") -> None:
        """Show how many are done and the last one's name."""
        if self._active:
            click.echo(f"\r\x1b[K{self._verb} {done}/{self._total} {name}".rstrip(), nl=False, err=True)
