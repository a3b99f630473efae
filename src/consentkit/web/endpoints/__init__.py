"""The package's own endpoints: each yields effects for the shell and returns an `Answer`."""
