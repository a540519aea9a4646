"""What operators do with accounts and clients: each function is one act in an open transaction.

All take an async psycopg connection, check the right of whoever acts and write the row of the audit
log themselves. No Django: the console, the command line and jobs call them alike. Roles are given
with tamamo.kernel.identity.grants.
"""
