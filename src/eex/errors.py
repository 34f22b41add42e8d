"""Every error we raise.

    EexError                       (code "error")
    ├── UnknownNameError          no encoder, set, source or index of that name (LookupError)
    ├── BadQueryError             a query that cannot be asked (ValueError)
    │   ├── BadPlaceError         not a place on the globe
    │   ├── BadPictureError       not a picture, too small or too large
    │   ├── NotUnderstoodError    words that the encoder does not know
    │   ├── BadCatalogError       a catalogue of sets, or a record in it, that cannot be used
    │   └── LargeSetError         a set too large to be opened without being asked to
    ├── SetError                  an embedding set that cannot be used (OSError)
    │   ├── SetNotFoundError      nothing at that path (FileNotFoundError)
    │   │   └── NotOpenError      a published set that is not open here yet
    │   ├── NoPixelsError         a row that does not say where its pixels are
    │   └── DamagedSetError       a file that is not, or no longer, a whole set
    ├── WeightsError              a model's weights that cannot be used (OSError)
    │   ├── MissingWeightsError   they are not here yet (FileNotFoundError)
    │   ├── DamagedWeightsError   not whole, not safe to read, or of another model
    │   ├── DownloadError         they could not be fetched
    │   └── LicenceError          their licence has not been accepted
    ├── RemoteError               bytes from afar that cannot be had (OSError)
    │   ├── RefusedAddressError   an address that must not be asked, such as one inside a network
    │   ├── OfflineError          nothing may be fetched (HF_HUB_OFFLINE)
    │   ├── AbsentError           there is no such file, or it is not shown (FileNotFoundError)
    │   ├── UnavailableError      no answer, or none of use, after several tries
    │   ├── BadAnswerError        an answer that is not what was asked for
    │   ├── NoRangesError         the server sends whole files only
    │   ├── ChangedError          the file is no longer the one that was read before
    │   ├── TooMuchError          more bytes than the limit allows
    │   ├── DamagedRemoteError    bytes that are not, or no longer, a whole Parquet file
    │   └── StoppedError          the caller asked to stop
    ├── SourceError               imagery that cannot be listed (OSError)
    ├── ShapeError                an array of another shape than promised (ValueError)
    ├── OutputError               a file that cannot be written, a full disk (OSError)
    ├── PortInUseError            the server's address is taken (OSError)
    ├── CancelledError            a search that nobody waits for any more
    ├── BusyError                 too many ask at once; later they would be answered
    └── MissingExtraError         an optional package is not installed (ImportError)

Each says what happened (the message) and what to do next (the hint).
"""

from __future__ import annotations

from typing import Any, ClassVar


class EexError(Exception):
    """Base of every error we raise; `code` is for programs, `hint` for people."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "", **details: Any) -> None:  # noqa: ANN401
        """Keep the message, what to do next, and details that go to programs as JSON."""
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details
        if hint:
            self.add_note(hint)

    def __str__(self) -> str:
        return self.message


class UnknownNameError(EexError, LookupError):
    """No encoder, set, source or index of that name."""

    code = "unknown-name"


class BadQueryError(EexError, ValueError):
    """The query cannot be asked as it stands."""

    code = "bad-query"


class BadPlaceError(BadQueryError):
    """Not a place on the globe."""

    code = "bad-place"


class BadPictureError(BadQueryError):
    """Not a picture that can be read, or one too small or too large."""

    code = "bad-picture"


class NotUnderstoodError(BadQueryError):
    """The encoder does not know these words; `details` has what it knows."""

    code = "not-understood"


class BadCatalogError(BadQueryError):
    """A file or plug-in that lists sets cannot be read, or a record in it is wrong."""

    code = "bad-catalog"


class LargeSetError(BadQueryError):
    """A set is so large that opening all of it must be asked for."""

    code = "large-set"


class SetError(EexError, OSError):
    """An embedding set cannot be used."""

    code = "set"


class SetNotFoundError(SetError, FileNotFoundError):
    """Nothing lies at that path."""

    code = "set-not-found"


class NotOpenError(SetNotFoundError):
    """The set is published but not open on this machine; the hint has the command for that."""

    code = "not-open"


class DamagedSetError(SetError):
    """The file is not, or is no longer, a whole embedding set."""

    code = "damaged-set"


class NoPixelsError(SetError):
    """The row does not say where its pixels are."""

    code = "no-pixels"


class WeightsError(EexError, OSError):
    """A model's weights cannot be used."""

    code = "weights"


class MissingWeightsError(WeightsError, FileNotFoundError):
    """The weights are not on this machine; the hint has the command that gets them."""

    code = "missing-weights"


class DamagedWeightsError(WeightsError):
    """The file is not whole, not safe to read, or holds another model."""

    code = "damaged-weights"


class DownloadError(WeightsError):
    """A file could not be fetched."""

    code = "download"


class LicenceError(WeightsError):
    """The licence of the weights has not been accepted."""

    code = "licence"


class RemoteError(EexError, OSError):
    """Bytes of a file far away cannot be had."""

    code = "remote"


class RefusedAddressError(RemoteError):
    """The address must not be asked: not http, or not a public host and not allowed."""

    code = "refused-address"


class OfflineError(RemoteError):
    """Nothing may be fetched now."""

    code = "offline"


class AbsentError(RemoteError, FileNotFoundError):
    """There is no such file at the server, or it does not show it to everybody."""

    code = "absent"


class UnavailableError(RemoteError):
    """The server gave no answer of use, although it was asked several times."""

    code = "unavailable"


class BadAnswerError(RemoteError):
    """The server answered with something else than what was asked for."""

    code = "bad-answer"


class NoRangesError(BadAnswerError):
    """The server sends whole files only."""

    code = "no-ranges"


class ChangedError(RemoteError):
    """The file is no longer the one that was read before."""

    code = "changed"


class TooMuchError(RemoteError):
    """More bytes would come than the limit allows."""

    code = "too-much"


class DamagedRemoteError(RemoteError):
    """What came is not, or is no longer, a whole Parquet file of the expected kind."""

    code = "damaged-remote"


class StoppedError(RemoteError):
    """The caller asked to stop, or its time is over."""

    code = "stopped"


class SourceError(EexError, OSError):
    """Imagery cannot be listed: the server gives no answer of use, a file says nothing of use."""

    code = "source"


class ModelError(EexError, RuntimeError):
    """A network cannot go on: memory of its device is short, or the device is lost."""

    code = "model"


class ShapeError(EexError, ValueError):
    """An array has another shape than promised."""

    code = "shape"


class OutputError(EexError, OSError):
    """A file cannot be written."""

    code = "output"


class PortInUseError(EexError, OSError):
    """The server's address is taken."""

    code = "port-in-use"


class CancelledError(EexError):
    """Whoever asked wants no answer any more."""

    code = "cancelled"


class BusyError(EexError, RuntimeError):
    """Too many ask at once; the same question may be answered a little later."""

    code = "busy"


class MissingExtraError(EexError, ImportError):
    """An optional package is needed for this and is not installed."""

    code = "missing-extra"
