"""Errors a user can act on: Chinese, one line, what is wrong and what to do."""

from __future__ import annotations


class BiaochiError(Exception):
    """Base of all errors that are shown to users as one line. `code` is stable, `message` is Chinese."""

    code = "error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InputError(BiaochiError):
    """The input cannot be used (exit status 2)."""

    code = "unusable-input"


class EmptyInput(InputError):
    """The file has no content."""

    code = "empty-input"


class UnsupportedFormat(InputError):
    """The content is of no readable format."""

    code = "unsupported-format"


class DamagedInput(InputError):
    """The content is broken or cut off."""

    code = "damaged-input"


class EncryptedInput(InputError):
    """The file is protected by a password."""

    code = "encrypted-input"


class TooLarge(InputError):
    """A limit of the settings was passed."""

    code = "too-large"


class NoTableFound(InputError):
    """The file was read, but nothing in it is a performance-target table."""

    code = "no-table"


class MissingTool(InputError):
    """An optional program is needed for this format; the message says what to install."""

    code = "missing-tool"


class SettingsError(BiaochiError):
    """A setting, profile or mapping file is wrong; the message names file and line."""

    code = "bad-settings"
