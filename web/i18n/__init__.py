"""The interface in the reader's language.

Messages are banana JSON, one file per language beside ``messages/en.json``; ``qqq.json`` tells
translators what each is for. They are plain text: what marks them up comes from the templates.

How to add a language: copy ``messages/en.json`` to ``messages/<tag>.json``, translate, run the
tests. A message that is missing falls back along :func:`web.i18n.languages.fallbacks`.
"""
