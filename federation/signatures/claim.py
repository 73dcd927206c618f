"""What a request claims by its signature, in whichever of the two schemes it is signed.

A door needs no more than this: :func:`claim_of` reads the headers, :meth:`Claim.check` asks what
needs no key, :meth:`Claim.verify` what needs one. ``Signature-Input`` tells RFC 9421 from
draft-cavage, which has no such header.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from federation.signatures import cavage, rfc9421
from federation.signatures.keys import PublicKey
from federation.signatures.request import SignedRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A request and what its signature says of it; nothing is proven before :meth:`verify`."""

    request: SignedRequest
    params: cavage.SignatureParams | rfc9421.SignatureParams

    @property
    def key_uri(self) -> str:
        """The address of the key that is said to have signed."""
        return self.params.key_uri

    def check(self, *, now: datetime, window: timedelta) -> None:
        """Ask all that needs no key: what is covered, whom for, when, and the body's digest.

        Raises Unauthenticated or Malformed.
        """
        if isinstance(self.params, rfc9421.SignatureParams):
            rfc9421.check_request(self.params, self.request, now=now, window=window)
        else:
            cavage.check_request(self.params, self.request, now=now, window=window)

    def verify(self, key: PublicKey) -> None:
        """Raise Unauthenticated unless the key signed it; :meth:`check` has asked the rest."""
        if isinstance(self.params, rfc9421.SignatureParams):
            rfc9421.verify_signature(self.params, self.request, key)
        else:
            cavage.verify_signature(self.params, self.request, key)


def claim_of(request: SignedRequest) -> Claim:
    """Read the signature of a request; raise Unauthenticated when there is none to read."""
    if request.headers.get("signature-input"):
        return Claim(request=request, params=rfc9421.signature_of(request.headers))
    return Claim(request=request, params=cavage.signature_of(request.headers))
