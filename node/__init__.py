"""The roof: what an operator runs.

Configuration, storage, the worker, the commands, and the one place where the parts are put
together.
"""
