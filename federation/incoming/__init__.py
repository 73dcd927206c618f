"""What comes in, one file per verb; each has the same two functions.

``needs(store, activity)``
    the URIs of actors and objects that must be known first; it only reads
``apply(store, said)``
    the effect, in one transaction, with what was needed at hand; it must bear to be called twice

The twin of each file is in :mod:`federation.outgoing`.
"""
