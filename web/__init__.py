"""The door for people: pages in their language, without scripts, light enough for a bad line.

A page is a plain function from a store and a visit to a view; the door renders the view. Nothing
here knows of federation or of the roof above.
"""
