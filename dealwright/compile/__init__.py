"""From definition files to IR: loading in a child process, lowering, digests, findings."""
