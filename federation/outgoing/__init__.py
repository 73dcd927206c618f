"""What goes out, one file per verb: each builds its activities as plain documents.

The twin of each file is in :mod:`federation.incoming`; :mod:`federation.publisher` decides who gets
what.
"""
