"""W1 as others would write it: a Prefect flow for each event, and DBOS on both databases.

Only `benchmarks.peers` may be imported by programs that run in the peers' environment: nothing of ours is there.
"""
