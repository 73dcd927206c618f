"""What can go wrong between two servers, and what each failure means.

::

    FederationError
    ├── Refused                   what a stranger sent us will not do; answered with a 4xx
    │   ├── Malformed             400  it has no sense: JSON, shape, size of a field
    │   ├── Unauthenticated       401  the signature, digest or date does not hold
    │   ├── Forbidden             403  the sender's host is blocked here
    │   ├── NotHere               404  no such thing, or not for this reader
    │   ├── Gone                  410  it was here and has been deleted
    │   ├── TooLarge              413  the body is over the limit
    │   ├── UnsupportedMedia      415  not an ActivityStreams media type
    │   └── TooMany               429  more often than this node allows
    ├── TryLater                  503  it may work later; a queue retries it
    │   └── Overloaded            503  this node has too much to do now
    └── GiveUp                    it will never work; a queue must not retry it

Every error has a public face, ``str(error)``, which is safe to send to a stranger, and a stable
``code``. Private detail travels in ``__cause__`` and goes to the log only. Refusals are turned into
answers in one place, :mod:`federation.routes`; the other two are judged by the worker.
"""

from typing import ClassVar


class FederationError(Exception):
    """The root of the tree; never raised itself."""

    code: ClassVar[str] = "federation"
    status: ClassVar[int] = 500


class Refused(FederationError):
    """What a stranger sent is refused."""

    code = "refused"
    status = 400


class Malformed(Refused):
    """The input has no sense: not JSON, a wrong shape, a field over its limit."""

    code = "malformed"
    status = 400


class Unauthenticated(Refused):
    """The signature, its digest, its date or its key does not hold."""

    code = "unauthenticated"
    status = 401


class Forbidden(Refused):
    """The sender's host is blocked here."""

    code = "forbidden"
    status = 403


class NotHere(Refused):
    """There is no such thing, or not for this reader: the two look alike on purpose."""

    code = "not-here"
    status = 404


class Gone(Refused):
    """The thing was here and has been deleted by its owner."""

    code = "gone"
    status = 410


class TooLarge(Refused):
    """The body is larger than this node accepts."""

    code = "too-large"
    status = 413


class UnsupportedMedia(Refused):
    """The content type is not one of ActivityStreams 2.0."""

    code = "unsupported-media"
    status = 415


class TooMany(Refused):
    """It came more often than is allowed; ``retry_after`` is when to come back, in seconds."""

    code = "too-many"
    status = 429

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TryLater(FederationError):
    """It may work later. ``retry_after`` is the other side's wish in seconds, if it had one."""

    code = "try-later"
    status = 503

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Overloaded(TryLater):
    """This node has as much to do as it can bear."""

    code = "overloaded"


class GiveUp(FederationError):
    """It will never work, so nothing may retry it."""

    code = "give-up"
    status = 502
