"""The company that `./run bench` works for: a project of its own, whose definitions stand in the folders beside."""
