"""The package's own pages: each endpoint turns a request into effects for the shell and an answer."""
