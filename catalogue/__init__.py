"""The ground floor: what the exchange is.

Offers, needs, affiliates, capacities and matches as plain Python: no network, no database, no
framework. Everything above may import it; it imports nothing of the house.
"""
