"""The benchmark: what this node does in a second, beside what the machine could do at best.

Every figure is a ratio of the product to a limit measured in the same run, because absolute numbers
drift from machine to machine. The parent process only starts others, sends them work and reads the
clock: it imports nothing of the product, so another revision can stand in its place.

========================  ==========================================================================
for a family of rows      ``inbox``, ``delivery``, ``search``, ``match``, ``pages``, ``start``
beside them, the limits   ``bare_inbox``, ``bare_courier``, ``bare_pages``, and ``bare`` in ``ask``
children of a tree        ``fill`` makes a node and its data, ``ask`` times calls inside a process
to measure with           ``rounds``, ``client``, ``child``, ``table``, ``targets``, ``trees``
to measure on             ``world``, ``letters``, ``sink``
========================  ==========================================================================

To add a row: measure it in its family's file with :func:`tests.bench.rounds.play`, make a Figure of
it, and give it a target in ``targets`` if ``performance.md`` has one.
"""
