"""What the name of a stage says: something done, or how things stand. English, Spanish, Portuguese, or mixed."""
