"""The nouns: frozen values, protocols and the tables of kinds. Standard library only.

Nothing here reads a clock, opens a file or imports a package of agentbox above it.
"""
