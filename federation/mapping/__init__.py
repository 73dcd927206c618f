"""Between JSON-LD and the domain: one file per noun, and nothing here does any I/O.

ActivityStreams is read as plain JSON in its compacted form by tolerant readers; no JSON-LD
processing happens at run time. What has no sense raises :class:`federation.errors.Malformed`.
"""
