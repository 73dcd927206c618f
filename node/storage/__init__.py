"""Where the node keeps things: one SQLite database, and the only SQL in the house."""
