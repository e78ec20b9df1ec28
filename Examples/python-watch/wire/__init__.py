"""The codec of the Orrery protocol, version 1, without I/O and without state: docs/PROTOCOL.md in Python.

`watch.py` and the load scripts in Tests/Load speak through it, so a change of the wire is made here and nowhere else.
"""
