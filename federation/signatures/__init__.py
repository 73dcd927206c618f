"""The room of signatures: who sent this, and has a byte been changed since.

====================  ====================================================  =======================
file                  what it does                                          the rule
====================  ====================================================  =======================
``keys``              RSA and Ed25519 keys, read with suspicion             FEP-521a
``request``           a request, and what both schemes ask of one           RFC 9110
``claim``             what a request claims, in either scheme               –
``cavage``            signs and verifies a request                          draft-cavage-12
``rfc9421``           signs and verifies a request                          RFC 9421
``structured``        the header fields of the latter                       RFC 9651
``digest``            ``Digest`` and ``Content-Digest`` of a body           RFC 3230, 5843, 9530
``integrity``         signs and verifies a document                         FEP-8b32
``canonical``         the one spelling of a document that is signed         RFC 8785
``base58``            the letters of a multibase ``z``                      draft-msporny-base58-03
``strict_base64``     base64 in its one canonical spelling                  RFC 4648
====================  ====================================================  =======================

Nothing here dials, stores or reads the clock. Whatever a stranger sent either holds or raises
:class:`federation.errors.Unauthenticated`. The library ``cryptography`` is known to this room only.
"""
