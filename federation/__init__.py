"""The door for machines: ActivityPub in and out.

Mapping between JSON-LD and the domain, signatures, the inbox, delivery and discovery. It may
import the catalogue and nothing above it; it does not know that pages exist.
"""
