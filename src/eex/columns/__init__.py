"""Columns of tables that anybody may have written: which is which, and what they hold as arrays.

`product` says which column plays which role, `vectors`, `places` and `rows` turn columns into
arrays and records, or say in one sentence why they cannot.
"""
