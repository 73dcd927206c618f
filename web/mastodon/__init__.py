"""The Mastodon client API, read side: what apps of the fediverse need to show this node.

A call is a plain function from a store and what is asked to a reply; the door reads the request,
finds out whom its token stands for, runs the call in one read transaction and writes JSON. Calls
see what pages see: the catalogue under its one policy. Signing in is OAuth 2 (RFC 6749, 7636), for
the scope ``read``, because nothing can be written here. docs/reference/mastodon-api.md has the
table of what is answered.
"""
