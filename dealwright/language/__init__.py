"""What authors write (pipelines, automations, accounts), and what texts and working time mean.

Everything an author makes is a frozen value that only describes; `dealwright.compile` turns it into IR.
"""
