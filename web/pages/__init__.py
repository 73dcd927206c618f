"""The pages, one file per area; each page is a plain function ``(store, visit) -> View``.

It runs whole in one read transaction and asks the store the same number of questions however long
its lists are. A page that has moved returns a Redirect; one that is not there raises NotFound.
"""
