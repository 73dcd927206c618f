"""The command ``capx``: one file per group of commands.

Each file has ``add(commands)``, which describes its commands with an example, and plain functions
that do them and return an :class:`node.cli.answer.Answer`. What goes wrong is raised; ``main``
turns it into one line and an exit code.
"""
